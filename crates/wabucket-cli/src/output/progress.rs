//! Progress bars on stderr, one per phase.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use wabucket::{Phase, Reporter, Totals};

/// How often a bar that knows no total moves, to show that something is going on.
const TICK: Duration = Duration::from_millis(120);

/// The bars of one command.
pub(crate) struct Bars {
    screen: MultiProgress,
    bars: Mutex<HashMap<Phase, ProgressBar>>,
}

impl Bars {
    pub(crate) fn new() -> Self {
        Self { screen: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()), bars: Mutex::default() }
    }

    /// Takes all bars off the screen.
    pub(crate) fn clear(&self) {
        for (_, bar) in self.bars.lock().expect("no holder of this lock panics").drain() {
            bar.finish_and_clear();
        }
        // A terminal that cannot be written to shows no bars anyway.
        let _ = self.screen.clear();
    }
}

impl Reporter for Bars {
    fn start(&self, phase: Phase, totals: Option<Totals>) {
        let bar = match totals {
            Some(totals) => ProgressBar::new(totals.bytes).with_style(style(BYTES)),
            None if phase == Phase::Walk => ProgressBar::new_spinner().with_style(style(COUNT)),
            None => ProgressBar::new_spinner().with_style(style(WAIT)),
        };
        let bar = self.screen.add(bar.with_message(label(phase)));
        bar.enable_steady_tick(TICK);
        self.bars.lock().expect("no holder of this lock panics").insert(phase, bar);
    }

    fn advance(&self, phase: Phase, done: Totals) {
        if let Some(bar) = self.bars.lock().expect("no holder of this lock panics").get(&phase) {
            // Bars that know no total count files, the others bytes.
            bar.inc(if bar.length().is_none() { done.files } else { done.bytes });
        }
    }

    fn finish(&self, phase: Phase) {
        if let Some(bar) = self.bars.lock().expect("no holder of this lock panics").remove(&phase) {
            bar.finish_and_clear();
        }
    }
}

const BYTES: &str = "{msg:<10} [{bar:30}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta} left";
const COUNT: &str = "{msg:<10} {spinner} {human_pos} files {elapsed}";
const WAIT: &str = "{msg:<10} {spinner} {elapsed}";

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is well-formed").progress_chars("=> ")
}

fn label(phase: Phase) -> &'static str {
    match phase {
        Phase::Walk => "looking",
        Phase::Compare => "checking",
        Phase::Transfer => "moving",
        Phase::Commit => "committing",
    }
}

//! How an error reads: what failed, why, and the next thing to try.

use std::error::Error as _;
use std::fmt::Write;

use wabucket::Error;

use crate::exit_code;

const TO_MEMORY: &str = "writing to a String succeeds";

/// `error: …`, the chain of causes that adds something, `hint: …`.
pub(super) fn text(error: &Error) -> String {
    let style = anstyle::Style::new().bold();
    let red = style.fg_color(Some(anstyle::AnsiColor::Red.into()));
    let mut text = format!("{red}error:{red:#} {error}\n");
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let words = source.to_string();
        // Foreign errors often repeat their cause in their own words.
        if !said.contains(&words) {
            writeln!(text, "  cause: {words}").expect(TO_MEMORY);
            said = words;
        }
        cause = source.source();
    }
    for hint in error.hints() {
        writeln!(text, "{style}hint:{style:#} {hint}").expect(TO_MEMORY);
    }
    text
}

/// `warning: …`.
pub(super) fn warning(text: &str) -> String {
    let yellow = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Yellow.into()));
    format!("{yellow}warning:{yellow:#} {text}\n")
}

/// An error for programs.
pub(super) fn document(error: &Error) -> serde_json::Value {
    serde_json::json!({
        "error": {
            "kind": error.kind(),
            "exit_code": exit_code::of(error.kind()),
            "message": error.to_string(),
            "hints": error.hints(),
        }
    })
}

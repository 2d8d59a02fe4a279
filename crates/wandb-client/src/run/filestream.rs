//! The filestream: signs of life, log lines, and the end of a run.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::RunPath;
use super::existing::Origin;
use crate::graphql::operation;
use crate::retry::{Conflict, RetryPolicy};
use crate::transport::{Answer, Body, Call, Key};
use crate::{Client, WandbError};

/// W&B calls a run crashed that is silent for some minutes; its own client beats at least every 30 s.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The longest time between two beats.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);

/// How long the end of a run waits for a beat that is on its way.
const LAST_BEAT: Duration = Duration::from_secs(5);

/// Longest line that is recorded, in characters.
const MAX_LINE: usize = 10_000;

/// The stream of one run. Dropping it stops the heartbeat.
pub(super) struct Filestream {
    output: Arc<Mutex<Output>>,
    stop_requested: CancellationToken,
    halt: CancellationToken,
    heartbeat: Mutex<Option<JoinHandle<()>>>,
}

/// The run's log.
#[derive(Default)]
struct Output {
    /// The absolute number of the first line: a run that is joined has earlier ones.
    offset: u64,
    lines: Vec<String>,
    /// How many lines are sent.
    sent: usize,
}

/// What the task beside the run tells and is told.
struct Signals {
    stop_requested: CancellationToken,
    halt: CancellationToken,
}

impl Signals {
    /// Waits before the next request; `false` if there is to be none. A request on its way is not broken off: a server
    /// could still carry it out, after the end of the run.
    async fn pause(&self, pause: Duration) -> bool {
        self.halt.run_until_cancelled(tokio::time::sleep(pause)).await.is_some()
    }
}

impl Filestream {
    pub(super) fn start(client: Client, path: RunPath, origin: &Origin) -> Self {
        let offset = if let Origin::Resumed(existing) = origin { existing.log_lines } else { 0 };
        let output = Arc::new(Mutex::new(Output { offset, ..Output::default() }));
        let (stop_requested, halt) = (CancellationToken::new(), CancellationToken::new());
        let signals = Signals { stop_requested: stop_requested.clone(), halt: halt.clone() };
        let task = match origin {
            Origin::Joined => tokio::spawn(watch(client, path, signals)),
            Origin::New | Origin::Resumed(_) => tokio::spawn(heartbeat(client, path, Arc::clone(&output), signals)),
        };
        Self { output, stop_requested, halt, heartbeat: Mutex::new(Some(task)) }
    }

    pub(super) fn stop_requested(&self) -> &CancellationToken {
        &self.stop_requested
    }

    pub(super) fn push_output(&self, line: &str) {
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string();
        let line: String = format!("{now} {line}").chars().take(MAX_LINE).collect();
        self.output.lock().expect("no holder of this lock panics").lines.push(line);
    }

    /// All log lines of this process.
    pub(super) fn output(&self) -> Vec<String> {
        self.output.lock().expect("no holder of this lock panics").lines.clone()
    }

    /// Stops the heartbeat and waits until its last request is through, since nothing may come after the end; but not
    /// for a request that hangs.
    pub(super) async fn stop(&self) {
        self.halt.cancel();
        let task = self.heartbeat.lock().expect("no holder of this lock panics").take();
        let Some(mut task) = task else { return };
        if tokio::time::timeout(LAST_BEAT, &mut task).await.is_err() {
            task.abort();
        }
    }

    /// Sends what is left, the summary, and the end.
    pub(super) async fn complete(
        &self,
        client: &Client,
        path: &RunPath,
        summary: Value,
        uploaded: Vec<String>,
        exit_code: u8,
    ) -> Result<(), WandbError> {
        let mut files = unsent(&self.output);
        files["wandb-summary.json"] = json!({"offset": 0, "content": [summary.to_string()]});
        let body = json!({"files": files, "uploaded": uploaded, "complete": true, "exitcode": exit_code});
        send(client, path, body, client.transport.retry).await.map(drop)
    }
}

impl Drop for Filestream {
    fn drop(&mut self) {
        self.halt.cancel();
    }
}

async fn heartbeat(client: Client, path: RunPath, output: Arc<Mutex<Output>>, signals: Signals) {
    // A beat that fails is no harm while the next one comes soon.
    let once = RetryPolicy { budget: Duration::ZERO, ..client.transport.retry };
    let mut pause = HEARTBEAT;
    while signals.pause(pause).await {
        let files = unsent(&output);
        let sent = files["output.log"]["content"].as_array().map_or(0, Vec::len);
        let body = if sent == 0 { json!({}) } else { json!({ "files": files }) };
        match send(&client, &path, body, once).await {
            Ok(answer) => {
                output.lock().expect("no holder of this lock panics").sent += sent;
                pause = pause_after(&answer.headers);
                // Servers may answer anything here.
                let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                if told["stopped"] == true {
                    signals.stop_requested.cancel();
                }
            }
            Err(error) => tracing::debug!(%error, "a heartbeat failed"),
        }
    }
}

/// Waits for a wish to stop a run whose stream another process keeps.
async fn watch(client: Client, path: RunPath, signals: Signals) {
    let operation = operation!("RunStoppedStatus", "asking W&B whether the run is to stop");
    let variables = json!({"entity": path.entity, "project": path.project, "run": path.id});
    while signals.pause(HEARTBEAT).await {
        match client.transport.execute::<Value>(&operation, &variables).await {
            Ok(data) if data["project"]["run"]["stopped"] == true => signals.stop_requested.cancel(),
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "cannot see whether the run is to stop"),
        }
    }
}

fn unsent(output: &Mutex<Output>) -> Value {
    let output = output.lock().expect("no holder of this lock panics");
    let lines = &output.lines[output.sent..];
    if lines.is_empty() {
        return json!({});
    }
    json!({"output.log": {"offset": output.offset + output.sent as u64, "content": lines}})
}

/// The pause before the next beat: longer if the server allows no request before then, but never so long that it takes
/// the run for crashed.
fn pause_after(headers: &HeaderMap) -> Duration {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    match (number("ratelimit-remaining"), number("ratelimit-reset")) {
        (Some(remaining), Some(reset)) if remaining < 1.0 => {
            Duration::try_from_secs_f64(reset).unwrap_or_default().clamp(HEARTBEAT, LONGEST_SILENCE)
        }
        _ => HEARTBEAT,
    }
}

async fn send(client: &Client, path: &RunPath, body: Value, retry: RetryPolicy) -> Result<Answer, WandbError> {
    const OPERATION: &str = "recording the run's progress in W&B";
    let address = format!("/files/{}/{}/{}/file_stream", path.entity, path.project, path.id);
    let call = Call {
        operation: OPERATION,
        method: Method::POST,
        url: client.transport.resolve(OPERATION, &address)?,
        key: Key::Sent,
        body: Body::Bytes(body.to_string().into()),
        headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
        conflict: Conflict::Final,
        retry,
    };
    client.transport.send(call).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_may_slow_the_stream_down_but_not_silence_it() {
        let pause = |remaining: &str, reset: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("RateLimit-Remaining", remaining.parse().unwrap());
            headers.insert("RateLimit-Reset", reset.parse().unwrap());
            pause_after(&headers)
        };
        assert_eq!(pause("10", "25"), HEARTBEAT);
        assert_eq!(pause("0", "25"), Duration::from_secs(25));
        assert_eq!(pause("0.5", "3600"), LONGEST_SILENCE);
        assert_eq!(pause("0", "nonsense"), HEARTBEAT);
        assert_eq!(pause_after(&HeaderMap::new()), HEARTBEAT);
    }
}

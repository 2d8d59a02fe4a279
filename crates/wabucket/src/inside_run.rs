//! Work inside a run: whatever happens to the work, the run ends, once and truly.

use std::time::Duration;

use wandb_client::{Run, RunOutcome};

use crate::{Control, Error, ErrorKind};

/// How long the work may take to stop by itself when it is asked to.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// What is said of an upload or download that was stopped.
const REMAINS: &str = "nothing became visible; what was moved so far is kept";

/// Waits for the work, stops it when the caller or a user of W&B asks for that, and ends the run.
///
/// Returns the work's result and, should the end of the run not be recorded, a warning that says so.
pub(crate) async fn inside_run<T>(
    run: Run,
    control: &Control,
    work: impl AsyncFnOnce(&Run) -> Result<T, Error>,
) -> Result<(T, Vec<String>), Error> {
    let result = {
        let work = work(&run);
        tokio::pin!(work);
        tokio::select! {
            result = &mut work => result,
            () = run.stop_requested().cancelled() => {
                control.cancellation.cancel();
                let _ = tokio::time::timeout(STOP_GRACE, &mut work).await;
                Err(Error::Stopped { remains: REMAINS.to_owned() })
            }
            () = control.cancellation.cancelled() => match tokio::time::timeout(STOP_GRACE, &mut work).await {
                // It was done before the wish to stop reached it.
                Ok(Ok(done)) => Ok(done),
                Ok(Err(error)) if error.kind() != ErrorKind::Interrupted => Err(error),
                _ => Err(Error::Interrupted { remains: REMAINS.to_owned() }),
            },
        }
    };
    if let Err(error) = &result {
        run.log_line(&format!("error: {error}"));
    }
    let ended = run.finish(outcome(&result)).await;
    let warnings = ended.err().map(|error| format!("{error}")).into_iter().collect();
    result.map(|done| (done, warnings))
}

fn outcome<T>(result: &Result<T, Error>) -> RunOutcome {
    match result {
        Ok(_) => RunOutcome::Finished,
        Err(error) if error.kind() == ErrorKind::Interrupted => RunOutcome::Interrupted,
        Err(_) => RunOutcome::Failed { exit_code: 1 },
    }
}

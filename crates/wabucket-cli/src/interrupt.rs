//! Ctrl-C: the first asks the work to stop in order, the second ends the process at once.

use wabucket::{CancellationToken, Control};

use crate::exit_code;

/// Cancels the work of this control on SIGINT or SIGTERM.
pub(crate) fn watch(control: &Control) {
    let cancellation = control.cancellation.clone();
    tokio::spawn(async move {
        stop_signal().await;
        cancellation.cancel();
        stop_signal().await;
        #[expect(clippy::exit, reason = "the user insists; the run stays unfinished and W&B will call it crashed")]
        std::process::exit(i32::from(exit_code::INTERRUPTED));
    });
}

/// A token that is cancelled on SIGINT or SIGTERM.
pub(crate) fn token() -> CancellationToken {
    let control = Control::default();
    watch(&control);
    control.cancellation
}

#[cfg(unix)]
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn stop_signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

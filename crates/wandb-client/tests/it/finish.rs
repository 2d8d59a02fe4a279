//! The end of a run, while the network is away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::http::StatusCode;
use wabucket_model::ProjectName;
use wandb_client::{RunOptions, RunOutcome, WandbError};

use crate::proxy::{Fault, Proxied};

fn options() -> RunOptions {
    RunOptions { project: Some(ProjectName::parse("p").unwrap()), ..RunOptions::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_recorded_is_said() {
    let is_away = Arc::new(AtomicBool::new(false));
    let away = Arc::clone(&is_away);
    let proxied = Proxied::start(move |_| {
        if away.load(Ordering::SeqCst) { Fault::Refuse(StatusCode::SERVICE_UNAVAILABLE) } else { Fault::None }
    })
    .await;
    let run = proxied.client.start_run(options()).await.unwrap();
    let id = run.path().id.clone();
    is_away.store(true, Ordering::SeqCst);
    let error = run.finish(RunOutcome::Finished).await.unwrap_err();
    assert!(matches!(error, WandbError::EndUnrecorded { .. }), "{error:?}");
    assert!(error.to_string().contains(id.as_str()) && error.to_string().contains("finished"), "{error}");
    proxied.registry.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_comes_back_in_time_is_told_once() {
    let (failures, ends) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&ends);
    let proxied = Proxied::start(move |request| {
        if !request.path.ends_with("/file_stream") {
            return Fault::None;
        }
        if failures.fetch_add(1, Ordering::SeqCst) < 3 {
            return Fault::Refuse(StatusCode::BAD_GATEWAY);
        }
        count.fetch_add(usize::from(String::from_utf8_lossy(&request.body).contains("complete")), Ordering::SeqCst);
        Fault::None
    })
    .await;
    let run = proxied.client.start_run(options()).await.unwrap();
    run.finish(RunOutcome::Interrupted).await.unwrap();
    assert_eq!(ends.load(Ordering::SeqCst), 1);
    proxied.registry.stop().await;
}

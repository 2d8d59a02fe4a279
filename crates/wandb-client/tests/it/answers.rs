use std::time::{Duration, Instant};

use wandb_client::WandbError;

use crate::server::{Answer, KEY, Scripted, client};

const VIEWER: &str = r#"{"data":{"viewer":{"entity":"me","username":"me","email":null}}}"#;

async fn viewer(answers: Vec<Answer>) -> (Result<wandb_client::Viewer, WandbError>, usize) {
    let server = Scripted::start(answers).await;
    let result = server.client().viewer().await;
    (result, server.asked().len())
}

#[tokio::test]
async fn temporary_failures_are_tried_again() {
    for status in [408, 429, 500, 502, 503, 504] {
        let (result, asked) =
            viewer(vec![Answer::new(status, "x"), Answer::new(status, ""), Answer::new(200, VIEWER)]).await;
        assert_eq!((result.unwrap().entity.as_deref(), asked), (Some("me"), 3), "{status}");
    }
}

#[tokio::test]
async fn final_refusals_are_not_tried_again() {
    for status in [400, 401, 403, 404, 409, 410, 413, 422, 501] {
        let (result, asked) =
            viewer(vec![Answer::new(status, r#"{"error":"because"}"#), Answer::new(200, VIEWER)]).await;
        assert_eq!(asked, 1, "{status}");
        let error = result.unwrap_err();
        let is_right = match status {
            401 => matches!(error, WandbError::NotAuthenticated { .. }),
            403 => matches!(error, WandbError::NotAllowed { .. }),
            404 => matches!(error, WandbError::NotFound { .. }),
            _ => matches!(&error, WandbError::Refused { message, .. } if message == "because"),
        };
        assert!(is_right, "{status}: {error:?}");
    }
}

#[tokio::test]
async fn the_server_says_how_long_to_wait() {
    let started = Instant::now();
    let busy = Answer::new(429, "busy").with_header("Retry-After", "1");
    let (result, _) = viewer(vec![busy, Answer::new(200, VIEWER)]).await;
    assert!(result.is_ok());
    assert!(started.elapsed() >= Duration::from_secs(1));
    let (result, asked) = viewer(vec![Answer::new(503, "away").with_header("Retry-After", "3600")]).await;
    assert!(matches!(result, Err(WandbError::Unavailable { tries: 1, .. })), "an hour is more than the budget");
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn errors_inside_a_good_status_are_errors_in_the_servers_words() {
    for (body, words) in [
        (r#"{"errors":[{"message":"no such thing"}],"data":{"viewer":null}}"#, "no such thing"),
        (r#"{"errors":["one","two"]}"#, "[one; two]"),
        ("<html>log in</html>", "web page"),
        (r#"{"data":{"viewer":{"entity":5}}}"#, "invalid type"),
    ] {
        let error = viewer(vec![Answer::new(200, body)]).await.0.unwrap_err().to_string();
        assert!(error.contains(words), "{words:?} is not in {error:?}");
    }
}

#[tokio::test]
async fn nobody_as_viewer_means_a_bad_key() {
    let (result, _) = viewer(vec![Answer::new(200, r#"{"data":{"viewer":null}}"#)]).await;
    let error = result.unwrap_err();
    assert!(matches!(error, WandbError::NotAuthenticated { .. }));
    assert!(!format!("{error} {error:?}").contains(KEY));
}

#[tokio::test]
async fn a_server_that_is_away_is_given_up_on_within_the_budget() {
    let started = Instant::now();
    let error = client("http://127.0.0.1:9").viewer().await.unwrap_err();
    assert!(matches!(&error, WandbError::Unavailable { tries, .. } if *tries > 1), "{error:?}");
    assert!(error.to_string().contains("refused"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(6));
}

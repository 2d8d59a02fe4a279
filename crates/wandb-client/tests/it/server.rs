//! A server that gives scripted answers, in order, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use wabucket_model::Environment;
use wandb_client::{BaseUrl, Client, RetryPolicy, Server, Settings};

pub(crate) const KEY: &str = "0123456789012345678901234567890123456789";

/// One answer.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Bytes,
}

#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// The server; it answers until the test ends.
pub(crate) struct Scripted {
    pub(crate) url: String,
    script: Script,
}

impl Scripted {
    pub(crate) async fn start(answers: Vec<Answer>) -> Self {
        let script = Script { answers: Arc::new(Mutex::new(answers.into())), ..Script::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(script.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, script }
    }

    /// Adds answers, once addresses are known.
    pub(crate) fn add(&self, answer: Answer) {
        self.script.answers.lock().unwrap().push_back(answer);
    }

    /// Adds an answer before those that are there.
    pub(crate) fn add_first(&self, answer: Answer) {
        self.script.answers.lock().unwrap().push_front(answer);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.asked.lock().unwrap().clone()
    }

    pub(crate) fn client(&self) -> Client {
        client(&self.url)
    }
}

/// A client that soon gives up.
pub(crate) fn client(url: &str) -> Client {
    client_with_key(url, KEY)
}

pub(crate) fn client_with_key(url: &str, key: &str) -> Client {
    let server = Server::Given {
        base_url: BaseUrl::resolve(Some(url)).unwrap(),
        api_key: SecretString::from(key),
        app_url: url.to_owned(),
    };
    Client::new(Settings::resolve(&Environment::default(), server).unwrap(), quick_retry()).unwrap()
}

/// A policy that soon gives up.
pub(crate) fn quick_retry() -> RetryPolicy {
    RetryPolicy {
        budget: Duration::from_secs(3),
        first_wait: Duration::from_millis(20),
        longest_wait: Duration::from_millis(50),
        try_timeout: Duration::from_secs(2),
    }
}

async fn answer(State(script): State<Script>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        authorization: parts.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned()),
        body: axum::body::to_bytes(body, usize::MAX).await.unwrap(),
    };
    script.asked.lock().unwrap().push(asked);
    let Some(answer) = script.answers.lock().unwrap().pop_front() else {
        return (StatusCode::IM_A_TEAPOT, "the script is over").into_response();
    };
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(answer.body.into()).unwrap()
}

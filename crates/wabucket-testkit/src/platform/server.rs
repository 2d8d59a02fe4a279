//! The listening server, and the handle that tests hold.

use std::net::SocketAddr;

use axum::routing::{get, post};
use axum::{Router, middleware};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::buckets::{Bucket, BucketSpec};
use super::faults::Fault;
use super::state::{Settings, Shared};
use super::storage_gate::{self, Upstream};
use super::tokens::{self, Login};
use super::{buckets, configuration, control, credentials, faults, jobs};

/// How to start a fake platform.
#[derive(Debug, Clone)]
pub struct FakePlatformOptions {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// The origin of an S3 server that takes any credentials; the gate before it checks ours.
    pub storage: Option<String>,
    /// The settings to start with.
    pub settings: Settings,
}

impl Default for FakePlatformOptions {
    fn default() -> Self {
        Self { address: SocketAddr::from(([127, 0, 0, 1], 0)), storage: None, settings: Settings::default() }
    }
}

/// A running fake platform; dropping it stops it.
#[derive(Debug)]
pub struct FakePlatform {
    shared: Shared,
    tasks: Vec<JoinHandle<()>>,
}

impl FakePlatform {
    /// Starts it, and the gate before the storage if there is one.
    pub async fn start(options: FakePlatformOptions) -> std::io::Result<Self> {
        let shared = Shared::default();
        let listener = TcpListener::bind(options.address).await?;
        shared.lock().origin = origin(&listener)?;
        shared.lock().settings = options.settings;
        let mut tasks = vec![serve(listener, routes(shared.clone()))];
        if let Some(storage) = options.storage {
            let listener = TcpListener::bind(SocketAddr::new(options.address.ip(), 0)).await?;
            shared.lock().storage_origin = Some(origin(&listener)?);
            tasks.push(serve(listener, storage_gate::routes(shared.clone(), Upstream::new(&storage))));
            shared.lock().upstream_origin = Some(storage);
        }
        Ok(Self { shared, tasks })
    }

    /// Where it listens, `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        self.shared.lock().origin.clone()
    }

    /// The base of its API, which logins name.
    pub fn api_url(&self) -> String {
        format!("{}/api/v1", self.origin())
    }

    /// Where the storage gate listens, if there is one.
    pub fn storage_origin(&self) -> Option<String> {
        self.shared.lock().storage_origin.clone()
    }

    /// Makes a bucket and tells its id.
    pub async fn add_bucket(&self, spec: BucketSpec) -> Result<String, String> {
        let bucket = Bucket::new(spec);
        storage_gate::make_bucket(&self.shared, &bucket.real_name).await?;
        let id = bucket.id.clone();
        self.shared.lock().buckets.push(bucket);
        Ok(id)
    }

    /// Adds a running job.
    pub fn add_job(&self, id: &str, tags: &[&str]) {
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let job = jobs::running(id, "alice", &tags);
        self.shared.lock().jobs.insert(id.to_owned(), job);
    }

    /// Logs a user in.
    pub fn log_in(&self, user: &str) -> Login {
        tokens::issue(&mut self.shared.lock(), user)
    }

    /// Ends all access tokens at once; refresh tokens stay.
    pub fn end_access_tokens(&self) {
        self.shared.lock().access_tokens.clear();
    }

    /// Ends all refresh tokens at once.
    pub fn end_refresh_tokens(&self) {
        self.shared.lock().refresh_tokens.clear();
    }

    /// The value of `NEURO_PASSED_CONFIG` for a fresh login of a user.
    pub fn passed_config(&self, user: &str, cluster: &str) -> String {
        let token = self.log_in(user).access_token;
        let config = json!({"token": token, "cluster": cluster, "url": self.api_url()});
        BASE64_STANDARD.encode(config.to_string())
    }

    /// Changes the settings.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.shared.lock().settings);
    }

    /// Adds a fault.
    pub fn inject(&self, fault: Fault) {
        self.shared.lock().faults.push(fault);
    }

    /// The requests since the last look, as `METHOD PATH?QUERY`, oldest first.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().requests)
    }
}

impl Drop for FakePlatform {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn origin(listener: &TcpListener) -> std::io::Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}

fn serve(listener: TcpListener, routes: Router) -> JoinHandle<()> {
    tokio::spawn(async move { axum::serve(listener, routes).await.expect("serving never ends by itself") })
}

fn routes(shared: Shared) -> Router {
    const BUCKETS: &str = "/{cluster}/api/v1/buckets/buckets";
    Router::new()
        .route("/api/v1/config", get(configuration::get))
        .route("/api/v1/jobs/{id}", get(jobs::get))
        .route("/oauth/authorize", get(tokens::authorize))
        .route("/oauth/token", post(tokens::grant))
        .route(BUCKETS, get(buckets::list).post(buckets::create))
        .route(&format!("{BUCKETS}/find/by_path"), get(buckets::by_path))
        .route(&format!("{BUCKETS}/{{name}}"), get(buckets::get).delete(buckets::delete))
        .route(&format!("{BUCKETS}/{{name}}/make_tmp_credentials"), post(credentials::make))
        .merge(control::routes())
        .layer(middleware::from_fn_with_state(shared.clone(), faults::inject))
        .with_state(shared)
}

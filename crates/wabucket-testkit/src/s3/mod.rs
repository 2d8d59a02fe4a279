//! An S3 server on loopback, in this process, over a folder: a bucket is a folder in it, an object a file.
//!
//! It checks signatures. It is `s3s-fs`, with its limits: keys with `+`, `//` or a `/` at the end are not kept well, `x`
//! and `x/y` cannot both be, `If-Match` is ignored on GET, and there are no versions.

mod layer;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hyper_util::rt::{TokioExecutor, TokioIo};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use crate::faults::Faults;
use layer::Layer;

/// How a server is started.
#[derive(Debug, Clone)]
pub struct S3ServerOptions {
    /// Where to listen; port 0 means any free one.
    pub address: SocketAddr,
    /// The folder with the buckets; absent means a temporary one.
    pub root: Option<PathBuf>,
    /// Buckets to make.
    pub buckets: Vec<String>,
    /// The one access key.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
}

impl Default for S3ServerOptions {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            root: None,
            buckets: vec!["bucket".to_owned()],
            access_key: "test-key".to_owned(),
            secret_key: "test-secret".to_owned(),
        }
    }
}

/// A running server; it stops when this is dropped.
#[derive(Debug)]
pub struct S3Server {
    endpoint: Url,
    root: PathBuf,
    faults: Faults,
    serving: JoinHandle<()>,
    _temporary: Option<TempDir>,
}

impl S3Server {
    /// Starts a server on the present runtime.
    pub async fn start(options: S3ServerOptions) -> io::Result<Self> {
        let temporary = if options.root.is_none() { Some(tempfile::tempdir()?) } else { None };
        let given = options.root.as_deref().or(temporary.as_ref().map(TempDir::path));
        let root = given.expect("there is one or the other").to_path_buf();
        for bucket in &options.buckets {
            fs_err::create_dir_all(root.join(bucket))?;
        }
        let store = s3s_fs::FileSystem::new(&root).map_err(|error| io::Error::other(format!("{error:?}")))?;
        let mut builder = S3ServiceBuilder::new(store);
        builder.set_auth(SimpleAuth::from_single(options.access_key, options.secret_key));
        let faults = Faults::default();
        let layer = Layer::new(builder.build(), faults.clone());
        let listener = TcpListener::bind(options.address).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        Ok(Self {
            endpoint: Url::parse(&endpoint).expect("an address makes a URL"),
            root,
            faults,
            serving: tokio::spawn(serve(listener, layer)),
            _temporary: temporary,
        })
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// The folder with the buckets.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The faults it injects.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, layer: Layer) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let layer = layer.clone();
        connections.spawn(async move {
            let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            // A connection that a fault or the client ends is no news.
            let _ = server.serve_connection(TokioIo::new(socket), layer).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

//! The S3 server of the tests, by hand: `s3-server [ADDRESS [ROOT]]`, until interrupted.

use std::io;

use wabucket_testkit::{S3Server, S3ServerOptions};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it is a program")]
async fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut options = S3ServerOptions::default();
    if let Some(address) = arguments.next() {
        options.address = address.parse().map_err(io::Error::other)?;
    }
    options.root = arguments.next().map(Into::into);
    let server = S3Server::start(options.clone()).await?;
    println!("AWS_ENDPOINT_URL={}", server.endpoint());
    println!("AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}", options.access_key, options.secret_key);
    println!("s3://{} lies in {}", options.buckets.join(", s3://"), server.root().display());
    tokio::signal::ctrl_c().await
}

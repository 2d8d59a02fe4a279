//! The HTTP client: proxies, certificates, headers for the server.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName};
use secrecy::ExposeSecret;

use super::{describe, secret_header};
use crate::WandbError;
use crate::settings::Settings;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn setup(error: &reqwest::Error) -> WandbError {
    WandbError::Setup(describe(error))
}

pub(super) fn http_client(settings: &Settings) -> Result<reqwest::ClientBuilder, WandbError> {
    let network = &settings.network;
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("wabucket/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT);
    if settings.base_url.is_loopback() {
        // No proxy can reach a server on this machine.
        builder = builder.no_proxy();
    }
    let authorities = network.authorities.read()?;
    builder = authorities.into_iter().fold(builder, reqwest::ClientBuilder::add_root_certificate);
    if let Some(proxy) = &network.http_proxy {
        builder = builder.proxy(reqwest::Proxy::http(proxy).map_err(|error| setup(&error))?);
    }
    if let Some(proxy) = &network.https_proxy {
        builder = builder.proxy(reqwest::Proxy::https(proxy).map_err(|error| setup(&error))?);
    }
    if network.accepts_any_certificate {
        builder = builder.danger_accept_invalid_certs(true);
    }
    Ok(builder)
}

pub(super) fn server_headers(settings: &Settings) -> Result<HeaderMap, WandbError> {
    let network = &settings.network;
    let mut headers = HeaderMap::new();
    let mut add = |name: &str, value: &str| -> Result<(), WandbError> {
        let bad = || WandbError::Setup(format!("{name} cannot be a header"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        headers.insert(name, secret_header(value).ok_or_else(bad)?);
        Ok(())
    };
    for (name, value) in [("X-WANDB-USERNAME", &network.user_name), ("X-WANDB-USER-EMAIL", &network.user_email)] {
        if let Some(value) = value {
            add(name, value)?;
        }
    }
    for (name, value) in &network.extra_headers {
        add(name, value.expose_secret())?;
    }
    Ok(headers)
}

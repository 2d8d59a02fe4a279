//! The client: one server, one owner of credentials.

use std::sync::Arc;

use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::graphql::operation;
use crate::retry::RetryPolicy;
use crate::settings::Settings;
use crate::transport::Transport;
use crate::{WandbError, page};

/// A client of one W&B server. Clones share their connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) transport: Arc<Transport>,
    pub(crate) settings: Arc<Settings>,
}

/// Whom the server knows us as.
#[derive(Debug, Clone, Deserialize)]
pub struct Viewer {
    /// The default entity.
    pub entity: Option<String>,
    /// The user's name.
    pub username: Option<String>,
    /// The user's address.
    pub email: Option<String>,
}

impl Client {
    /// Makes a client. Contacts nothing.
    pub fn new(settings: Settings, retry: RetryPolicy) -> Result<Self, WandbError> {
        Ok(Self { transport: Arc::new(Transport::new(&settings, retry)?), settings: Arc::new(settings) })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Asks who we are. A server may answer a bad key with an error or with nobody.
    pub async fn viewer(&self) -> Result<Viewer, WandbError> {
        #[derive(Deserialize)]
        struct Data {
            viewer: Option<Viewer>,
        }
        let operation = operation!("Viewer", "asking W&B who the credentials belong to");
        let data: Data = self.transport.execute(&operation, serde_json::json!({})).await?;
        data.viewer.ok_or_else(|| self.transport.not_authenticated())
    }

    /// Where W&B's pages are.
    pub(crate) fn app_url(&self) -> String {
        page::app_url(&self.settings)
    }

    /// Replaces the key in a text, should it be there.
    pub fn redact(&self, text: &str) -> String {
        match self.settings.credentials.api_key() {
            Some(key) => text.replace(key.expose_secret(), "[secret]"),
            None => text.to_owned(),
        }
    }
}

//! Bytes behind web addresses: native files, whose links the registry renews, and addresses that never change.

use async_trait::async_trait;
use wabucket_transfer::{Cause, Location, Renewal, UrlProvider};
use wandb_client::NativeSource;

/// A native file.
pub(super) struct Native {
    path: String,
    source: NativeSource,
}

impl Native {
    pub(super) fn new(path: &str, source: NativeSource) -> Self {
        Self { path: path.to_owned(), source }
    }
}

#[async_trait]
impl UrlProvider for Native {
    fn name(&self) -> String {
        self.path.clone()
    }

    async fn locate(&self, renewal: Renewal) -> Result<Option<Location>, Cause> {
        let link = match renewal {
            Renewal::NotNeeded => Some(self.source.first().await?),
            Renewal::Needed => self.source.next().await?,
        };
        Ok(link.map(|link| Location { url: link.url, headers: link.headers }))
    }

    fn web(&self) -> Option<reqwest::Client> {
        Some(self.source.web())
    }
}

/// A web address that never changes.
pub(super) struct Fixed(url::Url);

impl Fixed {
    pub(super) fn new(url: url::Url) -> Self {
        Self(url)
    }

    pub(super) fn parse(text: &str) -> Result<Self, url::ParseError> {
        url::Url::parse(text).map(Self)
    }
}

#[async_trait]
impl UrlProvider for Fixed {
    fn name(&self) -> String {
        let mut shown = self.0.clone();
        shown.set_query(None);
        shown.to_string()
    }

    async fn locate(&self, renewal: Renewal) -> Result<Option<Location>, Cause> {
        let location = Location { url: self.0.clone(), headers: http::HeaderMap::new() };
        Ok(Some(location).filter(|_| renewal == Renewal::NotNeeded))
    }
}

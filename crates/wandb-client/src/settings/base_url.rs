//! The address of the API server.

use std::fmt;

use url::{Host, Url};

use crate::WandbError;

/// An API server's address without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// The cloud. wandb 0.31 moved its default to [`Self::MOVED`], which serves the same accounts; most keys that exist
    /// stand under this host, so it stays the default here. `WANDB_BASE_URL` picks any other.
    pub const DEFAULT: &str = "https://api.wandb.ai";

    /// The cloud's other host: the default where netrc has a key for it and none for the first one.
    pub const MOVED: &str = "https://api.forge.coreweave.com";

    /// The address of [`Self::MOVED`] that people see in their browser.
    const MOVED_PAGES: &str = "https://forge.coreweave.com/api/wandb";

    /// Checks an address by W&B's rules; none means the cloud.
    pub fn resolve(text: Option<&str>) -> Result<Self, WandbError> {
        let text = text.unwrap_or(Self::DEFAULT);
        let refuse =
            |rule| Err(WandbError::InvalidSetting { setting: "base URL".to_owned(), text: text.to_owned(), rule });
        let text = if text.trim_end_matches('/') == Self::MOVED_PAGES { Self::MOVED } else { text };
        let Ok(url) = Url::parse(text.trim_end_matches('/')) else {
            return refuse("is not a web address");
        };
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return refuse("must start with http:// or https://");
        }
        let host = url.host_str().unwrap_or_default();
        if host.ends_with("wandb.ai") && (!host.starts_with("api.") || url.scheme() != "https") {
            return refuse("must be https://api.wandb.ai for W&B's cloud");
        }
        Ok(Self(url))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Host and port as they stand in the address: `127.0.0.1:8080`, `api.wandb.ai`.
    pub fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Whether the server runs on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
    }

    /// The address of something below this one; `path` starts with a slash.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.as_str())
    }

    /// Whether credentials for this server may go to that address.
    pub(crate) fn covers(&self, url: &Url) -> bool {
        let prefix = self.0.path().trim_end_matches('/');
        let below = url.path().strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.0.origin() == url.origin() && below
    }

    /// The address with its port and host taken apart.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_by_the_rules_of_the_client() {
        assert_eq!(BaseUrl::resolve(None).unwrap().as_str(), "https://api.wandb.ai");
        assert_eq!(BaseUrl::resolve(Some("http://h:1/x/")).unwrap().as_str(), "http://h:1/x");
        let moved = BaseUrl::resolve(Some("https://forge.coreweave.com/api/wandb/")).unwrap();
        assert_eq!(moved.as_str(), "https://api.forge.coreweave.com");
        let is_loopback = |text| BaseUrl::resolve(Some(text)).unwrap().is_loopback();
        assert!(is_loopback("http://127.0.0.1:1") && is_loopback("http://localhost") && is_loopback("http://[::1]:1"));
        assert!(!is_loopback("http://10.0.0.1") && !is_loopback("https://api.wandb.ai"));
        for bad in ["h", "ftp://h", "http://api.wandb.ai", "https://wandb.ai", ""] {
            assert!(BaseUrl::resolve(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn credentials_go_to_the_server_only() {
        let base = BaseUrl::resolve(Some("https://h/x")).unwrap();
        let covers = |text: &str| base.covers(&Url::parse(text).unwrap());
        assert!(covers("https://h/x") && covers("https://h/x/y"));
        assert!(!covers("https://h/xy") && !covers("http://h/x") && !covers("https://h:1/x") && !covers("https://i/x"));
    }
}

//! The header that proves who we are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;

use crate::access_token::AccessTokens;
use crate::settings::Credentials;

/// What goes into the header of that name.
pub(super) enum Authorization {
    ApiKey(HeaderValue),
    IdentityToken(AccessTokens),
}

impl Authorization {
    pub(super) fn new(credentials: &Credentials) -> Self {
        match credentials {
            Credentials::ApiKey { key, .. } => {
                let encoded = BASE64.encode(format!("api:{}", key.expose_secret()));
                Self::ApiKey(secret_header(&format!("Basic {encoded}")).expect("base64 is a header value"))
            }
            Credentials::IdentityToken(identity) => Self::IdentityToken(AccessTokens::new(identity.clone())),
        }
    }
}

/// A header's value that no message shows.
pub(crate) fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

//! The API key: where it is found and what it looks like.

use secrecy::SecretString;
use wabucket_model::Environment;

use super::netrc::Netrc;
use super::{BaseUrl, CredentialSource, Credentials};
use crate::WandbError;

/// Fewest characters of the secret part of a key.
const MIN_SECRET: usize = 40;

/// The key from the variable, else from netrc, else from a settings file.
pub(super) fn find(
    environment: &Environment,
    base_url: &BaseUrl,
    from_settings: Option<String>,
) -> Result<Credentials, WandbError> {
    let from_variable = environment.variable("WANDB_API_KEY").map(|key| (key.to_owned(), CredentialSource::Variable));
    let from_netrc = || {
        let (netrc, path) = read_netrc(environment)?;
        let key =
            candidates(base_url).iter().find_map(|host| netrc.password(host)).or_else(|| netrc.default_password());
        Some((key?.to_owned(), CredentialSource::Netrc(path)))
    };
    let from_settings = || from_settings.map(|key| (key, CredentialSource::Settings));
    let (key, source) = from_variable
        .or_else(from_netrc)
        .or_else(from_settings)
        .ok_or_else(|| WandbError::NoCredentials { host: base_url.host() })?;
    if let Some(rule) = broken_rule(&key) {
        return Err(WandbError::MalformedKey { key_source: source, rule });
    }
    Ok(Credentials::ApiKey { key: SecretString::from(key), source })
}

/// The cloud's host when nobody names a server: the one that netrc has a key for, the older one first.
pub(super) fn default_host(environment: &Environment) -> &'static str {
    let is_known = |netrc: &Netrc, url: &str| netrc.password(url.trim_start_matches("https://")).is_some();
    match read_netrc(environment) {
        Some((netrc, _)) if !is_known(&netrc, BaseUrl::DEFAULT) && is_known(&netrc, BaseUrl::MOVED) => BaseUrl::MOVED,
        _ => BaseUrl::DEFAULT,
    }
}

fn read_netrc(environment: &Environment) -> Option<(Netrc, std::path::PathBuf)> {
    let path = netrc_path(environment)?;
    Some((Netrc::parse(&fs_err::read_to_string(&path).ok()?), path))
}

/// `$NETRC`, else `~/.netrc`, else `~/_netrc`.
fn netrc_path(environment: &Environment) -> Option<std::path::PathBuf> {
    if let Some(path) = environment.variable("NETRC") {
        return Some(environment.path(path));
    }
    let home = environment.home()?;
    [".netrc", "_netrc"].map(|name| home.join(name)).into_iter().find(|path| path.exists())
}

/// The machine names a key may stand under: newer clients write the port, older ones do not; the host that took the
/// cloud's place also takes its keys.
fn candidates(base_url: &BaseUrl) -> Vec<String> {
    let bare = base_url.url().host_str().unwrap_or_default().to_owned();
    let mut names = vec![base_url.host(), bare.clone()];
    if bare.ends_with(".forge.coreweave.com") {
        names.push("api.wandb.ai".to_owned());
    }
    names
}

/// Which rule a key breaks: an optional prefix before the first dash, then at least 40 word characters; or a JWT.
fn broken_rule(key: &str) -> Option<&'static str> {
    if key.trim() != key {
        return Some("has spaces around it");
    }
    let is_word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if key.split('.').count() == 3 && key.split('.').all(|part| !part.is_empty() && is_word(part)) {
        return None;
    }
    let secret = key.split_once('-').map_or(key, |(_, secret)| secret);
    if secret.len() < MIN_SECRET {
        return Some("is too short: a key has 40 characters or more");
    }
    (!is_word(secret)).then_some("has characters that no key has")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_every_shape_are_told_from_other_text() {
        let secret = "a".repeat(40);
        for good in
            [secret.clone(), format!("local-{secret}"), format!("wandb_v1-{secret}_{secret}"), "a.b-c.d_".to_owned()]
        {
            assert_eq!(broken_rule(&good), None, "{good}");
        }
        for bad in [
            "a".repeat(39),
            format!(" {secret}"),
            format!("{secret}\n"),
            format!("x-{}", &secret[1..]),
            format!("{secret}!"),
        ] {
            assert!(broken_rule(&bad).is_some(), "{bad:?}");
        }
    }
}

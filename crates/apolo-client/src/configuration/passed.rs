//! A login handed down in a variable, as platform jobs and service accounts get it. It stays in memory.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;
use wabucket_model::Environment;

use super::{Configuration, Era, Overrides, Selection, Source, Token};
use crate::Error;

/// The variables in the order of apolo-sdk; the platform itself sets only the second.
const VARIABLES: [&str; 2] = ["APOLO_PASSED_CONFIG", "NEURO_PASSED_CONFIG"];

#[derive(Deserialize)]
struct Passed {
    token: String,
    cluster: String,
    url: String,
    #[serde(default)]
    org_name: Option<String>,
    #[serde(default)]
    project_name: Option<String>,
}

/// Reads the first variable that is set.
pub(super) fn find(environment: &Environment) -> Result<Option<Configuration>, Error> {
    let Some((variable, value)) =
        VARIABLES.into_iter().find_map(|name| environment.variable(name).map(|value| (name, value)))
    else {
        return Ok(None);
    };
    let invalid = |problem| Error::InvalidPassedConfiguration { variable, problem };
    let passed = parse(value).map_err(invalid)?;
    let url = Url::parse(&passed.url).map_err(|_| invalid("its url is not a URL"))?;
    Ok(Some(Configuration {
        url,
        source: Source::Variable(variable),
        selection: Selection {
            cluster: passed.cluster,
            org: passed.org_name.filter(|org| !org.is_empty()),
            project: passed.project_name.filter(|project| !project.is_empty()),
            era: Era::Passed,
        },
        overrides: Overrides::default(),
        token: Token { access: SecretString::from(passed.token), renew_at: None },
        renewal: None,
        clusters: Vec::new(),
        projects: None,
        warnings: Vec::new(),
    }))
}

/// Base64 of a JSON object. Characters outside the alphabet are skipped, as Python's decoder does.
///
/// Causes are dropped on purpose: a parser's complaint can quote what it read, which is a token.
fn parse(value: &str) -> Result<Passed, &'static str> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let letters: String = value.chars().filter(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c)).collect();
    let decoded =
        GeneralPurpose::new(&alphabet::STANDARD, config).decode(letters).map_err(|_| "it is not base64 text")?;
    let object: serde_json::Value = serde_json::from_slice(&decoded).map_err(|_| "it is not base64 of JSON")?;
    serde_json::from_value(object).map_err(|_| "it lacks one of token, cluster and url, or one is not a text")
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::BASE64_STANDARD;
    use secrecy::ExposeSecret;

    fn environment(variables: &[(&str, String)]) -> Environment {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Environment::new(variables, None, "/".into())
    }

    fn encode(value: &serde_json::Value) -> String {
        BASE64_STANDARD.encode(value.to_string())
    }

    #[test]
    fn the_apolo_variable_comes_first_and_line_breaks_are_tolerated() {
        let config = |cluster: &str| {
            encode(&serde_json::json!({"token": "t0p", "cluster": cluster, "url": "http://h/api/v1",
                "org_name": null, "project_name": "p"}))
        };
        let broken_over_lines = config("c1").chars().fold(String::new(), |text, c| text + "\n" + &c.to_string());
        let found =
            find(&environment(&[("NEURO_PASSED_CONFIG", config("c2")), ("APOLO_PASSED_CONFIG", broken_over_lines)]));
        let found = found.unwrap().unwrap();
        assert_eq!(found.selection.cluster, "c1");
        assert_eq!((found.selection.org, found.selection.project.as_deref()), (None, Some("p")));
        assert_eq!(found.token.access.expose_secret(), "t0p");
        assert_eq!(found.source, Source::Variable("APOLO_PASSED_CONFIG"));
    }

    #[test]
    fn what_is_malformed_is_refused_without_showing_it() {
        let secret = "s3cr3t";
        let values = [
            secret.to_owned(),
            BASE64_STANDARD.encode(secret),
            encode(&serde_json::json!([secret])),
            encode(&serde_json::json!({"token": secret, "cluster": "c"})),
            encode(&serde_json::json!({"token": 5, "cluster": secret, "url": "http://h"})),
            encode(&serde_json::json!({"token": secret, "cluster": "c", "url": secret})),
        ];
        for value in values {
            let error = find(&environment(&[("NEURO_PASSED_CONFIG", value.clone())])).unwrap_err();
            let shown = format!("{error} {error:?} {:?}", error.hint());
            assert!(shown.contains("NEURO_PASSED_CONFIG") && !shown.contains(secret) && !shown.contains(&value));
        }
    }
}

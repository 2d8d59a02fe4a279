//! Access tokens: the login of a browser (which is granted at once), and renewal.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::state::{AccessToken, Shared, State as PlatformState};

/// The id of the platform's tools, as the configuration names it.
pub(super) const CLIENT: &str = "client-1";

/// A login of a user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Login {
    /// The access token, in the form of a JWT without a real signature.
    pub access_token: String,
    /// What renews it.
    pub refresh_token: String,
    /// Seconds until it ends.
    pub expires_in: f64,
}

/// Makes a login.
pub(super) fn issue(state: &mut PlatformState, user: &str) -> Login {
    let lifetime = state.settings.token_lifetime;
    let encode = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let id = Uuid::new_v4().simple().to_string();
    let claims = json!({"identity": user, "jti": id});
    let access_token = format!("{}.{}.{id}", encode(json!({"alg": "HS256", "typ": "JWT"})), encode(claims));
    let ends = Instant::now() + Duration::from_secs_f64(lifetime);
    state.access_tokens.insert(access_token.clone(), AccessToken { user: user.to_owned(), ends });
    let refresh_token = format!("refresh-{}", Uuid::new_v4().simple());
    state.refresh_tokens.insert(refresh_token.clone(), user.to_owned());
    Login { access_token, refresh_token, expires_in: lifetime }
}

/// The user whose token a request carries, if that token is good.
pub(super) fn user_of(state: &PlatformState, headers: &HeaderMap) -> Option<String> {
    let token = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    let token = state.access_tokens.get(token).filter(|token| token.ends > Instant::now())?;
    Some(token.user.clone())
}

/// The query of the login page.
#[derive(Debug, Deserialize)]
pub(super) struct Authorization {
    redirect_uri: String,
    code_challenge: String,
    client_id: String,
}

/// `GET /oauth/authorize`: logs alice in without asking, and sends the browser back with a code.
pub(super) async fn authorize(State(shared): State<Shared>, Query(query): Query<Authorization>) -> Response {
    if query.client_id != CLIENT {
        return (StatusCode::BAD_REQUEST, "unknown client").into_response();
    }
    let code = Uuid::new_v4().simple().to_string();
    shared.lock().codes.insert(code.clone(), query.code_challenge);
    Redirect::to(&format!("{}?code={code}", query.redirect_uri)).into_response()
}

/// `POST /oauth/token` with `grant_type` `authorization_code` or `refresh_token`.
pub(super) async fn grant(State(shared): State<Shared>, Form(form): Form<BTreeMap<String, String>>) -> Response {
    let field = |name: &str| form.get(name).map(String::as_str);
    let mut state = shared.lock();
    let login = match field("grant_type") {
        _ if field("client_id") != Some(CLIENT) => None,
        Some("authorization_code") => redeem(&mut state, field("code"), field("code_verifier")),
        Some("refresh_token") => renew(&mut state, field("refresh_token")),
        _ => None,
    };
    match login {
        Some(login) => Json(login).into_response(),
        None => (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response(),
    }
}

/// A code works once, and only with the verifier that its challenge was made of.
fn redeem(state: &mut PlatformState, code: Option<&str>, verifier: Option<&str>) -> Option<Value> {
    let challenge = state.codes.remove(code?)?;
    let expected = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier?));
    (expected == challenge).then(|| json!(issue(state, "alice")))
}

fn renew(state: &mut PlatformState, refresh_token: Option<&str>) -> Option<Value> {
    let user = state.refresh_tokens.get(refresh_token?)?.clone();
    let login = issue(state, &user);
    if state.settings.rotate_refresh_tokens {
        state.refresh_tokens.remove(refresh_token?);
        return Some(json!(login));
    }
    Some(json!({"access_token": login.access_token, "expires_in": login.expires_in}))
}

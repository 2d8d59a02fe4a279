//! GraphQL: one document per operation in `queries/`, its variables and its answer beside the code that uses it.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::WandbError;
use crate::retry::Conflict;
use crate::transport::{Body, Call, Key, Transport, graphql_messages};

/// One operation.
pub(crate) struct Operation {
    /// Its name in the document.
    pub(crate) name: &'static str,
    /// What it does, in the user's words.
    pub(crate) description: &'static str,
    /// The document.
    pub(crate) document: &'static str,
    pub(crate) conflict: Conflict,
}

/// Declares the operation of `queries/NAME.graphql`.
macro_rules! operation {
    ($name:literal, $description:literal) => {
        crate::graphql::operation!($name, $description, crate::retry::Conflict::Final)
    };
    ($name:literal, $description:literal, $conflict:expr) => {
        crate::graphql::Operation {
            name: $name,
            description: $description,
            document: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/queries/", $name, ".graphql")),
            conflict: $conflict,
        }
    };
}

pub(crate) use operation;

impl Transport {
    /// Executes an operation. Errors inside an answer with status 200 are errors.
    pub(crate) async fn execute<T: DeserializeOwned>(
        &self,
        operation: &Operation,
        variables: impl Serialize,
    ) -> Result<T, WandbError> {
        let protocol = |message: String| WandbError::Protocol { operation: operation.description.to_owned(), message };
        let body = serde_json::json!({
            "query": operation.document,
            "variables": serde_json::to_value(variables).map_err(|error| protocol(error.to_string()))?,
            "operationName": operation.name,
        });
        let call = Call {
            operation: operation.description,
            method: Method::POST,
            url: self.resolve(operation.description, "/graphql")?,
            key: Key::Sent,
            body: Body::Bytes(body.to_string().into()),
            headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
            conflict: operation.conflict,
            retry: self.retry,
        };
        let answer = self.send(call).await?;
        let status = answer.status;
        let mut answer: Value = serde_json::from_slice(&answer.body)
            .map_err(|_| protocol(crate::transport::server_message(&String::from_utf8_lossy(&answer.body))))?;
        if let Some(message) = graphql_messages(&answer) {
            return Err(self.refusal(operation.description, status, message));
        }
        serde_json::from_value(answer["data"].take()).map_err(|error| protocol(error.to_string()))
    }
}

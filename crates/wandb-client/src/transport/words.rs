//! What a server says when it refuses, in whatever shape it says it.

/// Longest text of a foreign answer that goes into a message.
const MAX_MESSAGE: usize = 500;

/// The server's own words, out of any of the shapes it answers in.
pub(crate) fn server_message(body: &str) -> String {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(body) else {
        let is_page = body.trim_start().starts_with('<');
        let text = if is_page { "the answer is a web page, not W&B's" } else { body.trim() };
        return shorten(if text.is_empty() { "no message" } else { text });
    };
    if let Some(messages) = graphql_messages(&value) {
        return shorten(&messages);
    }
    let error = &value["error"];
    let text = error.as_str().or_else(|| error["message"].as_str()).map_or_else(|| value.to_string(), str::to_owned);
    shorten(&text)
}

/// The messages of a GraphQL answer, if it has errors: one as it is, several as `[a; b]`.
pub(crate) fn graphql_messages(value: &serde_json::Value) -> Option<String> {
    let errors = value.get("errors")?.as_array().filter(|errors| !errors.is_empty())?;
    let message = |error: &serde_json::Value| {
        error["message"].as_str().or_else(|| error.as_str()).map_or_else(|| error.to_string(), str::to_owned)
    };
    let messages: Vec<_> = errors.iter().map(message).collect();
    Some(if messages.len() == 1 { messages[0].clone() } else { format!("[{}]", messages.join("; ")) })
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_server_are_found_in_every_shape() {
        for (body, message) in [
            (r#"{"errors":[{"message":"a"}]}"#, "a"),
            (r#"{"errors":["a",{"message":"b"}]}"#, "[a; b]"),
            (r#"{"error":"a"}"#, "a"),
            (r#"{"error":{"message":"a"}}"#, "a"),
            ("plain", "plain"),
            ("", "no message"),
            ("<html>x</html>", "the answer is a web page, not W&B's"),
        ] {
            assert_eq!(server_message(body), message);
        }
        assert!(server_message(&"x".repeat(10_000)).chars().count() <= MAX_MESSAGE + 1);
    }
}

//! The command line as a run's metadata may show it.

/// Words in a name that make its value a secret.
const SECRET_WORDS: [&str; 6] = ["key", "secret", "token", "password", "passwd", "credential"];

/// The arguments with the values of secret-looking names, and the user parts of addresses, left out.
pub(crate) fn without_secrets(arguments: &[String]) -> Vec<String> {
    arguments.iter().map(|argument| without_user(&without_value(argument))).collect()
}

fn without_value(argument: &str) -> String {
    match argument.split_once('=') {
        Some((name, _)) if SECRET_WORDS.iter().any(|word| name.to_ascii_lowercase().contains(word)) => {
            format!("{name}=[secret]")
        }
        _ => argument.to_owned(),
    }
}

/// `https://user:password@host` without what stands before the `@`.
pub(crate) fn without_user(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, _)) => format!("{scheme}://{}", &rest[user.len() + 1..]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out() {
        let arguments = ["upload", "api_key=abc", "--x", "DB_PASSWORD=p=q", "https://u:p@h/x@y", "a=b"];
        let arguments: Vec<_> = arguments.map(str::to_owned).into();
        assert_eq!(
            without_secrets(&arguments),
            ["upload", "api_key=[secret]", "--x", "DB_PASSWORD=[secret]", "https://h/x@y", "a=b"]
        );
    }
}

//! Netrc files, read only. What cannot be understood is passed over: a damaged file must not stop a user whose key is
//! elsewhere.

/// The machines of a netrc file.
#[derive(Debug, Default)]
pub(super) struct Netrc {
    machines: Vec<(String, String)>,
    default: Option<String>,
}

impl Netrc {
    pub(super) fn parse(text: &str) -> Self {
        let mut netrc = Self::default();
        let mut words = words(text).into_iter();
        // `None` outside any entry, `Some(None)` in the default entry.
        let mut entry: Option<Option<String>> = None;
        while let Some(word) = words.next() {
            match word.as_str() {
                "machine" => entry = words.next().map(Some),
                "default" => entry = Some(None),
                "login" | "user" | "account" => drop(words.next()),
                "password" => {
                    let password = words.next().filter(|password| !password.is_empty());
                    match (&entry, password) {
                        (Some(Some(machine)), Some(password)) => netrc.machines.push((machine.clone(), password)),
                        (Some(None), Some(password)) => netrc.default = Some(password),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        netrc
    }

    pub(super) fn password(&self, machine: &str) -> Option<&str> {
        self.machines.iter().find(|(name, _)| name == machine).map(|(_, password)| password.as_str())
    }

    pub(super) fn default_password(&self) -> Option<&str> {
        self.default.as_deref()
    }
}

/// Words between white space; quotes keep white space in a word, a backslash takes the next character as it is, `#`
/// begins a comment where a word could begin. Macro definitions end at an empty line.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut in_macro = false;
    for line in text.lines() {
        if in_macro {
            in_macro = !line.trim().is_empty();
            continue;
        }
        let found = words_of_line(line);
        in_macro = found.iter().any(|word| word == "macdef");
        words.extend(found.into_iter().take_while(|word| word != "macdef"));
    }
    words
}

fn words_of_line(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut characters = line.chars().peekable();
    while let Some(&first) = characters.peek() {
        if first.is_whitespace() {
            characters.next();
            continue;
        }
        if first == '#' {
            break;
        }
        let mut word = String::new();
        let mut quoted = false;
        while let Some(&character) = characters.peek() {
            if character.is_whitespace() && !quoted {
                break;
            }
            characters.next();
            match character {
                '"' => quoted = !quoted,
                '\\' => word.extend(characters.next()),
                other => word.push(other),
            }
        }
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn machines_and_the_default_are_found() {
        let netrc = Netrc::parse(
            "# comment\nmachine a.b login user password one\nmacdef init\n  machine c password no\n\n\
             machine h:80\n  login user\n  password \"two words\"\ndefault login x password three # end\n",
        );
        assert_eq!(netrc.password("a.b"), Some("one"));
        assert_eq!(netrc.password("h:80"), Some("two words"));
        assert_eq!(netrc.password("c"), None);
        assert_eq!(netrc.default_password(), Some("three"));
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC*|([a-z\"\\\\# \n]|machine |password )*") {
            let _ = Netrc::parse(&text);
        }

        #[test]
        fn what_the_client_writes_is_found(host in "[a-z.]{1,20}(:[0-9]{1,5})?", key in "[a-zA-Z0-9_-]{40,80}") {
            let netrc = Netrc::parse(&format!("machine OTHER\n  login u\n  password p\nmachine {host}\n  login user\n  password {key}\n"));
            prop_assert_eq!(netrc.password(&host), Some(key.as_str()));
        }
    }
}

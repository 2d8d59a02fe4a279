//! Numbers as people read them.

use std::time::Duration;

/// `24.0 MiB`, `513 B`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// `0.8 s`, `3 min 05 s`, `2 h 01 min`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// `30.0 MiB/s`; nothing for a time too short to divide by.
pub(crate) fn rate(count: u64, elapsed: Duration) -> Option<String> {
    let seconds = elapsed.as_secs_f64();
    if seconds < 0.001 {
        return None;
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "for show"
    )]
    let per_second = (count as f64 / seconds) as u64;
    Some(format!("{}/s", bytes(per_second)))
}

/// `1 file`, `7 files`.
pub(crate) fn files(count: u64) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

/// A word as a POSIX shell needs it written, so that a printed command can be pasted.
pub(crate) fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        let sizes = [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (25_165_824, "24.0 MiB"), (1 << 40, "1.0 TiB")];
        for (count, text) in sizes {
            assert_eq!(bytes(count), text);
        }
        assert_eq!(bytes(1024 * 1024 - 1), "1.0 MiB");
        for (milliseconds, text) in [(840, "0.8 s"), (65_000, "1 min 05 s"), (7_300_000, "2 h 01 min")] {
            assert_eq!(duration(Duration::from_millis(milliseconds)), text);
        }
    }

    #[test]
    fn words_survive_a_shell() {
        for (text, word) in [("a-b_c.d", "a-b_c.d"), ("", "''"), ("a b", "'a b'"), ("it's", r"'it'\''s'"), ("ü", "'ü'")]
        {
            assert_eq!(shell_word(text), word);
        }
    }
}

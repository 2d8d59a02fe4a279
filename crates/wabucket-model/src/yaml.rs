//! YAML as PyYAML's safe loader reads it (YAML 1.1): what the earlier tool and W&B's own client use.
//!
//! It matters for run arguments: `1e-4` is text there and not a number, `yes` is true, `010` is eight. An alias that is
//! a hash of run arguments must not depend on who reads the file.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

use crate::RunArgumentsError;

/// Most nodes that aliases may expand to; guards against documents that blow up.
const MAX_NODES: usize = 1_000_000;

/// Reads the first document. Keys that are not text become what Python's `str()` prints for them.
pub(crate) fn read(text: &str) -> Result<Value, RunArgumentsError> {
    let mut reader = Reader { events: Parser::new_from_str(text), anchors: HashMap::new(), nodes: 0 };
    loop {
        match reader.next()? {
            Event::StreamStart | Event::DocumentStart(..) => {}
            Event::StreamEnd | Event::DocumentEnd => return Ok(Value::Null),
            event => return reader.node(event),
        }
    }
}

struct Reader<'a> {
    events: Parser<'a, granit_parser::StrInput<'a>>,
    anchors: HashMap<usize, Value>,
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, RunArgumentsError> {
        loop {
            match self.events.next() {
                Some(Ok((Event::Comment(..) | Event::Anchor(..), _))) => {}
                Some(Ok((event, _))) => return Ok(event),
                Some(Err(error)) => return Err(RunArgumentsError::Syntax(error.to_string())),
                None => return Ok(Event::StreamEnd),
            }
        }
    }

    fn node(&mut self, event: Event<'a>) -> Result<Value, RunArgumentsError> {
        self.count(1)?;
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.suffix() == "str");
                (anchor, if is_text { Value::String(text.into_owned()) } else { plain(&text) })
            }
            Event::SequenceStart(_, anchor, _) => (anchor, self.sequence()?),
            Event::MappingStart(_, anchor, _) => (anchor, self.mapping()?),
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned().unwrap_or(Value::Null);
                self.count(size(&value))?;
                return Ok(value);
            }
            event => return Err(RunArgumentsError::Syntax(format!("unexpected {event:?}"))),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn sequence(&mut self) -> Result<Value, RunArgumentsError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Value::Array(items)),
                event => items.push(self.node(event)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Value, RunArgumentsError> {
        let mut map = Map::new();
        let mut merged = Vec::new();
        loop {
            let key = match self.next()? {
                Event::MappingEnd => break,
                event => self.node(event)?,
            };
            let event = self.next()?;
            let value = self.node(event)?;
            if key == "<<" {
                merged.push(value);
            } else {
                map.insert(crate::python::str(&key), value);
            }
        }
        for value in merged {
            merge(&mut map, value);
        }
        Ok(Value::Object(map))
    }

    fn count(&mut self, nodes: usize) -> Result<(), RunArgumentsError> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err(RunArgumentsError::Syntax("the document expands to too many values".to_owned()));
        }
        Ok(())
    }
}

/// Merge keys give way to keys that are written out.
fn merge(map: &mut Map<String, Value>, value: Value) {
    match value {
        Value::Object(other) => {
            for (key, value) in other {
                map.entry(key).or_insert(value);
            }
        }
        Value::Array(others) => others.into_iter().for_each(|other| merge(map, other)),
        _ => {}
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// A plain scalar, by the implicit types of YAML 1.1. Dates stay text: Python prints them as they are written.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Value::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Value::Bool(false),
        _ => integer(text).or_else(|| float(text)).unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

fn integer(text: &str) -> Option<Value> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let bare = digits.replace('_', "");
    let magnitude = if let Some(hex) = bare.strip_prefix("0x") {
        i128::from_str_radix(hex, 16).ok()?
    } else if let Some(binary) = bare.strip_prefix("0b") {
        i128::from_str_radix(binary, 2).ok()?
    } else if bare.contains(':') {
        sexagesimal(&bare)?
    } else if bare.len() > 1 && bare.starts_with('0') {
        i128::from_str_radix(&bare, 8).ok()?
    } else if bare.bytes().all(|b| b.is_ascii_digit()) {
        match bare.parse() {
            Ok(number) => number,
            // Wider than any number here: its digits are what Python prints.
            Err(_) => return Some(Value::String(text.trim_start_matches('+').replace('_', ""))),
        }
    } else {
        return None;
    };
    let number = sign * magnitude;
    let fits = i64::try_from(number).map(Number::from).or_else(|_| u64::try_from(number).map(Number::from));
    Some(fits.map_or_else(|_| Value::String(number.to_string()), Value::Number))
}

/// `1:30` is ninety: YAML 1.1 reads numbers in base 60.
fn sexagesimal(text: &str) -> Option<i128> {
    let mut parts = text.split(':');
    let first = parts.next().filter(|part| !part.starts_with('0'))?.parse::<i128>().ok()?;
    parts.try_fold(first, |total, part| {
        let digit = part.parse::<i128>().ok().filter(|digit| (0..60).contains(digit) && part.len() <= 2)?;
        total.checked_mul(60)?.checked_add(digit)
    })
}

fn float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let minus = if text.starts_with('-') { "-" } else { "" };
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(Value::String(format!("{minus}inf")));
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Value::String("nan".to_owned()));
    }
    // A float needs a dot, and an exponent needs a sign: `1e-4` and `1.0e5` are text.
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.')?;
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let starts_well = if whole.is_empty() {
        fraction.starts_with(|c: char| c.is_ascii_digit())
    } else {
        whole.starts_with(|c: char| c.is_ascii_digit())
    };
    let exponent_is_good = exponent.is_none_or(|exponent| {
        exponent.len() > 1 && exponent.starts_with(['-', '+']) && exponent[1..].bytes().all(|b| b.is_ascii_digit())
    });
    if !(starts_well && digits(whole) && digits(fraction) && exponent_is_good) {
        return None;
    }
    let number: f64 = text.replace('_', "").parse().ok()?;
    Some(Number::from_f64(number).map_or_else(|| Value::String(format!("{minus}inf")), Value::Number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scalars_are_those_of_pyyaml() {
        // Right-hand sides as PyYAML 6.0.3 loads them.
        for (text, value) in [
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("y", json!("y")),
            ("1e-5", json!("1e-5")),
            ("1.0e5", json!("1.0e5")),
            ("1.0e+5", json!(100_000.0)),
            ("1.5E-3", json!(0.0015)),
            ("010", json!(8)),
            ("08", json!("08")),
            ("0o17", json!("0o17")),
            ("0x1F", json!(31)),
            ("0b101", json!(5)),
            ("1_000", json!(1000)),
            ("1:30", json!(90)),
            ("+5", json!(5)),
            ("-5", json!(-5)),
            (".5", json!(0.5)),
            ("5.", json!(5.0)),
            ("1.0", json!(1.0)),
            ("-0.0", json!(-0.0)),
            (".inf", json!("inf")),
            ("2020-01-01", json!("2020-01-01")),
            ("12345678901234567890123", json!("12345678901234567890123")),
            ("'yes'", json!("yes")),
            ("\"1\"", json!("1")),
            ("!!str 5", json!("5")),
            ("~", json!(null)),
            ("1.2.3", json!("1.2.3")),
        ] {
            assert_eq!(read(&format!("a: {text}")).unwrap()["a"], value, "{text}");
        }
    }

    #[test]
    fn collections_anchors_and_merges_are_followed() {
        let text = "# comment\nbase: &b {x: 1, y: [2, 3]}\nderived:\n  <<: *b\n  x: 9\ncopy: *b\n1: one\ntrue: yes\n";
        assert_eq!(
            read(text).unwrap(),
            json!({
                "base": {"x": 1, "y": [2, 3]}, "derived": {"x": 9, "y": [2, 3]}, "copy": {"x": 1, "y": [2, 3]},
                "1": "one", "True": true
            })
        );
        assert_eq!(read("").unwrap(), Value::Null);
        assert!(read("{a: ").is_err());
    }

    #[test]
    fn documents_that_blow_up_are_refused() {
        let line = |level: usize| {
            let items = vec![format!("*a{}", level - 1); 10].join(",");
            format!("a{level}: &a{level} [{items}]\n")
        };
        let text: String =
            std::iter::once("a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned()).chain((1..9).map(line)).collect();
        assert!(read(&text).is_err());
    }
}

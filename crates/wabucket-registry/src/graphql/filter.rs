//! The filters of lists: JSON in the query language of `MongoDB`, as W&B's clients send it.

use serde_json::{Map, Value};

use super::scalars::JsonString;
use super::{Result, refuse};

/// A condition on the fields of an item.
#[derive(Debug, Default)]
pub(super) struct Filter(Vec<Condition>);

#[derive(Debug)]
enum Condition {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Field { path: String, test: Test },
}

#[derive(Debug)]
enum Test {
    Equal(Value),
    In(Vec<Value>),
    Exists(bool),
    Greater(Value),
    GreaterOrEqual(Value),
    Less(Value),
    LessOrEqual(Value),
    Contains(String),
    Not(Box<Test>),
}

impl Filter {
    /// Reads a filter; none, or an empty one, lets all pass. What it cannot judge by, it refuses: a list that
    /// silently holds too much is worse than none.
    pub(super) fn parse(filters: Option<&JsonString>) -> Result<Self> {
        let Some(text) = filters.map(|filters| filters.0.trim()).filter(|text| !text.is_empty()) else {
            return Ok(Self::default());
        };
        let value: Value = serde_json::from_str(text).map_err(|error| refuse(400, format!("filters: {error}")))?;
        Self::read(&value)
    }

    fn read(value: &Value) -> Result<Self> {
        match value {
            Value::Null => Ok(Self::default()),
            Value::Object(members) => {
                let conditions =
                    members.iter().map(|(key, value)| condition(key, value)).collect::<Result<Vec<_>>>()?;
                Ok(Self(conditions.into_iter().flatten().collect()))
            }
            other => Err(refuse(400, format!("filters: {other} is no object"))),
        }
    }

    /// Whether an item passes. `field` gives its fields by their dotted path; `None` for one that it does not have.
    pub(super) fn admits(&self, field: &dyn Fn(&str) -> Option<Value>) -> bool {
        self.0.iter().all(|condition| match condition {
            Condition::All(filters) => filters.iter().all(|filter| filter.admits(field)),
            Condition::Any(filters) => filters.iter().any(|filter| filter.admits(field)),
            Condition::Field { path, test } => test.holds(field(path).as_ref()),
        })
    }
}

fn condition(key: &str, value: &Value) -> Result<Vec<Condition>> {
    let filters = || {
        let list = value.as_array().ok_or_else(|| refuse(400, format!("filters: {key} needs a list")))?;
        list.iter().map(Filter::read).collect::<Result<Vec<_>>>()
    };
    match key {
        "$and" => Ok(vec![Condition::All(filters()?)]),
        "$or" => Ok(vec![Condition::Any(filters()?)]),
        _ if key.starts_with('$') => Err(unknown(key)),
        path => {
            let tests = tests(value)?.into_iter();
            Ok(tests.map(|test| Condition::Field { path: path.to_owned(), test }).collect())
        }
    }
}

/// The tests of one field: `{"$op": operand, …}`, or a value that it has to be equal to.
fn tests(value: &Value) -> Result<Vec<Test>> {
    match value {
        Value::Object(operators) if operators.keys().any(|key| key.starts_with('$')) => {
            operators.iter().map(|(operator, operand)| test(operator, operand)).collect()
        }
        value => Ok(vec![Test::Equal(value.clone())]),
    }
}

fn test(operator: &str, operand: &Value) -> Result<Test> {
    let list = || operand.as_array().cloned().ok_or_else(|| refuse(400, format!("filters: {operator} needs a list")));
    let not = |test| Test::Not(Box::new(test));
    Ok(match operator {
        "$eq" => Test::Equal(operand.clone()),
        "$ne" => not(Test::Equal(operand.clone())),
        "$in" => Test::In(list()?),
        "$nin" => not(Test::In(list()?)),
        "$exists" => Test::Exists(operand.as_bool() != Some(false)),
        "$gt" => Test::Greater(operand.clone()),
        "$gte" => Test::GreaterOrEqual(operand.clone()),
        "$lt" => Test::Less(operand.clone()),
        "$lte" => Test::LessOrEqual(operand.clone()),
        "$contains" | "$regex" => Test::Contains(plain_text(operator, operand)?),
        _ => return Err(unknown(operator)),
    })
}

/// A text without the signs that would make it a pattern: of patterns, only plain texts can be judged here.
fn plain_text(operator: &str, operand: &Value) -> Result<String> {
    let text = operand.as_str().ok_or_else(|| refuse(400, format!("filters: {operator} needs a text")))?;
    if operator == "$regex" && text.chars().any(|c| r"\^$.|?*+()[]{}".contains(c)) {
        return Err(refuse(400, "filters: this server takes only plain text as $regex"));
    }
    Ok(text.to_owned())
}

fn unknown(operator: &str) -> async_graphql::Error {
    refuse(400, format!("filters: this server does not know {operator}"))
}

impl Test {
    fn holds(&self, value: Option<&Value>) -> bool {
        let order = |operand: &Value| value.and_then(|value| compare(value, operand));
        match self {
            Self::Equal(operand) => equal(value, operand),
            Self::In(operands) => operands.iter().any(|operand| equal(value, operand)),
            Self::Exists(wanted) => value.is_some_and(|value| !value.is_null()) == *wanted,
            Self::Greater(operand) => order(operand).is_some_and(std::cmp::Ordering::is_gt),
            Self::GreaterOrEqual(operand) => order(operand).is_some_and(std::cmp::Ordering::is_ge),
            Self::Less(operand) => order(operand).is_some_and(std::cmp::Ordering::is_lt),
            Self::LessOrEqual(operand) => order(operand).is_some_and(std::cmp::Ordering::is_le),
            Self::Contains(text) => value.and_then(Value::as_str).is_some_and(|value| value.contains(text)),
            Self::Not(test) => !test.holds(value),
        }
    }
}

/// As in `MongoDB`: a list is equal to what it holds, too, and an absent field to null.
fn equal(value: Option<&Value>, operand: &Value) -> bool {
    match value {
        None => operand.is_null(),
        Some(Value::Array(items)) if !operand.is_array() => items.iter().any(|item| equal(Some(item), operand)),
        Some(value) => value == operand || compare(value, operand).is_some_and(std::cmp::Ordering::is_eq),
    }
}

pub(super) fn compare(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// Follows a dotted path into an object; a key may hold dots itself.
pub(super) fn follow(object: &Map<String, Value>, path: &str) -> Option<Value> {
    if let Some(value) = object.get(path) {
        return Some(value.clone());
    }
    path.match_indices('.').find_map(|(dot, _)| follow(object.get(&path[..dot])?.as_object()?, &path[dot + 1..]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn admits(filter: &Value) -> bool {
        let filter = Filter::parse(Some(&JsonString(filter.to_string()))).unwrap();
        let item = json!({"state": "finished", "tags": ["a", "b"], "config": {"lr": 0.5, "deep": {"x": 1}, "d.t": 2}});
        filter.admits(&|path| follow(item.as_object().unwrap(), path))
    }

    #[test]
    fn conditions_are_those_of_mongodb() {
        for good in [
            json!({}),
            json!({"state": "finished"}),
            json!({"tags": "a"}),
            json!({"tags": {"$in": ["x", "b"]}}),
            json!({"config.lr": {"$gt": 0, "$lte": 0.5}}),
            json!({"config.deep.x": 1.0}),
            json!({"config.d.t": 2}),
            json!({"config.no": null}),
            json!({"config.no": {"$exists": false}}),
            json!({"$or": [{"state": "running"}, {"$and": [{"state": {"$ne": "failed"}}, {"tags": {"$nin": ["c"]}}]}]}),
            json!({"state": {"$regex": "ini"}}),
        ] {
            assert!(admits(&good), "{good}");
        }
        for bad in [
            json!({"state": "running"}),
            json!({"tags": "c"}),
            json!({"config.lr": {"$gt": 0, "$lt": 0.5}}),
            json!({"config.lr": {"$gt": "0"}}),
            json!({"$or": []}),
        ] {
            assert!(!admits(&bad), "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_judged_is_refused() {
        for text in ["[]", "{", r#"{"$nor": []}"#, r#"{"a": {"$where": "x"}}"#, r#"{"a": {"$regex": "x.*"}}"#] {
            assert!(Filter::parse(Some(&JsonString(text.to_owned()))).is_err(), "{text}");
        }
        assert!(Filter::parse(None).is_ok());
    }
}

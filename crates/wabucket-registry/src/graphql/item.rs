//! Items of lists as filters and orders see them: fields by W&B's names.

use std::cmp::Ordering;

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::filter::{Filter, compare, follow};
use super::scalars::JsonString;
use super::{Result, refuse};
use crate::storage::aliases;
use crate::storage::artifacts::{self, ArtifactRow};
use crate::storage::collections::CollectionRow;
use crate::storage::runs::RunRow;

/// An item's fields. Names are those of the database of W&B, `created_at`; `createdAt` is the same.
pub(super) struct Item(Map<String, Value>);

impl Item {
    pub(super) fn run(row: &RunRow) -> Self {
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        Self::new(json!({
            "name": row.name, "display_name": row.display_name, "state": row.visible_state(),
            "group": row.group_name, "job_type": row.job_type, "tags": json(&row.tags), "notes": row.notes,
            "host": row.host, "commit": row.commit_hash, "sweep": row.sweep,
            "created_at": row.created_at, "heartbeat_at": row.heartbeat_at, "updated_at": row.heartbeat_at,
            "config": plain_config(json(&row.config)), "summary_metrics": json(&row.summary),
        }))
    }

    pub(super) fn collection(row: &CollectionRow) -> Self {
        Self::new(json!({
            "name": row.name, "type": row.artifact_type, "description": row.description,
            "created_at": row.created_at, "updated_at": row.updated_at,
        }))
    }

    pub(super) fn artifact(db: &Connection, row: &ArtifactRow) -> rusqlite::Result<Self> {
        let aliases: Vec<_> = aliases::of_artifact(db, row.id)?.into_iter().map(|row| row.alias).collect();
        let metadata = row.metadata.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
        Ok(Self::new(json!({
            "state": row.state, "digest": row.digest, "version_index": row.version_index, "size": row.size,
            "description": row.description, "created_at": row.created_at, "updated_at": row.updated_at,
            "alias": aliases, "aliases": aliases, "tags": artifacts::tags(db, row.id)?, "metadata": metadata,
        })))
    }

    fn new(fields: Value) -> Self {
        let Value::Object(fields) = fields else { unreachable!("all items are objects") };
        Self(fields)
    }

    /// The field at a dotted path. `config.KEY.value` is another name of `config.KEY`.
    fn field(&self, path: &str) -> Option<Value> {
        let (head, rest) = path.split_once('.').map_or((path, ""), |(head, rest)| (head, rest));
        let head = snake_case(head);
        if rest.is_empty() {
            return self.0.get(&head).cloned();
        }
        let inner = self.0.get(&head)?.as_object()?;
        follow(inner, rest).or_else(|| follow(inner, rest.strip_suffix(".value").filter(|_| head == "config")?))
    }

    pub(super) fn passes(&self, filter: &Filter) -> bool {
        filter.admits(&|path| self.field(path))
    }
}

/// Keeps the items that pass the filters and puts them in the order that is asked for: `-created_at,+name`. Without
/// one they stay as they are.
pub(super) fn select<T>(
    rows: Vec<T>,
    filters: Option<&JsonString>,
    order: Option<&str>,
    item: impl Fn(&T) -> rusqlite::Result<Item>,
) -> Result<Vec<T>> {
    let filter = Filter::parse(filters)?;
    let mut kept = Vec::with_capacity(rows.len());
    for row in rows {
        let item = item(&row)?;
        if item.passes(&filter) {
            kept.push((item, row));
        }
    }
    for key in order.unwrap_or_default().split(',').rev().map(str::trim).filter(|key| !key.is_empty()) {
        let (descending, path) = match key.split_at_checked(1) {
            Some(("-", path)) => (true, path),
            Some(("+", path)) => (false, path),
            _ => (false, key),
        };
        if path.is_empty() {
            return Err(refuse(400, format!("order: {key} names no field")));
        }
        kept.sort_by(|(left, _), (right, _)| {
            let found = order_of(left.field(path).as_ref(), right.field(path).as_ref());
            if descending { found.reverse() } else { found }
        });
    }
    Ok(kept.into_iter().map(|(_, row)| row).collect())
}

/// Absent values come first.
fn order_of(left: Option<&Value>, right: Option<&Value>) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) => compare(left, right).unwrap_or(Ordering::Equal),
        (left, right) => left.is_some().cmp(&right.is_some()),
    }
}

/// A run's config without the `{"value": …}` around each.
fn plain_config(config: Value) -> Value {
    let Value::Object(members) = config else { return config };
    let plain = |value: Value| value.get("value").cloned().unwrap_or(value);
    Value::Object(members.into_iter().map(|(key, value)| (key, plain(value))).collect())
}

fn snake_case(name: &str) -> String {
    name.chars().fold(String::new(), |mut text, c| {
        if c.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
        text
    })
}

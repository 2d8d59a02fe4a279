//! Pages of lists, in the form of GraphQL connections.

use async_graphql::connection::{self, Edge, EmptyFields};
use async_graphql::{OutputType, SimpleObject};

/// One page of a list.
pub(crate) type Connection<T> = connection::Connection<String, T, ListFields, EmptyFields>;

/// What W&B's lists have besides edges.
#[derive(SimpleObject)]
pub(crate) struct ListFields {
    total_count: i64,
    /// Headers for uploads of the files in the list; here each file has its own.
    upload_headers: Vec<String>,
}

/// Which page is wanted.
#[derive(Debug, Default)]
pub(crate) struct PageRequest {
    pub(crate) after: Option<String>,
    pub(crate) first: Option<i32>,
}

impl PageRequest {
    /// Cuts the page out of a list that is in its final order. `key` names an item for good: pages stay right when
    /// items come and go between requests.
    pub(crate) fn cut<T, U: OutputType>(
        &self,
        items: Vec<T>,
        key: impl Fn(&T) -> String,
        node: impl Fn(T) -> U,
    ) -> Connection<U> {
        let total = items.len();
        let start = match self.after.as_deref().filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => items.iter().position(|item| key(item) == cursor).map_or(total, |index| index + 1),
            None => 0,
        };
        let limit = self.first.and_then(|first| usize::try_from(first).ok()).unwrap_or(usize::MAX);
        let fields = ListFields { total_count: i64::try_from(total).unwrap_or(i64::MAX), upload_headers: Vec::new() };
        let mut page = Connection::with_additional_fields(start > 0, total - start > limit, fields);
        page.edges = items.into_iter().skip(start).take(limit).map(|item| Edge::new(key(&item), node(item))).collect();
        page
    }
}

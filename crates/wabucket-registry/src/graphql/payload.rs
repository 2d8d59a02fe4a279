//! What mutations answer with.

/// A payload of one field. Payloads have the names of their mutations: clients spread fragments on them.
macro_rules! payload {
    ($name:ident { $field:ident: $type:ty }) => {
        #[derive(async_graphql::SimpleObject)]
        pub(crate) struct $name {
            pub(super) $field: $type,
        }
    };
}

pub(super) use payload;

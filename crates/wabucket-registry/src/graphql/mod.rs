//! W&B's GraphQL schema, the part of it that its clients of several generations use.
//!
//! Queries and mutations ask and change `storage`; nothing is kept here. Names and nullability are W&B's; they are
//! known from the documents its public clients send.

#![expect(clippy::used_underscore_binding, reason = "the schema takes arguments that clients send in vain")]

mod artifact;
mod collection;
mod commit_artifact;
mod connection;
mod edit_artifact;
mod file;
mod filter;
mod inputs;
mod item;
mod lineage;
mod log_artifact;
mod payload;
mod project;
mod query;
mod record_run;
mod run;
mod scalars;
mod viewer;

use std::sync::Arc;

pub(crate) use record_run::find_run_row;

use async_graphql::{Context, EmptySubscription, ErrorExtensions, MergedObject, Schema};

use crate::access::{Access, Permission};
use crate::objects::Objects;
use crate::storage::Database;

/// What all requests share.
pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) objects: Objects,
    pub(crate) access: Access,
}

/// The address the client reached us at, for links in answers. Without a slash at its end.
pub(crate) struct ReachedAt(pub(crate) String);

pub(crate) type RegistrySchema = Schema<query::Query, Mutation, EmptySubscription>;

#[derive(MergedObject, Default)]
pub(crate) struct Mutation(
    record_run::RunMutation,
    log_artifact::LogMutation,
    commit_artifact::CommitMutation,
    edit_artifact::EditMutation,
    lineage::LineageMutation,
);

pub(crate) fn schema(state: Arc<State>) -> RegistrySchema {
    Schema::build(query::Query, Mutation::default(), EmptySubscription)
        .register_output_type::<collection::ArtifactCollection>()
        .data(state)
        .finish()
}

type Result<T> = async_graphql::Result<T>;

fn state<'a>(ctx: &Context<'a>) -> &'a State {
    ctx.data_unchecked::<Arc<State>>()
}

/// An absolute link that works for a while without a key.
fn link(ctx: &Context, permission: Permission, object: &str) -> String {
    format!("{}/{}", ctx.data_unchecked::<ReachedAt>().0, state(ctx).access.sign(permission, object))
}

/// An error with the HTTP status that W&B answers it with.
fn refuse(status: u16, message: impl Into<String>) -> async_graphql::Error {
    async_graphql::Error::new(message).extend_with(|_, extensions| extensions.set("status", status))
}

fn not_found(what: &str) -> async_graphql::Error {
    refuse(404, format!("{what} not found"))
}

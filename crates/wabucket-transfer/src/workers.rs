//! Many things at once, but not too many: the first failure stops the rest, and all are waited for.

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::error::TransferError;

/// Runs `work` on every item, at most `limit` at once, each on the runtime's threads.
///
/// After a failure no further item begins, `cancellation` is cancelled, and what is under way may clean up after itself;
/// then the failure is returned. Results come in no fixed order.
pub(crate) async fn for_each<I, T, F>(
    items: impl IntoIterator<Item = I>,
    limit: usize,
    cancellation: &CancellationToken,
    work: impl Fn(I) -> F,
) -> Result<Vec<T>, TransferError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, TransferError>> + Send + 'static,
{
    let mut items = items.into_iter();
    let mut running = JoinSet::new();
    let mut results = Vec::new();
    let mut failure = None;
    loop {
        while failure.is_none() && running.len() < limit.max(1) {
            match items.next() {
                Some(item) => drop(running.spawn(work(item))),
                None => break,
            }
        }
        let Some(finished) = running.join_next().await else { break };
        match finished.expect("workers do not panic and are not aborted") {
            Ok(result) => results.push(result),
            Err(error) if failure.is_none() => {
                cancellation.cancel();
                failure = Some(error);
            }
            // Others that were stopped for the first failure's sake say nothing new.
            Err(_) => {}
        }
    }
    failure.map_or(Ok(results), Err)
}

//! What is reported adds up to what there was to do, also when things had to be done twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use wabucket_testkit::{Fault, Times};
use wabucket_transfer::{Phase, Reporter, Totals, TransferOptions};

use crate::support::{Tree, content, folder_with, plan_of, s3, upload_with};

#[derive(Default)]
struct Recorder {
    totals: Mutex<HashMap<Phase, Totals>>,
    done: Mutex<HashMap<Phase, Totals>>,
    finished: Mutex<Vec<Phase>>,
}

impl Reporter for Recorder {
    fn start(&self, phase: Phase, totals: Option<Totals>) {
        self.totals.lock().unwrap().insert(phase, totals.unwrap_or_default());
    }

    fn advance(&self, phase: Phase, done: Totals) {
        let mut all = self.done.lock().unwrap();
        let sum = all.entry(phase).or_default();
        *sum = Totals { files: sum.files + done.files, bytes: sum.bytes + done.bytes };
    }

    fn finish(&self, phase: Phase) {
        self.finished.lock().unwrap().push(phase);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_adds_up() {
    let place = s3().await;
    let given: Tree = [("small".to_owned(), content(1000, 1)), ("large".to_owned(), content(17_000_000, 2))].into();
    let source = folder_with(&given);
    let all = Totals { files: 2, bytes: 17_001_000 };
    let faults = place.server.as_ref().unwrap().faults();
    for (method, query) in [("PUT", "partNumber"), ("GET", "")] {
        let matches = move |request: &wabucket_testkit::RequestInfo| {
            request.method == method && request.query.contains(query) && request.path.contains("/p/")
        };
        faults.add(Times::Exactly(2), Fault::LoseAnswer, matches);
    }
    let recorder = Arc::new(Recorder::default());
    let options = TransferOptions { reporter: Arc::<Recorder>::clone(&recorder) as _, ..TransferOptions::default() };
    let report = upload_with(&place.bucket, source.path(), "p", &options).await.unwrap();
    assert_eq!(recorder.done.lock().unwrap()[&Phase::Walk], all);
    assert_eq!(recorder.done.lock().unwrap()[&Phase::Transfer], all);
    assert_eq!(recorder.totals.lock().unwrap()[&Phase::Transfer], all);

    let recorder = Arc::new(Recorder::default());
    let options = TransferOptions { reporter: Arc::<Recorder>::clone(&recorder) as _, ..TransferOptions::default() };
    let destination = tempfile::tempdir().unwrap();
    plan_of(&place.bucket, &report).run(destination.path(), &options).await.unwrap();
    assert_eq!(recorder.done.lock().unwrap()[&Phase::Compare], all);
    assert_eq!(recorder.done.lock().unwrap()[&Phase::Transfer], all);
    assert_eq!(*recorder.finished.lock().unwrap(), [Phase::Compare, Phase::Transfer]);
}

//! The tags of the job that the process runs in.

use apolo_client::{Error, JobTags, Missing};
use wabucket_testkit::platform::{BucketSpec, Endpoint, Fault, FaultKind};

use crate::support::{connect, platform_with};

#[tokio::test]
async fn a_job_has_its_tags_or_none() {
    let fake = platform_with(BucketSpec::default()).await;
    fake.add_job("job-1", &["project:x", "best"]);
    fake.add_job("job-2", &[]);
    let platform = connect(&fake).await;
    assert_eq!(platform.job("job-1").await.unwrap(), JobTags(vec!["project:x".to_owned(), "best".to_owned()]));
    assert_eq!(platform.job("job-2").await.unwrap(), JobTags::default());
    let unknown = platform.job("job-3").await.unwrap_err();
    assert!(matches!(&unknown, Error::NotFound { missing: Missing::Job, name, .. } if name == "job-3"), "{unknown}");
}

#[tokio::test]
async fn a_jobs_api_that_is_away_is_a_temporary_failure() {
    let fake = platform_with(BucketSpec::default()).await;
    let platform = connect(&fake).await;
    fake.inject(Fault { endpoint: Endpoint::Job, kind: FaultKind::Status(502), times: 99 });
    assert!(platform.job("job-1").await.unwrap_err().is_temporary());
}

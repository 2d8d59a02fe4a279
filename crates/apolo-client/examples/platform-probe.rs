//! Shows what this crate makes of the login of the process, as JSON on standard output, without any secret.
//!
//! ```text
//! platform-probe bucket NAME_OR_ID         the bucket, and what its credentials are for
//! platform-probe resolve REFERENCE         the same for a stored blob:// reference, with the key prefixes to try
//! platform-probe tags                      the tags for a run in the platform job of the process
//! platform-probe outputs NAME TYPE ALIAS [SUFFIX]   the lines that hand an artifact to later jobs
//! ```

use std::error::Error;
use std::io::Write;

use apolo_client::{
    BucketName, Configuration, ConnectOptions, Credentials, JobOutputs, OutputSuffix, Platform, PlatformBucketInfo,
    PlatformReference, TemporaryCredentials, job_id, job_run_tags,
};
use serde_json::{Value, json};
use wabucket_model::{Alias, ArtifactName, ArtifactType, Environment};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let variables = std::env::vars().collect();
    let environment = Environment::new(variables, std::env::home_dir(), std::env::current_dir()?);
    let text = match arguments[..] {
        ["bucket", name] => bucket(&connect(&environment).await?, name).await?.to_string(),
        ["resolve", reference] => resolve(&connect(&environment).await?, reference).await?.to_string(),
        ["tags"] => tags(&environment).await?.to_string(),
        ["outputs", name, artifact_type, alias] => outputs([name, artifact_type, alias], None)?,
        ["outputs", name, artifact_type, alias, suffix] => outputs([name, artifact_type, alias], Some(suffix))?,
        _ => return Err("expected one of: bucket, resolve, tags, outputs".into()),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

async fn connect(environment: &Environment) -> Outcome<Platform> {
    let configuration = Configuration::find(environment)?.ok_or("no login found")?;
    Ok(Platform::connect(configuration, ConnectOptions::default()).await?)
}

async fn bucket(platform: &Platform, name: &str) -> Outcome<Value> {
    let bucket = platform.bucket(&BucketName::parse(name)?).await?;
    let credentials = platform.temporary_credentials(&bucket).await?;
    Ok(describe(&bucket, &credentials))
}

async fn resolve(platform: &Platform, reference: &str) -> Outcome<Value> {
    let found = platform.resolve(&PlatformReference::parse(reference)?).await?;
    let credentials = platform.temporary_credentials(&found.bucket).await?;
    let mut description = describe(&found.bucket, &credentials);
    description["key_prefixes"] = json!(PlatformReference::key_prefixes(&found.key_text));
    Ok(description)
}

fn describe(bucket: &PlatformBucketInfo, credentials: &TemporaryCredentials) -> Value {
    let endpoint = match &credentials.credentials {
        Credentials::S3(s3) => s3.endpoint_url.clone(),
        Credentials::Azure(azure) => Some(azure.storage_endpoint.clone()),
        Credentials::Gcs(_) => None,
    };
    json!({
        "id": bucket.id,
        "url": bucket.url.to_string(),
        "store": credentials.bucket_name,
        "access": format!("{:?}", credentials.access),
        "endpoint": endpoint,
        "expiration": credentials.expiration.map(|end| end.to_string()),
    })
}

async fn tags(environment: &Environment) -> Outcome<Value> {
    let own = match job_id(environment) {
        Some(id) => Some(connect(environment).await?.job(id).await?),
        None => None,
    };
    Ok(json!(job_run_tags(environment, own.as_ref())))
}

fn outputs([name, artifact_type, alias]: [&str; 3], suffix: Option<&str>) -> Outcome<String> {
    let suffix = suffix.map(OutputSuffix::parse).transpose()?;
    let outputs = JobOutputs {
        name: &ArtifactName::parse(name)?,
        artifact_type: &ArtifactType::parse(artifact_type)?,
        alias: &Alias::parse(alias)?,
        suffix: suffix.as_ref(),
    };
    Ok(outputs.render()?)
}

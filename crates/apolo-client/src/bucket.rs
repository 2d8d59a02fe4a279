//! Buckets, looked up by name, by id and by what old references say.
//!
//! The order of calls gives a clean "not found" on servers of every age: first `GET` by name with explicit organisation
//! and project, where all but the oldest servers say 404; then `find/by_path`, which those need, but where "not found"
//! is a 500; and what has no organisation in the form of the time before there were any.

use reqwest::StatusCode;
use serde::Deserialize;
use url::Url;
use wabucket_model::PlatformBucket;

use crate::bucket_name::is_id;
use crate::http::{Answer, Call, InternalError};
use crate::place::Place;
use crate::{BucketName, Error, Missing, Platform, PlatformReference};

/// What the platform says about a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformBucketInfo {
    /// The id, which never changes.
    pub id: String,
    /// The name, unless the bucket has none.
    pub name: Option<String>,
    /// What stores the bytes.
    pub provider: Provider,
    /// Whether the bucket was made outside of the platform.
    pub imported: bool,
    /// The bucket as references write it: with its name, or its id if it has none.
    pub url: PlatformBucket,
}

/// What stores a bucket's bytes, in the platform's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// `aws`; also EMC ECS, which the platform calls so.
    Aws,
    /// `minio`.
    Minio,
    /// `seaweedfs`.
    SeaweedFs,
    /// `open_stack`.
    OpenStack,
    /// `gcp`.
    Gcp,
    /// `azure`.
    Azure,
    /// A word that came later.
    Other(String),
}

/// A stored reference, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedReference {
    /// The bucket.
    pub bucket: PlatformBucketInfo,
    /// The rest of the reference, as stored; see [`PlatformReference::key_prefixes`].
    pub key_text: String,
}

#[derive(Deserialize)]
struct BucketAnswer {
    id: String,
    name: Option<String>,
    owner: Option<String>,
    org_name: Option<String>,
    project_name: Option<String>,
    provider: String,
    #[serde(default)]
    imported: bool,
}

impl Provider {
    pub(crate) fn parse(word: &str) -> Self {
        match word {
            "aws" | "emc_ecs" => Self::Aws,
            "minio" => Self::Minio,
            "seaweedfs" => Self::SeaweedFs,
            "open_stack" => Self::OpenStack,
            "gcp" => Self::Gcp,
            "azure" => Self::Azure,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl Platform {
    /// Finds a bucket of the current project by its name, or one of any project by its id.
    pub async fn bucket(&self, name: &BucketName) -> Result<PlatformBucketInfo, Error> {
        let place = self.place();
        if place.project.is_none() && !is_id(name.as_str()) {
            return Err(Error::NoProject { cluster: place.cluster.clone() });
        }
        if let Some(found) = self.bucket_by_name(place, name.as_str()).await? {
            return Ok(found);
        }
        if let Some(project) = &place.project {
            let segments = place.org.iter().chain([project]).map(String::as_str).chain([name.as_str()]);
            let path = segments.collect::<Vec<_>>().join("/");
            if let Some(found) = self.bucket_by_path(&place.cluster, &path).await?
                && found.is_called(name.as_str())
            {
                return Ok(found);
            }
        }
        Err(not_found(name.as_str(), place))
    }

    /// Finds the bucket that a fully named bucket URL means, wherever it points.
    pub async fn bucket_at(&self, bucket: &PlatformBucket) -> Result<PlatformBucketInfo, Error> {
        BucketName::parse(&bucket.bucket)?;
        match &bucket.org {
            Some(_) => self.bucket_with_organisation(bucket).await?,
            None => self.bucket_without_organisation(bucket).await?,
        }
        .ok_or_else(|| not_found(&bucket.bucket, &Place::of(bucket)))
    }

    /// Finds the bucket and key of a stored reference, in each of the readings that references have had.
    pub async fn resolve(&self, reference: &PlatformReference) -> Result<ResolvedReference, Error> {
        let readings = [reference.with_organisation(), reference.without_organisation()];
        if let Some((bucket, key_text)) = &readings[0]
            && let Some(found) = self.bucket_by_name(&Place::of(bucket), &bucket.bucket).await?
        {
            return Ok(ResolvedReference { bucket: found, key_text: key_text.clone() });
        }
        if let Some(found) = self.bucket_by_path(reference.cluster(), &reference.decoded_path()).await? {
            // An old server decides by itself which segment is the bucket, so its answer picks the reading.
            let meant = readings.iter().flatten().find(|(bucket, _)| found.is_called(&bucket.bucket));
            if let Some((_, key_text)) = meant {
                return Ok(ResolvedReference { bucket: found, key_text: key_text.clone() });
            }
        }
        if let Some((bucket, key_text)) = &readings[1]
            && let Some(found) = self.bucket_without_organisation(bucket).await?
        {
            return Ok(ResolvedReference { bucket: found, key_text: key_text.clone() });
        }
        let [with, without] = readings;
        let (bucket, _) = with.or(without).expect("a parsed reference has at least the reading of two segments");
        Err(not_found(&bucket.bucket, &Place::of(&bucket)))
    }

    async fn bucket_with_organisation(&self, bucket: &PlatformBucket) -> Result<Option<PlatformBucketInfo>, Error> {
        if let Some(found) = self.bucket_by_name(&Place::of(bucket), &bucket.bucket).await? {
            return Ok(Some(found));
        }
        let path = format!("{}/{}/{}", bucket.org.as_deref().unwrap_or_default(), bucket.project, bucket.bucket);
        let found = self.bucket_by_path(&bucket.cluster, &path).await?;
        Ok(found.filter(|found| found.is_called(&bucket.bucket)))
    }

    /// A bucket of the time before organisations: servers of that time know its path, later ones have moved it into an
    /// organisation, where the owner became the project.
    async fn bucket_without_organisation(&self, bucket: &PlatformBucket) -> Result<Option<PlatformBucketInfo>, Error> {
        let path = format!("{}/{}", bucket.project, bucket.bucket);
        if let Some(found) = self.bucket_by_path(&bucket.cluster, &path).await?
            && found.is_called(&bucket.bucket)
        {
            return Ok(Some(found));
        }
        let mut place = Place::of(bucket);
        place.org.clone_from(&self.place().org);
        if place.org.is_none() { Ok(None) } else { self.bucket_by_name(&place, &bucket.bucket).await }
    }

    /// `GET B/{name}` within a place; `None` for 404, and where an old server answers with a bucket of another place.
    async fn bucket_by_name(&self, place: &Place, name: &str) -> Result<Option<PlatformBucketInfo>, Error> {
        let mut url = self.buckets_api(&place.cluster, &[name]).await?;
        set_place(&mut url, place.org.as_deref(), place.project.as_deref());
        let answer = self.call(&Call::get(format!("find bucket {name:?} {place}"), url)).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let found = info(&place.cluster, &answer.success()?)?;
        let in_place = place.project.as_ref().is_none_or(|project| *project == found.url.project);
        Ok((found.id == name || (found.is_called(name) && in_place)).then_some(found))
    }

    /// `GET B/find/by_path`; "not found" is a 500 on every known server, and a 404 on one that has learnt better.
    async fn bucket_by_path(&self, cluster: &str, path: &str) -> Result<Option<PlatformBucketInfo>, Error> {
        let mut url = self.buckets_api(cluster, &["find", "by_path"]).await?;
        url.query_pairs_mut().append_pair("path", path);
        let call = Call {
            internal_error: InternalError::Final,
            ..Call::get(format!("find the bucket of path {path:?} in cluster {cluster:?}"), url)
        };
        let answer = self.call(&call).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::INTERNAL_SERVER_ERROR | StatusCode::BAD_REQUEST => Ok(None),
            _ => info(cluster, &answer.success()?).map(Some),
        }
    }
}

impl PlatformBucketInfo {
    fn is_called(&self, name: &str) -> bool {
        self.id == name || self.name.as_deref() == Some(name)
    }

    /// The place as a query, for calls about this bucket.
    pub(crate) fn set_place(&self, url: &mut Url) {
        set_place(url, self.url.org.as_deref(), Some(&self.url.project));
    }
}

impl Place {
    fn of(bucket: &PlatformBucket) -> Self {
        Self { cluster: bucket.cluster.clone(), org: bucket.org.clone(), project: Some(bucket.project.clone()) }
    }
}

fn info(cluster: &str, answer: &Answer) -> Result<PlatformBucketInfo, Error> {
    let bucket: BucketAnswer = answer.json()?;
    let present = |text: Option<String>| text.filter(|text| !text.is_empty());
    let name = present(bucket.name);
    let project = present(bucket.project_name).or(present(bucket.owner));
    let url = PlatformBucket {
        cluster: cluster.to_owned(),
        org: present(bucket.org_name),
        project: project.ok_or_else(|| answer.unexpected("has neither project nor owner"))?,
        bucket: name.clone().unwrap_or_else(|| bucket.id.clone()),
    };
    let provider = Provider::parse(&bucket.provider);
    Ok(PlatformBucketInfo { id: bucket.id, name, provider, imported: bucket.imported, url })
}

fn set_place(url: &mut Url, org: Option<&str>, project: Option<&str>) {
    let mut query = url.query_pairs_mut();
    query.extend_pairs(org.map(|org| ("org_name", org)));
    query.extend_pairs(project.map(|project| ("project_name", project)));
}

fn not_found(name: &str, place: &Place) -> Error {
    Error::NotFound { missing: Missing::Bucket, name: name.to_owned(), place: place.to_string() }
}

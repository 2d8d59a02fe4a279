//! The answer to `ListObjectsV2`, with keys exactly as they are.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use wabucket_model::ETag;

use crate::provider::{Page, RawObject};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListBucketResult {
    #[serde(default)]
    contents: Vec<Contents>,
    #[serde(default)]
    is_truncated: bool,
    next_continuation_token: Option<String>,
    encoding_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contents {
    key: String,
    size: u64,
    #[serde(rename = "ETag")]
    etag: Option<String>,
}

/// Parses one page.
///
/// With `encoding-type=url`, keys are encoded as in a form: a space is `+`, a plus `%2B`. A store that ignores the
/// parameter does not repeat it in its answer, and then keys are plain.
pub(super) fn parse(body: &[u8]) -> Result<Page, quick_xml::DeError> {
    let result: ListBucketResult = quick_xml::de::from_reader(body)?;
    let encoded = result.encoding_type.as_deref() == Some("url");
    let objects = result.contents.into_iter().map(|contents| RawObject {
        key: if encoded { decode(&contents.key) } else { contents.key },
        size: contents.size,
        etag: contents.etag.as_deref().map(ETag::new),
        version: None,
    });
    Ok(Page { objects: objects.collect(), next: result.next_continuation_token.filter(|_| result.is_truncated) })
}

fn decode(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_only_if_the_store_says_that_they_are_encoded() {
        let page = |encoding: &str| {
            let xml = format!(
                "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{encoding}\
                 <IsTruncated>true</IsTruncated><NextContinuationToken>n</NextContinuationToken>\
                 <Contents><Key>a+b%2Bc%C3%BC%2541&amp;/</Key><Size>3</Size><ETag>&quot;e&quot;</ETag></Contents>\
                 </ListBucketResult>"
            );
            parse(xml.as_bytes()).unwrap()
        };
        let encoded = page("<EncodingType>url</EncodingType>");
        assert_eq!(encoded.objects[0].key, "a b+cü%41&/");
        assert_eq!(encoded.objects[0].etag, Some(ETag::new("e")));
        assert_eq!(encoded.next.as_deref(), Some("n"));
        assert_eq!(page("").objects[0].key, "a+b%2Bc%C3%BC%2541&/");
    }
}

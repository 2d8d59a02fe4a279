//! The answer to `List Blobs`, with names exactly as they are.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use wabucket_model::ETag;

use crate::provider::{Page, RawObject};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EnumerationResults {
    blobs: Blobs,
    #[serde(default)]
    next_marker: Option<String>,
}

#[derive(Deserialize)]
struct Blobs {
    #[serde(rename = "Blob", default)]
    blobs: Vec<Blob>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Blob {
    name: Name,
    properties: Properties,
}

/// Names that XML cannot hold are percent-encoded, and say so (REST reference, "List Blobs", since 2021-02-12).
#[derive(Deserialize)]
struct Name {
    #[serde(rename = "@Encoded", default)]
    encoded: Option<String>,
    #[serde(rename = "$text", default)]
    text: String,
}

#[derive(Deserialize)]
struct Properties {
    #[serde(rename = "Content-Length", default)]
    content_length: u64,
    #[serde(rename = "Etag")]
    etag: Option<String>,
}

/// Parses one page.
pub(super) fn parse(body: &[u8]) -> Result<Page, quick_xml::DeError> {
    // Azure begins its answers with a byte order mark.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let results: EnumerationResults = quick_xml::de::from_reader(body)?;
    let objects = results.blobs.blobs.into_iter().map(|blob| RawObject {
        key: match blob.name.encoded.as_deref() {
            Some("true") => percent_decode_str(&blob.name.text).decode_utf8_lossy().into_owned(),
            _ => blob.name.text,
        },
        size: blob.properties.content_length,
        etag: blob.properties.etag.as_deref().map(ETag::new),
        version: None,
    });
    Ok(Page { objects: objects.collect(), next: results.next_marker.filter(|marker| !marker.is_empty()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_they_are() {
        let xml = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ContainerName=\"c\"><Blobs>\
                   <Blob><Name>a b/%41+ü&amp;</Name><Properties><Etag>0x8D</Etag><Content-Length>3</Content-Length>\
                   </Properties></Blob><Blob><Name Encoded=\"true\">x%EF%BF%BE/</Name><Properties><Content-Length>0\
                   </Content-Length></Properties></Blob></Blobs><NextMarker>n</NextMarker></EnumerationResults>";
        let page = parse(xml.as_bytes()).unwrap();
        let keys: Vec<_> = page.objects.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(keys, ["a b/%41+ü&", "x\u{fffe}/"]);
        assert_eq!(page.objects[0].etag, Some(ETag::new("0x8D")));
        assert_eq!(page.next.as_deref(), Some("n"));
        let empty = parse(b"<EnumerationResults><Blobs /><NextMarker /></EnumerationResults>").unwrap();
        assert!(empty.objects.is_empty() && empty.next.is_none());
    }
}

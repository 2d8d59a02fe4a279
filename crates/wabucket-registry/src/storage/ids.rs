//! Global ids: opaque to clients, base64 of `KIND:NUMBER` as W&B's are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// What an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Project,
    ProjectInternal,
    Run,
    Collection,
    Artifact,
    Manifest,
    Alias,
    File,
    Membership,
    ArtifactType,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Project => "Project",
            Self::ProjectInternal => "ProjectInternalId",
            Self::Run => "Run",
            Self::Collection => "ArtifactCollection",
            Self::Artifact => "Artifact",
            Self::Manifest => "ArtifactManifest",
            Self::Alias => "ArtifactAlias",
            Self::File => "File",
            Self::Membership => "ArtifactCollectionMembership",
            Self::ArtifactType => "ArtifactType",
        }
    }
}

/// The id of row `number`.
pub(crate) fn encode(kind: Kind, number: i64) -> String {
    BASE64.encode(format!("{}:{number}", kind.name()))
}

/// An id that is not a row's number.
pub(crate) fn encode_text(kind: Kind, text: &str) -> String {
    BASE64.encode(format!("{}:{text}", kind.name()))
}

/// The row that an id names, if it is one of this kind.
pub(crate) fn decode(kind: Kind, id: &str) -> Option<i64> {
    let text = String::from_utf8(BASE64.decode(id).ok()?).ok()?;
    text.strip_prefix(kind.name())?.strip_prefix(':')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_one_kind() {
        let id = encode(Kind::Artifact, 3);
        assert_eq!(id, "QXJ0aWZhY3Q6Mw==");
        assert_eq!(decode(Kind::Artifact, &id), Some(3));
        assert_eq!(decode(Kind::Run, &id), None);
        assert_eq!(decode(Kind::Artifact, "?"), None);
    }
}

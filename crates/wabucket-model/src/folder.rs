//! The artifact folder: where in a bucket the bytes of a version lie. This layout is what users rely on.

use std::fmt;

use crate::{Alias, ArtifactName, ArtifactType};

/// `TYPE/NAME/ALIAS`, below the bucket URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArtifactFolder {
    /// The artifact's type.
    pub artifact_type: ArtifactType,
    /// The artifact's name.
    pub name: ArtifactName,
    /// The alias the version was uploaded under.
    pub alias: Alias,
}

impl fmt::Display for ArtifactFolder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.artifact_type, self.name, self.alias)
    }
}

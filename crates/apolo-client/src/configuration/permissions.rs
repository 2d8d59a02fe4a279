//! The permission bits that the platform's own tools insist on.

use std::path::Path;

use super::Warning;

/// Warns about a folder that is not 0700 and a database that is not 0600; their tools refuse to start then.
#[cfg(unix)]
pub(super) fn check(folder: &Path) -> Vec<Warning> {
    use std::os::unix::fs::PermissionsExt;
    [(folder.to_owned(), 0o700), (folder.join(super::location::DATABASE), 0o600)]
        .into_iter()
        .filter_map(|(path, wanted)| {
            let mode = fs_err::metadata(&path).ok()?.permissions().mode() & 0o777;
            (mode != wanted).then_some(Warning::OpenPermissions { path, mode, wanted })
        })
        .collect()
}

/// Elsewhere there are no such bits.
#[cfg(not(unix))]
pub(super) fn check(_folder: &Path) -> Vec<Warning> {
    Vec::new()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn open_permissions_are_named_with_their_fix() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("db");
        fs_err::write(&database, "").unwrap();
        let set = |path: &Path, mode| fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        set(folder.path(), 0o700);
        set(&database, 0o600);
        assert_eq!(check(folder.path()), []);
        set(folder.path(), 0o755);
        set(&database, 0o644);
        let warnings: Vec<String> = check(folder.path()).iter().map(ToString::to_string).collect();
        assert!(warnings[0].ends_with(&format!("run `chmod 700 {}`", folder.path().display())), "{warnings:?}");
        assert!(warnings[1].ends_with(&format!("run `chmod 600 {}`", database.display())), "{warnings:?}");
    }
}

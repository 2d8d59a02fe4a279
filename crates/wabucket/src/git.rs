//! The state of the git repository that a command runs in, read from its files.

use std::path::{Path, PathBuf};

use wabucket_model::Environment;
use wandb_client::GitState;

use crate::command_line::without_user;

/// The commit and the address of `origin`; nothing outside a repository, or where W&B is told not to look.
pub(crate) fn state(environment: &Environment) -> Option<GitState> {
    if environment.variable("WANDB_DISABLE_GIT").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return None;
    }
    let said = |name: &str| environment.variable(name).map(str::to_owned);
    let folder = git_folder(environment.current_dir());
    let common = folder.as_ref().map(|folder| common_folder(folder));
    let found = || head(folder.as_ref()?, common.as_ref()?);
    let commit = said("WANDB_GIT_COMMIT").or_else(found)?;
    let remote = said("WANDB_GIT_REMOTE_URL").or_else(|| origin(common.as_ref()?));
    Some(GitState { commit, remote: remote.map(|url| without_user(&url)) })
}

fn git_folder(from: &Path) -> Option<PathBuf> {
    let found = from.ancestors().map(|folder| folder.join(".git")).find(|path| path.exists())?;
    if found.is_dir() {
        return Some(found);
    }
    // In a linked work tree, `.git` is a file that names the folder.
    let text = fs_err::read_to_string(&found).ok()?;
    Some(found.parent()?.join(text.strip_prefix("gitdir:")?.trim()))
}

/// Where refs and configuration are: for a linked work tree, the main one's folder.
fn common_folder(folder: &Path) -> PathBuf {
    let named = fs_err::read_to_string(folder.join("commondir")).ok();
    named.map_or_else(|| folder.to_path_buf(), |name| folder.join(name.trim()))
}

fn head(folder: &Path, common: &Path) -> Option<String> {
    let head = fs_err::read_to_string(folder.join("HEAD")).ok()?;
    let Some(reference) = head.trim().strip_prefix("ref: ") else {
        return Some(head.trim().to_owned());
    };
    if let Ok(commit) = fs_err::read_to_string(common.join(reference)) {
        return Some(commit.trim().to_owned());
    }
    let packed = fs_err::read_to_string(common.join("packed-refs")).ok()?;
    packed.lines().find_map(|line| line.strip_suffix(reference).map(|commit| commit.trim().to_owned()))
}

fn origin(common: &Path) -> Option<String> {
    let config = fs_err::read_to_string(common.join("config")).ok()?;
    let mut lines = config.lines().map(str::trim).skip_while(|line| *line != r#"[remote "origin"]"#).skip(1);
    let url = lines.by_ref().take_while(|line| !line.starts_with('[')).find(|line| line.starts_with("url"))?;
    url.split_once('=').map(|(_, url)| url.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn commit_and_origin_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let git = folder.path().join(".git");
        let inside = folder.path().join("a/b");
        fs_err::create_dir_all(git.join("refs/heads")).unwrap();
        fs_err::create_dir_all(&inside).unwrap();
        fs_err::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        fs_err::write(git.join("packed-refs"), "# pack\nabc123 refs/heads/main\n").unwrap();
        fs_err::write(git.join("config"), "[core]\n\tx = 1\n[remote \"origin\"]\n\turl = https://u:p@h/r.git\n")
            .unwrap();
        let environment = Environment::new(BTreeMap::new(), None, inside);
        let expected = GitState { commit: "abc123".to_owned(), remote: Some("https://h/r.git".to_owned()) };
        assert_eq!(state(&environment), Some(expected));
        fs_err::write(git.join("refs/heads/main"), "def456\n").unwrap();
        assert_eq!(state(&environment).unwrap().commit, "def456");
    }
}

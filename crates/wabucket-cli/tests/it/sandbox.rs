//! A home folder of its own for each test, and the program run in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A temporary home.
pub(crate) struct Sandbox {
    root: TempDir,
}

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { root: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join(relative)
    }

    /// Writes a file below the home, with its folders.
    pub(crate) fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, content).unwrap();
        path
    }

    /// A folder with what folders have: nesting, an empty file, hidden names, spaces, non-ASCII, an empty folder.
    pub(crate) fn sample_tree(&self) -> PathBuf {
        self.write("source/weights.bin", vec![7; 300_000]);
        self.write("source/empty", "");
        self.write("source/.hidden", "hidden");
        self.write("source/a b/ü/naïve file.txt", "text");
        self.write("source/odd/%41#1?+.", "odd");
        fs_err::create_dir_all(self.path("source/nothing/inside")).unwrap();
        self.path("source")
    }

    /// The program, with nothing of the surroundings but this home.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wabucket"));
        command
            .args(arguments)
            .current_dir(self.root.path())
            .env_clear()
            .env("HOME", self.root.path())
            .env("WABUCKET_HOME", self.path("registry"))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).output().unwrap();
        Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs with `--local --project-name demo` before the arguments.
    pub(crate) fn local(&self, arguments: &[&str]) -> Ended {
        self.run(&[&["--local", "--project-name", "demo"], arguments].concat())
    }

    /// As [`Self::local`], but it must succeed, and prints JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let ended = self.local(&[&["--json"], arguments].concat()).ok();
        serde_json::from_str(&ended.stdout).unwrap()
    }
}

impl Ended {
    /// Insists on success.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Insists on an exit code and on words in the error, which must also give a hint.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in:\n{}", self.stderr);
        }
        assert!(self.stdout.is_empty(), "a failed command prints no result:\n{}", self.stdout);
    }
}

/// Every file with its content and every folder, by relative path.
pub(crate) fn tree(root: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut tree = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                tree.insert(relative, None);
                folders.push(path);
            } else {
                tree.insert(relative, Some(fs_err::read(&path).unwrap()));
            }
        }
    }
    tree
}

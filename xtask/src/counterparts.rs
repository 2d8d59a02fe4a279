//! Tests against real counterparts: `counterparts/FOLDER/` holds, for each set of packages that is to be met, one
//! `requirements-SET.txt`. Each set gets a virtual environment of its own, and a run of the tests in `FOLDER/SET/` or,
//! where there is no such folder, of those in `FOLDER/`.

use fs_err as fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{cargo, root, run, say};

/// Programs that show single crates to the tests.
const EXAMPLES: [(&str, &str); 2] = [("apolo-client", "platform-probe"), ("wabucket-transfer", "transfer")];

pub(crate) fn run_folders(only: &[&str]) -> Result<(), String> {
    if Command::new("python3").arg("--version").output().is_err() {
        say("skipped: the tests against real counterparts, since there is no python3 here");
        return Ok(());
    }
    run(cargo().args(["build", "--quiet", "--workspace", "--bins"]))?;
    for (package, example) in EXAMPLES {
        run(cargo().args(["build", "--quiet", "--package", package, "--example", example]))?;
    }
    let storage = Set::storage().prepare()?;
    let mut failed = Vec::new();
    for set in sets(only)? {
        let result = set.prepare().and_then(|python| set.test(&python, &storage));
        if let Err(message) = result {
            say(&message);
            failed.push(set.name());
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed against {}", failed.join(", "))) }
}

/// One set of packages that one folder's tests are to meet.
struct Set {
    folder: PathBuf,
    requirements: PathBuf,
}

fn sets(only: &[&str]) -> Result<Vec<Set>, String> {
    let mut sets = Vec::new();
    for folder in children(&root().join("counterparts"))? {
        let name = file_name(&folder);
        if !folder.is_dir() || !(only.is_empty() || only.contains(&name.as_str())) {
            continue;
        }
        for requirements in children(&folder)? {
            if file_name(&requirements).starts_with("requirements-") {
                sets.push(Set { folder: folder.clone(), requirements });
            }
        }
    }
    Ok(sets)
}

impl Set {
    /// The packages of the S3 server that other folders' tests need, too.
    fn storage() -> Self {
        let folder = root().join("counterparts/s3");
        Self { requirements: folder.join("requirements-moto.txt"), folder }
    }

    /// The word between `requirements-` and `.txt`.
    fn set(&self) -> String {
        file_name(&self.requirements).trim_start_matches("requirements-").trim_end_matches(".txt").to_owned()
    }

    fn name(&self) -> String {
        format!("{}-{}", file_name(&self.folder), self.set())
    }

    /// Creates the virtual environment, unless one with these very requirements is there, and returns its Python.
    fn prepare(&self) -> Result<PathBuf, String> {
        let environment = root().join("target/counterparts").join(self.name());
        let python = environment.join("bin/python");
        let installed = environment.join("installed-requirements.txt");
        let wanted = read(&self.requirements)?;
        if python.exists() && fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
            return Ok(python);
        }
        let _ = fs::remove_dir_all(&environment);
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&self.requirements))?;
        fs::write(&installed, wanted).map_err(|error| error.to_string())?;
        Ok(python)
    }

    fn test(&self, python: &Path, storage: &Path) -> Result<(), String> {
        let built = root().join("target/debug");
        let own = self.folder.join(self.set());
        run(Command::new(python)
            .args(["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"])
            .arg(if own.is_dir() { own } else { self.folder.clone() })
            .env("WABUCKET", built.join("wabucket"))
            .env("FAKE_PLATFORM", built.join("fake-platform"))
            .env("PLATFORM_PROBE", built.join("examples/platform-probe"))
            .env("WABUCKET_TRANSFER", built.join("examples/transfer"))
            .env("MOTO_SERVER", storage.with_file_name("moto_server"))
            .env("PYTHONDONTWRITEBYTECODE", "1"))
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| error.to_string())
}

fn children(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| error.to_string())?;
    let mut paths: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

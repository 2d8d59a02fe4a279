//! Tests against real counterparts: `counterparts/FOLDER/` holds pytest files and, for each set of packages they are
//! to meet, one `requirements-SET.txt`. Each set gets a virtual environment of its own and a run of the folder's tests.

use fs_err as fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{cargo, root, run, say};

pub(crate) fn run_folders(only: &[&str]) -> Result<(), String> {
    run(cargo().args(["build", "--quiet", "--workspace", "--bins", "--examples"]))?;
    let mut failed = Vec::new();
    for set in sets(only)? {
        let result = set.prepare().and_then(|python| set.test(&python));
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
            let name = file_name(&requirements);
            if name.starts_with("requirements-") && name.ends_with(".txt") {
                sets.push(Set { folder: folder.clone(), requirements });
            }
        }
    }
    Ok(sets)
}

impl Set {
    fn name(&self) -> String {
        let requirements = file_name(&self.requirements);
        let set = requirements.trim_start_matches("requirements-").trim_end_matches(".txt");
        format!("{}-{set}", file_name(&self.folder))
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
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&self.requirements))?;
        fs::write(&installed, wanted).map_err(|error| error.to_string())?;
        Ok(python)
    }

    fn test(&self, python: &Path) -> Result<(), String> {
        let target = root().join("target/debug");
        run(Command::new(python)
            .args(["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"])
            .arg(&self.folder)
            .env("WABUCKET", target.join("wabucket"))
            .env("WABUCKET_BINARIES", &target)
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

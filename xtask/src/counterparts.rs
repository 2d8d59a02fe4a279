//! Tests against real counterparts: `counterparts/FOLDER/` holds, for each set of packages that is to be met, one
//! `requirements-SET.txt`. Each set gets a virtual environment of its own, and a run of the tests in `FOLDER/SET/` or,
//! where there is no such folder, of those in `FOLDER/`.

use fs_err as fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{cargo, root, run, say};

/// Programs that show single crates to the tests.
const EXAMPLES: [(&str, &str); 2] = [("apolo-client", "platform-probe"), ("wabucket-transfer", "transfer")];

/// The Azure server, a package of npm.
const AZURITE: &str = "azurite@3.35.0";

pub(crate) fn run_folders(only: &[&str]) -> Result<(), String> {
    if Command::new("python3").arg("--version").output().is_err() {
        say("skipped: the tests against real counterparts, since there is no python3 here");
        return Ok(());
    }
    run(cargo().args(["build", "--quiet", "--workspace", "--bins"]))?;
    for (package, example) in EXAMPLES {
        run(cargo().args(["build", "--quiet", "--package", package, "--example", example]))?;
    }
    let (storage, google) = (Set::of_store("s3").prepare()?, Set::of_store("gcs").prepare()?);
    let servers = Servers { storage, google, azurite: azurite()? };
    let mut failed = Vec::new();
    for set in sets(only)? {
        let result = set.prepare().and_then(|python| set.test(&python, &servers));
        if let Err(message) = result {
            say(&message);
            failed.push(set.name());
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed against {}", failed.join(", "))) }
}

/// Servers that the tests of several folders need.
struct Servers {
    /// The Python with the S3 server.
    storage: PathBuf,
    /// The Python with the Google server.
    google: PathBuf,
    /// The program of the Azure server, where there is npm.
    azurite: Option<PathBuf>,
}

/// Installs the Azure server, unless it is there.
fn azurite() -> Result<Option<PathBuf>, String> {
    let folder = root().join("target/counterparts/azurite");
    let program = folder.join("node_modules/.bin/azurite-blob");
    if program.exists() {
        return Ok(Some(program));
    }
    if Command::new("npm").arg("--version").output().is_err() {
        say("skipped: the tests against Azure's emulator, since there is no npm here");
        return Ok(None);
    }
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    // A registry that is away must not hold everything up for long.
    let options = ["--silent", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=60000", "--prefix"];
    let installed = run(Command::new("npm").arg("install").args(options).arg(&folder).arg(AZURITE));
    if installed.is_err() {
        say("skipped: the tests against Azure's emulator, since npm cannot install it");
        return Ok(None);
    }
    Ok(Some(program))
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
    /// The packages of a store's server, which other folders' tests need, too.
    fn of_store(name: &str) -> Self {
        let folder = root().join("counterparts/stores");
        Self { requirements: folder.join(format!("requirements-{name}.txt")), folder }
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

    fn test(&self, python: &Path, servers: &Servers) -> Result<(), String> {
        let built = root().join("target/debug");
        let own = self.folder.join(self.set());
        let mut command = Command::new(python);
        if let Some(azurite) = &servers.azurite {
            command.env("AZURITE", azurite);
        }
        run(command
            .args(["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"])
            .arg(if own.is_dir() { own } else { self.folder.clone() })
            .env("WABUCKET", built.join("wabucket"))
            .env("FAKE_PLATFORM", built.join("fake-platform"))
            .env("PLATFORM_PROBE", built.join("examples/platform-probe"))
            .env("WABUCKET_TRANSFER", built.join("examples/transfer"))
            .env("GCS_EMULATOR", servers.google.with_file_name("gcp-storage-emulator"))
            .env("MOTO_SERVER", servers.storage.with_file_name("moto_server"))
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

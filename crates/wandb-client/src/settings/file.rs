//! W&B's settings files: INI, one section `[default]`, the local one over the global one.

use ini::{Ini, ParseOption};
use wabucket_model::Environment;

use crate::WandbError;

/// What the files say.
pub(super) struct SettingsFile(Vec<Ini>);

impl SettingsFile {
    /// Reads the local file and the global one; either may be missing.
    pub(super) fn read(environment: &Environment) -> Result<Self, WandbError> {
        let local = environment.path(environment.variable("WANDB_DIR").unwrap_or(".")).join("wandb/settings");
        let global = match environment.variable("WANDB_CONFIG_DIR") {
            Some(folder) => Some(environment.path(folder)),
            None => environment.home().map(|home| home.join(".config/wandb")),
        };
        let mut files = Vec::new();
        for path in [Some(local), global.map(|folder| folder.join("settings"))].into_iter().flatten() {
            let Ok(text) = fs_err::read_to_string(&path) else { continue };
            let option = ParseOption { enabled_escape: false, enabled_quote: false, ..ParseOption::default() };
            let parsed = Ini::load_from_str_opt(&text, option).map_err(|_| WandbError::InvalidSetting {
                setting: "settings file".to_owned(),
                text: path.display().to_string(),
                rule: "is not in INI format",
            })?;
            files.push(parsed);
        }
        Ok(Self(files))
    }

    /// A value; `%%` stands for `%`. Keys are lower case, values that are empty count as unset.
    pub(super) fn get(&self, key: &str) -> Option<String> {
        let find = |file: &Ini| {
            let section = file.section(Some("default"))?;
            section.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.replace("%%", "%"))
        };
        self.0.iter().find_map(find).filter(|value| !value.is_empty())
    }
}

//! The settings: defaults that are shipped as `config/*.toml`, the user's files on top.
//!
//! A mistake in a user's file never stops the program. It becomes a [`Problem`] of one line, the
//! default stands in for what was wrong, and everything else in the file holds.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

mod by_name;
mod charset;
mod examples;
pub mod keys;
mod options;
mod overlay;
pub mod theme;

pub use charset::{Charset, CharsetChoice};
pub use examples::Example;
pub use keys::Action;
pub use options::{
    Arrows, CellColour, CellValue, Cells, ColourChoice, GridOptions, ListedTokens, Options,
    PredictionOptions, Reading, SamplingOptions, Switch, Top, Visibility,
};
pub use overlay::Problem;

use crate::regular_file;
use keys::Keymap;
use theme::Themes;

/// Why there are no settings at all: a file inside the program itself is broken, which the tests
/// rule out.
#[derive(Debug, thiserror::Error)]
#[error("a default inside the program is broken ({0}); please report it")]
pub struct SettingsError(pub String);

/// Everything that is configured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `default.toml`, and the user's `config.toml`.
    pub options: Options,
    /// `keys.toml`.
    pub keymap: Keymap,
    /// `themes/*.toml`.
    pub themes: Themes,
    /// `examples.toml`.
    pub examples: Vec<Example>,
    /// What was wrong in the user's files.
    pub problems: Vec<Problem>,
}

impl Settings {
    /// The settings without any file of the user's.
    ///
    /// # Errors
    /// When a file inside the program is broken.
    pub fn embedded() -> Result<Self, SettingsError> {
        let settings = Self {
            options: Options::embedded()?,
            keymap: Keymap::embedded()?,
            themes: Themes::embedded()?,
            examples: examples::embedded()?,
            problems: Vec::new(),
        };
        Ok(settings)
    }

    /// The settings with the user's files in `folder` on top: `config.toml`, `keys.toml`,
    /// `examples.toml` and `themes/*.toml`, each of which may be missing.
    ///
    /// # Errors
    /// When a file inside the program is broken. A broken file of the user's is no error, but a
    /// [`Problem`] in [`Settings::problems`].
    pub fn load(folder: Option<&Path>) -> Result<Self, SettingsError> {
        let mut settings = Self::embedded()?;
        let Some(folder) = folder else {
            return Ok(settings);
        };
        let mut problems = Vec::new();
        if let Some(text) = read(&folder.join("keys.toml"), &mut problems) {
            problems.extend(settings.keymap.overlay(&folder.join("keys.toml"), &text));
        }
        if let Some(text) = read(&folder.join("examples.toml"), &mut problems) {
            match examples::parse(&folder.join("examples.toml"), &text) {
                Ok(examples) => settings.examples = examples,
                Err(problem) => problems.push(problem),
            }
        }
        for path in theme_files(&folder.join("themes")) {
            if let Some(text) = read(&path, &mut problems)
                && let Err(problem) = settings.themes.add(&path, &text)
            {
                problems.push(problem);
            }
        }
        // Last, since it may name a theme of the user's.
        let path = folder.join("config.toml");
        if let Some(text) = read(&path, &mut problems) {
            problems.extend(settings.options.overlay(&path, &text));
            problems.extend(settings.check_theme(&path, &text));
        }
        settings.problems = problems;
        Ok(settings)
    }

    fn check_theme(&mut self, path: &Path, text: &str) -> Option<Problem> {
        if self.themes.position(&self.options.theme).is_some() {
            return None;
        }
        let wrong = std::mem::replace(&mut self.options.theme, self.themes.first_name());
        Some(Problem {
            file: path.to_path_buf(),
            line: overlay::line_of_key(text, "theme"),
            key: "theme".into(),
            message: format!(
                "there is no theme `{wrong}`; there are {}",
                self.themes.names().collect::<Vec<_>>().join(", ")
            ),
        })
    }
}

/// The folder of the user's files: what the variable `LENSCAPE_CONFIG` holds, given as
/// `lenscape_config`, or `lenscape` in the platform's folder for settings.
#[must_use]
pub fn folder(lenscape_config: Option<OsString>) -> Option<PathBuf> {
    match lenscape_config {
        Some(folder) if !folder.is_empty() => Some(folder.into()),
        _ => etcetera::choose_base_strategy()
            .ok()
            .map(|strategy| strategy.config_dir().join("lenscape")),
    }
}

fn read(path: &Path, problems: &mut Vec<Problem>) -> Option<String> {
    match regular_file::read_to_string(path, regular_file::WRITTEN_BY_HAND) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => {
            problems.push(Problem {
                file: path.to_path_buf(),
                line: 1,
                key: String::new(),
                message: format!("cannot be read: {error}"),
            });
            None
        }
    }
}

fn theme_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("themes")).unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn the_defaults_are_sound() {
        let settings = Settings::embedded().unwrap();
        assert!(settings.problems.is_empty());
        assert!(settings.themes.position(&settings.options.theme).is_some());
        assert!(settings.examples.len() >= 5);
    }

    #[test]
    fn a_folder_without_files_changes_nothing() {
        let folder = folder_with(&[]);
        let settings = Settings::load(Some(folder.path())).unwrap();
        assert_eq!(settings.options, Settings::embedded().unwrap().options);
        assert!(settings.problems.is_empty());
    }

    #[test]
    fn one_bad_line_costs_that_line_only() {
        let folder = folder_with(&[(
            "config.toml",
            "max_tokens = 12\nlens = \"blurred\"\n\n[grid]\nembedding = \"shown\"\n",
        )]);
        let settings = Settings::load(Some(folder.path())).unwrap();
        assert_eq!(settings.options.max_tokens, 12);
        assert_eq!(settings.options.grid.embedding, Visibility::Shown);
        let [problem] = settings.problems.as_slice() else {
            panic!("{:?}", settings.problems);
        };
        assert_eq!(problem.line, 2);
        assert_eq!(problem.key, "lens");
        assert!(problem.message.contains("`normed`"), "{problem}");
    }

    #[test]
    fn an_unknown_theme_names_those_that_there_are() {
        let folder = folder_with(&[("config.toml", "# mine\ntheme = \"puce\"\n")]);
        let settings = Settings::load(Some(folder.path())).unwrap();
        assert_eq!(settings.options.theme, "cividis");
        let line = settings.problems[0].to_string();
        assert!(
            line.contains("config.toml:2: theme: there is no theme `puce`"),
            "{line}"
        );
        assert!(line.contains("viridis"), "{line}");
    }

    #[test]
    fn the_variable_names_the_folder() {
        assert_eq!(folder(Some("/etc/lens".into())), Some("/etc/lens".into()));
    }
}

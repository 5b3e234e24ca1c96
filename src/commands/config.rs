//! `lenscape config`: what is configured, where, and what is wrong with it.

use std::env;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;
use color_eyre::eyre::Result;
use toml::Value;

use super::context;
use super::standard_output::to_stdout;
use crate::settings::{self, Settings};
use crate::vocabulary::{steers, visible_line, visible_text};

/// What can be shown of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// The settings that hold, the user's on top of the defaults, as TOML.
    Print,
    /// The files that are looked at.
    Path,
    /// All mistakes in the user's files; exit code 1 when there are some.
    Check,
}

impl ConfigCommand {
    /// Writes what was asked for to standard output.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub fn run(self) -> Result<ExitCode> {
        let settings = context::user_settings()?;
        let folder = settings::folder(env::var_os("LENSCAPE_CONFIG"));
        let mut health = Health::Sound;
        to_stdout(|out| match self {
            Self::Print => print(&settings, out),
            Self::Path => paths(folder.as_deref(), out),
            Self::Check => {
                health = check(&settings, out)?;
                Ok(())
            }
        })?;
        Ok(match health {
            Health::Sound => ExitCode::SUCCESS,
            Health::Broken => ExitCode::FAILURE,
        })
    }
}

/// Whether the user's files are as they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Every file was read, and every entry obeyed.
    Sound,
    /// Something in them could not be obeyed; what it is has been written out.
    Broken,
}

/// Writes the options that hold, the user's on top of the defaults, as `config.toml` has them.
///
/// # Errors
///
/// What `out` returns.
pub fn print(settings: &Settings, out: &mut dyn Write) -> io::Result<()> {
    let mut text = toml::to_string(&settings.options).map_err(io::Error::other)?;
    // TOML escapes no more than it has to, and not all that a terminal obeys.
    for (_, value) in settings.options.by_name() {
        if value.contains(steers) {
            let written = Value::String(value.clone()).to_string();
            text = text.replace(&written, &escaped(&value));
        }
    }
    let is_harmless = !text.chars().any(|c| c != '\n' && steers(c));
    match is_harmless {
        true => out.write_all(text.as_bytes()),
        // What is no value of its own; there should be nothing.
        false => out.write_all(visible_text(&text).as_bytes()),
    }
}

/// A text of TOML in one line, in which nothing steers a terminal.
fn escaped(text: &str) -> String {
    let characters = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        c if steers(c) => format!("\\U{:08X}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", characters.collect::<String>())
}

/// Writes the user's files that are looked at below `folder`, and whether they are there.
///
/// # Errors
///
/// What `out` returns.
pub fn paths(folder: Option<&Path>, out: &mut dyn Write) -> io::Result<()> {
    let Some(folder) = folder else {
        return writeln!(out, "the home folder is not known: set LENSCAPE_CONFIG");
    };
    for name in ["config.toml", "keys.toml", "examples.toml", "themes"] {
        let path = folder.join(name);
        let found = if path.exists() { "" } else { "  (not there)" };
        let path = visible_line(&path.to_string_lossy());
        writeln!(out, "{path}{found}")?;
    }
    Ok(())
}

/// Writes all that is wrong, a line each: file, line, key, and what would be right.
///
/// # Errors
///
/// What `out` returns.
pub fn check(settings: &Settings, out: &mut dyn Write) -> io::Result<Health> {
    for problem in &settings.problems {
        writeln!(out, "{}", visible_line(&problem.to_string()))?;
    }
    if settings.problems.is_empty() {
        writeln!(out, "no problems")?;
        Ok(Health::Sound)
    } else {
        Ok(Health::Broken)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn with(config: &str) -> (Settings, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        let settings = Settings::load(Some(folder.path())).unwrap();
        (settings, folder)
    }

    fn written<T>(write: impl FnOnce(&mut dyn Write) -> io::Result<T>) -> (String, T) {
        let mut bytes = Vec::new();
        let result = write(&mut bytes).unwrap();
        (String::from_utf8(bytes).unwrap(), result)
    }

    #[test]
    fn what_is_printed_can_be_read_as_the_users_file() {
        let (settings, _folder) = with("max_tokens = 7\n[grid]\ntop = \"last-layer\"");
        let (text, ()) = written(|out| print(&settings, out));
        let (again, _folder) = with(&text);
        assert!(again.problems.is_empty(), "{:?}", again.problems);
        assert_eq!(again.options, settings.options);
    }

    #[test]
    fn what_steers_a_terminal_is_printed_so_that_it_can_be_read_again() {
        let hostile = "a\u{9b}2J\u{202e}\n'\"\\\u{1b}";
        let (settings, _folder) = with(&format!("model = {}", escaped(hostile)));
        let (text, ()) = written(|out| print(&settings, out));
        assert!(!text.chars().any(|c| c != '\n' && steers(c)), "{text}");
        let (again, _folder) = with(&text);
        assert_eq!(again.options.model, hostile);
    }

    #[test]
    fn paths_say_what_is_there() {
        let (_, folder) = with("");
        let (text, ()) = written(|out| paths(Some(folder.path()), out));
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].ends_with("config.toml"), "{text}");
        assert!(lines[1].ends_with("keys.toml  (not there)"), "{text}");
    }

    #[test]
    fn every_problem_is_told_with_file_line_and_key() {
        let (settings, _folder) = with("max_tokens = 7\nlens = \"blurred\"\ncolour = 3\n");
        let (text, health) = written(|out| check(&settings, out));
        assert_eq!(health, Health::Broken);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("config.toml:2: lens: "), "{text}");
    }

    #[test]
    fn sound_files_have_no_problems() {
        let (settings, _folder) = with("");
        let (text, health) = written(|out| check(&settings, out));
        assert_eq!((text.as_str(), health), ("no problems\n", Health::Sound));
    }
}

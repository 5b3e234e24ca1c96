//! `lenscape config`: what is configured, where, and what is wrong with it.

use std::io::{self, Write};
use std::path::Path;

use crate::settings::Settings;

/// Whether the user's files are as they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// They are.
    Sound,
    /// They are not; what is wrong was told.
    Broken,
}

/// Writes the options that hold, the user's on top of the defaults, as `config.toml` has them.
///
/// # Errors
///
/// What `out` returns.
pub fn print(settings: &Settings, out: &mut dyn Write) -> io::Result<()> {
    let text = toml::to_string(&settings.options).map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
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
        writeln!(out, "{}{found}", path.display())?;
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
        writeln!(out, "{problem}")?;
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

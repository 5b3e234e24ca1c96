//! The models that were loaded last: a small file, one name a line, newest first.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use etcetera::BaseStrategy;

use super::expansion::expanded_here;
use crate::regular_file;

/// As many are remembered.
const MOST: usize = 12;

/// The models that were loaded last.
#[derive(Clone, Debug)]
pub struct Recent {
    /// `None` where no folder for it is known: nothing is remembered then.
    file: Option<PathBuf>,
}

impl Recent {
    /// Remembered in this file, which need not exist.
    #[must_use]
    pub fn in_file(file: PathBuf) -> Self {
        Self { file: Some(file) }
    }

    /// In the folder that `LENSCAPE_HOME` names, or `lenscape` in the user's state folder.
    #[must_use]
    pub fn from_env() -> Self {
        let home = std::env::var_os("LENSCAPE_HOME").filter(|home| !home.is_empty());
        let folder = home.map(|home| expanded_here(&home)).or_else(|| {
            let folders = etcetera::choose_base_strategy().ok()?;
            let state = folders.state_dir().unwrap_or_else(|| folders.data_dir());
            Some(state.join("lenscape"))
        });
        Self {
            file: folder.map(|folder| folder.join("recent-models")),
        }
    }

    /// The names, newest first; none where the file cannot be read.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let read = |file| regular_file::read_to_string(file, regular_file::WRITTEN_BY_HAND).ok();
        let text = self.file.as_deref().and_then(read).unwrap_or_default();
        let names = text.lines().filter(|name| !name.trim().is_empty());
        names.take(MOST).map(str::to_owned).collect()
    }

    /// Put `name` first. The file is replaced as a whole.
    ///
    /// # Errors
    /// When the file cannot be written; the one that was there stays.
    pub fn remember(&self, name: &str) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let folder = file.parent().unwrap_or(file);
        fs::create_dir_all(folder)?;
        let mut names = self.names();
        names.retain(|other| other != name);
        names.insert(0, name.to_owned());
        names.truncate(MOST);
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        writeln!(new, "{}", names.join("\n"))?;
        new.persist(file)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_newest_comes_first_none_twice_and_old_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        let recent = Recent::in_file(folder.path().join("state/recent-models"));
        assert!(recent.names().is_empty());
        for at in 0..MOST + 2 {
            recent.remember(&format!("m{at}")).unwrap();
        }
        recent.remember("m5").unwrap();
        let names = recent.names();
        assert_eq!(names.len(), MOST);
        assert_eq!(names[..3], ["m5", "m13", "m12"]);
        assert_eq!(names.iter().filter(|name| *name == "m5").count(), 1);
    }
}

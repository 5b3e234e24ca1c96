//! Whether the tour was ever begun: a file in the state folder says so, so that it never comes back
//! unasked.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::log_file;

/// The file. `None` where no folder for it is known.
fn file() -> Option<PathBuf> {
    Some(log_file::state_folder()?.join("tour-seen"))
}

/// Whether it was; also where that cannot be remembered.
#[must_use]
pub fn is_seen() -> bool {
    file().is_none_or(|file| file.exists())
}

/// Remember that it was. Where that fails, the log says so.
pub fn remember() {
    if let Some(file) = file()
        && let Err(error) = write(&file)
    {
        tracing::warn!(%error, "that the tour was seen is not remembered");
    }
}

fn write(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, "")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_folder_is_made_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state/lenscape/tour-seen");
        write(&file).unwrap();
        write(&file).unwrap();
        assert!(file.exists());
    }
}

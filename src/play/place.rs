//! Where a script may write. Scripts come from anywhere, and so what they name stays in the folder
//! beside them, or that of `--output`, and replaces nothing but what a play has made before.
//! Anything else is named by the user, on the command line.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use super::mark;

/// A script's file cannot be made where it names it.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The name leads elsewhere.
    #[error("{}", outside(.0))]
    Outside(PathBuf),
    /// A folder on the way is a link or no folder.
    #[error("{} leads elsewhere or is no folder; what a script names stays in its folder", .0.display())]
    NoFolder(PathBuf),
    /// Somebody else's file is there.
    #[error(
        "{} is there and was not made by `lenscape play`: delete it, choose another folder with \
         --output, or name the file with --record or --screenshot",
        .0.display()
    )]
    Taken(PathBuf),
    /// The system does not let us.
    #[error("cannot make {}", path.display())]
    System {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn outside(name: &Path) -> String {
    format!(
        "{name:?} leads out of the script's folder: a script names files in it, as `pictures/a.svg`; \
         others are named with --record and --screenshot"
    )
}

/// Checks a name that a script gives to a file: relative, without `..`, and not in the home folder.
///
/// # Errors
/// When it leads elsewhere.
pub fn check(name: &Path) -> Result<(), PlaceError> {
    let stays = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    let stays = name.components().all(stays) && !name.starts_with("~");
    match stays && name.file_name().is_some() {
        true => Ok(()),
        false => Err(PlaceError::Outside(name.to_owned())),
    }
}

/// The file `name` in `folder`, whose folders are made. Nothing is said of what is there.
///
/// # Errors
/// When the name leads elsewhere, by itself or by a link, or a folder cannot be made.
pub fn within(folder: &Path, name: &Path) -> Result<PathBuf, PlaceError> {
    check(name)?;
    if folder != Path::new("") {
        fs::create_dir_all(folder).map_err(system(folder))?;
    }
    let mut path = folder.to_owned();
    for part in name.parent().into_iter().flat_map(Path::components) {
        path.push(part);
        match fs::symlink_metadata(&path) {
            Ok(there) if there.is_dir() => {}
            Ok(_) => return Err(PlaceError::NoFolder(path)),
            Err(_) => fs::create_dir(&path).map_err(system(&path))?,
        }
    }
    path.push(name.file_name().unwrap_or_default());
    Ok(path)
}

/// [`within`], for a file that takes the place of one that a play has made.
///
/// # Errors
/// As [`within`], and when something else is there.
pub fn to_replace(folder: &Path, name: &Path) -> Result<PathBuf, PlaceError> {
    let path = within(folder, name)?;
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path),
        Err(source) => Err(PlaceError::System { path, source }),
        // An empty one is what is left of a play that broke off.
        Ok(there) if there.is_file() && (there.len() == 0 || mark::is_in(&path)) => Ok(path),
        Ok(_) => Err(PlaceError::Taken(path)),
    }
}

/// Writes a new file that takes the place of what is there, not of what a link there leads to.
///
/// # Errors
/// When the folder cannot be written to.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().filter(|folder| *folder != Path::new(""));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As for any new file, less what the user's mask takes away.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder
        .tempfile_in(parent.unwrap_or(Path::new(".")))
        // Without the temporary name, which would only puzzle the reader.
        .map_err(|error| io::Error::from(error.kind()))?;
    file.as_file_mut().write_all(bytes)?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

fn system(path: &Path) -> impl FnOnce(io::Error) -> PlaceError {
    |source| PlaceError::System {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_stay_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| within(folder.path(), Path::new(name));
        assert_eq!(place("a.svg").unwrap(), folder.path().join("a.svg"));
        let deep = place("./b/c/a.svg").unwrap();
        assert_eq!(deep, folder.path().join("b/c/a.svg"));
        assert!(deep.parent().unwrap().is_dir());
        for name in [
            "../a.svg",
            "b/../../a.svg",
            "/tmp/a.svg",
            "..",
            "",
            ".",
            "b/..",
            "~/a.svg",
        ] {
            let told = place(name).unwrap_err().to_string();
            assert!(told.contains("leads out of the script's folder"), "{told}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn no_link_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let link = |target: &Path, name: &str| {
            std::os::unix::fs::symlink(target, folder.path().join(name)).unwrap();
        };
        link(other.path(), "out");
        link(&other.path().join("new.svg"), "new.svg");
        assert!(within(folder.path(), Path::new("out/a.svg")).is_err());
        assert!(to_replace(folder.path(), Path::new("new.svg")).is_err());
        assert!(fs::read_dir(other.path()).unwrap().next().is_none());
    }

    #[test]
    fn only_what_a_play_made_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let name = Path::new("a.svg");
        let path = to_replace(folder.path(), name).unwrap();
        fs::write(&path, "mine").unwrap();
        let told = to_replace(folder.path(), name).unwrap_err().to_string();
        assert!(told.contains("was not made by `lenscape play`"), "{told}");
        replace(&path, &mark::on_svg("<svg></svg>\n".to_owned())).unwrap();
        assert_eq!(to_replace(folder.path(), name).unwrap(), path);
        fs::write(&path, "").unwrap();
        assert_eq!(to_replace(folder.path(), name).unwrap(), path);
    }
}

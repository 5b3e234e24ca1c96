//! Files that are files. Under any name there may be a pipe that nobody writes to, whose opening
//! waits for ever, or a device that never ends; and a regular file may be of any length. So
//! whatever the program reads as a whole is opened and read here.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::{Component, Path};

/// Settings and other files that people write.
pub const WRITTEN_BY_HAND: u64 = 1 << 20;

/// Descriptions of models and tokenizers: JSON with a few entries, or one a token.
pub const DESCRIPTION: u64 = 1 << 28;

/// Vocabularies, and indices of many files.
pub const VOCABULARY: u64 = 1 << 30;

/// Opens the regular file at `path` for reading; never waits.
///
/// # Errors
/// When it is not there, may not be read, or is something else.
pub fn open(path: &Path) -> io::Result<File> {
    open_with(OpenOptions::new().read(true), path)
}

/// The same with other options: to write, to append, to make it.
///
/// # Errors
/// As those of [`open`].
pub fn open_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    open_checked(options, path, |there| there.is_file())
}

/// The same for what is written to: a device such as `/dev/null` will do, a pipe will not.
///
/// # Errors
/// As those of [`open`].
pub fn open_to_write(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    open_checked(options, path, |there| there.is_file() || is_device(there))
}

/// The bytes of the regular file at `path`, if there are no more than `most`.
///
/// # Errors
/// When it cannot be opened or read, or is longer.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let too_long = || io::Error::other(TooLong { most });
    if file.metadata()?.len() > most {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    // It may have grown; one byte more is enough to see that there are too many.
    file.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(too_long()),
        false => Ok(bytes),
    }
}

/// The same for a file of text.
///
/// # Errors
/// As those of [`read`], and when it is not UTF-8.
pub fn read_to_string(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read(path, most)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no text in UTF-8"))
}

/// Names that on some systems are devices, whatever is behind their first dot.
const DEVICES: [&str; 4] = ["CON", "PRN", "AUX", "NUL"];
/// The same, with a digit behind them.
const NUMBERED_DEVICES: [&str; 2] = ["COM", "LPT"];

/// Whether `name`, which somebody else has chosen, is that of a file in a folder, and nowhere a way
/// out of it or something other than a file.
#[must_use]
pub fn is_plain_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let is_one = matches!(parts.next(), Some(Component::Normal(part)) if part == name);
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_uppercase();
    let numbered = |device: &&str| {
        let number = stem.strip_prefix(*device).map(str::as_bytes);
        matches!(number, Some([b'0'..=b'9']))
    };
    let is_device = DEVICES.contains(&stem.as_str()) || NUMBERED_DEVICES.iter().any(numbered);
    let elsewhere = |letter: char| matches!(letter, '/' | '\\' | ':') || letter.is_control();
    is_one && !is_device && !name.starts_with('.') && !name.contains(elsewhere)
}

/// Something else stands under the name of a file.
#[derive(Debug, thiserror::Error)]
#[error("this is no file but {0}")]
struct NoFile(&'static str);

/// A file is too long to be what it should be.
#[derive(Debug, thiserror::Error)]
#[error("it is longer than {} MB, and so not what it should be", most >> 20)]
struct TooLong {
    most: u64,
}

fn open_checked(
    options: &mut OpenOptions,
    path: &Path,
    will_do: impl Fn(&Metadata) -> bool,
) -> io::Result<File> {
    let check = |there: &Metadata| match will_do(there) {
        true => Ok(()),
        false => Err(io::Error::other(NoFile(kind(there)))),
    };
    // To open some devices does something already.
    match fs::metadata(path) {
        Ok(there) => check(&there)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Another thing may stand there by now. On a regular file it changes nothing.
        options.custom_flags(libc::O_NONBLOCK);
    }
    let file = options.open(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

#[cfg(unix)]
fn is_device(there: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    there.file_type().is_char_device()
}

#[cfg(unix)]
fn kind(there: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match there.file_type() {
        kind if kind.is_dir() => "a folder",
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

#[cfg(not(unix))]
fn is_device(_: &Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn kind(_: &Metadata) -> &'static str {
    "something else"
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_is_read_if_it_is_not_too_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        fs::write(&path, "four").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"four");
        assert_eq!(read_to_string(&path, 9).unwrap(), "four");
        let told = read(&path, 3).unwrap_err().to_string();
        assert!(told.starts_with("it is longer than"), "{told}");
        let sparse = File::create(folder.path().join("sparse")).unwrap();
        sparse.set_len(1 << 40).unwrap();
        assert!(read(&folder.path().join("sparse"), 1 << 16).is_err());
        let missing = read(&folder.path().join("none"), 3).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        let told = read(folder.path(), 3).unwrap_err().to_string();
        assert!(told.starts_with("this is no file"), "{told}");
    }

    #[test]
    fn a_plain_name_leads_nowhere() {
        for name in [
            "model-00001-of-00002.safetensors",
            "a b",
            "größe.bin",
            "console",
            "com10.x",
        ] {
            assert!(is_plain_name(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            "/",
            "//",
            "a/",
            "/a",
            "a/b",
            "../a",
            ".a",
            "a\\b",
            "C:a",
            "a\0",
            "a\nb",
            "CON",
            "con.safetensors",
            "nul .x",
            "Com1.bin",
            "LPT9",
        ] {
            assert!(!is_plain_name(name), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let [pipe, device] = ["pipe", "device"].map(|name| folder.path().join(name));
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        std::os::unix::fs::symlink("/dev/zero", &device).unwrap();
        for (path, told) in [(&pipe, "but a pipe"), (&device, "but a device")] {
            let error = open(path).unwrap_err().to_string();
            assert!(error.ends_with(told), "{error}");
        }
        let mut append = OpenOptions::new();
        append.append(true);
        assert!(open_to_write(&mut append, &pipe).is_err());
        assert!(open_to_write(&mut append, Path::new("/dev/null")).is_ok());
        assert!(open_with(&mut append, Path::new("/dev/null")).is_err());
    }
}

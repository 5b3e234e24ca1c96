//! `~` and `$NAME` in folders that environment variables name. A shell puts the home folder in
//! their place before a program sees them, but files of environment variables, service managers and
//! containers pass them on as they are written. The hub's own tools expand them
//! (`os.path.expanduser`, then `os.path.expandvars`), and so they must mean the same here.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The folder that `text` names: a `~` or `~user` at its start is that home folder, and `$NAME`
/// and `${NAME}` are what `variable` says. What is not known stays as it is.
pub(super) fn expanded(
    text: &OsStr,
    home: Option<&Path>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> PathBuf {
    // A name that is no text has nothing to expand that could be told from the rest.
    let Some(plain) = text.to_str() else {
        return text.into();
    };
    let with_home = with_home(plain, home).unwrap_or_else(|| plain.into());
    match with_home.to_str() {
        Some(text) => with_variables(text, variable).into(),
        None => with_home.into(),
    }
}

/// The same as the environment and the system say.
pub(super) fn expanded_here(text: &OsStr) -> PathBuf {
    let home = etcetera::home_dir().ok();
    expanded(text, home.as_deref(), |name| std::env::var_os(name))
}

fn with_home(text: &str, home: Option<&Path>) -> Option<OsString> {
    let rest = text.strip_prefix('~')?;
    let (user, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut folder = match user {
        "" => home?.as_os_str().to_owned(),
        user => home_of(user)?,
    };
    folder.push(rest);
    Some(folder)
}

/// The home folder of another user, by the system's list of them.
fn home_of(user: &str) -> Option<OsString> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let mut lines = users.lines().map(|line| line.split(':'));
    let mut fields =
        lines.find_map(|mut fields| (fields.next() == Some(user)).then_some(fields))?;
    fields.nth(4).map(OsString::from)
}

fn with_variables(text: &str, variable: impl Fn(&str) -> Option<OsString>) -> OsString {
    let mut out = OsString::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        out.push(before);
        let (name, length) = name_in(&from[1..]);
        let (whole, after) = from.split_at(1 + length);
        match variable(name).filter(|_| !name.is_empty()) {
            Some(value) => out.push(value),
            None => out.push(whole),
        }
        rest = after;
    }
    out.push(rest);
    out
}

/// The name that `text`, which stands behind a `$`, begins with, and the bytes that it takes with
/// its braces.
fn name_in(text: &str) -> (&str, usize) {
    if let Some(inner) = text.strip_prefix('{') {
        return match inner.find('}') {
            Some(end) => (&inner[..end], end + 2),
            None => ("", 0),
        };
    }
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = text.find(|c| !is_of_name(c)).unwrap_or(text.len());
    (&text[..end], end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> PathBuf {
        let variable = |name: &str| match name {
            "HOME" => Some("/home/u".into()),
            "DISK" => Some("/big".into()),
            "TILDE" => Some("~/x".into()),
            "LOOP" => Some("$LOOP".into()),
            _ => None,
        };
        expanded(text.as_ref(), Some(Path::new("/home/u")), variable)
    }

    /// What `os.path.expandvars(os.path.expanduser(text))` gives for the same environment.
    #[test]
    fn everything_is_expanded_as_python_does() {
        for (text, folder) in [
            ("~", "/home/u"),
            ("~/hub", "/home/u/hub"),
            ("$HOME/hub", "/home/u/hub"),
            ("${HOME}/hub", "/home/u/hub"),
            ("$DISK/$DISK", "/big//big"),
            ("${DISK}y", "/bigy"),
            ("$DISKy/x", "$DISKy/x"),
            ("a~/b", "a~/b"),
            ("/a/~", "/a/~"),
            ("~no-such-user/b", "~no-such-user/b"),
            ("$TILDE", "~/x"),
            ("$LOOP", "$LOOP"),
            ("${DISK", "${DISK"),
            ("${}", "${}"),
            ("$/a$", "$/a$"),
            ("ü$DISK/ß", "ü/big/ß"),
            ("", ""),
        ] {
            assert_eq!(of(text), PathBuf::from(folder), "{text}");
        }
    }

    #[test]
    fn without_a_home_folder_the_sign_stays() {
        let none = |_: &str| None;
        assert_eq!(
            expanded("~/hub".as_ref(), None, none),
            PathBuf::from("~/hub")
        );
    }

    #[cfg(unix)]
    #[test]
    fn another_user_has_a_home_folder_too() {
        assert_eq!(
            of("~root/x"),
            PathBuf::from(home_of("root").unwrap_or("~root".into())).join("x")
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_expanded(text in "[~$a-zA-Z{}/_ü]{0,12}") {
            of(&text);
        }
    }
}

//! Which characters the terminal can be expected to show, found out from the environment. As for
//! its colours, the terminal is never asked.

use crate::settings::Charset;

/// What the kind of a terminal begins with whose own characters are those of ASCII.
const ASCII_TERMINALS: [&str; 3] = ["vt", "ansi", "cons25"];

/// The characters of the locale: the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set decides,
/// as POSIX has it. Where none is, `TERM` does: programs are often started without a locale in
/// terminals that have every character. `variable` looks an environment variable up.
#[must_use]
pub fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Charset {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(&variable)
        .find(|value| !value.is_empty());
    let has_unicode = match locale {
        Some(locale) => is_utf8(&locale),
        None => {
            let term = variable("TERM").unwrap_or_default();
            !ASCII_TERMINALS.iter().any(|kind| term.starts_with(kind))
        }
    };
    match has_unicode {
        true => Charset::Unicode,
        false => Charset::Ascii,
    }
}

/// Whether a locale such as `de_DE.UTF-8@euro` has all of Unicode. macOS also has `UTF-8` alone.
fn is_utf8(locale: &str) -> bool {
    let codeset = locale
        .split_once('.')
        .map_or(locale, |(_, codeset)| codeset);
    let codeset = codeset
        .split_once('@')
        .map_or(codeset, |(codeset, _)| codeset);
    let letters = codeset.chars().filter(char::is_ascii_alphanumeric);
    letters.collect::<String>().eq_ignore_ascii_case("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides_and_without_one_the_kind_of_terminal() {
        use Charset::{Ascii, Unicode};
        for (variables, expected) in [
            (&[("LANG", "en_US.UTF-8")][..], Unicode),
            (&[("LANG", "C.utf8")], Unicode),
            (&[("LC_CTYPE", "UTF-8")], Unicode),
            (&[("LANG", "de_DE.UTF-8@euro")], Unicode),
            (&[("LANG", "de_DE@euro")], Ascii),
            (&[("LANG", "en_US")], Ascii),
            (&[("LANG", "ja_JP.eucJP")], Ascii),
            (&[("LANG", "zh_CN.GB18030")], Ascii),
            (&[("LANG", "C")], Ascii),
            (&[("LC_ALL", "POSIX"), ("LANG", "en_US.UTF-8")], Ascii),
            (&[("LC_ALL", ""), ("LANG", "en_US.UTF-8")], Unicode),
            (&[("LC_CTYPE", "C"), ("LC_ALL", "en_US.UTF-8")], Unicode),
            (&[("LC_CTYPE", "en_US.UTF-8"), ("LANG", "C")], Unicode),
            (&[("TERM", "linux"), ("LANG", "en_US.UTF-8")], Unicode),
            (&[("TERM", "vt220"), ("LANG", "en_US.UTF-8")], Unicode),
            (&[], Unicode),
            (&[("TERM", "linux")], Unicode),
            (&[("TERM", "xterm-256color")], Unicode),
            (&[("TERM", "vt100")], Ascii),
            (&[("TERM", "ansi")], Ascii),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(of_locale(variable), expected, "{variables:?}");
        }
    }
}

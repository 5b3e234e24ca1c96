//! How many colours may be used, found out from what the user and the environment say. The
//! terminal is never asked: its answer, if any, would come late and look like typed keys.

use termprofile::{DetectorSettings, EnvVarSource, IsTerminal, TermProfile, TermVars};

use crate::settings::ColourChoice;
use crate::settings::theme::Depth;

/// The colour depth of a terminal, from `choice` and, if that leaves it open, from the
/// environment: `NO_COLOR`, `FORCE_COLOR` and `CLICOLOR_FORCE`, `COLORTERM`, `TERM`, in this
/// order. `variable` looks an environment variable up.
#[must_use]
pub fn depth(choice: ColourChoice, variable: impl Fn(&str) -> Option<String>) -> Depth {
    choice.among(from_environment(&variable))
}

fn from_environment(variable: &dyn Fn(&str) -> Option<String>) -> Depth {
    // no-color.org: any value but the empty one counts.
    if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return Depth::None;
    }
    match variable("FORCE_COLOR").as_deref() {
        Some("0" | "false") => return Depth::None,
        Some("2") => return Depth::Indexed,
        Some("3") => return Depth::TrueColour,
        _ => {}
    }
    // Inside of tmux and screen, too: both turn 24 bits into what the terminal around them has, and
    // who sets the variable there knows that. A terminal that knows no commands has no colours.
    let believed = |value: &str| matches!(value, "truecolor" | "24bit");
    let is_dumb = variable("TERM").is_some_and(|term| term == "dumb");
    if !is_dumb && variable("COLORTERM").as_deref().is_some_and(believed) {
        return Depth::TrueColour;
    }
    // `tmux info` would be a process to wait for.
    let settings = DetectorSettings::new().enable_tmux_info(false);
    let vars = TermVars::from_source(&Variables(variable), &AlwaysTerminal, settings);
    match TermProfile::detect_with_vars(vars) {
        TermProfile::NoTty | TermProfile::NoColor => Depth::None,
        // What calls itself `xterm` today has 256 colours.
        TermProfile::Ansi16 if variable("TERM").as_deref() == Some("xterm") => Depth::Indexed,
        TermProfile::Ansi16 => Depth::Ansi,
        TermProfile::Ansi256 => Depth::Indexed,
        TermProfile::TrueColor => Depth::TrueColour,
    }
}

struct Variables<'a>(&'a dyn Fn(&str) -> Option<String>);

impl EnvVarSource for Variables<'_> {
    fn var(&self, key: &str) -> Option<String> {
        (self.0)(key)
    }
}

/// The session refuses anything else.
struct AlwaysTerminal;

impl IsTerminal for AlwaysTerminal {
    fn is_terminal(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth_of(choice: ColourChoice, variables: &[(&str, &str)]) -> Depth {
        depth(choice, |name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_is_read_in_its_order() {
        for (variables, expected) in [
            (&[("TERM", "xterm-256color")][..], Depth::Indexed),
            (&[("TERM", "xterm")], Depth::Indexed),
            (&[("TERM", "xterm-kitty")], Depth::TrueColour),
            (&[("TERM", "linux")], Depth::Ansi),
            (&[("TERM", "dumb")], Depth::None),
            (&[("TERM", "tmux-256color")], Depth::Indexed),
            (
                &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")],
                Depth::TrueColour,
            ),
            (
                &[("TERM", "tmux-256color"), ("COLORTERM", "24bit")],
                Depth::TrueColour,
            ),
            (
                &[("TERM", "screen-256color"), ("COLORTERM", "truecolor")],
                Depth::TrueColour,
            ),
            (
                &[
                    ("TERM", "xterm-256color"),
                    ("TERM_PROGRAM", "tmux"),
                    ("COLORTERM", "truecolor"),
                ],
                Depth::TrueColour,
            ),
            (
                &[("TERM", "tmux-256color"), ("COLORTERM", "yes")],
                Depth::Indexed,
            ),
            (&[("TERM", "dumb"), ("COLORTERM", "truecolor")], Depth::None),
            (
                &[
                    ("TERM", "xterm-256color"),
                    ("TERM_PROGRAM", "Apple_Terminal"),
                ],
                Depth::Indexed,
            ),
            (
                &[("COLORTERM", "truecolor"), ("NO_COLOR", "1")],
                Depth::None,
            ),
            (&[("TERM", "linux"), ("NO_COLOR", "please")], Depth::None),
            (&[("TERM", "linux"), ("NO_COLOR", "")], Depth::Ansi),
            (
                &[("TERM", "linux"), ("FORCE_COLOR", "3")],
                Depth::TrueColour,
            ),
            (&[("TERM", "linux"), ("FORCE_COLOR", "2")], Depth::Indexed),
            (
                &[("TERM", "xterm-256color"), ("FORCE_COLOR", "0")],
                Depth::None,
            ),
            (&[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], Depth::Ansi),
        ] {
            assert_eq!(
                depth_of(ColourChoice::Auto, variables),
                expected,
                "{variables:?}"
            );
        }
    }

    #[test]
    fn what_the_user_asks_for_comes_first() {
        let environment = [("NO_COLOR", "1"), ("TERM", "dumb")];
        for (choice, expected) in [
            (ColourChoice::TrueColour, Depth::TrueColour),
            (ColourChoice::Indexed, Depth::Indexed),
            (ColourChoice::Ansi, Depth::Ansi),
            (ColourChoice::None, Depth::None),
        ] {
            assert_eq!(depth_of(choice, &environment), expected);
        }
    }
}

//! How many colours may be used, found out from what the user and the environment say. The
//! terminal is never asked: its answer, if any, would come late and look like typed keys.

use std::str::FromStr;

use serde::Deserialize;
use termprofile::{DetectorSettings, EnvVarSource, IsTerminal, TermProfile, TermVars};

/// How many colours may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColourDepth {
    /// None: bold, reverse and shade characters only.
    None,
    /// The 16 colours that the user has given the terminal.
    Ansi16,
    /// The 256 colours of xterm.
    Ansi256,
    /// Any colour.
    TrueColour,
}

/// What the user asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColourChoice {
    /// Whatever the environment says.
    #[default]
    Auto,
    /// Any colour.
    Truecolor,
    /// The 256 colours of xterm.
    #[serde(rename = "256")]
    Ansi256,
    /// The terminal's own 16 colours.
    #[serde(rename = "16")]
    Ansi16,
    /// No colours.
    None,
}

impl FromStr for ColourChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "auto" => Self::Auto,
            "truecolor" => Self::Truecolor,
            "256" => Self::Ansi256,
            "16" => Self::Ansi16,
            "none" => Self::None,
            _ => {
                return Err(format!(
                    "no colour depth {text:?}: use auto, truecolor, 256, 16 or none"
                ));
            }
        })
    }
}

/// The colour depth of a terminal, from `choice` and, if that leaves it open, from the
/// environment: `NO_COLOR`, `FORCE_COLOR` and `CLICOLOR_FORCE`, `COLORTERM`, `TERM`, in this
/// order. `variable` looks an environment variable up.
#[must_use]
pub fn depth(choice: ColourChoice, variable: impl Fn(&str) -> Option<String>) -> ColourDepth {
    match choice {
        ColourChoice::Auto => from_environment(&variable),
        ColourChoice::Truecolor => ColourDepth::TrueColour,
        ColourChoice::Ansi256 => ColourDepth::Ansi256,
        ColourChoice::Ansi16 => ColourDepth::Ansi16,
        ColourChoice::None => ColourDepth::None,
    }
}

fn from_environment(variable: &dyn Fn(&str) -> Option<String>) -> ColourDepth {
    // no-color.org: any value but the empty one counts.
    if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return ColourDepth::None;
    }
    match variable("FORCE_COLOR").as_deref() {
        Some("0" | "false") => return ColourDepth::None,
        Some("2") => return ColourDepth::Ansi256,
        Some("3") => return ColourDepth::TrueColour,
        _ => {}
    }
    // `tmux info` would be a process to wait for.
    let settings = DetectorSettings::new().enable_tmux_info(false);
    let vars = TermVars::from_source(&Variables(variable), &ATerminal, settings);
    match TermProfile::detect_with_vars(vars) {
        TermProfile::NoTty | TermProfile::NoColor => ColourDepth::None,
        // What calls itself `xterm` today has 256 colours.
        TermProfile::Ansi16 if variable("TERM").as_deref() == Some("xterm") => ColourDepth::Ansi256,
        TermProfile::Ansi16 => ColourDepth::Ansi16,
        TermProfile::Ansi256 => ColourDepth::Ansi256,
        TermProfile::TrueColor => ColourDepth::TrueColour,
    }
}

struct Variables<'a>(&'a dyn Fn(&str) -> Option<String>);

impl EnvVarSource for Variables<'_> {
    fn var(&self, key: &str) -> Option<String> {
        (self.0)(key)
    }
}

/// The session refuses anything else.
struct ATerminal;

impl IsTerminal for ATerminal {
    fn is_terminal(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth_of(choice: ColourChoice, variables: &[(&str, &str)]) -> ColourDepth {
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
            (&[("TERM", "xterm-256color")][..], ColourDepth::Ansi256),
            (&[("TERM", "xterm")], ColourDepth::Ansi256),
            (&[("TERM", "xterm-kitty")], ColourDepth::TrueColour),
            (&[("TERM", "linux")], ColourDepth::Ansi16),
            (&[("TERM", "dumb")], ColourDepth::None),
            (&[("TERM", "tmux-256color")], ColourDepth::Ansi256),
            (
                &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")],
                ColourDepth::TrueColour,
            ),
            (
                &[
                    ("TERM", "xterm-256color"),
                    ("TERM_PROGRAM", "Apple_Terminal"),
                ],
                ColourDepth::Ansi256,
            ),
            (
                &[("COLORTERM", "truecolor"), ("NO_COLOR", "1")],
                ColourDepth::None,
            ),
            (
                &[("TERM", "linux"), ("NO_COLOR", "please")],
                ColourDepth::None,
            ),
            (&[("TERM", "linux"), ("NO_COLOR", "")], ColourDepth::Ansi16),
            (
                &[("TERM", "linux"), ("FORCE_COLOR", "3")],
                ColourDepth::TrueColour,
            ),
            (
                &[("TERM", "linux"), ("FORCE_COLOR", "2")],
                ColourDepth::Ansi256,
            ),
            (
                &[("TERM", "xterm-256color"), ("FORCE_COLOR", "0")],
                ColourDepth::None,
            ),
            (
                &[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")],
                ColourDepth::Ansi16,
            ),
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
            ("truecolor", ColourDepth::TrueColour),
            ("256", ColourDepth::Ansi256),
            ("16", ColourDepth::Ansi16),
            ("none", ColourDepth::None),
        ] {
            assert_eq!(depth_of(choice.parse().unwrap(), &environment), expected);
        }
        assert!("many".parse::<ColourChoice>().is_err());
    }
}

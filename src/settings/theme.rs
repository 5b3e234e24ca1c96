//! Themes: colours by role, one list a colour depth, from `config/themes/*.toml`.
//!
//! What a role looks like on the screen is the business of [`crate::display::palette`], the only
//! reader of these colours.

#![expect(clippy::disallowed_types, reason = "themes are made of colours")]

use std::path::Path;
use std::str::FromStr;

use ratatui::style::Color;
use serde::{Deserialize, Deserializer};

use super::SettingsError;
use super::overlay::Problem;

mod ramp;

pub use ramp::Ramp;

use ramp::{DivergingFile, RampFile};

/// How many steps each scale has.
pub const STEPS: usize = 7;

const EMBEDDED: [(&str, &str); 7] = [
    ("cividis", include_str!("../../config/themes/cividis.toml")),
    ("viridis", include_str!("../../config/themes/viridis.toml")),
    (
        "article-pink",
        include_str!("../../config/themes/article-pink.toml"),
    ),
    (
        "article-blue-green",
        include_str!("../../config/themes/article-blue-green.toml"),
    ),
    ("grey", include_str!("../../config/themes/grey.toml")),
    ("light", include_str!("../../config/themes/light.toml")),
    (
        "high-contrast",
        include_str!("../../config/themes/high-contrast.toml"),
    ),
];

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// 24 bits.
    TrueColour,
    /// xterm's 256.
    Indexed,
    /// The terminal's own 16.
    Ansi,
    /// No colours: shades and marks tell cells apart.
    None,
}

/// One role's colour at each depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "(Named, Named, Named)")]
pub struct Shade {
    /// With 24 bits.
    pub truecolour: Color,
    /// Among xterm's 256.
    pub indexed: Color,
    /// Among the terminal's own 16.
    pub ansi: Color,
}

impl Shade {
    /// The colour at a depth, if there is colour.
    #[must_use]
    pub fn at(&self, depth: Depth) -> Option<Color> {
        match depth {
            Depth::TrueColour => Some(self.truecolour),
            Depth::Indexed => Some(self.indexed),
            Depth::Ansi => Some(self.ansi),
            Depth::None => None,
        }
    }
}

impl From<(Named, Named, Named)> for Shade {
    fn from((truecolour, indexed, ansi): (Named, Named, Named)) -> Self {
        Self {
            truecolour: truecolour.0,
            indexed: indexed.0,
            ansi: ansi.0,
        }
    }
}

/// What terminals a theme is for. Its roles are drawn on the terminal's own ground; a picture
/// has none, and takes this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// Light text on a dark ground.
    #[default]
    Dark,
    /// Dark text on a light ground.
    Light,
}

/// Colours by role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// The file's name.
    pub name: String,
    /// What terminals it is for.
    pub ground: Ground,
    /// What has the focus or is new.
    pub accent: Shade,
    /// The ground of the selected cell: the accent, or, where that is too near to the scale of
    /// ranks, another colour that is far from it.
    pub selected: Shade,
    /// The ground of the selected row's and column's names, which are in the accent.
    pub tint: Option<Shade>,
    /// Borders and labels.
    pub muted: Shade,
    /// What needs the user's attention.
    pub warning: Shade,
    /// What went wrong.
    pub error: Shade,
    /// The lines of the chart, one a candidate, again and again when there are more.
    pub lines: Vec<Shade>,
    /// The scale of ranks, from rank 1 to the worst, and of all else that goes one way.
    pub ramp: Ramp,
    /// The scale of what can go either way, from the lowest to the highest; nothing is in the
    /// middle.
    pub diverging: Ramp,
}

/// All themes, in the order in which the key goes through them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Themes(Vec<Theme>);

impl Themes {
    /// The themes inside the program.
    ///
    /// # Errors
    /// When a file inside the program is broken.
    pub fn embedded() -> Result<Self, SettingsError> {
        EMBEDDED
            .iter()
            .map(|(name, text)| {
                theme(name, text).map_err(|error| SettingsError(format!("{name}.toml: {error}")))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Add a user's theme, or put it in the place of the one with its name.
    ///
    /// # Errors
    /// When the file is broken.
    pub fn add(&mut self, file: &Path, text: &str) -> Result<(), Problem> {
        let name = file
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        let theme = theme(&name, text).map_err(|error| Problem::of_toml(file, text, &error))?;
        match self.position(&name) {
            Some(at) => self.0[at] = theme,
            None => self.0.push(theme),
        }
        Ok(())
    }

    /// Where the theme of that name stands.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|theme| theme.name == name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|theme| theme.name.as_str())
    }

    /// The theme at `index`, counted round and round; `None` only when there are none at all.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Theme> {
        self.0.get(index % self.0.len().max(1))
    }

    /// The name of the first theme.
    #[must_use]
    pub fn first_name(&self) -> String {
        self.0.first().map_or_else(String::new, |t| t.name.clone())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    ground: Ground,
    accent: Shade,
    selected: Option<Shade>,
    tint: Option<Shade>,
    muted: Shade,
    warning: Shade,
    error: Shade,
    lines: Vec<Shade>,
    ramp: RampFile,
    /// A theme without one has that of the first theme.
    diverging: Option<DivergingFile>,
}

/// What is read of the first theme where another has no diverging scale.
#[derive(Deserialize)]
struct OnlyDiverging {
    diverging: DivergingFile,
}

fn theme(name: &str, text: &str) -> Result<Theme, toml::de::Error> {
    let file: File = toml::from_str(text)?;
    let diverging = match file.diverging {
        Some(diverging) => diverging,
        None => toml::from_str::<OnlyDiverging>(EMBEDDED[0].1)?.diverging,
    };
    Ok(Theme {
        name: name.to_owned(),
        ground: file.ground,
        accent: file.accent,
        selected: file.selected.unwrap_or(file.accent),
        tint: file.tint,
        muted: file.muted,
        warning: file.warning,
        error: file.error,
        lines: file.lines,
        ramp: file.ramp.into(),
        diverging: diverging.into(),
    })
}

/// A colour as it is written: `"#5fd7ff"`, `81` or `"cyan"`.
#[derive(Clone, Copy, Debug)]
struct Named(Color);

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Index(u8),
            Name(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Index(index) => Ok(Self(Color::Indexed(index))),
            Written::Name(name) => Color::from_str(&name).map(Self).map_err(|_| {
                serde::de::Error::custom(format!(
                    "`{name}` is no colour; write \"#5fd7ff\", 0 to 255, or a name as \"cyan\""
                ))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_wrong_colour_names_file_and_line() {
        let text = include_str!("../../config/themes/cividis.toml").replace("\"gray\"", "\"grue\"");
        let mut themes = Themes::embedded().unwrap();
        let problem = themes.add(Path::new("mine.toml"), &text).unwrap_err();
        let line = problem.to_string();
        assert!(line.starts_with("mine.toml:"), "{line}");
        assert!(line.contains("muted") && line.contains("grue"), "{line}");
    }

    #[test]
    fn a_theme_without_a_diverging_scale_has_that_of_the_first() {
        let (text, _) = include_str!("../../config/themes/light.toml")
            .split_once("# What can go either way")
            .unwrap();
        let mut themes = Themes::embedded().unwrap();
        themes.add(Path::new("mine.toml"), text).unwrap();
        let mine = themes.get(themes.position("mine").unwrap()).unwrap();
        assert_eq!(mine.diverging, themes.get(0).unwrap().diverging);
    }

    #[test]
    fn a_theme_of_the_same_name_takes_the_place() {
        let mut themes = Themes::embedded().unwrap();
        let before = themes.names().count();
        let text = include_str!("../../config/themes/grey.toml");
        themes.add(Path::new("/x/viridis.toml"), text).unwrap();
        assert_eq!(themes.names().count(), before);
        let at = themes.position("viridis").unwrap();
        assert_eq!(
            themes.get(at).unwrap().ramp,
            themes.get(themes.position("grey").unwrap()).unwrap().ramp
        );
    }
}

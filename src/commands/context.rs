//! What commands have in common: the user's settings, the model and its arithmetic, the looks of a
//! table.

use std::env;
use std::io::{self, IsTerminal};
use std::path::Path;

use color_eyre::eyre::Result as EyreResult;

use super::CommandError;
use super::options::DtypeChoice;
use crate::display::palette::Palette;
use crate::model::Dtype;
use crate::settings::theme::Themes;
use crate::settings::{self, Settings};
use crate::terminal::{self, colour};
use crate::vocabulary::visible_line;

/// How many of each row's best tokens are kept for whoever looks at a cell.
pub const TOP_TOKENS: usize = 10;

/// Widest table where the output's width is not known.
const USUAL_WIDTH: u16 = 100;

/// The looks of a table: columns, and colours if there are some.
pub type TableLooks<'t> = (usize, Option<Palette<'t>>);

/// A variable of the environment.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// The defaults with the user's files on top.
///
/// # Errors
/// When a default inside the program is broken.
pub fn user_settings() -> EyreResult<Settings> {
    let folder = settings::folder(env::var_os("LENSCAPE_CONFIG"));
    Ok(Settings::load(folder.as_deref())?)
}

/// The settings with the theme of that name, where one is named.
///
/// # Errors
/// When there is none of that name.
pub fn with_theme(mut settings: Settings, name: Option<&str>) -> Result<Settings, CommandError> {
    if let Some(name) = name {
        match settings.themes.position(name) {
            Some(_) => name.clone_into(&mut settings.options.theme),
            None => return Err(no_theme(name, &settings.themes)),
        }
    }
    Ok(settings)
}

/// There is no theme of that name; says which there are.
#[must_use]
pub fn no_theme(name: &str, themes: &Themes) -> CommandError {
    CommandError::Theme {
        name: name.to_owned(),
        known: themes.names().collect::<Vec<_>>().join(", "),
    }
}

/// The model that was named, or else the settings' one: the same for the program and every command.
#[must_use]
pub fn wanted_model(named: Option<&String>, settings: &Settings) -> String {
    named.unwrap_or(&settings.options.model).clone()
}

/// How models are computed with: as the command line asks for, over the settings.
#[must_use]
pub fn dtype(choice: Option<DtypeChoice>, settings: &Settings) -> Dtype {
    choice.map_or(settings.options.dtype, Into::into)
}

/// The width of the output, and its colours if it is a terminal that has some.
#[must_use]
pub fn table_looks(settings: &Settings) -> TableLooks<'_> {
    let is_terminal = io::stdout().is_terminal();
    let width = terminal::size().map_or(USUAL_WIDTH, |size| size.width);
    let depth = colour::depth(settings.options.colour, variable);
    let theme = settings
        .themes
        .position(&settings.options.theme)
        .and_then(|position| settings.themes.get(position));
    let palette = theme
        .filter(|_| is_terminal)
        .map(|theme| Palette::new(theme, depth));
    (usize::from(width), palette)
}

/// A path as a terminal may get it.
#[must_use]
pub fn shown(path: &Path) -> String {
    visible_line(&path.to_string_lossy())
}

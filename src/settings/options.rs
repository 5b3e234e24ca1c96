//! The options of `config/default.toml`, as types.

use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::SettingsError;
use super::charset::CharsetChoice;
use super::overlay::{self, Problem};
use super::theme::Depth;
use crate::model::Dtype;
use crate::model::device::{DeviceChoice, WantedDevices};
use crate::run::Sampling;
use crate::trace::{LensKind, Rows};

mod cell_value;
mod in_range;

pub use cell_value::{CellColour, CellValue, ListedTokens};

const DEFAULTS: &str = include_str!("../../config/default.toml");

/// What `config/default.toml` holds; its comments say what each option does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The model that is loaded at the start.
    pub model: String,
    /// How weights are held and computed with.
    pub dtype: Dtype,
    /// Where the model runs.
    pub device: DeviceChoice,
    /// How many blocks run on the card, the last ones; below 0 all of them.
    #[serde(deserialize_with = "in_range::layers")]
    pub gpu_layers: i64,
    /// How many tokens a run generates at most.
    pub max_tokens: usize,
    /// The lens at the start.
    pub lens: LensKind,
    /// The theme at the start.
    pub theme: String,
    /// How many colours are used.
    pub colour: ColourChoice,
    /// Which characters the screen is made of.
    pub charset: CharsetChoice,
    /// Whether clicks and the wheel come to the program.
    pub mouse: Switch,
    /// Whether a prompt is a turn of a conversation.
    pub chat: ChatOptions,
    /// How tokens are drawn.
    pub sampling: SamplingOptions,
    /// The grid's looks.
    pub grid: GridOptions,
    /// The looks of the selected cell's pane.
    pub cell: CellOptions,
    /// The page of layer predictions.
    pub predictions: PredictionOptions,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Switch {
    /// The option has effect.
    On,
    /// The option has no effect.
    Off,
}

impl Switch {
    /// `Off` for `On`, and the other way round.
    #[must_use]
    pub fn toggled(self) -> Self {
        match self {
            Self::On => Self::Off,
            Self::Off => Self::On,
        }
    }
}

/// How many colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColourChoice {
    /// As many as the terminal is known to have.
    #[serde(rename = "auto")]
    Auto,
    /// 24 bits.
    #[serde(rename = "truecolor")]
    TrueColour,
    /// xterm's 256.
    #[serde(rename = "256")]
    Indexed,
    /// The terminal's own 16.
    #[serde(rename = "16")]
    Ansi,
    /// None: shades and reverse video.
    #[serde(rename = "none")]
    None,
}

impl ColourChoice {
    /// What is chosen, where the terminal is known to have `terminal`.
    #[must_use]
    pub fn among(self, terminal: Depth) -> Depth {
        match self {
            Self::Auto => terminal,
            Self::TrueColour => Depth::TrueColour,
            Self::Indexed => Depth::Indexed,
            Self::Ansi => Depth::Ansi,
            Self::None => Depth::None,
        }
    }
}

/// Whether a prompt is a turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChatOptions {
    /// Whether it is put into the model's own chat template.
    pub template: Switch,
    /// The system prompt; empty for none.
    pub system: String,
}

/// How tokens are drawn, with numbers for "off" as a file needs them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplingOptions {
    /// 0 is greedy.
    #[serde(deserialize_with = "in_range::not_negative")]
    pub temperature: f64,
    /// 0 is off.
    pub top_k: usize,
    /// 1 is off.
    #[serde(deserialize_with = "in_range::share")]
    pub top_p: f64,
    /// 1 is off.
    #[serde(deserialize_with = "in_range::positive")]
    pub repeat_penalty: f32,
    /// Seed of the draw.
    pub seed: u64,
}

impl Options {
    /// Where the model runs, as far as the options say.
    #[must_use]
    pub fn devices(&self) -> WantedDevices {
        WantedDevices {
            choice: self.device.clone(),
            gpu_layers: usize::try_from(self.gpu_layers).ok(),
        }
    }
}

impl From<&Sampling> for SamplingOptions {
    fn from(sampling: &Sampling) -> Self {
        Self {
            temperature: sampling.temperature,
            top_k: sampling.top_k.unwrap_or(0),
            top_p: sampling.top_p.unwrap_or(1.0),
            repeat_penalty: sampling.repeat_penalty,
            seed: sampling.seed,
        }
    }
}

impl From<&SamplingOptions> for Sampling {
    fn from(options: &SamplingOptions) -> Self {
        Self {
            temperature: options.temperature,
            top_k: (options.top_k > 0).then_some(options.top_k),
            top_p: (options.top_p < 1.0).then_some(options.top_p),
            repeat_penalty: options.repeat_penalty,
            seed: options.seed,
        }
    }
}

/// The page of layer predictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictionOptions {
    /// How many tokens of each layer it shows at first, 1 to [`PredictionOptions::MOST_TOKENS`].
    #[serde(deserialize_with = "in_range::listed_tokens")]
    pub top_k: usize,
}

impl PredictionOptions {
    /// The most tokens that are asked for.
    pub const MOST_TOKENS: usize = 50;
}

/// The grid's looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GridOptions {
    /// What stands in the first row.
    pub top: Top,
    /// Whether the row `emb` is there.
    pub embedding: Visibility,
    /// Whether the rows inside the blocks are there.
    pub rows: Rows,
    /// What a cell says.
    pub value: CellValue,
    /// What its colour tells.
    pub colour: CellColour,
    /// Which of a layer's best tokens are shown.
    pub tokens: ListedTokens,
    /// How wide a cell is.
    pub cells: Cells,
    /// Which changes of a rank get an arrow.
    pub arrows: Arrows,
    /// Whether the prompt's own tokens stand before the generated ones.
    pub prompt: Visibility,
}

/// The looks of the selected cell's pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellOptions {
    /// Whether it has bars of what each layer adds to the final logit.
    pub attribution: Visibility,
}

/// Whether something is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// It is drawn.
    Shown,
    /// It is left out, and takes no room.
    Hidden,
}

impl Visibility {
    /// `Hidden` for `Shown`, and the other way round.
    #[must_use]
    pub fn toggled(self) -> Self {
        match self {
            Self::Shown => Self::Hidden,
            Self::Hidden => Self::Shown,
        }
    }
}

/// Which changes of a rank since the row below get an arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrows {
    /// None.
    None,
    /// Those by a factor of [`Arrows::LARGE`] or more.
    Large,
    /// All of them.
    All,
}

impl Arrows {
    /// The ratio of ranks from which on a change is large.
    pub const LARGE: f32 = 3.0;
}

/// What stands in the grid's first row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Top {
    /// Layer 0, as in the article.
    FirstLayer,
    /// The last layer, as residual streams are often drawn.
    LastLayer,
}

impl Top {
    /// The order of layers upside down.
    #[must_use]
    pub fn turned_over(self) -> Self {
        match self {
            Self::FirstLayer => Self::LastLayer,
            Self::LastLayer => Self::FirstLayer,
        }
    }
}

/// How wide a cell of the grid is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cells {
    /// Ranks up to 99999 in full.
    Exact,
    /// Four characters, as `2.0k`.
    Short,
    /// Colour only.
    Shades,
    /// Colour only, two rows in a line.
    Folded,
}

impl Cells {
    /// The next narrower one, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Exact => Self::Short,
            Self::Short => Self::Shades,
            Self::Shades => Self::Folded,
            Self::Folded => Self::Exact,
        }
    }

    /// Whether a cell has no room for a figure.
    #[must_use]
    pub fn is_colour_only(self) -> bool {
        match self {
            Self::Exact | Self::Short => false,
            Self::Shades | Self::Folded => true,
        }
    }

    /// Columns of the terminal that a cell takes.
    #[must_use]
    pub fn width(self) -> u16 {
        match self {
            Self::Exact => 7,
            Self::Short => 5,
            Self::Shades | Self::Folded => 2,
        }
    }
}

/// Under which lens, and at which rows.
pub type Reading = (LensKind, Rows);

impl Options {
    /// What columns are asked for.
    #[must_use]
    pub fn reading(&self) -> Reading {
        (self.lens, self.grid.rows)
    }

    /// The defaults.
    ///
    /// # Errors
    /// When the file inside the program is broken.
    pub fn embedded() -> Result<Self, SettingsError> {
        toml::from_str(DEFAULTS).map_err(|error| SettingsError(format!("default.toml: {error}")))
    }

    /// Whether the wanted model is the program's own default.
    #[must_use]
    pub fn wants_the_default_model(&self) -> bool {
        Self::embedded().is_ok_and(|defaults| defaults.model == self.model)
    }

    /// Put the keys of a user's file on top.
    pub fn overlay(&mut self, file: &Path, text: &str) -> Vec<Problem> {
        let Ok(defaults) = Table::try_from(&*self) else {
            return Vec::new();
        };
        let (table, problems) = overlay::overlay::<Self>(defaults, file, text);
        if let Ok(options) = Value::Table(table).try_into() {
            *self = options;
        }
        problems
    }
}

//! `lenscape trace` and `lenscape open`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{CharsetName, ColorChoice, DtypeChoice, LensChoice, RecordingOptions, SamplingOptions};
use crate::settings::CellValue;
use crate::trace::Skip;

/// Options of `lenscape trace`.
#[derive(Args, Debug)]
pub struct Trace {
    /// The prompt, taken exactly as it is.
    pub prompt: String,
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// How weights are held and computed with.
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DtypeChoice>,
    /// How many tokens to generate.
    #[arg(long, short = 'n', default_value_t = 12)]
    pub max_tokens: usize,
    /// Score this text as what follows the prompt, instead of generating.
    #[arg(
        long,
        value_name = "TEXT",
        conflicts_with = "max_tokens",
        allow_hyphen_values = true
    )]
    pub force: Option<String>,
    /// Skip a part of the network: L5, L5.attn, L5.mlp or L5.h3; may be repeated.
    #[arg(long, value_name = "PART")]
    pub skip: Vec<Skip>,
    /// The lens: with the final norm at every layer, or without it as in the article.
    #[arg(long, default_value = "normed")]
    pub lens: LensChoice,
    /// Follow this text's first token at the position after the prompt; may be repeated. A word gets
    /// a leading space unless its script has none, `"quotes"` within the argument take a text as it
    /// is; `#1234` is a token by its number.
    #[arg(long, value_name = "TEXT")]
    pub watch: Vec<String>,
    /// How many of each layer's best tokens to list.
    #[arg(long, value_name = "K", default_value_t = 5)]
    pub top: usize,
    /// How to write it; else as the output's extension says, or as JSON.
    #[arg(long)]
    pub format: Option<TraceFormat>,
    /// Write to this file, which is replaced, instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What svg, png and html show: the grid, what is watched, or every layer's best tokens.
    #[arg(long, default_value = "grid")]
    pub figure: FigureChoice,
    /// What a cell of the grid says, in figures and tables: `grid.value` of the settings.
    #[arg(long, value_name = "VALUE", default_value = "rank")]
    pub value: CellValue,
    /// The colours of svg, png and html: a theme's scale of ranks.
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Write a plain line for each token as it comes.
    #[arg(long, conflicts_with_all = ["format", "output", "figure", "value", "theme", "watch", "top"])]
    pub follow: bool,
    /// How tokens are drawn.
    #[command(flatten)]
    pub sampling: SamplingOptions,
}

/// How a trace is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TraceFormat {
    /// A trace file: one JSON object.
    Json,
    /// A trace file with arrays, the states among them.
    Safetensors,
    /// A line a cell.
    Csv,
    /// A readable grid, in colour on a terminal.
    Table,
    /// A figure of vectors.
    Svg,
    /// A figure of pixels.
    Png,
    /// A page with the figure and its numbers.
    Html,
}

/// What a figure shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FigureChoice {
    /// What every layer says of each chosen token.
    Grid,
    /// The ranks of what is watched, layer by layer.
    Compare,
    /// The best tokens of every layer behind the prompt.
    Predictions,
}

/// Options of `lenscape open`.
#[derive(Args, Debug)]
pub struct OpenTrace {
    /// The trace file: `.json` or `.safetensors`.
    #[arg(required_unless_present = "last")]
    pub file: Option<PathBuf>,
    /// The newest trace that was kept because the program ended before it was saved.
    #[arg(long, conflicts_with = "file")]
    pub last: bool,
    /// Colours: as many as the terminal can show, or fewer.
    #[arg(long, visible_alias = "colour")]
    pub color: Option<ColorChoice>,
    /// Characters: those of the locale, all, or ASCII only.
    #[arg(long)]
    pub charset: Option<CharsetName>,
    /// How the program is recorded.
    #[command(flatten)]
    pub recording: RecordingOptions,
}

//! `lenscape compare`.

use clap::{Args, ValueEnum};

use super::{DtypeChoice, LensChoice};

/// Options of `lenscape compare`.
#[derive(Args, Debug)]
pub struct Compare {
    /// The prompts, each taken exactly as it is.
    #[arg(value_name = "PROMPT", required_unless_present = "prompt")]
    pub prompts: Vec<String>,
    /// One more prompt; may be repeated.
    #[arg(long, value_name = "PROMPT")]
    pub prompt: Vec<String>,
    /// The candidates: a word gets a leading space unless its script has none, `"quotes"` within the
    /// argument take a text as it is; `#1234` is a token by its number.
    #[arg(long, value_name = "TEXT", num_args = 1.., required = true)]
    pub tokens: Vec<String>,
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// How weights are held and computed with.
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DtypeChoice>,
    /// The lens: with the final norm at every layer, or without it as in the article.
    #[arg(long, default_value = "normed")]
    pub lens: LensChoice,
    /// The step behind the prompt, from 1; the tokens before it are generated.
    #[arg(long, value_name = "STEP", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub at: u32,
    /// How to write it.
    #[arg(long, default_value = "table")]
    pub format: ComparisonFormat,
}

/// How a comparison is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ComparisonFormat {
    /// Readable, in colour on a terminal.
    Table,
    /// One JSON object.
    Json,
    /// A line a candidate and layer.
    Csv,
}

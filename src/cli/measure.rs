//! `lenscape verify` and `lenscape bench`.

use clap::{Args, ValueEnum};

use super::DtypeChoice;

/// Options of `lenscape verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// How weights are held and computed with.
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DtypeChoice>,
    /// The text that is run.
    #[arg(long, default_value = "The keys to the cabinet")]
    pub prompt: String,
    /// How many tokens to generate.
    #[arg(long, short = 'n', default_value_t = 8)]
    pub max_tokens: usize,
}

/// Options of `lenscape bench`.
#[derive(Args, Debug)]
pub struct Bench {
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// How weights are held and computed with.
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DtypeChoice>,
    /// How many tokens to generate in each run.
    #[arg(long, short = 'n', default_value_t = 48)]
    pub max_tokens: usize,
    /// How to write it.
    #[arg(long, default_value = "text")]
    pub format: ReportFormat,
}

/// How measurements, and what was understood of a checkpoint, are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Lines to read.
    Text,
    /// One JSON object.
    Json,
}

//! What the program starts with.

use clap::Args;

use super::{CharsetName, ColorChoice, DtypeChoice, LensChoice, RecordingOptions, SamplingOptions};
use crate::trace::Skip;

/// What the program starts with.
#[derive(Args, Debug)]
pub struct Program {
    /// The prompt; it is generated from as soon as the model is ready.
    #[arg(id = "PROMPT")]
    pub prompt: Option<String>,
    /// Score this text as what follows the prompt, instead of generating.
    #[arg(
        long,
        value_name = "TEXT",
        requires = "PROMPT",
        allow_hyphen_values = true
    )]
    pub force: Option<String>,
    /// The program's options.
    #[command(flatten)]
    pub options: Options,
}

/// Options of the program itself.
#[derive(Args, Debug)]
pub struct Options {
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// How weights are held and computed with.
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DtypeChoice>,
    /// How many tokens to generate.
    #[arg(long, short = 'n')]
    pub max_tokens: Option<usize>,
    /// Skip a part of the network: L5, L5.attn, L5.mlp or L5.h3; may be repeated.
    #[arg(long, value_name = "PART")]
    pub skip: Vec<Skip>,
    /// The lens: with the final norm at every layer, or without it as in the article.
    #[arg(long)]
    pub lens: Option<LensChoice>,
    /// How tokens are drawn.
    #[command(flatten)]
    pub sampling: SamplingOptions,
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

//! `lenscape verify` and `lenscape bench`.

use std::path::PathBuf;

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
    /// Hold every figure to the reference values in this JSON file; `examples/reference.py` makes
    /// one with Hugging Face transformers.
    #[arg(long, value_name = "FILE")]
    pub reference: Option<PathBuf>,
}

/// What stands below the options: the form of the reference values.
pub(super) const REFERENCE_FORM: &str = r#"Examples:
  lenscape verify --model ./model.gguf
  python examples/reference.py ./model.gguf model.json
  lenscape verify --model ./model.gguf --reference model.json

Reference values, float32:
  {"cases": [{"prompt": "The keys", "prompt_ids": [504, 6812],
     "steps": [{"token": 288, "layers": [CELL, ...]}, ...],
     "watch": [{"text": " is", "id": 314, "ranks": [383, ...]}]}, ...]}
  with one CELL a layer, layer 0 first, of what the state before the token says of it:
     {"rank": 6, "raw_rank": 10, "logit": 2.93, "prob": 0.019, "entropy": 5.11, "kl": 0.75,
      "top": [[0, 3.87], [71, 3.68]]}
  rank and logit under the lens normed, raw_rank under the lens raw; entropy and KL(final layer ||
  this one) in nats; top: the best tokens with their logits. watch follows tokens behind the
  prompt. raw_rank, prob, entropy, kl, top and watch may be left out.

A figure passes where float32 rounding can account for the difference: each logit is held to an
error bound worked out from the model's depth and widths, each rank to where it can lie within it."#;

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

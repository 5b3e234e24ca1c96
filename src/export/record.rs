//! A run as it is written down: what was asked, the tokens, and what every row says of them.

use serde::Serialize;

use crate::trace::{Cell, Column, LensKind, TokenId, Trajectory};
use crate::vocabulary::Vocabulary;

/// A finished run.
#[derive(Clone, Debug)]
pub struct Record {
    /// As people call the model.
    pub model: String,
    /// Under which lens the figures are.
    pub lens: LensKind,
    /// Decoder blocks of the model.
    pub n_layers: usize,
    /// The prompt, exactly as it was given.
    pub prompt: String,
    /// Its tokens, the tokenizer's own special tokens included.
    pub prompt_ids: Vec<TokenId>,
    /// One a generated token.
    pub columns: Vec<Column>,
    /// Candidates followed at the position after the prompt.
    pub watch: Vec<Trajectory>,
}

/// The one JSON object of `lenscape trace`.
///
/// Every figure is defined in [`crate::trace`]; floats are written with as many digits as it
/// takes to read the same number back.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    model: &'a str,
    lens: LensKind,
    n_layers: usize,
    prompt: &'a str,
    prompt_ids: &'a [TokenId],
    steps: Vec<StepEntry>,
    watch: Vec<WatchEntry<'a>>,
}

#[derive(Debug, Serialize)]
struct StepEntry {
    token: TokenId,
    /// The token's text; bytes that are no whole character as U+FFFD.
    text: String,
    layers: Vec<LayerEntry>,
}

#[derive(Debug, Serialize)]
struct LayerEntry {
    rank: u32,
    logit: f32,
    prob: f32,
    entropy: f32,
    kl: f32,
    top: Vec<(TokenId, f32)>,
}

#[derive(Debug, Serialize)]
struct WatchEntry<'a> {
    text: &'a str,
    id: Option<TokenId>,
    ranks: Vec<u32>,
}

impl Record {
    /// The record as it is written to JSON.
    #[must_use]
    pub fn document(&self, vocabulary: &Vocabulary) -> Document<'_> {
        Document {
            model: &self.model,
            lens: self.lens,
            n_layers: self.n_layers,
            prompt: &self.prompt,
            prompt_ids: &self.prompt_ids,
            steps: self
                .columns
                .iter()
                .map(|column| StepEntry {
                    token: column.token,
                    text: String::from_utf8_lossy(vocabulary.bytes(column.token)).into_owned(),
                    layers: column.layers.iter().map(layer).collect(),
                })
                .collect(),
            watch: self
                .watch
                .iter()
                .map(|trajectory| WatchEntry {
                    text: &trajectory.candidate.text,
                    id: trajectory.candidate.followed(),
                    ranks: trajectory.layers.iter().map(|score| score.rank).collect(),
                })
                .collect(),
        }
    }
}

fn layer(cell: &Cell) -> LayerEntry {
    LayerEntry {
        rank: cell.score.rank,
        logit: cell.score.logit,
        prob: cell.score.prob,
        entropy: cell.entropy,
        kl: cell.kl,
        top: cell.top.clone(),
    }
}

//! Reference values: what another program computes of a model, as a JSON file.
//!
//! ```json
//! {"cases": [{
//!   "prompt": "The keys", "prompt_ids": [504, 6812],
//!   "steps": [{"token": 288, "layers": [
//!     {"rank": 6, "raw_rank": 10, "logit": 2.93, "prob": 0.019, "entropy": 5.11, "kl": 0.75,
//!      "top": [[0, 3.87], [71, 3.68]]}, …]}, …],
//!   "watch": [{"text": " is", "id": 314, "ranks": [383, …]}]
//! }]}
//! ```
//!
//! One step is one token of the continuation: its id, and for each layer, layer 0 first, where the
//! state of the position before it stands: the rank of that token among the vocabulary under the
//! lens `normed`, its logit and probability, entropy and KL(final layer ‖ this one) in nats, and the
//! best tokens of the whole vocabulary with their logits, best first. `watch` follows tokens at the first position behind
//! the prompt. What may be left out: `raw_rank` (the rank under the lens `raw`), `prob`, `entropy`,
//! `kl`, `top` and `watch`. Other fields are passed over.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::regular_file;
use crate::trace::TokenId;
use crate::vocabulary::visible_line;

/// The largest file that is read.
const MOST_BYTES: u64 = 1 << 28;

/// What another program computes of a model.
#[derive(Clone, Debug, Deserialize)]
pub struct Reference {
    /// One a prompt.
    pub cases: Vec<ReferenceCase>,
}

/// One prompt and its continuation.
#[derive(Clone, Debug, Deserialize)]
pub struct ReferenceCase {
    /// The text.
    pub prompt: String,
    /// Its tokens, special ones included.
    pub prompt_ids: Vec<TokenId>,
    /// The tokens behind it.
    pub steps: Vec<ReferenceStep>,
    /// Tokens that are followed behind the prompt.
    #[serde(default)]
    pub watch: Vec<Watch>,
}

/// One token of the continuation.
#[derive(Clone, Debug, Deserialize)]
pub struct ReferenceStep {
    /// The token.
    pub token: TokenId,
    /// What each layer says of it.
    pub layers: Vec<ReferenceCell>,
}

/// What one layer says of a token.
#[derive(Clone, Debug, Deserialize)]
pub struct ReferenceCell {
    /// 1 + the tokens with a higher logit, under the lens `normed`.
    pub rank: u32,
    /// The same under the lens `raw`.
    pub raw_rank: Option<u32>,
    /// Its logit.
    pub logit: f32,
    /// Its probability.
    pub prob: Option<f32>,
    /// Of the whole vocabulary, in nats.
    pub entropy: Option<f32>,
    /// KL(final layer ‖ this one), in nats.
    pub kl: Option<f32>,
    /// The best tokens with their logits, best first.
    #[serde(default)]
    pub top: Vec<(TokenId, f32)>,
}

/// A token that is followed behind the prompt.
#[derive(Clone, Debug, Deserialize)]
pub struct Watch {
    /// What it stands for; not held to anything.
    #[serde(default)]
    pub text: String,
    /// The token.
    pub id: TokenId,
    /// Its rank at each layer, under the lens `normed`.
    pub ranks: Vec<u32>,
}

/// Reference values cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", .path.display())]
pub struct ReferenceError {
    path: PathBuf,
    why: String,
}

impl Reference {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is no such file.
    pub fn read(path: &Path) -> Result<Self, ReferenceError> {
        let failed = |why: String| ReferenceError {
            path: path.to_path_buf(),
            why,
        };
        let bytes = regular_file::read(path, MOST_BYTES)
            .map_err(|error| failed(format!("the reference cannot be read: {error}")))?;
        let reference: Self = serde_json::from_slice(&bytes).map_err(|error| {
            // What it quotes out of the file may be anything.
            let error: String = visible_line(&error.to_string()).chars().take(200).collect();
            failed(format!(
                "no reference values, see `lenscape verify --help`: {error}"
            ))
        })?;
        reference.check().map_err(failed)?;
        Ok(reference)
    }

    /// Whether there is something to be held to, and all of it is numbers.
    fn check(&self) -> Result<(), String> {
        if self.cases.iter().all(|case| case.steps.is_empty()) {
            return Err("no reference values: there is no step in it".into());
        }
        for (c, case) in self.cases.iter().enumerate() {
            if case.prompt_ids.is_empty() {
                return Err(format!("cases[{c}]: `prompt_ids` is empty"));
            }
            for (s, step) in case.steps.iter().enumerate() {
                for (l, cell) in step.layers.iter().enumerate() {
                    let figures = [Some(cell.logit), cell.prob, cell.entropy, cell.kl];
                    let listed = cell.top.iter().map(|(_, logit)| *logit);
                    let mut all = figures.into_iter().flatten().chain(listed);
                    if cell.rank == 0 || cell.raw_rank == Some(0) {
                        return Err(format!(
                            "cases[{c}].steps[{s}].layers[{l}]: a rank is 0, they begin with 1"
                        ));
                    }
                    if !all.all(f32::is_finite) {
                        return Err(format!(
                            "cases[{c}].steps[{s}].layers[{l}]: a figure is no finite number"
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

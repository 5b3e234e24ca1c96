//! What the engine can be asked.

use serde::{Deserialize, Serialize};

use crate::trace::{LensKind, Step};

/// Names a run; events of older runs are told from those of the current one by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub u64);

/// How the next token is drawn. It never touches what the lens shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sampling {
    /// 0 or less: greedy.
    pub temperature: f64,
    /// Draw among the `k` best only.
    pub top_k: Option<usize>,
    /// Draw among the smallest set of tokens whose probabilities reach `p`.
    pub top_p: Option<f64>,
    /// Divides the logits of tokens seen before (multiplies negative ones); 1 does nothing.
    pub repeat_penalty: f32,
    /// Seed of the draw.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_k: None,
            top_p: None,
            repeat_penalty: 1.0,
            seed: 0,
        }
    }
}

/// A prompt to be processed and continued.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The run's name, larger than that of every earlier run.
    pub id: RunId,
    /// The text, given to the tokenizer exactly as it is.
    pub prompt: String,
    /// How many tokens to generate; 0 only processes the prompt, so that candidates can be
    /// compared at the position after it.
    pub max_tokens: usize,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// The lens of the columns that are sent.
    pub lens: LensKind,
}

/// Candidates to be followed at one position of a kept run.
#[derive(Clone, Debug, PartialEq)]
pub struct Compare {
    /// Which run.
    pub run: RunId,
    /// The position that predicts this step; `Step(0)` is the position after the prompt.
    pub step: Step,
    /// As typed, leading spaces included.
    pub candidates: Vec<String>,
    /// Under which lens.
    pub lens: LensKind,
}

/// What the engine can be asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Fetch and load a model (a catalog name, hub id, `.gguf` file or folder); the old model is
    /// kept until the new one is ready.
    Load(String),
    /// Say which models can be chosen. Answered by [`super::Event::Models`], also while a run or a
    /// load is under way.
    List,
    /// Process a prompt and generate. Replaces the kept run.
    Run(Run),
    /// Follow candidates. Answered by [`super::Event::Compared`]; of several waiting ones only
    /// the newest is answered.
    Compare(Compare),
    /// Work out all columns of the kept run again under another lens, and use it for the
    /// columns still to come. Answered by [`super::Event::Recast`].
    Recast {
        /// Which run.
        run: RunId,
        /// The lens from now on.
        lens: LensKind,
    },
    /// Hand out the states of the kept run. Answered by [`super::Event::States`].
    States(RunId),
}

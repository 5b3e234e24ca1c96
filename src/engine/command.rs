//! What the engine can be asked.

use super::Question;
use crate::model::Dtype;
use crate::model::device::WantedDevices;
use crate::run::{ChatFrame, Continuation, Intervention, RunId, Sampling};
use crate::trace::{LensKind, Rows};

/// A prompt to be processed and continued.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunRequest {
    /// The run's name, larger than that of every earlier run.
    pub id: RunId,
    /// The text, given to the tokenizer exactly as it is, or as a turn of `chat`.
    pub prompt: String,
    /// The conversation whose next turn the prompt is; `None` for a prompt that is none.
    pub chat: Option<ChatFrame>,
    /// What follows the prompt in any case; what the model would have said stands in the grid
    /// all the same.
    pub continuation: Continuation,
    /// How many tokens there are at most behind the prompt; a given continuation is followed to
    /// its end even so. 0 only processes the prompt, so that candidates can be compared at the
    /// position after it.
    pub max_tokens: usize,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// The lens of the columns that are sent.
    pub lens: LensKind,
    /// The rows of the columns that are sent.
    pub rows: Rows,
    /// What is changed in the network.
    pub interventions: Vec<Intervention>,
}

/// What the engine can be asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Fetch and load a model; the old one is kept until the new one is ready.
    Load {
        /// A catalog name, hub id, `.gguf` file or folder.
        model: String,
        /// How it is held and computed with.
        dtype: Dtype,
        /// Where it runs.
        devices: WantedDevices,
    },
    /// Say which models can be chosen. Answered by [`super::Event::Models`], also while a run or a
    /// load is under way.
    List,
    /// Process a prompt and generate. Older runs are kept, so that they can be asked about.
    Run(RunRequest),
    /// Answer a question.
    Ask(Question),
    /// Keep a run no longer.
    Forget(RunId),
    /// Hand out the states of a kept run. Answered by [`super::Event::States`].
    States(RunId),
}

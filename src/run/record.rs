//! A finished or running run as saved to a file: what was asked of which model, and what every row
//! says of each token. It holds all that the screens show of a run.

use std::sync::Arc;

use crate::run::{ChatPrompt, Intervention, ModelInfo, Sampling, StopReason};
use crate::trace::{Column, LensKind, Row, Rows, Step, TokenId, Trajectory};
use crate::vocabulary::Vocabulary;

/// A finished or running run as saved to a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The model. Where the record comes from a file, its vocabulary knows only the ids that
    /// occur.
    pub model: Arc<ModelInfo>,
    /// Under which lens the figures are.
    pub lens: LensKind,
    /// At which rows they are.
    pub rows: Rows,
    /// How tokens were drawn.
    pub sampling: Sampling,
    /// How many tokens were asked for.
    pub max_tokens: usize,
    /// The prompt, exactly as it was given to the model.
    pub prompt: String,
    /// What a chat template made it from, where one did.
    pub chat: Option<ChatPrompt>,
    /// Its tokens, the tokenizer's own special tokens included.
    pub prompt_ids: Vec<TokenId>,
    /// How many of the first tokens behind the prompt were given, not chosen.
    pub given: usize,
    /// What was changed in the network.
    pub interventions: Vec<Intervention>,
    /// One a token behind the prompt.
    pub columns: Vec<Arc<Column>>,
    /// Why the run ended, if it has.
    pub finish: Option<StopReason>,
    /// What was followed.
    pub watch: Watch,
}

/// Candidates that were followed at one position.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watch {
    /// The position that predicts this step.
    pub step: Step,
    /// One a candidate.
    pub trajectories: Vec<Trajectory>,
}

impl Record {
    /// The rows inside the blocks that it has, in the order of the stream.
    #[must_use]
    pub fn rows_inside(&self) -> &[Row] {
        match self.rows {
            Rows::Layers => &[],
            Rows::Sublayers => &self.model.rows_inside,
        }
    }

    /// Its rows but for `emb`, in the order of the stream.
    #[must_use]
    pub fn layer_rows(&self) -> Vec<Row> {
        let rows = Row::all(self.model.n_layers, self.rows_inside());
        rows.into_iter().skip(1).collect()
    }

    /// What each id that occurs stands for.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.model.vocabulary
    }

    /// The prompt and the tokens behind it before a step.
    #[must_use]
    pub fn text_before(&self, step: Step) -> String {
        let generated = self.columns.iter().take(step.0);
        let generated = generated.map(|column| column.token);
        self.vocabulary().text_behind(&self.prompt, generated)
    }
}

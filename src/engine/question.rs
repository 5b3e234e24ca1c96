//! What can be asked about a run that is kept, and what can be answered.

use std::sync::Arc;

use strum::{EnumDiscriminants, EnumIter};

use crate::run::{CandidateRequest, Comparison, LayerPredictions, RunId};
use crate::trace::{
    Column, HeadContributions, Layer, LensKind, LogProb, LogitAttribution, Position, Rows, Score,
    Step, Target, TokenId,
};

/// A question about a kept run, answered from its states.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Which run.
    pub run: RunId,
    /// Under which lens.
    pub lens: LensKind,
    /// About which rows.
    pub rows: Rows,
    /// What is asked.
    pub ask: Ask,
}

/// What can be asked about a kept run. Of several questions of one kind that wait, only the
/// newest is answered; a long answer comes in pieces, and other work goes on between them.
#[derive(Clone, Debug, PartialEq, EnumDiscriminants)]
#[strum_discriminants(name(AskKind), derive(EnumIter, Hash), doc = "A kind of question.")]
#[strum_discriminants(allow(missing_docs))]
pub enum Ask {
    /// Follow candidates at one position.
    Candidates {
        /// The position that is predicted.
        at: Position,
        /// Who is followed.
        wanted: Vec<CandidateRequest>,
    },
    /// How probable whole candidates are, all their tokens together, behind one position.
    Joint {
        /// The position that the candidates begin at.
        at: Position,
        /// Whose probability.
        wanted: Vec<CandidateRequest>,
    },
    /// Work out all columns again, and use this lens and these rows for the columns still to
    /// come.
    Relens,
    /// How well each layer predicted the prompt's own tokens. The answer comes in
    /// pieces.
    PromptColumns,
    /// The best tokens of every layer.
    Predictions {
        /// The position that is predicted.
        at: Position,
        /// How many of them.
        top_k: usize,
    },
    /// What each part of the network adds to a final logit.
    Attribution {
        /// The position that is predicted.
        at: Position,
        /// What is split.
        target: Target,
    },
    /// The share of one attention, by heads.
    Heads {
        /// The position that is predicted.
        at: Position,
        /// What is split.
        target: Target,
        /// Whose attention.
        layer: Layer,
    },
    /// Where tokens stand at every row of every step. The answer comes in
    /// pieces.
    Follow {
        /// The tokens.
        tokens: Vec<TokenId>,
        /// The first step that is asked about.
        from: Step,
    },
}

impl Ask {
    /// The position that is asked about, where it is one.
    #[must_use]
    pub fn at(&self) -> Option<Position> {
        match self {
            Self::Candidates { at, .. }
            | Self::Joint { at, .. }
            | Self::Predictions { at, .. }
            | Self::Attribution { at, .. }
            | Self::Heads { at, .. } => Some(*at),
            Self::Relens | Self::PromptColumns | Self::Follow { .. } => None,
        }
    }
}

/// The answer to a question, or a piece of a long one.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// To [`Ask::Candidates`].
    Candidates(Arc<Comparison>),
    /// To [`Ask::Joint`], one a candidate in the order asked for: the probability of all its
    /// tokens, one after the other, as the model's own output has it; or why there is none.
    Joint(Arc<[Result<LogProb, String>]>),
    /// To [`Ask::Relens`]: all columns so far.
    Relens(Vec<Arc<Column>>),
    /// A piece of the answer to [`Ask::PromptColumns`].
    PromptColumns {
        /// The position that the first of the columns predicts; 1 for the first piece.
        first: Position,
        /// How well each layer predicted the prompt's token there.
        columns: Vec<Arc<Column>>,
    },
    /// To [`Ask::Predictions`].
    Predictions(Arc<LayerPredictions>),
    /// To [`Ask::Attribution`].
    Attribution(Arc<LogitAttribution>),
    /// To [`Ask::Heads`].
    Heads(Arc<HeadContributions>),
    /// A piece of the answer to [`Ask::Follow`].
    Follow {
        /// The first step of this piece.
        first: Step,
        /// One a step: for each token, its score at each row that the lens says something of:
        /// `emb`, the layers, and then the rows inside the blocks, where they were asked for.
        steps: Vec<Vec<Vec<Option<Score>>>>,
    },
}

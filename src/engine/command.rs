//! What the engine can be asked.

use strum::{EnumDiscriminants, EnumIter};

use crate::model::Dtype;
use crate::run::{Continuation, Intervention, RunId, Sampling, Wanted};
use crate::trace::{Layer, LensKind, Position, Step, Target, TokenId};

/// A prompt to be processed and continued.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// The run's name, larger than that of every earlier run.
    pub id: RunId,
    /// The text, given to the tokenizer exactly as it is.
    pub prompt: String,
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
    /// What is changed in the network.
    pub interventions: Vec<Intervention>,
}

/// A question about a kept run, answered from its states.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Which run.
    pub run: RunId,
    /// Under which lens.
    pub lens: LensKind,
    /// What is asked.
    pub ask: Ask,
}

/// What can be asked about a kept run. Of several questions of one kind that wait, only the
/// newest is answered; a long answer comes in pieces, and other work goes on between them.
#[derive(Clone, Debug, PartialEq, EnumDiscriminants)]
#[strum_discriminants(name(AskKind), derive(EnumIter, Hash), doc = "A kind of question.")]
#[strum_discriminants(allow(missing_docs))]
pub enum Ask {
    /// Follow candidates at one position. Answered by [`super::Event::Compared`].
    Candidates {
        /// The position that is predicted.
        at: Position,
        /// Who is followed.
        wanted: Vec<Wanted>,
    },
    /// How probable whole candidates are, all their tokens together, behind one position.
    /// Answered by [`super::Event::Joint`].
    Joint {
        /// The position that the candidates begin at.
        at: Position,
        /// Whose probability.
        wanted: Vec<Wanted>,
    },
    /// Work out all columns again, and use this lens for the columns still to come. Answered by
    /// [`super::Event::Recast`].
    Recast,
    /// How well each layer predicted the prompt's own tokens. Answered by
    /// [`super::Event::PromptColumns`], in pieces.
    PromptColumns,
    /// The best tokens of every layer. Answered by [`super::Event::Predicted`].
    Predictions {
        /// The position that is predicted.
        at: Position,
        /// How many of them.
        top_k: usize,
    },
    /// What each part of the network adds to a final logit. Answered by
    /// [`super::Event::Attributed`].
    Attribution {
        /// The position that is predicted.
        at: Position,
        /// What is split.
        target: Target,
    },
    /// The share of one attention, by heads. Answered by [`super::Event::HeadsAttributed`].
    Heads {
        /// The position that is predicted.
        at: Position,
        /// What is split.
        target: Target,
        /// Whose attention.
        layer: Layer,
    },
    /// Where tokens stand at every row of every step. Answered by [`super::Event::Followed`],
    /// in pieces.
    Follow {
        /// The tokens.
        tokens: Vec<TokenId>,
        /// The first step that is asked about.
        from: Step,
    },
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
    },
    /// Say which models can be chosen. Answered by [`super::Event::Models`], also while a run or a
    /// load is under way.
    List,
    /// Process a prompt and generate. Older runs are kept, so that they can be asked about.
    Run(Run),
    /// Answer a question.
    Ask(Question),
    /// Keep a run no longer.
    Forget(RunId),
    /// Hand out the states of a kept run. Answered by [`super::Event::States`].
    States(RunId),
}

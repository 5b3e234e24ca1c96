//! What the engine can be asked.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter};

use crate::model::Dtype;
use crate::trace::{Layer, LensKind, Position, Row, Skip, Step, Target, TokenId};
use crate::vocabulary::typed;

/// Names a run; events of older runs are told from those of the current one by it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

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

/// What follows the prompt before the model's own choice does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Continuation {
    /// Nothing: all is generated.
    #[default]
    Generated,
    /// This text, tokenised behind the prompt.
    Text(String),
    /// These tokens.
    Tokens(Vec<TokenId>),
    /// These tokens, and then this text, tokenised behind them.
    Branch {
        /// What stays of another run.
        tokens: Vec<TokenId>,
        /// What comes instead of its next token.
        text: String,
    },
}

/// What is changed in the network for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intervention {
    /// A part adds nothing.
    Skip(Skip),
    /// A state takes the place of the run's own.
    Patch(StatePatch),
}

/// A state of one run that takes the place of one of another run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StatePatch {
    /// At which row of the residual stream.
    pub row: Row,
    /// The position that is patched.
    pub into: Position,
    /// The run that the state comes from.
    pub from_run: RunId,
    /// Its position there.
    pub from: Position,
}

impl fmt::Display for Intervention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skip(skip) => write!(f, "-{skip}"),
            Self::Patch(patch) => write!(
                f,
                "{}@{}←{}@{}",
                patch.row, patch.into.0, patch.from_run, patch.from.0
            ),
        }
    }
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

/// A candidate as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// A text, leading spaces included; it becomes tokens behind the context.
    Text(String),
    /// One token of the vocabulary, whatever its text would become.
    Token(TokenId),
}

impl From<&str> for Wanted {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl std::str::FromStr for Wanted {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::typed(text))
    }
}

impl Wanted {
    /// What a user means: `#1234` is the token of that number, anything else a text. A word gets its
    /// leading space, and what stands in quotes is taken as it is; see [`typed`].
    #[must_use]
    pub fn typed(text: &str) -> Self {
        let number = text
            .strip_prefix('#')
            .filter(|id| !id.is_empty() && id.bytes().all(|digit| digit.is_ascii_digit()));
        match (number, typed::in_quotes(text)) {
            (Some(number), _) => match number.parse() {
                Ok(id) => Self::Token(TokenId(id)),
                // No word: a number that no token has.
                Err(_) => Self::Text(text.to_owned()),
            },
            (None, Some(inner)) => Self::Text(typed::unescaped(inner)),
            (None, None) => Self::Text(typed::with_leading_space(text)),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Token(TokenId(id)) => write!(f, "#{id}"),
        }
    }
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

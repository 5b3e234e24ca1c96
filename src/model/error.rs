//! What can be wrong with a checkpoint, each in one line: what, where, what to do.

use std::path::PathBuf;

use super::dtype::Dtype;
use super::memory::{Available, in_words};
use super::tokenizer::TokenizerError;
use crate::trace::{Layer, LensKind};
use crate::vocabulary::visible_line;

/// A checkpoint cannot be used, or a computation on it failed.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Path of the file that was read.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what its name says, or is damaged.
    #[error("{}: {reason}", path.display())]
    File {
        /// Path of the file that was read.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// A hyperparameter is missing or makes no sense.
    #[error("{place}: `{key}` {reason}")]
    Config {
        /// The file, or the part of it.
        place: String,
        /// The hyperparameter, as it is called there.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The stored numbers are not the weights themselves.
    #[error(
        "{place}: `{key}` says that the weights are quantised ({method}), in a way that is not \
         read; use the unquantised model or a GGUF file of it"
    )]
    Quantised {
        /// The file.
        place: String,
        /// The key that says so.
        key: String,
        /// How, and as what the tensors are stored.
        method: String,
    },
    /// No family reads this kind of model.
    #[error(
        "{place}: architecture `{}` is not supported; supported: {supported}",
        quoted(name)
    )]
    UnknownArchitecture {
        /// The file that names it.
        place: String,
        /// As the file calls it.
        name: String,
        /// The architectures that would do.
        supported: String,
    },
    /// What the blocks pass on is not one stream.
    #[error(
        "{place}: the trunk of `{}` is of several streams, of which no reduction to one is named \
         here; the lens reads one stream",
        quoted(name)
    )]
    SeveralStreams {
        /// The file that names it.
        place: String,
        /// As the file calls it.
        name: String,
    },
    /// A question or a change that needs one stream.
    #[error(
        "the trunk of this model is of several streams, and a row is what its head makes of them: \
         {what}"
    )]
    NotOfStreams {
        /// Why that does not do.
        what: &'static str,
    },
    /// A tensor is missing, superfluous or has the wrong shape.
    #[error("{place}: tensor `{}`: {reason}", quoted(name))]
    Tensor {
        /// The file or folder.
        place: String,
        /// The tensor's name.
        name: String,
        /// Expected and found.
        reason: String,
    },
    /// The weights do not fit into the memory that is left.
    #[error(
        "{place}: needs {} of memory, but {}",
        in_words(*needed),
        available.too_little()
    )]
    TooLarge {
        /// The file or folder.
        place: String,
        /// In bytes.
        needed: u64,
        /// What there is.
        available: Available,
    },
    /// The weights do not fit onto a device.
    #[error("{place}: {reason}")]
    TooLargeForDevice {
        /// The file or folder.
        place: String,
        /// What is needed where, and what would fit.
        reason: String,
    },
    /// The tokenizer is missing or damaged.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// More positions than the model can attend to.
    #[error(
        "the prompt has {prompt} tokens but the model can attend to {context} only; shorten the prompt"
    )]
    PromptTooLong {
        /// Tokens in the prompt.
        prompt: usize,
        /// Positions that the model has.
        context: usize,
    },
    /// A question about a position whose states are not kept.
    #[error("no states are kept that predict position {position}; generate again")]
    NoSuchPosition {
        /// The position that is predicted.
        position: usize,
    },
    /// A question about a sum inside a block whose states are not kept.
    #[error("no states are kept at {row}; show the rows inside blocks and generate again")]
    NoSuchRow {
        /// The row.
        row: String,
    },
    /// A question or an intervention about a block that the model does not have.
    #[error("the model has no {layer}; its layers are L0 to L{}", n_layers.saturating_sub(1))]
    NoSuchLayer {
        /// The layer.
        layer: Layer,
        /// How many there are.
        n_layers: usize,
    },
    /// An intervention on a head that the model does not have.
    #[error("{layer} has no head {head}; it has {n_heads}, counted from 0")]
    NoSuchHead {
        /// The layer.
        layer: Layer,
        /// The head.
        head: usize,
        /// How many there are.
        n_heads: usize,
    },
    /// The model's blocks were not loaded.
    #[error("that needs the model itself: only saved states are here")]
    HeadOnly,
    /// A fitted lens that was not read.
    #[error("there is no {lens} lens for this model; give its file with --lens-file")]
    NoSuchLens {
        /// Which one.
        lens: LensKind,
    },
    /// A question about a run that was given up to make room, or forgotten.
    #[error("that run is no longer kept; generate it again")]
    NoSuchRun,
    /// Nothing to predict from.
    #[error(
        "the prompt is empty and this tokenizer adds no start token; type at least one character"
    )]
    EmptyPrompt,
    /// A token that the model has no logit for.
    #[error(
        "token {id} is outside the model's vocabulary of {rows}; the tokenizer does not fit the weights"
    )]
    UnknownToken {
        /// The token.
        id: u32,
        /// Rows of the unembedding.
        rows: usize,
    },
    /// The numbers went wrong.
    #[error("{place}: a logit is not a finite number; {}", dtype.advice_if_not_finite())]
    NotFinite {
        /// Which row of the lens.
        place: String,
        /// In which type the model computes.
        dtype: Dtype,
    },
    /// The prompt cannot be put into the model's chat template; why, in one line.
    #[error("{0}")]
    Chat(String),
    /// Sampling could not draw a token.
    #[error("sampling failed: {0}")]
    Sampling(String),
    /// A computation failed on a card.
    #[error(
        "{devices}: {source}; what was computed is kept, and `:set device cpu` or --device cpu \
         goes on on the CPU"
    )]
    OnCard {
        /// Where the model is.
        devices: String,
        /// What failed.
        source: Box<ModelError>,
    },
    /// A tensor operation failed.
    #[error("{}", plain(.0))]
    Tensors(#[from] candle_core::Error),
}

/// A name out of a file as a message quotes it: in one line, and no longer than a message may be.
#[must_use]
pub fn quoted(name: &str) -> String {
    const LONGEST: usize = 200;
    let line = visible_line(name);
    match line.char_indices().nth(LONGEST) {
        None => line,
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}

/// A candle error's own message, without the backtrace and context that wrap it.
#[must_use]
pub fn plain(error: &candle_core::Error) -> String {
    use candle_core::Error;
    match error {
        Error::WithBacktrace { inner, .. } | Error::Context { inner, .. } => plain(inner),
        Error::WithPath { inner, path } => format!("{}: {}", path.display(), plain(inner)),
        other => {
            let text = other.to_string();
            text.lines().next().unwrap_or_default().to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_out_of_a_file_makes_neither_a_line_nor_a_long_message() {
        let error = ModelError::Tensor {
            place: "m.gguf".into(),
            name: "a\n\u{1b}[2J".repeat(999),
            reason: "is missing".into(),
        };
        let message = error.to_string();
        assert!(
            message.starts_with("m.gguf: tensor `a⏎⟨1B⟩[2Ja⏎"),
            "{message}"
        );
        assert!(message.ends_with("…`: is missing"), "{message}");
        assert!(message.chars().count() < 300, "{message}");
    }
}

//! What becomes of the tensors of a checkpoint: which ones the decoder is made of, and which ones
//! it has no use for, and why.

use std::sync::PoisonError;

use super::Checkpoint;
use crate::model::layout::{OTHER_PARTS, WITHIN};

/// What becomes of the tensors of a checkpoint; names in alphabetical order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TensorUse {
    /// The names of those that the decoder is made of.
    pub used: Vec<String>,
    /// The names of the others, and why they are not needed.
    pub unused: Vec<(String, Unused)>,
    /// What was noticed about them and is worth knowing, one line each.
    pub notes: Vec<String>,
}

/// Why a tensor has no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unused {
    /// A mask or a table that is computed instead.
    Computed,
    /// An unembedding that is the embedding once more.
    CopyOfEmbedding,
    /// Another block's is used in its place.
    AnotherBlocks,
    /// Part of a larger model around the decoder.
    OtherPart,
    /// A layer behind the decoder's own.
    LayerBeyond,
    /// Not known: the model would not be what the checkpoint describes.
    Unknown,
}

impl Unused {
    /// The reason in a few words.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Computed => "a mask or table, computed instead",
            Self::CopyOfEmbedding => "the embedding once more",
            Self::AnotherBlocks => "another block's is used instead",
            Self::OtherPart => "part of a larger model",
            Self::LayerBeyond => "of a layer that predicts tokens behind the next one",
            Self::Unknown => "not known to this architecture; the model is refused",
        }
    }
}

impl TensorUse {
    /// The names of those that the architecture does not know.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        let unknown = self
            .unused
            .iter()
            .filter(|(_, why)| *why == Unused::Unknown);
        unknown.map(|(name, _)| name.as_str())
    }
}

impl Checkpoint<'_> {
    /// What became of the tensors, once every part was asked for.
    #[must_use]
    pub fn tensor_use(&self) -> TensorUse {
        let taken = self
            .read
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let copy = self.unembedding_name() + ".weight";
        let mut names = self.weights.names();
        names.sort_unstable();
        let mut all = TensorUse {
            notes: self.notes(),
            ..TensorUse::default()
        };
        for name in names {
            if taken.contains(name) {
                all.used.push(name.to_owned());
            } else {
                let why = self.why_unused(name, &copy);
                all.unused.push((name.to_owned(), why));
            }
        }
        all
    }

    /// Whether a tensor belongs to what a larger model has beside its text model.
    fn is_of_other_part(&self, name: &str) -> bool {
        let is_within = WITHIN[1..]
            .iter()
            .any(|within| self.prefix.starts_with(within));
        if !self.layout.is_part && !is_within {
            return false;
        }
        let inner = name.strip_prefix("model.").unwrap_or(name);
        !name.starts_with(&self.prefix) || OTHER_PARTS.iter().any(|of| inner.starts_with(of))
    }

    fn is_another_blocks(&self, name: &str) -> bool {
        let parts = self
            .read
            .not_needed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let part = name.rsplit_once('.').map_or(name, |(part, _)| part);
        parts.contains(part)
    }

    /// Whether a tensor belongs to a layer behind the decoder's own.
    fn is_beyond(&self, name: &str) -> bool {
        let Some(first) = self.layout.layers_beyond else {
            return false;
        };
        let of_prefix = name.strip_prefix(&self.prefix);
        let bare = of_prefix.unwrap_or(name);
        if bare.starts_with("mtp_") || bare.starts_with("mtp.") {
            return true;
        }
        let layer = ["layers.", "blk."].into_iter().find_map(|layers| {
            let (number, _) = of_prefix?.strip_prefix(layers)?.split_once('.')?;
            number.parse::<usize>().ok()
        });
        layer.is_some_and(|layer| layer >= first)
    }

    fn why_unused(&self, name: &str, copy_of_embedding: &str) -> Unused {
        let layout = &self.layout;
        if name == copy_of_embedding {
            Unused::CopyOfEmbedding
        } else if layout.ignored.iter().any(|end| name.ends_with(end)) {
            Unused::Computed
        } else if self.is_another_blocks(name) {
            Unused::AnotherBlocks
        } else if self.is_beyond(name) {
            Unused::LayerBeyond
        } else if self.is_of_other_part(name) {
            Unused::OtherPart
        } else {
            Unused::Unknown
        }
    }
}

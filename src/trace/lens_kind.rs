//! The lenses by name, and what each of them says.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Layer, Row};

/// How a layer's state becomes logits. The last row is the model's own output under every lens.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum LensKind {
    /// Final norm, then unembedding, then the model's own logit scale or soft cap, at every layer.
    #[default]
    Normed,
    /// The final norm is left out at every layer but the last: how Ecco, and the figures of
    /// Alammar's *Finding the Words to Say* (2021), compute it.
    Raw,
    /// A fitted affine map takes each state to the last layer's first: the *tuned lens* of
    /// Belrose and others, *Eliciting Latent Predictions from Transformers with the Tuned Lens*
    /// (2023).
    Tuned,
    /// The mean Jacobian of the last layer's state by each state takes it there first: the
    /// *Jacobian lens* of 2026.
    Jacobian,
}

impl LensKind {
    /// All of them, in the order in which they are gone through.
    pub const ALL: [Self; 4] = [Self::Normed, Self::Raw, Self::Tuned, Self::Jacobian];

    /// As it is called in options, files and on the screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Normed => "normed",
            Self::Raw => "raw",
            Self::Tuned => "tuned",
            Self::Jacobian => "jacobian",
        }
    }

    /// Whether it needs a file of matrices that were fitted to the model.
    #[must_use]
    pub fn is_fitted(self) -> bool {
        match self {
            Self::Normed | Self::Raw => false,
            Self::Tuned | Self::Jacobian => true,
        }
    }

    /// What a row says under it, in a line for figures, exports and help.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Normed => {
                "the next token as the final norm and the unembedding read it from each layer"
            }
            Self::Raw => {
                "the next token as the unembedding alone reads it from each layer but the last"
            }
            Self::Tuned => "the next token as a map fitted to each layer predicts it (tuned lens)",
            Self::Jacobian => {
                "what each layer disposes the model to say sometime later, not the next token: \
                 the chosen token's rank gets worse in middle layers (Jacobian lens)"
            }
        }
    }

    /// The same in a few words, for the screen; nothing where ranks are those of the next token
    /// as usual.
    #[must_use]
    pub fn reminder(self) -> Option<&'static str> {
        match self {
            Self::Normed | Self::Raw => None,
            Self::Tuned => Some("fitted to predict the next token"),
            Self::Jacobian => Some("what may come later, not the next token"),
        }
    }

    /// Its name, and what has to be known of it wherever its figures are shown.
    #[must_use]
    pub fn in_words(self) -> String {
        match self.reminder() {
            None => self.name().to_owned(),
            Some(reminder) => format!("{self} ({reminder})"),
        }
    }

    /// The next of those that are `there`, in the usual order; itself where there is no other.
    #[must_use]
    pub fn next_of(self, there: &[Self]) -> Self {
        let behind = Self::ALL
            .into_iter()
            .skip_while(|kind| *kind != self)
            .skip(1);
        let mut next = behind.chain(Self::ALL);
        next.find(|kind| there.contains(kind)).unwrap_or(self)
    }

    /// Whether logits at a row of `n_layers` layers can be counted from those at the row below.
    /// Under the raw lens the last row alone went through the final norm: its logits and those
    /// below it differ in scale, and their difference says nothing of the last layer. Under the
    /// Jacobian lens the last row alone is about the next token.
    #[must_use]
    pub fn changes_at(self, row: Row, n_layers: usize) -> bool {
        match (self, row) {
            (_, Row::Embedding) => false,
            (Self::Normed | Self::Tuned, Row::Layer(_)) => true,
            (Self::Raw | Self::Jacobian, Row::Layer(Layer(l))) => l + 1 < n_layers,
            // What is inside a block is read as what enters it, or not at all.
            (_, Row::Inside(..)) => true,
        }
    }
}

impl fmt::Display for LensKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_lens_is_one_of_those_that_are_there() {
        let there = [LensKind::Normed, LensKind::Raw, LensKind::Jacobian];
        let walk = [LensKind::Raw, LensKind::Jacobian, LensKind::Normed];
        let mut lens = LensKind::Normed;
        for next in walk {
            lens = lens.next_of(&there);
            assert_eq!(lens, next);
        }
        assert_eq!(LensKind::Tuned.next_of(&[]), LensKind::Tuned);
    }

    #[test]
    fn a_name_is_what_is_written_to_files() {
        for kind in LensKind::ALL {
            let written = serde_json::to_string(&kind).unwrap_or_default();
            assert_eq!(written, format!("\"{kind}\""));
        }
    }
}

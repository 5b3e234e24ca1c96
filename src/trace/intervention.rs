//! Parts of the network that are switched off for a run.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Layer;

/// A part of the network that adds nothing to the residual stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ablation {
    /// Of which block.
    pub layer: Layer,
    /// What of it.
    pub part: AblatedPart,
}

/// What of a block is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AblatedPart {
    /// The whole block: the stream goes past it.
    Block,
    /// Its attention.
    Attention,
    /// Its feed-forward part.
    FeedForward,
    /// One head of its attention.
    Head(usize),
}

impl fmt::Display for Ablation {
    /// As the user types it: `L5`, `L5.attn`, `L5.mlp`, `L5.h3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.layer.fmt(f)?;
        match self.part {
            AblatedPart::Block => Ok(()),
            AblatedPart::Attention => f.write_str(".attn"),
            AblatedPart::FeedForward => f.write_str(".mlp"),
            AblatedPart::Head(head) => write!(f, ".h{head}"),
        }
    }
}

impl std::str::FromStr for Ablation {
    type Err = String;

    /// Reads what [`fmt::Display`] writes; the `L` may be left out.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("there is no `{text}`; write L5, L5.attn, L5.mlp or L5.h3");
        let (layer, part) = text.split_once('.').unwrap_or((text, ""));
        let layer = layer.strip_prefix(['L', 'l']).unwrap_or(layer);
        let layer = Layer(layer.parse().map_err(|_| wrong())?);
        let part = match part {
            "" if !text.contains('.') => AblatedPart::Block,
            "attn" => AblatedPart::Attention,
            "mlp" => AblatedPart::FeedForward,
            head => AblatedPart::Head(
                head.strip_prefix('h')
                    .and_then(|head| head.parse().ok())
                    .ok_or_else(wrong)?,
            ),
        };
        Ok(Self { layer, part })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_read_as_it_is_written() {
        for text in ["L0", "L5.attn", "L11.mlp", "L5.h3"] {
            assert_eq!(
                text.parse::<Ablation>()
                    .map(|ablation| ablation.to_string()),
                Ok(text.into())
            );
        }
        let short = "7".parse::<Ablation>().map(|ablation| ablation.to_string());
        assert_eq!(short, Ok("L7".into()));
    }

    #[test]
    fn anything_else_is_refused_in_one_line() {
        for text in ["", "L", "L5.", "L5.x", "L5.h", "attn", "L-1"] {
            assert!(
                text.parse::<Ablation>()
                    .is_err_and(|why| !why.contains('\n')),
                "{text}"
            );
        }
    }
}

//! The rows of the grid: where the residual stream is read.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Layer;

/// A row of the grid: the residual stream before block 0, right after a block, or inside one.
///
/// Rows are ordered as the stream runs through the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Row {
    /// The residual stream before block 0.
    Embedding,
    /// The residual stream right after this block.
    Layer(Layer),
    /// A sum inside this block. No state is put in there, so that no file names it as a place of
    /// one.
    #[serde(skip)]
    Inside(Layer, PartialSum),
}

/// A sum of the residual stream and what a part of the block adds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PartialSum {
    /// The stream behind the attention, or the mixer in its place, as the feed-forward part gets
    /// it: that of a serial block.
    AfterAttention,
    /// The stream before the block and what the attention adds, in a block whose parts stand side
    /// by side.
    WithAttention,
    /// The stream before the block and what the feed-forward part adds, in such a block.
    WithFeedForward,
}

impl PartialSum {
    const ALL: [Self; 3] = [
        Self::AfterAttention,
        Self::WithAttention,
        Self::WithFeedForward,
    ];

    /// As it is called behind the block's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AfterAttention => "attn",
            Self::WithAttention => "in+attn",
            Self::WithFeedForward => "in+mlp",
        }
    }
}

/// Which rows are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rows {
    /// The stream after each block.
    #[default]
    Layers,
    /// The sums inside each block too.
    Sublayers,
}

impl Rows {
    /// The layers alone where it was both, and both where it was the layers alone.
    #[must_use]
    pub fn toggled(self) -> Self {
        match self {
            Self::Layers => Self::Sublayers,
            Self::Sublayers => Self::Layers,
        }
    }
}

impl Row {
    /// The row that feeds this one; none is below the embedding. Rows inside a block stand beside
    /// the way from layer to layer: the block's input feeds them as it feeds the block.
    #[must_use]
    pub fn below(self) -> Option<Self> {
        match self.block()? {
            Layer(0) => Some(Self::Embedding),
            Layer(l) => Some(Self::Layer(Layer(l - 1))),
        }
    }

    /// The block that it is a row of.
    #[must_use]
    pub fn block(self) -> Option<Layer> {
        match self {
            Self::Embedding => None,
            Self::Layer(layer) | Self::Inside(layer, _) => Some(layer),
        }
    }

    /// Whether it is a sum inside a block.
    #[must_use]
    pub fn is_inside(self) -> bool {
        matches!(self, Self::Inside(..))
    }

    /// Its name in a column of layers, where they are numbers: `emb`, `5`, `5.attn`.
    #[must_use]
    pub fn in_layers(self) -> String {
        match self {
            Self::Embedding => self.to_string(),
            Self::Layer(layer) => layer.0.to_string(),
            Self::Inside(layer, sum) => format!("{}.{}", layer.0, sum.name()),
        }
    }

    /// `emb`, and one row a layer.
    #[must_use]
    pub fn of_layers(n_layers: usize) -> Vec<Self> {
        let layers = (0..n_layers).map(|l| Self::Layer(Layer(l)));
        std::iter::once(Self::Embedding).chain(layers).collect()
    }

    /// Those, with `inside` among them.
    #[must_use]
    pub fn all(n_layers: usize, inside: &[Self]) -> Vec<Self> {
        let mut rows = Self::of_layers(n_layers);
        rows.extend(inside);
        rows.sort_unstable();
        rows
    }
}

impl Ord for Row {
    fn cmp(&self, other: &Self) -> Ordering {
        let place = |row: &Self| match *row {
            Self::Embedding => (None, None, false),
            Self::Inside(layer, sum) => (Some(layer), Some(sum), false),
            Self::Layer(layer) => (Some(layer), None, true),
        };
        let (block, sum, is_behind) = place(self);
        let (other_block, other_sum, other_is_behind) = place(other);
        (block, is_behind, sum).cmp(&(other_block, other_is_behind, other_sum))
    }
}

impl PartialOrd for Row {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedding => f.write_str("emb"),
            Self::Layer(layer) => layer.fmt(f),
            Self::Inside(layer, sum) => write!(f, "{layer}.{}", sum.name()),
        }
    }
}

/// A text that names no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("names no row; rows are emb, L5, L5.attn, L5.in+attn and L5.in+mlp")]
pub struct NoRow;

impl FromStr for Row {
    type Err = NoRow;

    fn from_str(text: &str) -> Result<Self, NoRow> {
        if text == "emb" {
            return Ok(Self::Embedding);
        }
        let name = text.strip_prefix('L').ok_or(NoRow)?;
        let (layer, sum) = match name.split_once('.') {
            Some((layer, sum)) => (layer, Some(sum)),
            None => (name, None),
        };
        let layer = Layer(layer.parse().map_err(|_| NoRow)?);
        let Some(sum) = sum else {
            return Ok(Self::Layer(layer));
        };
        let found = PartialSum::ALL
            .into_iter()
            .find(|known| known.name() == sum);
        Ok(Self::Inside(layer, found.ok_or(NoRow)?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rows_are_in_the_order_of_the_stream() {
        let inside = [
            Row::Inside(Layer(1), PartialSum::WithFeedForward),
            Row::Inside(Layer(1), PartialSum::WithAttention),
            Row::Inside(Layer(0), PartialSum::AfterAttention),
        ];
        let names: Vec<String> = Row::all(2, &inside).iter().map(Row::to_string).collect();
        assert_eq!(
            names,
            ["emb", "L0.attn", "L0", "L1.in+attn", "L1.in+mlp", "L1"]
        );
    }

    #[test]
    fn a_row_is_known_by_its_name() {
        for row in Row::all(3, &[Row::Inside(Layer(2), PartialSum::AfterAttention)]) {
            assert_eq!(row.to_string().parse(), Ok(row));
        }
        for text in ["", "L", "5", "L5.mlp", "L5.attn.x", "L-1", "embed"] {
            assert_eq!(text.parse::<Row>(), Err(NoRow), "{text}");
        }
    }

    #[test]
    fn what_enters_a_block_feeds_all_its_rows() {
        let entering = Some(Row::Layer(Layer(4)));
        assert_eq!(Row::Layer(Layer(5)).below(), entering);
        assert_eq!(
            Row::Inside(Layer(5), PartialSum::AfterAttention).below(),
            entering
        );
        assert_eq!(
            Row::Inside(Layer(0), PartialSum::WithAttention).below(),
            Some(Row::Embedding)
        );
    }

    #[test]
    fn no_file_names_a_sum_as_the_place_of_a_state() {
        let inside = Row::Inside(Layer(0), PartialSum::AfterAttention);
        assert!(serde_json::to_string(&inside).is_err());
    }
}

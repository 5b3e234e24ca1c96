//! A trace in few numbers: by layer, and over all layers.

use super::{Column, Layer};

/// What some columns have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// How many columns there are.
    pub columns: usize,
    /// Mean rank of the chosen tokens over all layers.
    pub mean_rank: f64,
    /// Mean of the settling layers, of those columns that settle; `None` where none does.
    pub mean_settling: Option<f64>,
    /// How many columns never settle: the last layer itself ranks another token first.
    pub unsettled: usize,
    /// One a layer, layer 0 first.
    pub layers: Vec<LayerSummary>,
}

/// What one layer says of all columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerSummary {
    /// Mean rank of the chosen tokens; `None` where the lens says nothing of the layer.
    pub mean_rank: Option<f64>,
    /// The share of columns, 0 to 1, whose best token is that of the last layer.
    pub agreement: f64,
    /// How many columns settle here: their tokens are on rank 1 from this layer up to the end.
    pub settle: usize,
}

impl Summary {
    /// The summary of some columns of one model; `None` where there are none.
    #[must_use]
    pub fn of<'c>(columns: impl IntoIterator<Item = &'c Column>) -> Option<Self> {
        let columns: Vec<&Column> = columns.into_iter().collect();
        let n_layers = columns.iter().map(|column| column.layers.len()).min()?;
        let settling: Vec<Option<Layer>> = columns.iter().map(|c| c.settling_layer()).collect();
        let layers: Vec<LayerSummary> = (0..n_layers)
            .map(|l| layer(&columns, &settling, Layer(l)))
            .collect();
        Some(Self {
            columns: columns.len(),
            mean_rank: mean(layers.iter().filter_map(|layer| layer.mean_rank)).unwrap_or(0.0),
            mean_settling: mean(settling.iter().flatten().map(|layer| layer.0 as f64)),
            unsettled: settling.iter().filter(|layer| layer.is_none()).count(),
            layers,
        })
    }
}

fn layer(columns: &[&Column], settling: &[Option<Layer>], layer: Layer) -> LayerSummary {
    let cells = || {
        columns
            .iter()
            .filter_map(|column| column.layers.get(layer.0))
    };
    let agrees = |column: &&&Column| {
        let best = |l: usize| Some(column.layers.get(l)?.top.first()?.0);
        best(layer.0).is_some() && best(layer.0) == best(column.layers.len().saturating_sub(1))
    };
    LayerSummary {
        mean_rank: mean(cells().map(|cell| f64::from(cell.score.rank))),
        agreement: columns.iter().filter(agrees).count() as f64 / columns.len() as f64,
        settle: settling.iter().filter(|at| **at == Some(layer)).count(),
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), x| (sum + x, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::testing;

    /// A column with, for each layer, the rank of its token and the layer's best token.
    fn column<const N: usize>(layers: [(u32, u32); N]) -> Column {
        let cells = layers.map(|(rank, best)| testing::cell_of(rank, &[best]));
        Column {
            layers: cells.into(),
            ..testing::column(7, &[layers[0].0])
        }
    }

    #[test]
    fn figures_are_those_worked_out_by_hand() {
        let columns = [
            column([(9, 1), (1, 7), (1, 7)]),
            column([(3, 7), (2, 4), (1, 7)]),
            column([(6, 5), (3, 5), (4, 5)]),
        ];
        let summary = Summary::of(&columns).unwrap();
        let layer = |mean_rank, agreement, settle| LayerSummary {
            mean_rank: Some(mean_rank),
            agreement,
            settle,
        };
        assert_eq!(
            summary.layers,
            [
                layer(6.0, 2.0 / 3.0, 0),
                layer(2.0, 2.0 / 3.0, 1),
                layer(2.0, 1.0, 1),
            ]
        );
        assert_eq!(summary.columns, 3);
        assert!((summary.mean_rank - 10.0 / 3.0).abs() < 1e-12);
        assert_eq!(summary.mean_settling, Some(1.5));
        assert_eq!(summary.unsettled, 1);
    }

    #[test]
    fn where_nothing_settles_there_is_no_mean_settling_layer() {
        let summary = Summary::of(&[column([(1, 7), (2, 8)])]).unwrap();
        assert_eq!(summary.mean_settling, None);
        assert_eq!(summary.unsettled, 1);
    }

    #[test]
    fn of_nothing_there_is_no_summary() {
        assert_eq!(Summary::of(&[]), None);
    }
}

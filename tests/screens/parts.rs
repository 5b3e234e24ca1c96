//! Answers about the parts of a model, made up but consistent: the parts add up to the golden
//! logits.

use std::sync::Arc;

use lenscape::trace::{
    Column, HeadContributions, Layer, LayerContribution, LogitAttribution, Target,
};

const HEADS: usize = 9;

/// The column with at most so many tokens a row.
pub fn with_top_k(column: &Column, top_k: usize) -> Column {
    let mut column = column.clone();
    for cell in column
        .embedding
        .iter_mut()
        .chain(column.layers.values_mut())
    {
        cell.top.truncate(top_k);
    }
    column
}

/// The columns of a model of so many layers, in which those of the golden one come again.
pub fn with_layers(columns: &[Arc<Column>], layers: usize) -> Vec<Arc<Column>> {
    let resized = columns.iter().map(|column| {
        let mut column = (**column).clone();
        let cells = column.layers.values().cloned().collect::<Vec<_>>();
        column.layers = cells.into_iter().cycle().take(layers).collect();
        Arc::new(column)
    });
    resized.collect()
}

/// The golden logits as rows, and each change of them as the shares of two parts.
pub fn attribution(column: &Column, target: Target) -> LogitAttribution {
    let other = if target.minus.is_some() { 9.5 } else { 0.0 };
    let rows: Vec<f32> = column
        .cells()
        .zip(0u8..)
        .map(|(cell, row)| cell.score.logit - other * f32::from(row) / 30.0)
        .collect();
    let layers = rows.windows(2).zip(0u8..).map(|(pair, layer)| {
        let change = pair[1] - pair[0];
        let attention = change * 0.3 + (f32::from(layer) * 1.7).sin() * 0.4;
        LayerContribution {
            attention,
            feed_forward: change - attention,
        }
    });
    LogitAttribution {
        target,
        embedding: rows[0],
        layers: layers.collect(),
        bias: -0.0,
        cap: 0.0,
        logit: rows[rows.len() - 1],
        rows: rows.into_iter().map(Some).collect(),
    }
}

/// The attention's share, split into heads and a bias.
pub fn heads(column: &Column, target: Target, layer: Layer) -> HeadContributions {
    let attention = attribution(column, target).layers[layer.0].attention;
    let waves: Vec<f32> = (0u8..)
        .take(HEADS)
        .map(|head| (f32::from(head) * 2.3).sin())
        .collect();
    let bias = 0.02;
    let rest = attention - bias - waves.iter().sum::<f32>();
    HeadContributions {
        target,
        layer,
        heads: waves
            .iter()
            .map(|wave| wave + rest / HEADS as f32)
            .collect(),
        bias,
        attention,
    }
}

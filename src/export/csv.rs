//! A record as comma-separated values: one line a cell.

use std::io::{self, Write};

use super::Record;
use crate::trace::{Cell, Row};
use crate::vocabulary::Vocabulary;

/// Writes one line a cell: step, token, text, layer (`emb` or a number), rank, logit, prob,
/// entropy and KL in nats, and the row's best token.
pub fn write(record: &Record, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = csv::Writer::from_writer(out);
    lines.write_record([
        "step",
        "token",
        "text",
        "layer",
        "rank",
        "logit",
        "prob",
        "entropy",
        "kl",
        "top_token",
        "top_text",
    ])?;
    for (s, column) in record.columns.iter().enumerate() {
        let rows = std::iter::once(Row::Embedding)
            .chain((0..column.layers.len()).map(|l| Row::Layer(crate::trace::Layer(l))));
        for row in rows {
            let Some(cell) = column.cell(row) else {
                continue;
            };
            lines.write_record(line(s, column.token, row, cell, record.vocabulary()))?;
        }
    }
    lines.flush()
}

fn line(
    step: usize,
    token: crate::trace::TokenId,
    row: Row,
    cell: &Cell,
    vocabulary: &Vocabulary,
) -> [String; 11] {
    let text = |id| String::from_utf8_lossy(vocabulary.bytes(id)).into_owned();
    let best = cell.top.first().map(|(id, _)| *id);
    [
        step.to_string(),
        token.0.to_string(),
        text(token),
        match row {
            Row::Embedding => "emb".to_owned(),
            Row::Layer(layer) => layer.0.to_string(),
        },
        cell.score.rank.to_string(),
        cell.score.logit.to_string(),
        cell.score.prob.to_string(),
        cell.entropy.to_string(),
        cell.kl.to_string(),
        best.map(|id| id.0.to_string()).unwrap_or_default(),
        best.map(text).unwrap_or_default(),
    ]
}

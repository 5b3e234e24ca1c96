//! A record as comma-separated values: one line a cell.

use std::io::{self, Write};

use crate::run::Record;
use crate::trace::{Cell, Column, Row};
use crate::vocabulary::Vocabulary;

/// Writes one line a cell: step, token, text, layer (`emb`, a number, or as `5.attn` what is inside
/// a block), rank, logit, prob,
/// entropy and KL in nats, the row's best token, how many other tokens share the rank, the
/// natural logarithm of the probability, and the logit's change since the row below. The last is
/// empty where there is no such change, see [`Column::logit_change`].
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
        "ties",
        "log_prob",
        "logit_change",
    ])?;
    for (s, column) in record.columns.iter().enumerate() {
        for row in Row::all(column.layers.len(), record.rows_inside()) {
            let Some(cell) = column.cell(row) else {
                continue;
            };
            lines.write_record(line(s, column, row, cell, record.vocabulary()))?;
        }
    }
    lines.flush()
}

fn line(
    step: usize,
    column: &Column,
    row: Row,
    cell: &Cell,
    vocabulary: &Vocabulary,
) -> [String; 14] {
    let text = |id| String::from_utf8_lossy(vocabulary.bytes(id)).into_owned();
    let best = cell.top.first().map(|(id, _)| *id);
    [
        step.to_string(),
        column.token.0.to_string(),
        text(column.token),
        row.in_layers(),
        cell.score.rank.to_string(),
        cell.score.logit.to_string(),
        cell.score.prob.to_string(),
        cell.entropy.to_string(),
        cell.kl.to_string(),
        best.map(|id| id.0.to_string()).unwrap_or_default(),
        best.map(text).unwrap_or_default(),
        cell.score.ties.to_string(),
        cell.log_prob().to_string(),
        column
            .logit_change(row)
            .map(|change| change.to_string())
            .unwrap_or_default(),
    ]
}

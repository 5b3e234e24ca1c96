//! A page that needs nothing else: the figure, and its numbers in a table.

use std::fmt::{Display, Write as _};

use super::page::Page;
use super::predictions::BEST;
use crate::display::{Sheet, shown};
use crate::export::svg::escaped;
use crate::run::Record;
use crate::trace::{Row, Step};

/// The paper and ink of dark pages; cells keep their own colours.
const STYLE: &str = "\
:root { color-scheme: light dark }
body { margin: 2rem; font: 15px/1.5 system-ui, -apple-system, \"Segoe UI\", \"DejaVu Sans\", sans-serif; color: #1a1a1a; background: #ffffff }
svg { max-width: 100%; height: auto }
summary { cursor: pointer; margin: 1rem 0 }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .15rem .6rem; text-align: right; border-bottom: 1px solid #d8d8d8; white-space: nowrap }
@media (prefers-color-scheme: dark) {
  body { color: #e4e4e4; background: #16181c }
  th, td { border-color: #3a3d42 }
  svg .ink { fill: #e4e4e4 } svg .muted { fill: #a8a8a8 } svg .paper { fill: #16181c }
  svg .edge { stroke: #16181c } svg .guide { stroke: #3a3d42 }
  svg .line { filter: invert(1) hue-rotate(180deg) } svg circle { filter: invert(1) hue-rotate(180deg) }
}
";

/// The document around a figure; `table` is what [`grid_table`] or [`compare_table`] gave.
pub fn document(page: &Page, table: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{svg}\
         <details open>\n<summary>The numbers</summary>\n<div class=\"wide\">\n{table}</div>\n\
         </details>\n</body>\n</html>\n",
        title = escaped(&page.title),
        svg = page.svg(),
    )
}

/// Layers down, tokens across: what each cell says, with all its digits.
pub fn grid_table(sheet: &Sheet<'_>) -> String {
    let columns: Vec<_> = sheet.columns().collect();
    let labels = columns.iter().map(|column| sheet.label(column));
    let cells = |row| {
        let columns = columns.iter();
        columns.map(|column| sheet.plain(column, row)).collect()
    };
    table(&sheet.rows, labels.collect(), cells)
}

/// Layers down, candidates across: the rank of each.
pub fn compare_table(record: &Record) -> String {
    let trajectories = &record.watch.trajectories;
    let labels = trajectories.iter().map(|t| shown(&t.candidate.text));
    let cells = |row| {
        let scores = trajectories.iter();
        scores.filter_map(|t| Some(t.score(row)?.rank)).collect()
    };
    table(&record.layer_rows(), labels.collect(), cells)
}

/// Layers down, places across: the token and its probability.
pub fn predictions_table(record: &Record, step: Step) -> String {
    let places = (1..=BEST).map(|place| place.to_string());
    let cells = |row| -> Vec<String> {
        let column = record.columns.get(step.0);
        let cell = column.and_then(|column| column.cell(row));
        let best = cell.into_iter().flat_map(|cell| cell.best(BEST));
        best.map(|(token, prob)| format!("{} {prob:.4}", record.vocabulary().label(token)))
            .collect()
    };
    table(&record.layer_rows(), places.collect(), cells)
}

fn table<T: Display>(rows: &[Row], labels: Vec<String>, cells: impl Fn(Row) -> Vec<T>) -> String {
    // Writing to a string does not fail.
    let mut html = String::from("<table>\n<thead><tr><th scope=\"col\">layer</th>");
    for label in labels {
        let _ = write!(html, "<th scope=\"col\">{}</th>", escaped(&label));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        let name = row.in_layers();
        let _ = write!(html, "<tr><th scope=\"row\">{name}</th>");
        for figure in cells(*row) {
            let _ = write!(html, "<td>{}</td>", escaped(&figure.to_string()));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table>\n");
    html
}

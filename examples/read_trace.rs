//! Reads a trace that `lenscape trace --output FILE` or the program's `S` has written, as JSON or as
//! safetensors.
//!
//! ```console
//! $ lenscape trace 'The keys to the cabinet' --output keys.json
//! $ cargo run --release --example read_trace -- keys.json
//! ```

use std::error::Error;
use std::io::Write;
use std::path::Path;

use lenscape::export::trace_file;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(path) = std::env::args_os().nth(1) else {
        return Err("what is needed: FILE".into());
    };
    summary(path.as_ref(), &mut std::io::stdout())
}

/// Writes a line for each token: its probability, its rank at every layer, and where it settles.
pub fn summary(path: &Path, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let record = trace_file::open(path)?;
    writeln!(out, "{}: {}", record.model.name, record.prompt)?;
    for column in &record.columns {
        let token = record.vocabulary().label(column.token);
        let Some(last) = column.layers.last() else {
            continue;
        };
        let ranks: Vec<String> = column
            .layers
            .iter()
            .map(|cell| cell.map_or_else(|| "-".to_owned(), |cell| cell.score.rank.to_string()))
            .collect();
        let settles = column
            .settling_layer()
            .map_or_else(|| "never".to_owned(), |layer| layer.to_string());
        let prob = last.score.prob;
        writeln!(
            out,
            "{token}  {prob:.4}  {}  settles {settles}",
            ranks.join(" ")
        )?;
    }
    Ok(())
}

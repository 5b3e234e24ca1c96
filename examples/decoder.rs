//! The decoder as a library: what each layer of a model would say next.
//!
//! ```console
//! $ cargo run --release --example decoder -- MODEL 'The keys to the cabinet'
//! ```
//!
//! MODEL is a folder with `config.json`, or a GGUF file. Every state of the residual stream is put
//! through the final norm and the unembedding (the logit lens), and the best token of each is told.

use std::error::Error;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use candle_core::Device;
use lenscape::catalog::CheckpointFiles;
use lenscape::lens::{Logits, Normed, StateTap, column};
use lenscape::model::{self, Dtype};
use lenscape::trace::TokenId;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(model), Some(text)) = (arguments.next(), arguments.next()) else {
        return Err("what is needed: MODEL TEXT".into());
    };
    best_tokens(
        model.as_ref(),
        &text.to_string_lossy(),
        &mut std::io::stdout(),
    )
}

/// Writes a line for each row, the embedding first: its best token, and how probable that is.
pub fn best_tokens(path: &Path, text: &str, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let files = match path.is_dir() {
        true => CheckpointFiles::Folder(path.to_owned()),
        false => CheckpointFiles::Gguf(path.to_owned()),
    };
    let mut model = model::load(&files, &Device::Cpu, Dtype::Auto, &|_, _| {})?;
    let tokens = model.tokenizer.encode(text)?;

    // One pass over the text. The tap sees the state of every row; a break would end the pass.
    let mut tap = StateTap::default();
    let _: ControlFlow<()> = model.decoder.forward(&tokens, &mut |row, state| {
        tap.take(row, state)?;
        Ok(ControlFlow::Continue(()))
    })?;

    // The figures of a column are those of one token; the list of the best ones is there for any.
    let logits = Logits::of(&model.unembed, &tap.states()?, &Normed)?;
    let vocabulary = model.tokenizer.vocabulary(model.vocab_size);
    let column = column(&logits, TokenId(0), 1, &vocabulary)?;
    let rows = std::iter::once(("emb".to_owned(), column.embedding.as_ref())).chain(
        (0..)
            .map(|layer| format!("L{layer}"))
            .zip(column.layers.iter()),
    );
    for (name, cell) in rows {
        let Some(cell) = cell else { continue };
        for (token, logit) in &cell.top {
            let prob = cell.prob_of_logit(*logit);
            writeln!(out, "{name:>4}  {prob:.4}  {}", vocabulary.label(*token))?;
        }
    }
    Ok(())
}

//! `lenscape models inspect`: what was understood of a checkpoint.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::Device;

use super::models::fetch_visibly;
use crate::catalog::{Catalog, CheckpointFiles, FetchError, ModelRef, Places};
use crate::model::memory::{self, in_words};
use crate::model::spec::Spec;
use crate::model::tokenizer::Tokenizer;
use crate::model::{self, Description, Dtype, ModelError};
use crate::trace::TokenId;

/// Why a checkpoint could not be inspected.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The model could not be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Its files cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The result could not be written.
    #[error("cannot write the result: {0}")]
    Output(#[from] io::Error),
}

/// Finds or fetches the model `name` and writes what was understood of it: family, description,
/// memory, tokenizer, and whether every tensor has a use. `dtype` is how it would be computed with.
///
/// # Errors
/// When the model cannot be had, its files cannot be used, or `out` cannot be written to.
pub fn inspect(
    name: &str,
    dtype: Dtype,
    catalog: &Catalog,
    places: &Places,
    out: &mut dyn Write,
) -> Result<(), InspectError> {
    let reference = ModelRef::parse(name, catalog).map_err(FetchError::from)?;
    let files = fetch_visibly(&reference, catalog, places)?.files;
    let description = model::describe(&files, dtype)?;
    let mut line = |label: &str, value: String| writeln!(out, "{label:12}{value}");
    line("files", files.path().display().to_string())?;
    line("family", description.family.clone())?;
    line("stored as", description.storage.clone())?;
    line("computed", computed_in_words(dtype).to_owned())?;
    line("parameters", description.memory.parameters.to_string())?;
    line("memory", memory_in_words(&description))?;
    line("tokenizer", tokenizer_in_words(&description.tokenizer))?;
    line("width", description.spec.d_model.to_string())?;
    line("context", description.spec.context_length.to_string())?;
    line("positions", format!("{:?}", description.spec.positions))?;
    for (layers, block) in blocks(&description.spec) {
        line(&layers, block)?;
    }
    line("head", format!("{:?}", description.spec.head))?;
    line(
        "tensors",
        tensors_in_words(&files, dtype, description.n_tensors)?,
    )?;
    Ok(())
}

fn computed_in_words(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::Auto => "exact: held as stored, float32 arithmetic",
        Dtype::F32 => "f32: held in float32, float32 arithmetic",
        Dtype::Bf16 => "bf16: weights and results rounded to bfloat16",
        Dtype::F16 => "f16: weights and results rounded to float16",
    }
}

fn memory_in_words(description: &Description) -> String {
    let free = memory::available().map_or("an unknown amount is".to_owned(), |bytes| {
        format!("{} are", in_words(bytes))
    });
    let memory = description.memory;
    format!(
        "{} for the weights, {} for up to 2048 positions and the lens, {} at most; {free} free",
        in_words(memory.weights),
        in_words(memory.run),
        in_words(memory.peak)
    )
}

fn tokenizer_in_words(tokenizer: &Tokenizer) -> String {
    let ids = |ids: &[TokenId]| {
        let ids: Vec<String> = ids.iter().map(|id| id.0.to_string()).collect();
        ids.join(", ")
    };
    let bos = match tokenizer.bos() {
        None => "no BOS".to_owned(),
        Some(id) if tokenizer.adds_bos() => format!("BOS {}, put before every text", id.0),
        Some(id) => format!("BOS {}, not added", id.0),
    };
    let end = match tokenizer.end_of_text() {
        [] => "no end-of-text token".to_owned(),
        ends => format!("ends at {}", ids(ends)),
    };
    format!(
        "{}, {} tokens; {bos}; {end}",
        tokenizer.kind(),
        tokenizer.size()
    )
}

/// The blocks' descriptions; layers that follow each other and are alike are one entry.
fn blocks(spec: &Spec) -> Vec<(String, String)> {
    let mut first = 0;
    let runs = spec.blocks.chunk_by(|a, b| a == b);
    runs.map(|run| {
        let layers = match run.len() {
            1 => format!("L{first}"),
            n => format!("L{first}-L{}", first + n - 1),
        };
        first += run.len();
        (
            layers,
            run.first()
                .map_or(String::new(), |block| format!("{block:?}")),
        )
    })
    .collect()
}

/// Reads the model to see which tensors it takes; one that is missing or has no use is an error
/// that names it.
fn tensors_in_words(
    files: &CheckpointFiles,
    dtype: Dtype,
    all: usize,
) -> Result<String, ModelError> {
    let used = AtomicUsize::new(0);
    model::load(files, &Device::Cpu, dtype, &|taken, _| {
        used.fetch_max(taken, Ordering::Relaxed);
    })?;
    let used = used.into_inner();
    Ok(format!(
        "{all} in the files, {used} used, {} not needed (masks, or a copy of the embedding)",
        all.saturating_sub(used)
    ))
}

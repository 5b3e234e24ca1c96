//! `lenscape models inspect`: what was understood of a checkpoint, from the headers of its files.

mod names;
mod words;

use std::io::{self, Write};

use serde::Serialize;

use super::models::fetch_visibly;
use crate::catalog::{Catalog, FetchError, ModelRef, ModelSources};
use crate::export::json;
use crate::model::checkpoint::{TensorUse, Unused};
use crate::model::memory::{self, in_words};
use crate::model::tokenizer::Tokenizer;
use crate::model::weights::Mix;
use crate::model::{self, Dequantisation, Description, Dtype, ModelError};
use crate::vocabulary::visible_line;

/// Why a checkpoint could not be inspected.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The model could not be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Its files cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// What was understood of a checkpoint.
#[derive(Debug, Serialize)]
pub struct Inspection {
    /// The file or folder.
    pub files: String,
    /// The decoder family.
    pub family: String,
    /// How the weights are stored, in a word.
    pub stored_as: String,
    /// How much of them is stored in which type, the most first.
    pub storage: Vec<StoredShare>,
    /// Number of weights.
    pub parameters: u64,
    /// What they take in memory.
    pub memory: MemoryNeeded,
    /// From text to tokens.
    pub tokenizer: TokenizerKind,
    /// Width of the residual stream.
    pub d_model: usize,
    /// The most positions that it can attend to.
    pub context_length: usize,
    /// Number of blocks.
    pub n_layers: usize,
    /// What is done before the first block, in words.
    pub embedding: String,
    /// The blocks in words.
    pub blocks: Vec<Blocks>,
    /// From the last state to logits, in words.
    pub head: String,
    /// What a reader of its figures should know, one line each.
    pub notes: Vec<String>,
    /// What becomes of the tensors.
    pub tensors: Tensors,
    #[serde(skip)]
    stored_in_words: String,
}

/// What is stored in one type.
#[derive(Debug, Serialize)]
pub struct StoredShare {
    /// The type, as its file format calls it.
    pub kind: String,
    /// How many tensors.
    pub tensors: usize,
    /// How many weights.
    pub weights: u64,
    /// Their part of all weights, from 0 to 1.
    pub part: f64,
    /// Bytes in the files; 0 where the size of such a type is not known.
    pub bytes: u64,
}

/// Bytes of memory.
#[derive(Debug, Serialize)]
pub struct MemoryNeeded {
    /// How the weights would be held, for example `in float32`.
    pub held: &'static str,
    /// For the weights.
    pub weights: u64,
    /// At the worst moment of loading or running.
    pub peak: u64,
    /// Free now, where the system says so.
    pub available: Option<u64>,
}

/// A tokenizer.
#[derive(Debug, Serialize)]
pub struct TokenizerKind {
    /// The algorithm, for example `BPE`.
    pub kind: String,
    /// Number of tokens.
    pub size: usize,
    /// The start token's id.
    pub bos: Option<u32>,
    /// Whether it is put before every text.
    pub adds_bos: bool,
    /// The ids that end a text.
    pub ends: Vec<u32>,
}

/// Blocks that are alike.
#[derive(Debug, Serialize)]
pub struct Blocks {
    /// Their layers, for example `L0-L3, L5`.
    pub layers: String,
    /// What they are: norms, attention, feed-forward part.
    pub parts: Vec<String>,
}

/// The tensors in the files. Names that differ by numbers only are folded into one.
#[derive(Debug, Serialize)]
pub struct Tensors {
    /// How many there are.
    pub count: usize,
    /// How many the decoder is made of.
    pub used_count: usize,
    /// The names of those that the decoder is made of.
    pub used: Vec<String>,
    /// Those that the decoder does without, by the reason for it.
    pub unused: Vec<UnusedTensors>,
}

/// Tensors without use, for one reason.
#[derive(Debug, Serialize)]
pub struct UnusedTensors {
    /// Why they are not needed.
    pub reason: &'static str,
    /// Their names.
    pub names: Vec<String>,
}

/// Finds or fetches the model `name`, and understands it without reading its weights. `dtype` is
/// how it would be computed with.
///
/// # Errors
/// When the model cannot be had, or its files cannot be used.
pub fn inspect(
    name: &str,
    dtype: Dtype,
    catalog: &Catalog,
    places: &ModelSources,
) -> Result<Inspection, InspectError> {
    let reference = ModelRef::parse(name, catalog).map_err(FetchError::from)?;
    let files = fetch_visibly(&reference, catalog, places)?.files;
    let description = model::describe(&files, dtype)?;
    let tensors = description.tensors()?;
    Ok(inspection(
        files.path().display().to_string(),
        &description,
        dtype,
        &tensors,
    ))
}

fn inspection(
    files: String,
    description: &Description,
    dtype: Dtype,
    tensors: &TensorUse,
) -> Inspection {
    let spec = &description.spec;
    let blocks = words::blocks(spec).into_iter();
    Inspection {
        files,
        family: description.family.to_owned(),
        stored_as: description.storage.name.clone(),
        storage: stored_shares(&description.storage),
        stored_in_words: description.storage.in_words(),
        parameters: description.memory.parameters,
        memory: MemoryNeeded {
            held: held(
                description.memory.dequantisation,
                dtype,
                &description.storage,
            ),
            weights: description.memory.weights,
            peak: description.memory.peak,
            available: memory::available().map(|available| available.bytes),
        },
        tokenizer: tokenizer(&description.tokenizer),
        d_model: spec.d_model,
        context_length: spec.context_length,
        n_layers: spec.blocks.len(),
        embedding: words::embedding(spec),
        blocks: blocks
            .map(|(layers, parts)| Blocks { layers, parts })
            .collect(),
        head: words::head(&spec.unembed),
        notes: [&*description.notes, &tensors.notes].concat(),
        tensors: self::tensors(tensors),
    }
}

fn stored_shares(mix: &Mix) -> Vec<StoredShare> {
    let shares = mix.shares.iter().map(|share| StoredShare {
        kind: share.kind.clone(),
        tensors: share.tensors,
        weights: share.weights,
        part: mix.part(share),
        bytes: share.bytes,
    });
    shares.collect()
}

fn held(dequantisation: Dequantisation, dtype: Dtype, stored: &Mix) -> &'static str {
    match (dequantisation, dtype) {
        (Dequantisation::AtLoad, _) => "in float32",
        (Dequantisation::AtUse, Dtype::Auto) if stored.name == "F32" => "in float32",
        (Dequantisation::AtUse, Dtype::Bf16) => "in bfloat16",
        (Dequantisation::AtUse, Dtype::F16) => "in float16",
        (Dequantisation::AtUse, Dtype::Auto | Dtype::F32) => "as they are stored",
    }
}

fn tokenizer(tokenizer: &Tokenizer) -> TokenizerKind {
    TokenizerKind {
        kind: tokenizer.kind().to_string(),
        size: tokenizer.size(),
        bos: tokenizer.bos().map(|id| id.0),
        adds_bos: tokenizer.adds_bos(),
        ends: tokenizer.end_of_text().iter().map(|id| id.0).collect(),
    }
}

fn tensors(tensors: &TensorUse) -> Tensors {
    let reasons = [
        Unused::Computed,
        Unused::CopyOfEmbedding,
        Unused::AnotherBlocks,
        Unused::OtherPart,
        Unused::LayerBeyond,
        Unused::Unknown,
    ];
    let unused = reasons.into_iter().filter_map(|reason| {
        let these = tensors.unused.iter().filter(|(_, why)| *why == reason);
        let names = names::folded(these.map(|(name, _)| name.as_str()));
        (!names.is_empty()).then_some(UnusedTensors {
            reason: reason.reason(),
            names,
        })
    });
    Tensors {
        count: tensors.used.len() + tensors.unused.len(),
        used_count: tensors.used.len(),
        used: names::folded(tensors.used.iter().map(String::as_str)),
        unused: unused.collect(),
    }
}

impl Inspection {
    /// Writes it as JSON.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        json::write_pretty(self, out)?;
        writeln!(out)
    }

    /// Writes it in lines for people.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        // Values quote names out of the files.
        let mut line =
            |label: &str, value: &str| writeln!(out, "{label:12}{}", visible_line(value));
        line("files", &self.files)?;
        line("family", &self.family)?;
        line("stored as", &self.stored_in_words)?;
        line("parameters", &self.parameters.to_string())?;
        line("memory", &self.memory.in_words())?;
        line("tokenizer", &self.tokenizer.in_words())?;
        line("width", &self.d_model.to_string())?;
        line("context", &self.context_length.to_string())?;
        line("embedding", &self.embedding)?;
        for blocks in &self.blocks {
            line("layers", &blocks.layers)?;
            for part in &blocks.parts {
                line("", part)?;
            }
        }
        line("head", &self.head)?;
        for note in &self.notes {
            line("note", note)?;
        }
        let Tensors {
            count, used_count, ..
        } = self.tensors;
        let counts = format!(
            "{count} in the files, {used_count} used, {} not",
            count - used_count
        );
        line("tensors", &counts)?;
        for (at, name) in self.tensors.used.iter().enumerate() {
            line(if at == 0 { "used" } else { "" }, name)?;
        }
        for unused in &self.tensors.unused {
            for (at, name) in unused.names.iter().enumerate() {
                let label = if at == 0 { "not used" } else { "" };
                line(label, &format!("{name}  ({})", unused.reason))?;
            }
        }
        Ok(())
    }
}

impl MemoryNeeded {
    fn in_words(&self) -> String {
        let free = self
            .available
            .map_or("an unknown amount is".to_owned(), |bytes| {
                format!("{} are", in_words(bytes))
            });
        format!(
            "{} for the weights {}, {} at most; {free} free",
            in_words(self.weights),
            self.held,
            in_words(self.peak)
        )
    }
}

impl TokenizerKind {
    fn in_words(&self) -> String {
        let bos = match self.bos {
            None => "no BOS".to_owned(),
            Some(id) if self.adds_bos => format!("BOS {id}, put before every text"),
            Some(id) => format!("BOS {id}, not added"),
        };
        let ends: Vec<String> = self.ends.iter().map(u32::to_string).collect();
        let end = match ends.as_slice() {
            [] => "no end-of-text token".to_owned(),
            ends => format!("ends at {}", ends.join(", ")),
        };
        format!("{}, {} tokens; {bos}; {end}", self.kind, self.size)
    }
}

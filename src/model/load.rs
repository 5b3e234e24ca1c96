//! Files on this machine → a model that can run.

use rayon::prelude::*;

use super::ModelError;
use super::attention::Attention;
use super::block::{Block, PartNorms};
use super::checkpoint::{Checkpoint, TensorUse, vocabulary};
use super::config::Config;
use super::decoder::{Decoder, Embedding};
use super::dequantisation::Dequantisation;
use super::device::{OpenDevices, Processor};
use super::dtype::Dtype;
use super::families::{self, Architecture};
use super::layout::Layout;
use super::memory::{self, Memory};
use super::mixer::{Kind, Past};
use super::mixing::{Both, Mixing};
use super::placement::{self, Need, Placement, Stage};
use super::rope::Rotation;
use super::spec::{AttentionSpec, BlockSpec, FeedForwardSpec, MixingSpec, Residual, Spec};
use super::streams::Streams;
use super::tokenizer::Tokenizer;
use super::unembed::Unembed;
use super::weights::{Adapter, Folder, Gguf, Mix, Part, Weights};
use crate::catalog::CheckpointFiles;

/// A language model: what runs, what turns states into logits, and what turns text into tokens.
#[derive(Debug)]
pub struct Model {
    /// The decoder family.
    pub family: &'static str,
    /// Its description.
    pub spec: Spec,
    /// In which type it computes.
    pub dtype: Dtype,
    /// How weights are held that are stored in fewer bits than float32.
    pub dequantisation: Dequantisation,
    /// Where its parts are.
    pub placement: Placement,
    /// How the weights are stored, in a word, for example `Q4_K_M`.
    pub storage: String,
    /// Number of parameters.
    pub parameters: u64,
    /// Rows of the unembedding.
    pub vocab_size: usize,
    /// The blocks.
    pub decoder: Decoder,
    /// From states to logits.
    pub unembed: Unembed,
    /// From text to tokens and back.
    pub tokenizer: Tokenizer,
    /// What a reader of its figures should know of the checkpoint, one line each.
    pub notes: Vec<String>,
}

/// Loads a checkpoint onto `devices`, to be computed with as `dtype` says and held as
/// [`Dequantisation::of`] says. `progress` gets the number of tensors read, and of all; it may be
/// called from several threads.
///
/// # Errors
/// One line that names the file, the key or the tensor that is wrong.
pub fn load(
    files: &CheckpointFiles,
    devices: impl Into<OpenDevices>,
    dtype: Dtype,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Model, ModelError> {
    assemble(files, &devices.into(), dtype, None, progress)
}

/// The same with the weights held as `dequantisation` says.
///
/// # Errors
/// As [`load`].
pub fn load_with(
    files: &CheckpointFiles,
    devices: impl Into<OpenDevices>,
    dtype: Dtype,
    dequantisation: Dequantisation,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Model, ModelError> {
    assemble(
        files,
        &devices.into(),
        dtype,
        Some(dequantisation),
        progress,
    )
}

/// What the headers of a checkpoint say, before its weights are read.
#[derive(Debug)]
pub struct Description {
    /// The decoder family.
    pub family: &'static str,
    /// The decoder's description.
    pub spec: Spec,
    /// How the weights are stored.
    pub storage: Mix,
    /// What the model takes in memory, as it would be held.
    pub memory: Memory,
    /// From text to tokens and back.
    pub tokenizer: Tokenizer,
    /// What a reader of its figures should know of the checkpoint, one line each.
    pub notes: Vec<String>,
    weights: Weights,
    layout: Layout,
}

impl Description {
    /// What becomes of each tensor when the model is loaded. No weights are read but those of an
    /// unembedding that may be the embedding once more.
    ///
    /// # Errors
    /// When a tensor is missing or has a shape that does not fit; the message names it.
    pub fn tensors(&self) -> Result<TensorUse, ModelError> {
        self.memory.describes(&self.spec, &self.weights.place())?;
        let checkpoint = Checkpoint::outline(&self.weights, self.layout)?;
        let outline = Placement::on_one(Processor::cpu(), 0, Dequantisation::AtLoad);
        parts(&checkpoint, &self.spec, &outline)?;
        Ok(checkpoint.tensor_use())
    }
}

/// Understands a checkpoint without reading its weights; `dtype` is how it would be computed with.
///
/// # Errors
/// As [`load`], as far as the headers show it.
pub fn describe(files: &CheckpointFiles, dtype: Dtype) -> Result<Description, ModelError> {
    let (config, weights) = headers(files, Part::Whole)?;
    let Architecture {
        family,
        spec,
        layout,
        notes,
    } = families::read(&config)?;
    let vocabulary = vocabulary(&weights, &layout).unwrap_or(0);
    let tokenizer = tokenizer(&weights)?;
    Ok(Description {
        family,
        notes: [&notes, &*weights.notes(), tokenizer.notes()].concat(),
        storage: weights.mix(),
        memory: Memory::of(&weights, &spec, vocabulary, dtype),
        tokenizer,
        spec,
        layout,
        weights,
    })
}

/// The first things to know of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The decoder family.
    pub family: &'static str,
    /// What the model takes in memory, as it would be held.
    pub memory: Memory,
}

/// Looks at the headers of a checkpoint only, and not at its tokenizer: quick enough for a list.
/// `dtype` is how the model would be computed with.
///
/// # Errors
/// As [`load`], as far as those headers show it.
pub fn glance(files: &CheckpointFiles, dtype: Dtype) -> Result<Glance, ModelError> {
    let (config, weights) = headers(files, Part::Whole)?;
    let Architecture {
        family,
        spec,
        layout,
        ..
    } = families::read(&config)?;
    let vocabulary = vocabulary(&weights, &layout).unwrap_or(0);
    let memory = Memory::of(&weights, &spec, vocabulary, dtype);
    memory.describes(&spec, config.place())?;
    if let Some((name, reason)) = weights.first_not_read() {
        let place = weights.place();
        return Err(ModelError::Tensor {
            place,
            name,
            reason,
        });
    }
    Ok(Glance { family, memory })
}

/// The hyperparameters, and where the tensors stand.
fn headers(files: &CheckpointFiles, part: Part) -> Result<(Config, Weights), ModelError> {
    match files {
        CheckpointFiles::Gguf(path) => {
            let file = Gguf::open(path)?;
            let config = Config::from_gguf(file.metadata(), &path.display().to_string())?;
            families::of(&config)?;
            Ok((config, Weights::Gguf(file)))
        }
        CheckpointFiles::Folder(path) => {
            if let Some(adapter) = Adapter::instead_of_a_model(path) {
                return Err(ModelError::File {
                    path: path.clone(),
                    reason: adapter.alone(),
                });
            }
            let config = Config::from_folder(path)?;
            families::of(&config)?;
            let folder = Folder::open(path, part, config.quantisation())?;
            Ok((config, Weights::Folder(folder)))
        }
    }
}

fn tokenizer(weights: &Weights) -> Result<Tokenizer, ModelError> {
    Ok(match weights {
        Weights::Gguf(file) => Tokenizer::from_gguf_file(file.path(), file.metadata())?,
        Weights::Folder(folder) => Tokenizer::from_folder(folder.path())?,
    })
}

/// Reads a whole checkpoint; without a `dequantisation`, `dtype` decides.
fn assemble(
    files: &CheckpointFiles,
    devices: &OpenDevices,
    dtype: Dtype,
    dequantisation: Option<Dequantisation>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Model, ModelError> {
    let (config, weights) = headers(files, Part::Whole)?;
    let tokenizer = tokenizer(&weights)?;
    let Architecture {
        family,
        spec,
        layout,
        notes,
    } = families::read(&config)?;
    let vocabulary = vocabulary(&weights, &layout).unwrap_or(0);
    let memory = match dequantisation {
        Some(dequantisation) => Memory::when(&weights, &spec, vocabulary, dtype, dequantisation),
        None => Memory::of(&weights, &spec, vocabulary, dtype),
    };
    memory.describes(&spec, config.place())?;
    let need = Need {
        sizes: weights.sizes(),
        spec: &spec,
        vocabulary,
        dtype,
        place: weights.place(),
    };
    let (placement, instead) = placed(devices, dequantisation, &need)?;
    if placement.is_of_kernels() {
        memory.fits(memory::available(), &weights.place())?;
    }
    let dequantisation = placement.last().dequantisation;
    let checkpoint = Checkpoint::new(&weights, layout, placement.first(), dtype, progress)?;
    let (embedding, blocks, streams, unembed) = parts(&checkpoint, &spec, &placement)?;
    let noticed = checkpoint.finish()?;
    let noticed = [instead.into_iter().collect(), noticed].concat();
    Ok(Model {
        family,
        dtype,
        dequantisation,
        storage: weights.mix().name,
        parameters: memory.parameters,
        vocab_size: embedding.tokens.height(),
        decoder: Decoder {
            embedding: Some(embedding),
            blocks,
            streams,
            ..Decoder::outline(&spec, &placement)
        },
        placement,
        unembed,
        notes: [&notes, &*weights.notes(), tokenizer.notes(), &noticed].concat(),
        tokenizer,
        spec,
    })
}

/// Loads of a checkpoint only what turns states into logits and tokens into text: the final norm,
/// the unembedding, the tokenizer. The model's decoder runs nothing.
///
/// # Errors
/// As [`load`].
pub fn load_head(
    files: &CheckpointFiles,
    devices: impl Into<OpenDevices>,
    dtype: Dtype,
) -> Result<Model, ModelError> {
    let (config, weights) = headers(files, Part::Ends)?;
    let tokenizer = tokenizer(&weights)?;
    let Architecture {
        family,
        spec,
        layout,
        notes,
    } = families::read(&config)?;
    let vocab_size = vocabulary(&weights, &layout).unwrap_or(0);
    let memory = Memory::of_head(&weights, &spec, vocab_size, dtype);
    memory.fits(memory::available(), &weights.place())?;
    let dequantisation = memory.dequantisation;
    let placement = placement::of_head(&devices.into(), spec.blocks.len(), dequantisation);
    let checkpoint = Checkpoint::new(&weights, layout, placement.last(), dtype, &|_, _| {})?;
    let unembed = checkpoint.unembed(&spec, None)?;
    let noticed = checkpoint.notes();
    Ok(Model {
        family,
        dtype,
        dequantisation,
        storage: weights.mix().name,
        parameters: memory.parameters,
        vocab_size,
        decoder: Decoder::outline(&spec, &placement),
        placement,
        unembed,
        notes: [&notes, &*weights.notes(), tokenizer.notes(), &noticed].concat(),
        tokenizer,
        spec,
    })
}

/// Where a model comes to stand. One that nobody asked to have on a card, and that does not fit
/// there, comes onto the CPU, with why.
fn placed(
    devices: &OpenDevices,
    dequantisation: Option<Dequantisation>,
    need: &Need<'_>,
) -> Result<(Placement, Option<String>), ModelError> {
    match placement::plan(devices, dequantisation, need) {
        Err(error @ ModelError::TooLargeForDevice { .. }) if devices.is_auto => {
            let cpu = OpenDevices::one(Processor::cpu());
            let placement = placement::plan(&cpu, dequantisation, need)?;
            Ok((placement, Some(format!("runs on the CPU: {error}"))))
        }
        placement => Ok((placement?, devices.note.clone())),
    }
}

/// Every part of the decoder.
type Parts = (Embedding, Vec<Block>, Option<Streams>, Unembed);

fn parts(
    checkpoint: &Checkpoint<'_>,
    spec: &Spec,
    placement: &Placement,
) -> Result<Parts, ModelError> {
    let embedding = checkpoint.embedding(spec)?;
    let blocks = spec
        .blocks
        .par_iter()
        .enumerate()
        .map(|(l, block)| read_block(checkpoint, placement.of_block(l), l, block, spec.d_model))
        .collect::<Vec<_>>();
    // Of several complaints the first one is told, whichever thread was first.
    let blocks = blocks.into_iter().collect::<Result<Vec<_>, _>>()?;
    let tokens = placement.ends_meet().then_some(&embedding.tokens);
    let unembed = checkpoint.onto(placement.last()).unembed(spec, tokens)?;
    let streams = checkpoint.streams(spec)?;
    Ok((embedding, blocks, streams, unembed))
}

fn read_block(
    checkpoint: &Checkpoint<'_>,
    stage: &Stage,
    l: usize,
    spec: &BlockSpec,
    d_model: usize,
) -> Result<Block, ModelError> {
    let checkpoint = &checkpoint.onto(stage);
    let dtype = checkpoint.dtype();
    let attention_norms = match spec.mixing {
        MixingSpec::Nothing => PartNorms::default(),
        _ => PartNorms::read(
            spec.norm_place,
            || checkpoint.attention_norm(l, spec.norm, d_model),
            || checkpoint.attention_output_norm(l, spec.norm, d_model),
        )?,
    };
    let mlp_norms = match spec.residual {
        _ if spec.feed_forward == FeedForwardSpec::Nothing => PartNorms::default(),
        Residual::ParallelOneNorm => PartNorms::default(),
        Residual::Serial | Residual::Parallel => PartNorms::read(
            spec.norm_place,
            || checkpoint.mlp_norm(l, spec.norm, d_model),
            || checkpoint.mlp_output_norm(l, spec.norm, d_model),
        )?,
    };
    Ok(Block {
        residual: spec.residual,
        part_scale: spec.part_scale,
        attention_norms,
        attention: read_mixing(checkpoint, l, spec, d_model)?,
        laurel: checkpoint.laurel(l, spec.laurel, d_model)?,
        mlp_norms,
        feed_forward: checkpoint.feed_forward(l, &spec.feed_forward, d_model)?,
        after: checkpoint.after_parts(l, spec.after, d_model)?,
        device: checkpoint.device().clone(),
        dtype,
    })
}

/// The attention of a block, or the mixer in its place, or both.
fn read_mixing(
    checkpoint: &Checkpoint<'_>,
    l: usize,
    spec: &BlockSpec,
    d_model: usize,
) -> Result<Mixing, ModelError> {
    Ok(match &spec.mixing {
        MixingSpec::Attention => {
            let attention = read_attention(checkpoint, l, &spec.attention, d_model)?;
            Mixing::Attention(Box::new(attention))
        }
        MixingSpec::Mixer(mixer) => {
            let read = mixer.read(checkpoint, l, d_model)?;
            Mixing::Mixer(read, mixer.heads(), Past::default())
        }
        MixingSpec::Both(both) => Mixing::Both(Box::new(Both::new(
            both.clone(),
            read_attention(checkpoint, l, &spec.attention, d_model)?,
            both.mixer.read(checkpoint, l, d_model)?,
            spec.heads(),
            checkpoint.dtype(),
        ))),
        MixingSpec::Nothing => Mixing::Nothing,
    })
}

fn read_attention(
    checkpoint: &Checkpoint<'_>,
    l: usize,
    attention: &AttentionSpec,
    d_model: usize,
) -> Result<Attention, ModelError> {
    let dtype = checkpoint.dtype();
    let rotation = match attention.rope() {
        Some(rope) => {
            let divisors = checkpoint.rope_divisors(rope)?;
            Some(checkpoint.in_common(Rotation::new(rope, divisors.as_deref(), dtype)))
        }
        None => None,
    };
    let read = Attention::new(
        attention.clone(),
        checkpoint.qkv(l, attention, d_model)?,
        checkpoint.attention_output(l, attention, d_model)?,
        rotation,
        checkpoint.qk_norms(l, attention)?,
        dtype,
    );
    let read = match checkpoint.processor().has_kernels() {
        true => read,
        false => read.without_kernels(),
    };
    let gate = checkpoint.gate(l, attention, d_model)?;
    let sinks = checkpoint.sinks(l, attention)?;
    Ok(read.gated(gate).with_sinks(sinks))
}

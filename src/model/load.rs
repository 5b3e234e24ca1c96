//! Files on this machine → a model that can run.

use candle_core::Device;
use rayon::prelude::*;

use super::ModelError;
use super::attention::Attention;
use super::block::{Block, PartNorms};
use super::checkpoint::{Checkpoint, vocabulary};
use super::config::Config;
use super::decoder::Decoder;
use super::dtype::Dtype;
use super::families;
use super::head::Head;
use super::memory::{self, Memory};
use super::rope::Rotation;
use super::spec::{BlockSpec, Residual, Spec};
use super::tokenizer::Tokenizer;
use super::weights::{Folder, Gguf, Weights};
use crate::catalog::CheckpointFiles;

/// A language model: what runs, what turns states into logits, and what turns text into tokens.
#[derive(Debug)]
pub struct Model {
    /// The architecture, as the checkpoint calls it, for example `qwen3`.
    pub family: String,
    /// Its description.
    pub spec: Spec,
    /// In which type it computes.
    pub dtype: Dtype,
    /// How the weights are stored, for example `Q4_1`.
    pub storage: String,
    /// Number of parameters.
    pub parameters: u64,
    /// Rows of the unembedding.
    pub vocab_size: usize,
    /// The blocks.
    pub decoder: Decoder,
    /// From states to logits.
    pub head: Head,
    /// From text to tokens and back.
    pub tokenizer: Tokenizer,
}

/// Loads a checkpoint onto `device`, to be computed with as `dtype` says. `progress` gets the
/// number of tensors read, and of all; it may be called from several threads.
///
/// # Errors
/// One line that names the file, the key or the tensor that is wrong.
pub fn load(
    files: &CheckpointFiles,
    device: &Device,
    dtype: Dtype,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Model, ModelError> {
    let (config, weights, tokenizer) = open(files)?;
    assemble(&config, &weights, tokenizer, device, dtype, progress)
}

/// What the headers of a checkpoint say, before its weights are read.
#[derive(Debug)]
pub struct Description {
    /// The architecture, as the checkpoint calls it, for example `qwen3`.
    pub family: String,
    /// The decoder's description.
    pub spec: Spec,
    /// How the weights are stored, for example `Q4_1`.
    pub storage: String,
    /// Number of tensors in the files.
    pub n_tensors: usize,
    /// What the model takes in memory.
    pub memory: Memory,
    /// From text to tokens and back.
    pub tokenizer: Tokenizer,
}

/// Understands a checkpoint without reading its weights; `dtype` is how it would be computed with.
///
/// # Errors
/// As [`load`], as far as the headers show it.
pub fn describe(files: &CheckpointFiles, dtype: Dtype) -> Result<Description, ModelError> {
    let (config, weights, tokenizer) = open(files)?;
    let family = families::of(&config)?;
    let spec = (family.spec)(&config)?;
    let vocabulary = vocabulary(&weights, &(family.layout)(&config));
    Ok(Description {
        family: config.architecture().to_owned(),
        storage: weights.storage(),
        n_tensors: weights.count(),
        memory: Memory::of(&weights, &spec, vocabulary.unwrap_or(0), dtype),
        spec,
        tokenizer,
    })
}

/// Reads everything but the weights.
fn open(files: &CheckpointFiles) -> Result<(Config, Weights, Tokenizer), ModelError> {
    match files {
        CheckpointFiles::Gguf(path) => {
            let file = Gguf::open(path)?;
            let config = Config::from_gguf(file.metadata(), &path.display().to_string())?;
            families::of(&config)?;
            let tokenizer = Tokenizer::from_gguf_file(path, file.metadata())?;
            Ok((config, Weights::Gguf(file), tokenizer))
        }
        CheckpointFiles::Folder(path) => {
            let config = Config::from_folder(path)?;
            families::of(&config)?;
            let weights = Weights::Folder(Folder::open(path)?);
            Ok((config, weights, Tokenizer::from_folder(path)?))
        }
    }
}

fn assemble(
    config: &Config,
    weights: &Weights,
    tokenizer: Tokenizer,
    device: &Device,
    dtype: Dtype,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Model, ModelError> {
    let family = families::of(config)?;
    let spec = (family.spec)(config)?;
    let layout = (family.layout)(config);
    let vocab_size = vocabulary(weights, &layout).unwrap_or(0);
    let memory = Memory::of(weights, &spec, vocab_size, dtype);
    memory.describes(&spec, config.place())?;
    memory.fits(memory::available(), &weights.place())?;
    let checkpoint = Checkpoint::new(weights, layout, device, dtype, progress)?;
    let embedding = checkpoint.embedding(&spec)?;
    let divisors = rope_divisors(&checkpoint, &spec)?;
    let blocks = spec
        .blocks
        .par_iter()
        .enumerate()
        .map(|(l, block)| read_block(&checkpoint, l, block, spec.d_model, divisors.as_deref()))
        .collect::<Result<Vec<_>, _>>()?;
    let head = checkpoint.head(&spec, &embedding.tokens)?;
    checkpoint.finish()?;
    Ok(Model {
        family: config.architecture().to_owned(),
        dtype,
        storage: weights.storage(),
        parameters: memory.parameters,
        vocab_size,
        decoder: Decoder {
            embedding,
            d_model: spec.d_model,
            blocks,
            context_length: spec.context_length,
            seen: 0,
        },
        head,
        tokenizer,
        spec,
    })
}

/// Divisors of the rotary frequencies of all blocks, where the checkpoint holds them.
fn rope_divisors(checkpoint: &Checkpoint<'_>, spec: &Spec) -> Result<Option<Vec<f32>>, ModelError> {
    let rope = spec.blocks.iter().find_map(|block| block.attention.rope());
    rope.map_or(Ok(None), |rope| checkpoint.rope_divisors(rope))
}

fn read_block(
    checkpoint: &Checkpoint<'_>,
    l: usize,
    spec: &BlockSpec,
    d_model: usize,
    rope_divisors: Option<&[f32]>,
) -> Result<Block, ModelError> {
    let dtype = checkpoint.dtype();
    let attention = &spec.attention;
    let rotation = attention.rope();
    let rotation = rotation.map(|rope| Rotation::new(rope, rope_divisors, dtype));
    let attention_norms = PartNorms::read(
        spec.norm_place,
        || checkpoint.attention_norm(l, spec.norm, d_model),
        || checkpoint.attention_output_norm(l, spec.norm, d_model),
    )?;
    let mlp_norms = match spec.residual {
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
        attention: Attention::new(
            attention.clone(),
            checkpoint.qkv(l, attention, d_model)?,
            checkpoint.attention_output(l, attention, d_model)?,
            rotation,
            checkpoint.qk_norms(l, attention)?,
            dtype,
        ),
        mlp_norms,
        feed_forward: checkpoint.feed_forward(l, &spec.feed_forward, d_model)?,
        dtype,
    })
}

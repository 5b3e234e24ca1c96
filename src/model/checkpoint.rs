//! Reads the parts of a decoder out of a checkpoint, as its [`Layout`] says, and checks every
//! tensor on the way: a missing one, one of the wrong shape and one that nothing asked for are
//! errors that name it.

mod attention;
mod ends;
mod experts;
mod feed_forward;
mod per_layer;
mod signs;
mod streams;
mod tensor_use;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{DType, Device, Tensor};

use super::ModelError;
use super::dequantisation::Dequantisation;
use super::device::Processor;
use super::dtype::Dtype;
use super::layout::{HUGGING_FACE, Layout, Orientation, WITHIN};
use super::linear::Linear;
use super::mixer::layered_attention::Handed;
use super::norm::Norm;
use super::placement::{Placement, Stage};
use super::rope::Rotation;
use super::spec::{Bias, NormSpec, NormWeights};
use super::weight::{Rows, Weight};
use super::weights::Weights;

pub use tensor_use::{TensorUse, Unused};

/// A checkpoint that is being read.
pub struct Checkpoint<'a> {
    weights: &'a Weights,
    layout: Layout,
    prefix: String,
    reading: Reading,
    /// What is read now goes there.
    processor: Processor,
    dtype: Dtype,
    dequantisation: Dequantisation,
    read: Arc<Noticed>,
    progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// What is remembered of a checkpoint while it is read, whatever it is read onto.
#[derive(Default)]
struct Noticed {
    taken: Mutex<HashSet<String>>,
    /// Tensors that may be there and are not needed, by the beginning of their names.
    not_needed: Mutex<HashSet<String>>,
    /// What blocks hand to others, by the number of the block.
    handed: Mutex<HashMap<usize, Arc<Handed>>>,
    notes: Mutex<Vec<String>>,
    /// Rotations of queries and keys, of those that turn alike one.
    rotations: Mutex<Vec<Rotation>>,
}

/// What is read of the tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// Their values.
    Values,
    /// Their names and shapes; their values seem to be zeros, held only once for all, and of a
    /// matrix there is one column, so that nothing large is ever made.
    Headers,
}

/// A matrix as `[out, in]` on the CPU, with its bias. Of a checkpoint of which only headers are
/// read it is `[out, 1]`.
pub(in crate::model) struct Projection {
    pub weight: Rows,
    pub bias: Option<Tensor>,
}

impl Projection {
    /// With its rows in this order, which are all of its rows; one that has a bias has it so too.
    pub fn ordered(self, order: &[u32]) -> Self {
        Self {
            weight: self.weight.reordered(order),
            bias: self.bias,
        }
    }
}

impl<'a> Checkpoint<'a> {
    /// Starts reading `weights` laid out as `layout`, onto the device and held as `stage` says, to
    /// be computed with as `dtype` says. `progress` gets the number of tensors read, and of all,
    /// after each; it may be called from several threads.
    pub fn new(
        weights: &'a Weights,
        layout: Layout,
        stage: &Stage,
        dtype: Dtype,
        progress: &'a (dyn Fn(usize, usize) + Sync),
    ) -> Result<Self, ModelError> {
        let prefix = prefix(weights, &layout).ok_or_else(|| {
            let usual = layout.prefixes.first().unwrap_or(&"");
            no_embedding(weights, embedding_name(usual, &layout))
        })?;
        Ok(Self {
            weights,
            layout,
            prefix,
            reading: Reading::Values,
            processor: stage.processor.clone(),
            dtype,
            dequantisation: stage.dequantisation,
            read: Arc::default(),
            progress,
        })
    }

    /// The same checkpoint, read onto the device of another stage.
    #[must_use]
    pub fn onto(&self, stage: &Stage) -> Self {
        Self {
            weights: self.weights,
            layout: self.layout,
            prefix: self.prefix.clone(),
            reading: self.reading,
            processor: stage.processor.clone(),
            dtype: self.dtype,
            dequantisation: stage.dequantisation,
            read: Arc::clone(&self.read),
            progress: self.progress,
        }
    }

    /// Goes through `weights` without reading them: what is asked for is checked and remembered,
    /// and what comes out has no values.
    pub fn outline(weights: &'a Weights, layout: Layout) -> Result<Self, ModelError> {
        Ok(Self {
            reading: Reading::Headers,
            ..Self::new(
                weights,
                layout,
                Placement::on_one(Processor::cpu(), 0, Dequantisation::AtLoad).first(),
                Dtype::Auto,
                &|_, _| {},
            )?
        })
    }

    /// Complains about a tensor that nothing asked for: the model would not be what the
    /// checkpoint describes. Gives what was noticed and is worth knowing, one line each.
    pub fn finish(self) -> Result<Vec<String>, ModelError> {
        match self.tensor_use().unknown().next() {
            None => Ok(self.notes()),
            Some(name) => Err(self.about(
                name,
                signs::of_unknown(name).unwrap_or_else(|| {
                    format!(
                        "of shape {:?} is not part of this architecture as lenscape knows it; \
                         the numbers would be wrong without it",
                        self.weights.shape(name).unwrap_or_default()
                    )
                }),
            )),
        }
    }

    /// What was noticed while it was read and is worth knowing, one line each.
    pub fn notes(&self) -> Vec<String> {
        let notes = self
            .read
            .notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        notes.clone()
    }

    fn note(&self, note: String) {
        let mut notes = self
            .read
            .notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        notes.push(note);
    }

    /// A rotation, with tables in common with the other blocks that turn alike.
    pub(in crate::model) fn in_common(&self, rotation: Rotation) -> Rotation {
        let rotations = self.read.rotations.lock();
        rotation.in_common(&mut rotations.unwrap_or_else(PoisonError::into_inner))
    }

    /// Where the parts stand.
    pub(in crate::model) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What it is read onto.
    pub(in crate::model) fn device(&self) -> &Device {
        self.processor.device()
    }

    /// What it is read onto, and what computes there.
    pub(in crate::model) fn processor(&self) -> &Processor {
        &self.processor
    }

    /// What block `l` hands to others.
    pub(in crate::model) fn handed(&self, l: usize) -> Arc<Handed> {
        let mut handed = self
            .read
            .handed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(handed.entry(l).or_default())
    }

    /// Says that the tensors of the part `name` may be there, and are not used.
    pub(in crate::model) fn not_needed(&self, name: &str) {
        let mut parts = self
            .read
            .not_needed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        parts.insert(name.to_owned());
    }

    /// How the model is computed with.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    pub(in crate::model) fn in_block(&self, name: &str, l: usize) -> String {
        format!("{}{}", self.prefix, name.replace("{l}", &l.to_string()))
    }

    /// A norm of the last dimension of `shape`, which is the shape of its weights.
    pub(in crate::model) fn norm(
        &self,
        name: &str,
        spec: NormSpec,
        shape: &[usize],
    ) -> Result<Norm, ModelError> {
        let weight = match spec.weights {
            // llama.cpp's converter leaves the ending out of the name of one norm of Falcon-H1.
            NormWeights::Stored if self.weights.shape(name).is_some() => {
                self.tensor(name, shape)?
            }
            NormWeights::Stored => self.tensor(&format!("{name}.weight"), shape)?,
            NormWeights::Ones => Tensor::ones(shape, DType::F32, &Device::Cpu)?,
        };
        let bias_name = format!("{name}.bias");
        let bias = self
            .has_bias(spec.bias, &bias_name)
            .then(|| {
                self.tensor(&bias_name, shape)?
                    .to_device(self.device())
                    .map_err(ModelError::from)
            })
            .transpose()?;
        let weight = weight.to_device(self.device())?;
        Ok(Norm::new(spec, &weight, bias, self.dtype)?)
    }

    pub(in crate::model) fn projection(
        &self,
        name: &str,
        rows: usize,
        columns: usize,
        bias: Bias,
    ) -> Result<Projection, ModelError> {
        let weight = self.matrix(&format!("{name}.weight"), rows, columns)?;
        let bias_name = format!("{name}.bias");
        let bias = self
            .has_bias(bias, &bias_name)
            .then(|| self.tensor(&bias_name, &[rows]))
            .transpose()?;
        Ok(Projection { weight, bias })
    }

    /// A matrix of `[rows, columns]`, in whatever orientation it is stored.
    fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Rows, ModelError> {
        match self.layout.orientation {
            Orientation::OutIn => self.rows(name, &[rows, columns]),
            Orientation::InOut if self.weights.is_packed(name) => self.rows(name, &[rows, columns]),
            Orientation::InOut => self.transposed(&self.rows(name, &[columns, rows])?, rows),
        }
    }

    /// `stored`, whose columns become so many `rows`.
    fn transposed(&self, stored: &Rows, rows: usize) -> Result<Rows, ModelError> {
        match self.reading {
            Reading::Values => Ok(stored.transposed()?),
            Reading::Headers => Ok(Rows::outline(rows)),
        }
    }

    pub(in crate::model) fn has_weight(&self, name: &str) -> bool {
        self.weights.shape(&format!("{name}.weight")).is_some()
    }

    pub(in crate::model) fn has_bias(&self, bias: Bias, name: &str) -> bool {
        match bias {
            Bias::Present => true,
            Bias::Absent => false,
            Bias::AsStored => self.weights.shape(name).is_some(),
        }
    }

    /// Projections one below the other, as one.
    pub(in crate::model) fn stacked(&self, parts: Vec<Projection>) -> Result<Linear, ModelError> {
        let biases: Option<Vec<&Tensor>> = parts.iter().map(|part| part.bias.as_ref()).collect();
        let bias = match biases {
            Some(biases) => Some(Tensor::cat(&biases, 0)?.to_device(self.device())?),
            None if parts.iter().any(|part| part.bias.is_some()) => {
                return Err(self.about(
                    &format!("{}*.bias", self.prefix),
                    "stands beside some of a block's projections only".into(),
                ));
            }
            None => None,
        };
        let weights = parts.into_iter().map(|part| part.weight).collect();
        Ok(Linear::new(self.weight(weights)?, bias, self.dtype))
    }

    /// The weight that is made of `parts`, one below the other.
    pub(in crate::model) fn weight(&self, parts: Vec<Rows>) -> Result<Weight, ModelError> {
        Ok(Weight::on(&self.processor, parts, self.dequantisation)?)
    }

    /// A tensor in float32, its numbers rounded as the model's weights are.
    pub(in crate::model) fn tensor(
        &self,
        name: &str,
        expected: &[usize],
    ) -> Result<Tensor, ModelError> {
        Ok(self.dtype.round(self.unrounded(name, expected)?)?)
    }

    /// A tensor in float32.
    pub(in crate::model) fn unrounded(
        &self,
        name: &str,
        expected: &[usize],
    ) -> Result<Tensor, ModelError> {
        self.check(name, expected)?;
        let tensor = match self.reading {
            Reading::Values => self.weights.read(name)?,
            Reading::Headers => {
                Tensor::zeros((), DType::F32, &Device::Cpu)?.broadcast_as(expected)?
            }
        };
        self.took(name);
        Ok(tensor)
    }

    /// A tensor in float32 of the shape `expected`, whether or not it is stored with dimensions of
    /// one.
    pub(in crate::model) fn squeezed(
        &self,
        name: &str,
        expected: &[usize],
    ) -> Result<Tensor, ModelError> {
        let squeezed = |shape: &[usize]| shape.iter().copied().filter(|dim| *dim != 1).collect();
        let stored: Option<Vec<usize>> = self.weights.shape(name).map(<[usize]>::to_vec);
        let wanted: Vec<usize> = squeezed(expected);
        match stored.filter(|stored| wanted == squeezed(stored)) {
            Some(stored) => Ok(self.tensor(name, &stored)?.reshape(expected)?),
            None => self.tensor(name, expected),
        }
    }

    /// The `len` numbers of a tensor, in whatever dimensions they are stored.
    pub(in crate::model) fn flat(&self, name: &str, len: usize) -> Result<Vec<f32>, ModelError> {
        let stored = self.weights.shape(name).map(<[usize]>::to_vec);
        let stored = stored.filter(|stored| stored.iter().product::<usize>() == len);
        let tensor = self.tensor(name, &stored.unwrap_or_else(|| vec![len]))?;
        Ok(tensor.flatten_all()?.to_vec1()?)
    }

    /// The rows of a tensor as they are stored, or rounded as the model's weights are.
    fn rows(&self, name: &str, expected: &[usize]) -> Result<Rows, ModelError> {
        self.check(name, expected)?;
        let rows = match self.reading {
            Reading::Values => self.weights.read_rows(name)?.rounded(self.dtype),
            Reading::Headers => Rows::outline(expected.iter().rev().skip(1).product()),
        };
        self.took(name);
        Ok(rows)
    }

    fn check(&self, name: &str, expected: &[usize]) -> Result<(), ModelError> {
        self.check_type(name)?;
        match self.weights.shape(name) {
            Some(found) if found == expected => Ok(()),
            found => Err(self.wrong_shape(name, &format!("{expected:?}"), found)),
        }
    }

    /// Refuses a tensor of a type that is not read, before anything is said of its shape: packed
    /// weights have another one.
    fn check_type(&self, name: &str) -> Result<(), ModelError> {
        match self.weights.not_read(name) {
            None => Ok(()),
            Some(reason) => Err(self.about(
                name,
                match signs::of_quantisation(self.weights, name) {
                    Some(sign) => format!("{reason}; it {}", signs::quantised(&sign)),
                    None => reason,
                },
            )),
        }
    }

    fn took(&self, name: &str) {
        let taken = {
            let mut taken = self
                .read
                .taken
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            taken.insert(name.to_owned());
            taken.len()
        };
        (self.progress)(taken, self.weights.count());
    }

    fn wrong_shape(&self, name: &str, expected: &str, found: Option<&[usize]>) -> ModelError {
        if let Some(sign) = signs::of_quantisation(self.weights, name) {
            return self.about(name, signs::quantised(&sign));
        }
        let reason = match found {
            Some(found) => format!("has shape {found:?}, expected {expected}"),
            None => format!("is missing (expected with shape {expected})"),
        };
        self.about(name, reason)
    }

    pub(in crate::model) fn about(&self, name: &str, reason: String) -> ModelError {
        ModelError::Tensor {
            place: self.weights.place(),
            name: name.to_owned(),
            reason,
        }
    }
}

/// Rows of the embedding of a checkpoint that is laid out as `layout`, if it has one.
#[must_use]
pub fn vocabulary(weights: &Weights, layout: &Layout) -> Option<usize> {
    let prefix = prefix(weights, layout)?;
    let unembedding = unembedding_name(weights, layout, &prefix);
    let either = [
        embedding_name(&prefix, layout),
        format!("{unembedding}.weight"),
    ];
    let mut shapes = either.iter().filter_map(|name| weights.shape(name));
    shapes.next()?.first().copied()
}

/// The prefix of all names: the one that gives the embedding. A checkpoint whose unembedding is
/// its embedding may hold it under the unembedding's name only; then it is the one that gives
/// the first block.
fn prefix(weights: &Weights, layout: &Layout) -> Option<String> {
    let prefixes = || {
        WITHIN.iter().flat_map(|within| {
            let of_layout = layout.prefixes.iter();
            of_layout.map(move |prefix| format!("{within}{prefix}"))
        })
    };
    let has = |name: String| weights.shape(&format!("{name}.weight")).is_some();
    // One of the two the first block has: a norm before its first part, or an attention's output.
    let of_first_block =
        [layout.attention_norm, layout.output].map(|name| name.replace("{l}", "0"));
    prefixes()
        .find(|prefix| weights.shape(&embedding_name(prefix, layout)).is_some())
        .or_else(|| {
            prefixes().find(|prefix| {
                has(unembedding_name(weights, layout, prefix))
                    && of_first_block
                        .iter()
                        .any(|name| has(format!("{prefix}{name}")))
            })
        })
}

fn embedding_name(prefix: &str, layout: &Layout) -> String {
    format!("{prefix}{}.weight", layout.embedding)
}

/// The name of an unembedding of its own. It stands beside the decoder, or in a larger model's
/// part with the decoder; newer files may call it by the name that most architectures have.
fn unembedding_name(weights: &Weights, layout: &Layout, prefix: &str) -> String {
    let within = WITHIN
        .iter()
        .filter(|within| prefix.starts_with(**within))
        .max_by_key(|within| within.len());
    let outer = prefix.strip_suffix("model.").or(within.copied());
    let outer = outer.unwrap_or_default();
    let names = [layout.unembedding, HUGGING_FACE.unembedding];
    let mut all = names
        .iter()
        .flat_map(|bare| [(*bare).to_owned(), format!("{outer}{bare}")]);
    let there = all.find(|name| weights.shape(&format!("{name}.weight")).is_some());
    there.unwrap_or_else(|| format!("{outer}{}", layout.unembedding))
}

/// The complaint of a checkpoint without an embedding.
fn no_embedding(weights: &Weights, name: String) -> ModelError {
    ModelError::Tensor {
        place: weights.place(),
        reason: signs::of_adapter(weights)
            .or_else(|| Some(signs::quantised(&signs::of_quantisation(weights, &name)?)))
            .unwrap_or("is missing; it is the embedding".into()),
        name,
    }
}

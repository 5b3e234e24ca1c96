//! How a model is laid out over devices, worked out from the headers of its files and the memory
//! that is free on each device, before any of it is taken.
//!
//! On cards weights are held in float32 where all of them fit so, else as they are stored, as far
//! as products are float32 ones then ([`Processor::holds`]).

use std::ops::Range;

use super::{Placement, Stage};
use crate::model::ModelError;
use crate::model::dequantisation::Dequantisation;
use crate::model::device::{OpenDevices, Processor};
use crate::model::dtype::Dtype;
use crate::model::memory::{self, in_words};
use crate::model::spec::Spec;
use crate::model::weights::Size;

/// Left on a card for what is not counted: what its library takes, the states, what lies between
/// two operations.
const BESIDES: u64 = 512 << 20;

/// What a model needs, by the headers of its files.
#[derive(Debug)]
pub struct Need<'a> {
    /// The size of every tensor.
    pub sizes: Vec<Size>,
    /// The model's description.
    pub spec: &'a Spec,
    /// Rows of the unembedding.
    pub vocabulary: usize,
    /// How it is computed with.
    pub dtype: Dtype,
    /// The file or folder, for messages.
    pub place: String,
}

/// Lays a model out over devices. Without a `dequantisation`, the memory and `dtype` decide.
///
/// # Errors
/// When it does not fit, with the figures, and what would fit.
pub fn plan(
    devices: &OpenDevices,
    dequantisation: Option<Dequantisation>,
    need: &Need<'_>,
) -> Result<Placement, ModelError> {
    let n_blocks = need.spec.blocks.len();
    let processors = match (&*devices.processors, devices.on_the_last) {
        ([cpu, .., card], Some(blocks)) => match blocks {
            0 => vec![cpu.clone()],
            _ if blocks >= n_blocks => vec![card.clone()],
            _ => devices.processors.clone(),
        },
        ([], _) => vec![Processor::cpu()],
        (processors, _) => processors.to_vec(),
    };
    if let [cpu] = &*processors
        && cpu.has_kernels()
    {
        let held = dequantisation.unwrap_or(Dequantisation::of(need.dtype));
        return Ok(Placement::on_one(cpu.clone(), n_blocks, held));
    }
    let free: Vec<Option<u64>> = processors.iter().map(Processor::free).collect();
    let holdings: &[Dequantisation] = match (dequantisation, need.dtype) {
        (Some(Dequantisation::AtUse), _) => &[Dequantisation::AtUse],
        (Some(Dequantisation::AtLoad), _) | (None, Dtype::F32) => &[Dequantisation::AtLoad],
        (None, _) => &[Dequantisation::AtLoad, Dequantisation::AtUse],
    };
    let border = devices
        .on_the_last
        .map(|blocks| n_blocks - blocks.min(n_blocks));
    let mut refused = None;
    for held in holdings {
        let layout = Layout {
            processors: &processors,
            free: &free,
            held: *held,
            need,
        };
        let ranges = layout.ranges(border);
        match layout.first_too_small(&ranges) {
            None => return Ok(layout.placement(&ranges)),
            Some(lack) => refused = Some(lack),
        }
    }
    Err(too_large(need, &processors, &free, holdings, refused))
}

/// A device that has too little memory.
struct Lack {
    processor: Processor,
    needed: u64,
    free: u64,
}

struct Layout<'a> {
    processors: &'a [Processor],
    /// Bytes that are free on each, where that is known.
    free: &'a [Option<u64>],
    held: Dequantisation,
    need: &'a Need<'a>,
}

impl Layout<'_> {
    /// How weights are held on a processor: on the CPU as `dtype` says.
    fn held_on(&self, processor: &Processor) -> Dequantisation {
        match processor.has_kernels() {
            true => Dequantisation::of(self.need.dtype),
            false => self.held,
        }
    }

    fn bytes_of(&self, size: &Size, processor: &Processor) -> u64 {
        let is_held = size.storage.is_none_or(|storage| processor.holds(storage));
        let held = match is_held {
            true => self.held_on(processor),
            false => Dequantisation::AtLoad,
        };
        memory::held(size, self.need.dtype, held)
    }

    /// Bytes of block `l`: weights, keys and values.
    fn of_block(&self, l: usize, processor: &Processor) -> u64 {
        let sizes = self.need.sizes.iter().filter(|size| size.block == Some(l));
        let weights = sizes.map(|size| self.bytes_of(size, processor));
        let cache = memory::cache(self.need.spec, l..l + 1);
        weights.fold(cache, u64::saturating_add)
    }

    /// Bytes of what is in no block, on the first and on the last of the stages.
    fn of_ends(&self, at_first: bool, at_last: bool, processor: &Processor) -> u64 {
        let spec = self.need.spec;
        let table = (self.need.vocabulary as u64).saturating_mul(spec.embedding.width as u64);
        let ends = || self.need.sizes.iter().filter(|size| size.block.is_none());
        let is_table = |size: &&Size| size.elements == table;
        let bytes = |size: &Size| self.bytes_of(size, processor);
        let rest = ends().filter(|size| !is_table(size)).map(bytes);
        let mut tables = ends().filter(is_table).map(bytes);
        let one = tables.next().unwrap_or(0);
        let other = tables.next();
        let mut sum = 0_u64;
        if at_first {
            sum = rest.fold(one, u64::saturating_add);
        }
        if at_last {
            // One that serves as both is there once on one device, and on each of two.
            let unembedding = other.unwrap_or(if at_first { 0 } else { one });
            // On a card what the figures are made of is as large as the logits themselves.
            let times = if processor.has_kernels() { 1 } else { 4 };
            let logits = memory::logits(spec, self.need.vocabulary).saturating_mul(times);
            sum = sum.saturating_add(unembedding).saturating_add(logits);
        }
        sum
    }

    /// Bytes that a stage takes.
    fn of_stage(&self, at: usize, blocks: &Range<usize>) -> u64 {
        let Some(processor) = self.processors.get(at) else {
            return 0;
        };
        let blocks = blocks.clone().map(|l| self.of_block(l, processor));
        let ends = self.of_ends(at == 0, at + 1 == self.processors.len(), processor);
        let at_once = match self.held_on(processor) {
            _ if processor.has_kernels() => 0,
            Dequantisation::AtLoad => 0,
            // What is dequantised for a product.
            Dequantisation::AtUse => 4 * Processor::AT_ONCE as u64,
        };
        blocks.fold(BESIDES + ends + at_once, u64::saturating_add)
    }

    /// The blocks of each stage; `border` is the first block of the last of two.
    fn ranges(&self, border: Option<usize>) -> Vec<Range<usize>> {
        let n_blocks = self.need.spec.blocks.len();
        if let (Some(border), 2) = (border, self.processors.len()) {
            return vec![0..border, border..n_blocks];
        }
        let is_mixed = self.processors.iter().any(Processor::has_kernels);
        match is_mixed {
            true => self.filled_up(n_blocks),
            false => self.in_proportion(n_blocks),
        }
    }

    /// As many blocks on each device as fit, the first one first.
    fn filled_up(&self, n_blocks: usize) -> Vec<Range<usize>> {
        let mut start = 0;
        let last = self.processors.len() - 1;
        let fill = |at: usize| {
            let free = self.free.get(at).copied().flatten();
            let fits = |end: &usize| {
                let needed = self.of_stage(at, &(start..*end));
                free.is_none_or(|free| needed <= free)
            };
            let end = match at == last {
                true => n_blocks,
                false => (start..=n_blocks).rev().find(fits).unwrap_or(start),
            };
            let range = start..end;
            start = end;
            range
        };
        (0..self.processors.len()).map(fill).collect()
    }

    /// Blocks whose bytes are in the proportion of the memory that is free.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a proportion is no exact number"
    )]
    fn in_proportion(&self, n_blocks: usize) -> Vec<Range<usize>> {
        let is_known = self.free.iter().all(Option::is_some);
        let shares: Vec<f64> = self
            .free
            .iter()
            .map(|free| match (is_known, free) {
                (true, Some(free)) => (*free as f64).max(1.0),
                _ => 1.0,
            })
            .collect();
        let whole: f64 = shares.iter().sum();
        let bytes: Vec<f64> = match self.processors.first() {
            Some(first) => (0..n_blocks)
                .map(|l| self.of_block(l, first) as f64)
                .collect(),
            None => Vec::new(),
        };
        let all: f64 = bytes.iter().sum();
        let (mut start, mut share, mut passed) = (0, 0.0, 0.0);
        let mut ranges = Vec::new();
        for (at, own) in shares.iter().enumerate() {
            share += own / whole;
            let mut end = start;
            while let Some(block) = bytes.get(end) {
                // A block belongs where its middle is.
                if at + 1 < shares.len() && passed + block / 2.0 > share * all {
                    break;
                }
                passed += block;
                end += 1;
            }
            ranges.push(start..end);
            start = end;
        }
        ranges
    }

    fn first_too_small(&self, ranges: &[Range<usize>]) -> Option<Lack> {
        ranges.iter().enumerate().find_map(|(at, blocks)| {
            let needed = self.of_stage(at, blocks);
            let free = self.free.get(at).copied().flatten()?;
            let processor = self.processors.get(at)?.clone();
            (needed > free).then_some(Lack {
                processor,
                needed,
                free,
            })
        })
    }

    fn placement(&self, ranges: &[Range<usize>]) -> Placement {
        let stages = self.processors.iter().zip(ranges);
        let mut stages = stages.map(|(processor, blocks)| Stage {
            processor: processor.clone(),
            blocks: blocks.clone(),
            dequantisation: self.held_on(processor),
        });
        match stages.next() {
            Some(first) => Placement {
                first,
                others: stages.collect(),
            },
            None => Placement::on_one(Processor::cpu(), self.need.spec.blocks.len(), self.held),
        }
    }
}

/// The refusal of a model that does not fit, with what would.
fn too_large(
    need: &Need<'_>,
    processors: &[Processor],
    free: &[Option<u64>],
    holdings: &[Dequantisation],
    lack: Option<Lack>,
) -> ModelError {
    let Some(lack) = lack else {
        return ModelError::TooLargeForDevice {
            place: need.place.clone(),
            reason: "no device was asked for".to_owned(),
        };
    };
    let cards: Vec<&Processor> = processors.iter().filter(|p| !p.has_kernels()).collect();
    let mut others = Vec::new();
    if let ([card], Some(held)) = (&*cards, holdings.last()) {
        let pair = [Processor::cpu(), (*card).clone()];
        let at = processors.iter().position(|p| p.is_same(card));
        let of_card = at.and_then(|at| free.get(at).copied().flatten());
        let layout = Layout {
            processors: &pair,
            free: &[None, of_card],
            held: *held,
            need,
        };
        let n_blocks = need.spec.blocks.len();
        let fits = |blocks: &usize| {
            let ranges = layout.ranges(Some(n_blocks - blocks));
            layout.first_too_small(&ranges).is_none()
        };
        if let Some(blocks) = (1..n_blocks).rev().find(fits) {
            others.push(format!("--gpu-layers {blocks}"));
        }
        others.push("several cards, as --device cuda:0,1".to_owned());
    }
    others.push("--device cpu".to_owned());
    ModelError::TooLargeForDevice {
        place: need.place.clone(),
        reason: format!(
            "needs {} on {}, but {} are free there; try {}",
            in_words(lack.needed),
            lack.processor.place(),
            in_words(lack.free),
            others.join(", or ")
        ),
    }
}

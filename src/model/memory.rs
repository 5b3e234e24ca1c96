//! The memory that a checkpoint takes, worked out from the headers of its files, against the
//! memory that is left for this process. A model that does not fit is refused before it is read.

mod available;

use std::ops::Range;

pub use available::{Available, Bound, available};

use super::ModelError;
use super::dequantisation::Dequantisation;
use super::dtype::Dtype;
use super::mixer::{Kind, MARKS, MixerSpec};
use super::spec::Spec;
use super::weights::{Size, Weights};

/// Bytes of a number in float32.
const SINGLE: u64 = 4;

/// Positions whose keys and values are counted. The cache grows as positions come, by doubling;
/// this is its size after so many, or after the whole context where that is shorter.
const POSITIONS: usize = 2048;

/// How many states of a mixer there are at most: those of earlier positions, of which one is the
/// last, the one that a pass makes of it, and as many that a question has set aside.
const STATES: u64 = 2 * (MARKS as u64 + 1);

/// Left for all that is not counted: the program itself, the states, what lies between two
/// operations.
const BESIDES: u64 = 64 << 20;

/// Bytes that a model takes on the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// How weights are held that are stored in fewer bits than float32.
    pub dequantisation: Dequantisation,
    /// Number of weights.
    pub parameters: u64,
    /// The weights, in bytes, as they are held.
    pub weights: u64,
    /// Keys and values of 2048 positions, or of the whole context where that is shorter, the states
    /// of mixers, and the logits of every row of one position, in bytes.
    pub run: u64,
    /// At the worst moment of loading or running, in bytes.
    pub peak: u64,
}

impl Memory {
    /// What a decoder with these `weights` takes, with `vocabulary` rows in its unembedding, held
    /// as [`Dequantisation::of`] says.
    #[must_use]
    pub fn of(weights: &Weights, spec: &Spec, vocabulary: usize, dtype: Dtype) -> Self {
        Self::when(weights, spec, vocabulary, dtype, Dequantisation::of(dtype))
    }

    /// What it takes when it is held as `dequantisation` says.
    #[must_use]
    pub fn when(
        weights: &Weights,
        spec: &Spec,
        vocabulary: usize,
        dtype: Dtype,
        dequantisation: Dequantisation,
    ) -> Self {
        let sizes = weights.sizes();
        let held = sizes.iter().map(|size| held(size, dtype, dequantisation));
        let largest = held.clone().max().unwrap_or(0);
        let weights = sum(held);
        let blocks = 0..spec.blocks.len();
        let run = cache(spec, blocks).saturating_add(logits(spec, vocabulary));
        // While the largest tensor is turned into its final form, it is there twice more. That is
        // over when the first token is processed.
        let at_work = largest.saturating_mul(2).max(run);
        Self {
            dequantisation,
            parameters: sum(sizes.iter().map(|size| size.elements)),
            weights,
            run,
            peak: weights.saturating_add(at_work).saturating_add(BESIDES),
        }
    }

    /// What the head of such a decoder takes alone: no more than its unembedding in float32, or in
    /// half of it where it is held as it is stored.
    #[must_use]
    pub fn of_head(weights: &Weights, spec: &Spec, vocabulary: usize, dtype: Dtype) -> Self {
        let whole = Self::of(weights, spec, vocabulary, dtype);
        let unembedding = (vocabulary as u64).saturating_mul(spec.embedding.width as u64);
        let bytes = match whole.dequantisation {
            Dequantisation::AtLoad => unembedding.saturating_mul(SINGLE),
            Dequantisation::AtUse => unembedding.saturating_mul(SINGLE / 2),
        };
        let run = logits(spec, vocabulary);
        Self {
            weights: bytes,
            run,
            peak: bytes.saturating_add(run).saturating_add(BESIDES),
            ..whole
        }
    }

    /// Refuses a model from `place` that does not fit into what is `available`; `None` where that
    /// is not known.
    ///
    /// # Errors
    /// [`ModelError::TooLarge`] with both numbers, and what bounds the memory.
    pub fn fits(&self, available: Option<Available>, place: &str) -> Result<(), ModelError> {
        match available {
            Some(available) if self.peak > available.bytes => Err(ModelError::TooLarge {
                place: place.to_owned(),
                needed: self.peak,
                available,
            }),
            _ => Ok(()),
        }
    }

    /// Refuses a description whose attention is larger than all weights together, before
    /// anything is made of that size.
    ///
    /// # Errors
    /// [`ModelError::Config`] that names the layer.
    pub fn describes(&self, spec: &Spec, place: &str) -> Result<(), ModelError> {
        for (l, block) in spec.blocks.iter().enumerate() {
            if let Some(mixer) = block.mixing.mixer() {
                self.describes_mixer(mixer, l, spec.d_model, place)?;
            }
            if !block.mixing.has_attention() {
                continue;
            }
            let attention = &block.attention;
            let width = (attention.n_heads as u64)
                .checked_mul(attention.head_dim as u64)
                .and_then(|width| width.checked_mul(spec.d_model as u64));
            if width.is_none_or(|size| size > self.parameters) {
                return Err(ModelError::Config {
                    place: place.to_owned(),
                    key: format!("layer {l}"),
                    reason: format!(
                        "has {} heads of {} dimensions, too many for the {} weights in the files",
                        attention.n_heads, attention.head_dim, self.parameters
                    ),
                });
            }
        }
        Ok(())
    }

    /// The same of the mixer of block `l`.
    fn describes_mixer(
        &self,
        mixer: &MixerSpec,
        l: usize,
        d_model: usize,
        place: &str,
    ) -> Result<(), ModelError> {
        let mut widths = mixer.widths().into_iter();
        let is_too_wide =
            |width: u64| width.saturating_mul(d_model as u64) > self.parameters || width == 0;
        if !widths.any(is_too_wide) {
            return Ok(());
        }
        Err(ModelError::Config {
            place: place.to_owned(),
            key: format!("layer {l}"),
            reason: format!(
                "is a {}, which does not fit the {} weights in the files",
                mixer.words(),
                self.parameters
            ),
        })
    }
}

/// Bytes of a tensor in memory.
pub(super) fn held(size: &Size, dtype: Dtype, dequantisation: Dequantisation) -> u64 {
    let single = size.elements.saturating_mul(SINGLE);
    match (dequantisation, size.stored) {
        (Dequantisation::AtLoad, _) | (_, None) => single,
        (Dequantisation::AtUse, Some(stored)) => match dtype {
            Dtype::Auto | Dtype::F32 => stored,
            Dtype::Bf16 | Dtype::F16 => single / 2,
        },
    }
}

/// Bytes of the keys and values of these blocks, and of the states of those that have one instead.
pub(super) fn cache(spec: &Spec, blocks: Range<usize>) -> u64 {
    let positions = spec.context_length.min(POSITIONS) as u64;
    let blocks = spec.blocks.get(blocks).unwrap_or_default();
    let numbers = blocks.iter().map(|block| {
        let of_attention = block.mixing.has_attention().then(|| {
            let attention = &block.attention;
            let width = (attention.n_kv_heads as u64).saturating_mul(attention.head_dim as u64);
            width.saturating_mul(2 * positions)
        });
        let of_mixer = block.mixing.mixer().map(|mixer| {
            let of_positions = mixer.of_position().saturating_mul(positions);
            let states = mixer.state().saturating_mul(STATES);
            of_positions.saturating_add(states)
        });
        sum(of_attention.into_iter().chain(of_mixer))
    });
    sum(numbers).saturating_mul(SINGLE)
}

/// Bytes of the logits of one position, twice: an operation on them gives a second buffer.
pub(super) fn logits(spec: &Spec, vocabulary: usize) -> u64 {
    let rows = spec.blocks.len() as u64 + 1;
    rows.saturating_mul(vocabulary as u64)
        .saturating_mul(2 * SINGLE)
}

fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

/// Bytes as a short number with its unit, for messages.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
pub fn in_words(bytes: u64) -> String {
    let bytes = bytes as f64;
    match bytes {
        _ if bytes >= 0.95e9 => format!("{:.1} GB", bytes / 1e9),
        _ => format!("{:.0} MB", (bytes / 1e6).max(1.0)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SEVEN_BILLION: Memory = Memory {
        dequantisation: Dequantisation::AtLoad,
        parameters: 7_000_000_000,
        weights: 28_000_000_000,
        run: 500_000_000,
        peak: 29_500_000_000,
    };

    fn free(bytes: u64) -> Option<Available> {
        Some(Available {
            bytes,
            bound: Bound::Machine,
        })
    }

    #[test]
    fn a_model_that_does_not_fit_is_refused_with_the_numbers() {
        let error = SEVEN_BILLION
            .fits(free(16_000_000_000), "m.gguf")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "m.gguf: needs 29.5 GB of memory, but 16.0 GB are free; \
             choose a smaller model or close other programs"
        );
    }

    #[test]
    fn a_model_that_fits_or_might_fit_is_taken() {
        assert!(SEVEN_BILLION.fits(free(29_500_000_000), "m").is_ok());
        assert!(SEVEN_BILLION.fits(None, "m").is_ok());
    }

    #[test]
    fn weights_are_counted_as_they_are_held() {
        let matrix = Size {
            elements: 1000,
            stored: Some(625),
            storage: None,
            block: None,
        };
        let vector = Size {
            stored: None,
            ..matrix
        };
        for (dtype, as_stored) in [(Dtype::Auto, 625), (Dtype::Bf16, 2000), (Dtype::F16, 2000)] {
            assert_eq!(held(&matrix, dtype, Dequantisation::AtUse), as_stored);
            assert_eq!(held(&matrix, dtype, Dequantisation::AtLoad), 4000);
            assert_eq!(held(&vector, dtype, Dequantisation::AtUse), 4000);
        }
    }

    #[test]
    fn bytes_are_shown_in_two_units() {
        assert_eq!(in_words(5), "1 MB");
        assert_eq!(in_words(538_000_000), "538 MB");
        assert_eq!(in_words(950_000_000), "0.9 GB");
        assert_eq!(in_words(29_500_000_000), "29.5 GB");
    }
}

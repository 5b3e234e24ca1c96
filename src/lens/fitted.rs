//! What fitted lenses have in common: the model that they have to fit, and how their matrices are
//! read and checked.

use std::path::Path;

use rayon::prelude::*;

use super::kinds::Lens;
use crate::model::error::quoted;
use crate::model::memory::{self, in_words};
use crate::model::weight::{Rows, Weight};
use crate::model::weights::TensorFile;
use crate::model::{Dequantisation, Model, ModelError, families};

/// A lens that was read from files.
#[derive(Debug)]
pub struct Fitted {
    /// The lens.
    pub lens: Box<dyn Lens>,
    /// Where it is from and what it was fitted on, in a line.
    pub about: String,
    /// What a reader of its figures should know, one line each.
    pub notes: Vec<String>,
    /// Bytes that its matrices are held in.
    pub bytes: u64,
}

/// The model that a lens has to fit.
#[derive(Clone, Copy, Debug)]
pub struct FittedTo<'m> {
    /// As the model is called.
    pub name: &'m str,
    /// Its family.
    pub family: &'m str,
    /// Number of blocks.
    pub n_layers: usize,
    /// Width of the residual stream.
    pub d_model: usize,
}

impl<'m> FittedTo<'m> {
    /// That of a loaded model, which people call `name`.
    #[must_use]
    pub fn of(model: &'m Model, name: &'m str) -> Self {
        Self {
            name,
            family: model.family,
            n_layers: model.decoder.n_layers(),
            d_model: model.decoder.d_model(),
        }
    }

    /// Refuses a lens of another width.
    ///
    /// # Errors
    /// With both widths.
    pub fn check_width(&self, path: &Path, found: i64) -> Result<(), ModelError> {
        if usize::try_from(found).is_ok_and(|found| found == self.d_model) {
            return Ok(());
        }
        Err(wrong(
            path,
            format!(
                "is a lens for states of width {found}, but {} has {}; give the lens of this model",
                quoted(self.name),
                self.d_model
            ),
        ))
    }

    /// What the name of the model that a lens was fitted to says: an error where it is that of
    /// another family or no name at all, a note where it is another name.
    ///
    /// # Errors
    /// With both names.
    pub fn check_name(&self, path: &Path, fitted_to: &str) -> Result<Option<String>, ModelError> {
        /// No model has a longer name.
        const LONGEST: usize = 200;
        let is_name = !fitted_to.trim().is_empty()
            && fitted_to.len() <= LONGEST
            && !fitted_to.contains(char::is_control);
        if !is_name {
            let reason = format!(
                "says that it was fitted to `{}`, which is no name of a model",
                quoted(fitted_to)
            );
            return Err(wrong(path, reason));
        }
        if let Some(other) = other_family(fitted_to, self.family) {
            let reason = format!(
                "was fitted to {}, a {other} model, but {} is a {} model; give the lens of this \
                 model",
                quoted(fitted_to),
                quoted(self.name),
                self.family
            );
            return Err(wrong(path, reason));
        }
        Ok((bare(fitted_to) != bare(self.name)).then(|| {
            format!(
                "the lens was fitted to {}; the model here is called {}",
                quoted(fitted_to),
                quoted(self.name)
            )
        }))
    }
}

/// A name of a model without its owner, and without what spellings differ in.
fn bare(name: &str) -> String {
    let name = name.trim_end_matches('/');
    letters_of(name.rsplit('/').next().unwrap_or(name))
}

/// Letters and digits alone, in small letters.
fn letters_of(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The family that a model's name names, where none that it names is `family` or akin to it.
fn other_family(name: &str, family: &str) -> Option<String> {
    let family = letters_of(family);
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> = lower
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    // `gpt-neox-20b` names `gpt_neox`.
    let pairs = words.windows(2).map(<[&str]>::concat);
    let said: Vec<String> = words
        .iter()
        .map(|word| (*word).to_owned())
        .chain(pairs)
        .collect();
    let named: Vec<String> = families::ALL
        .iter()
        .map(|family| letters_of(family.name))
        .filter(|family| said.contains(family))
        .collect();
    let is_akin = |other: &String| other.starts_with(&family) || family.starts_with(other.as_str());
    // `DeepSeek-R1-Distill-Qwen-1.5B` names the makers of the one and the family `qwen2`.
    let is_digit = |letter: char| letter.is_ascii_digit();
    let stem = family.trim_end_matches(is_digit);
    let is_stem = |word: &String| word.trim_end_matches(is_digit) == stem;
    match named.iter().any(is_akin) || said.iter().any(is_stem) {
        true => None,
        false => named.into_iter().next(),
    }
}

/// A complaint about the file at `path`.
pub(super) fn wrong(path: &Path, reason: impl Into<String>) -> ModelError {
    ModelError::File {
        path: path.to_owned(),
        reason: reason.into(),
    }
}

/// Refuses a lens whose matrices do not fit into memory, before they are read.
///
/// # Errors
/// With what is needed and what is there.
pub(super) fn check_memory(path: &Path, bytes: u64) -> Result<(), ModelError> {
    match memory::available() {
        Some(available) if bytes > available.bytes => Err(ModelError::TooLarge {
            place: path.display().to_string(),
            needed: bytes,
            available,
        }),
        _ => Ok(()),
    }
}

/// A square matrix out of a lens' file, held as it is stored, its numbers finite.
///
/// # Errors
/// When it is missing, has another shape, or is not finite everywhere.
pub(super) fn matrix(file: &TensorFile, name: &str, width: usize) -> Result<Weight, ModelError> {
    let rows = file.read_rows(name, &[width, width])?;
    check_finite(file, name, &rows)?;
    Ok(Weight::from_rows(
        vec![rows],
        Dequantisation::AtUse,
        &candle_core::Device::Cpu,
    )?)
}

fn check_finite(file: &TensorFile, name: &str, rows: &Rows) -> Result<(), ModelError> {
    let wrong = (0..rows.count()).into_par_iter().find_first(|row| {
        rows.dequantised(*row, 1)
            .iter()
            .any(|number| !number.is_finite())
    });
    match wrong {
        None => Ok(()),
        Some(row) => Err(file.about(
            name,
            format!("has numbers that are not finite, first in row {row}; the fit went wrong"),
        )),
    }
}

/// How much memory a lens takes, in words.
pub(super) fn size(bytes: u64) -> String {
    in_words(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn model(name: &'static str, family: &'static str) -> FittedTo<'static> {
        FittedTo {
            name,
            family,
            n_layers: 4,
            d_model: 32,
        }
    }

    #[test]
    fn a_name_of_another_family_is_refused_and_one_of_the_same_is_not() {
        let path = Path::new("lens");
        for (fitted_to, family, is_other) in [
            ("gpt2", "llama", true),
            ("EleutherAI/gpt-neox-20b", "llama", true),
            ("EleutherAI/gpt-neox-20b", "gpt_neox", false),
            ("google/gemma-2-2b", "gemma2", false),
            ("google/gemma-2-2b", "gemma3", false),
            ("meta-llama/Llama-3.1-8B", "llama", false),
            ("Qwen/Qwen2.5-0.5B", "qwen2", false),
            ("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "qwen2", false),
            ("HuggingFaceTB/SmolLM2-135M", "llama", false),
        ] {
            let found = model("m", family).check_name(path, fitted_to);
            assert_eq!(found.is_err(), is_other, "{fitted_to} on {family}");
        }
    }

    #[test]
    fn another_name_is_told_and_the_same_in_another_spelling_is_not() {
        let path = Path::new("lens");
        let of = |name| model(name, "llama").check_name(path, "HuggingFaceTB/SmolLM2-135M");
        assert_eq!(of("smollm2-135m").unwrap(), None);
        assert!(
            of("SmolLM2-360M")
                .unwrap()
                .unwrap()
                .contains("SmolLM2-360M")
        );
        let empty = model("m", "llama").check_name(path, " ");
        assert!(empty.is_err());
    }
}

//! The lenses that there are for a model.

use std::collections::BTreeMap;
use std::path::Path;

use super::fitted::{Fitted, FittedTo};
use super::kinds::{self, Lens, Source};
use crate::model::ModelError;
use crate::model::device::Processor;
use crate::trace::LensKind;

/// The lenses that there are for a model: those that need nothing else, and those whose files
/// were read.
#[derive(Debug, Default)]
pub struct Lenses(BTreeMap<LensKind, Fitted>);

impl Lenses {
    /// One of them.
    ///
    /// # Errors
    /// Where it is a fitted one that was not read.
    pub fn get(&self, lens: LensKind) -> Result<&dyn Lens, ModelError> {
        let mut kinds = kinds::ALL.iter();
        let kind = kinds.find(|kind| kind.lens == lens);
        match kind.map(|kind| kind.source) {
            Some(Source::Model(lens)) => Ok(lens),
            _ => match self.0.get(&lens) {
                Some(fitted) => Ok(fitted.lens.as_ref()),
                None => Err(ModelError::NoSuchLens { lens }),
            },
        }
    }

    /// Which there are, in the usual order.
    #[must_use]
    pub fn there(&self) -> Vec<LensKind> {
        let all = LensKind::ALL.into_iter();
        all.filter(|lens| self.get(*lens).is_ok()).collect()
    }

    /// The fitted ones.
    pub fn fitted(&self) -> impl Iterator<Item = (LensKind, &Fitted)> {
        self.0.iter().map(|(lens, fitted)| (*lens, fitted))
    }

    /// Takes the fitted ones onto the device where the states are.
    ///
    /// # Errors
    /// When there is no room for one there.
    pub fn move_to(&mut self, processor: &Processor) -> Result<(), ModelError> {
        for fitted in self.0.values_mut() {
            fitted.lens.move_to(processor)?;
        }
        Ok(())
    }

    /// Reads a fitted lens from `path`, in the place of one of its kind.
    ///
    /// # Errors
    /// When it is none, is damaged, or does not fit the model; in one line.
    pub fn read(
        &mut self,
        lens: LensKind,
        path: &Path,
        model: &FittedTo<'_>,
    ) -> Result<(), ModelError> {
        let kind = kinds::ALL.iter().find(|kind| kind.lens == lens);
        if let Some(Source::Files { read, .. }) = kind.map(|kind| kind.source) {
            let fitted = read(path, model)?;
            self.0.insert(lens, fitted);
        }
        Ok(())
    }
}

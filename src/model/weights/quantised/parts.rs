//! The tensors of a folder while a format gathers its own out of them.

use std::collections::BTreeMap;

use safetensors::Dtype;

use super::Quantised;
use super::packed::Packed;
use crate::model::ModelError;
use crate::model::weights::elements;
use crate::model::weights::stored::StoredTensor;

/// The tensors of a folder, and the matrices that were made of some.
pub(super) struct Parts<'t> {
    place: &'t str,
    tensors: &'t mut BTreeMap<String, StoredTensor>,
    packed: BTreeMap<String, Packed>,
    notes: Vec<String>,
}

impl<'t> Parts<'t> {
    /// The `tensors` of the folder at `place`.
    pub(super) fn new(place: &'t str, tensors: &'t mut BTreeMap<String, StoredTensor>) -> Self {
        Self {
            place,
            tensors,
            packed: BTreeMap::new(),
            notes: Vec::new(),
        }
    }

    /// The names that end so, without that end.
    pub(super) fn stems(&self, end: &str) -> Vec<String> {
        let stems = self
            .tensors
            .keys()
            .filter_map(|name| name.strip_suffix(end));
        stems.map(str::to_owned).collect()
    }

    /// The names of the tensors of a type.
    pub(super) fn of_type(&self, dtype: Dtype) -> Vec<String> {
        let those = self
            .tensors
            .iter()
            .filter(|(_, stored)| stored.dtype == dtype);
        those.map(|(name, _)| name.clone()).collect()
    }

    /// A tensor, if it is there.
    pub(super) fn get(&self, name: &str) -> Option<&StoredTensor> {
        self.tensors.get(name)
    }

    /// The same, out of the others.
    pub(super) fn take(&mut self, name: &str) -> Option<StoredTensor> {
        self.tensors.remove(name)
    }

    /// The same, or a complaint.
    pub(super) fn need(&mut self, name: &str) -> Result<StoredTensor, ModelError> {
        self.take(name).ok_or_else(|| {
            let reason = "is missing; the quantised weights beside it cannot be read without it";
            self.about(name, reason.into())
        })
    }

    /// Leaves out what has these ends behind `stem`: it says how activations are rounded, which
    /// they are not here.
    pub(super) fn leave_out(&mut self, stem: &str, ends: &[&str]) {
        for end in ends {
            self.tensors.remove(&format!("{stem}{end}"));
        }
    }

    /// Leaves out every tensor whose name ends so, and tells it.
    pub(super) fn leave_out_all(&mut self, ends: &[&str], note: &str) {
        let all = self.tensors.len();
        let is_one = |name: &str| ends.iter().any(|end| name.ends_with(end));
        self.tensors.retain(|name, _| !is_one(name));
        if self.tensors.len() < all {
            self.notes.push(format!("{}: {note}", self.place));
        }
    }

    /// Adds a matrix under the name that it would have if it were not quantised.
    pub(super) fn add(&mut self, name: String, packed: Packed) -> Result<(), ModelError> {
        if self.tensors.contains_key(&name) || self.packed.contains_key(&name) {
            let reason = "is there twice, as it is and quantised";
            return Err(self.about(&name, reason.into()));
        }
        self.packed.insert(name, packed);
        Ok(())
    }

    /// An error about a tensor.
    pub(super) fn about(&self, name: &str, reason: String) -> ModelError {
        ModelError::Tensor {
            place: self.place.to_owned(),
            name: name.to_owned(),
            reason,
        }
    }

    /// What was found; it is called by the type of most of it.
    pub(super) fn finish(self) -> Quantised {
        let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
        for packed in self.packed.values() {
            let weights = kinds.entry(&packed.kind).or_default();
            *weights = weights.saturating_add(elements(&packed.shape));
        }
        let most = kinds.into_iter().max_by_key(|(_, weights)| *weights);
        Quantised {
            name: most.map(|(kind, _)| kind.to_owned()),
            packed: self.packed,
            notes: self.notes,
        }
    }
}

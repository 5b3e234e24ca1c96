//! The tensors of a model folder: safetensors, or else the older `pytorch_model.bin`; one file, or
//! the shards that an index lists. Tensors are read, not mapped: a file that is replaced or
//! truncated while it is used gives an error instead of a signal.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use candle_core::Tensor;
use serde::Deserialize;

use super::mix::{Mix, Portion};
use super::quantised::{self, Packed, Quantised};
use super::stored::StoredTensor;
use super::{Adapter, Part, Size, damaged, elements, names, pytorch, safetensors, unreadable};
use crate::model::ModelError;
use crate::model::config::Quantisation;
use crate::model::weight::Rows;
use crate::regular_file;

/// One way to store the weights of a folder.
struct Format {
    /// All weights in one file.
    single: &'static str,
    /// The list of the files that hold them.
    index: &'static str,
    /// Adds the tensors of one file.
    read: fn(&Path, &mut BTreeMap<String, StoredTensor>) -> Result<(), ModelError>,
}

/// In the order in which they are looked for.
const FORMATS: [Format; 2] = [
    Format {
        single: "model.safetensors",
        index: "model.safetensors.index.json",
        read: safetensors::read,
    },
    Format {
        single: "pytorch_model.bin",
        index: "pytorch_model.bin.index.json",
        read: pytorch::read,
    },
];

/// The tensors of a folder.
#[derive(Debug)]
pub struct Folder {
    folder: PathBuf,
    tensors: BTreeMap<String, StoredTensor>,
    /// Those that several tensors hold the parts of.
    quantised: Quantised,
    /// An adapter that lies beside the weights.
    adapter: Option<Adapter>,
}

/// The part of an index that says which file holds a tensor.
#[derive(Deserialize)]
struct Index {
    weight_map: HashMap<String, String>,
}

impl Folder {
    /// Reads and checks the headers of the files, whose weights may be quantised as
    /// `quantisation` says.
    ///
    /// # Errors
    /// When there are no weights here, one of the files is missing or damaged, or the weights are
    /// quantised in a way that is not read.
    pub fn open(
        folder: &Path,
        part: Part,
        quantisation: Option<Quantisation>,
    ) -> Result<Self, ModelError> {
        let mut tensors = BTreeMap::new();
        let adapter = Adapter::beside(folder);
        let there = |name: &str| folder.join(name).exists();
        let format = FORMATS
            .iter()
            .find(|format| there(format.single) || there(format.index))
            .ok_or_else(|| {
                if let Some(adapter) = &adapter {
                    return damaged(folder, adapter.alone());
                }
                let names = FORMATS.iter().map(|format| format.single);
                let names: Vec<&str> = names.collect();
                let names = names.join(" and no ");
                damaged(folder, format!("no {names} here; the weights are missing"))
            })?;
        if there(format.single) {
            (format.read)(&folder.join(format.single), &mut tensors)?;
        } else {
            format.read_shards(folder, part, &mut tensors)?;
        }
        if tensors.is_empty() {
            let reason = "the files of weights here hold no tensors, or none where they are looked \
                          for; save the model's state dict by itself";
            return Err(damaged(folder, reason));
        }
        let mut tensors = names::unwrapped(tensors);
        let quantisation = match quantisation {
            Some(quantisation) => Some(quantisation),
            None => quantised::beside(folder)?,
        };
        let quantised = match quantisation {
            Some(quantisation) => {
                // Of a matrix in a block some tensors may be in a file that was not read.
                tensors.retain(|name, _| part.has(name));
                unpacked(&quantisation, &mut tensors, folder, part)?
            }
            None => Quantised::default(),
        };
        Ok(Self {
            folder: folder.to_owned(),
            tensors,
            quantised,
            adapter,
        })
    }

    /// What is worth knowing of the files though they can be used, one line each.
    pub(super) fn notes(&self) -> Vec<String> {
        let adapter = self.adapter.iter();
        let adapter = adapter
            .map(|adapter| format!("{}: {}", self.folder.display(), adapter.beside_a_model()));
        let of_quantised = self.quantised.notes.iter().cloned();
        adapter.chain(of_quantised).collect()
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let all = self.tensors.keys().chain(self.quantised.packed.keys());
        all.map(String::as_str)
    }

    /// Of those that can hold weights, in a type that is read or in one that is not.
    pub(super) fn names_of_weights(&self) -> impl Iterator<Item = &str> {
        let weights = self.tensors.iter().filter(|(_, s)| s.holds_weights());
        weights.map(|(name, _)| name.as_str())
    }

    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        let stored = self.tensors.get(name).map(|stored| &stored.shape);
        let shape = stored.or_else(|| Some(&self.packed(name)?.shape));
        shape.map(Vec::as_slice)
    }

    /// Why a tensor cannot be read, if it is of a type that is not.
    pub(super) fn not_read(&self, name: &str) -> Option<String> {
        let stored = self.tensors.get(name)?;
        stored.floats().is_none().then(|| stored.not_read())
    }

    pub(super) fn mix(&self) -> Mix {
        let packed = self.quantised.packed.values().map(|packed| Portion {
            kind: packed.kind.clone(),
            weights: elements(&packed.shape),
            bytes: packed.bytes,
            names_the_whole: true,
        });
        let mix = Mix::of(portions(self.places()).chain(packed));
        match &self.quantised.name {
            Some(name) => mix.called(name),
            None => mix,
        }
    }

    /// The tensors; several names of the same bytes count once.
    fn places(&self) -> impl Iterator<Item = &StoredTensor> {
        places(&self.tensors).map(|(_, stored)| stored)
    }

    /// Of every tensor that can hold weights; several names of the same bytes count once.
    pub(super) fn sizes(&self) -> Vec<Size> {
        let weights = places(&self.tensors).filter(|(_, stored)| stored.holds_weights());
        let weights = weights.map(|(name, s)| Size::of(name, &s.shape, s.rows()));
        let packed = self.quantised.packed.iter();
        let packed = packed.map(|(name, p)| Size::of(name, &p.shape, Some(p.storage)));
        weights.chain(packed).collect()
    }

    pub(super) fn read(&self, name: &str) -> Result<Tensor, ModelError> {
        match self.packed(name) {
            Some(packed) => packed.tensor(&self.about(name)),
            None => self.stored(name)?.read(self.about(name)),
        }
    }

    pub(super) fn read_rows(&self, name: &str) -> Result<Rows, ModelError> {
        match self.packed(name) {
            Some(packed) => packed.rows(&self.about(name)),
            None => self.stored(name)?.read_rows(self.about(name)),
        }
    }

    pub(super) fn read_some_rows(
        &self,
        name: &str,
        rows: Range<usize>,
    ) -> Result<Option<Rows>, ModelError> {
        if self.is_packed(name) {
            return Ok(None);
        }
        let about = self.about(name);
        self.stored(name)?.read_some_rows(rows, about).map(Some)
    }

    /// Whether two names are of the same bytes of a file.
    pub(super) fn is_one_place(&self, a: &str, b: &str) -> bool {
        match (self.tensors.get(a), self.tensors.get(b)) {
            (Some(a), Some(b)) => {
                (&a.file, a.start, a.bytes, a.dtype) == (&b.file, b.start, b.bytes, b.dtype)
            }
            _ => false,
        }
    }

    /// Whether a matrix is quantised in several tensors.
    pub(super) fn is_packed(&self, name: &str) -> bool {
        self.packed(name).is_some()
    }

    /// A matrix that several tensors hold the parts of.
    fn packed(&self, name: &str) -> Option<&Packed> {
        self.quantised.packed.get(name)
    }

    fn stored(&self, name: &str) -> Result<&StoredTensor, ModelError> {
        let about = self.about(name);
        self.tensors
            .get(name)
            .ok_or_else(|| about("is missing".into()))
    }

    /// Makes an error of a complaint about the tensor `name`.
    fn about(&self, name: &str) -> impl Fn(String) -> ModelError {
        move |reason| ModelError::Tensor {
            place: self.folder.display().to_string(),
            name: name.to_owned(),
            reason,
        }
    }
}

/// Takes the quantised matrices out of `tensors`. A format that is not read is told with the types
/// that there are.
fn unpacked(
    quantisation: &Quantisation,
    tensors: &mut BTreeMap<String, StoredTensor>,
    folder: &Path,
    part: Part,
) -> Result<Quantised, ModelError> {
    let place = folder.display().to_string();
    let taken = quantised::take(quantisation, tensors, &place).and_then(|taken| {
        // To quantise them would change the numbers, and so would it not to.
        match part == Part::Whole && taken.packed.is_empty() {
            true => Err(quantised::none_is_stored_so(quantisation)),
            false => Ok(taken),
        }
    });
    taken.map_err(|error| match error {
        ModelError::Quantised { place, key, method } => {
            let mix = Mix::of(portions(places(tensors).map(|(_, stored)| stored)));
            ModelError::Quantised {
                place,
                key,
                method: format!("{method}; stored as {}", mix.in_words()),
            }
        }
        other => other,
    })
}

/// The tensors with their names; several names of the same bytes count once.
fn places(
    tensors: &BTreeMap<String, StoredTensor>,
) -> impl Iterator<Item = (&String, &StoredTensor)> {
    let all = tensors.iter();
    let places: BTreeMap<_, _> = all
        .map(|(name, s)| ((&s.file, s.start, s.bytes), (name, s)))
        .collect();
    places.into_values()
}

/// How tensors are stored as they are.
fn portions<'s>(places: impl Iterator<Item = &'s StoredTensor>) -> impl Iterator<Item = Portion> {
    places.map(|stored| Portion {
        kind: format!("{:?}", stored.dtype),
        weights: elements(&stored.shape),
        bytes: stored.bytes as u64,
        names_the_whole: stored.shape.len() > 1,
    })
}

impl Format {
    fn read_shards(
        &self,
        folder: &Path,
        part: Part,
        tensors: &mut BTreeMap<String, StoredTensor>,
    ) -> Result<(), ModelError> {
        let path = folder.join(self.index);
        let text =
            regular_file::read(&path, regular_file::VOCABULARY).map_err(unreadable(&path))?;
        let index = parse_index(&path, &text)?;
        let entries = index.weight_map.iter();
        let entries: Vec<_> = entries.filter(|(name, _)| part.has(name)).collect();
        let mut files: Vec<&String> = entries.iter().map(|(_, file)| *file).collect();
        files.sort_unstable();
        files.dedup();
        for file in files {
            (self.read)(&self.shard(folder, file)?, tensors)?;
        }
        match entries
            .into_iter()
            .find(|(name, _)| !tensors.contains_key(*name))
        {
            None => Ok(()),
            Some((name, file)) => Err(ModelError::Tensor {
                place: folder.join(file).display().to_string(),
                name: name.clone(),
                reason: format!("{} says that it is here, but it is not", self.index),
            }),
        }
    }

    /// The path of a shard; a name that leads out of the folder is refused.
    fn shard(&self, folder: &Path, file: &str) -> Result<PathBuf, ModelError> {
        let path = folder.join(file);
        if !regular_file::is_plain_name(file) {
            Err(damaged(
                &folder.join(self.index),
                format!("{file:?} is not the name of a file in this folder"),
            ))
        } else if path.exists() {
            Ok(path)
        } else {
            Err(damaged(
                &path,
                format!("is listed in {} but is missing; download it", self.index),
            ))
        }
    }
}

fn parse_index(path: &Path, text: &[u8]) -> Result<Index, ModelError> {
    serde_json::from_slice(text)
        .map_err(|error| damaged(path, format!("not a valid index of shards: {error}")))
}

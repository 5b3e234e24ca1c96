//! The tensors of a model folder: safetensors, or else the older `pytorch_model.bin`; one file, or
//! the shards that an index lists. Tensors are read, not mapped: a file that is replaced or
//! truncated while it is used gives an error instead of a signal.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::Tensor;
use serde::Deserialize;

use super::stored::Stored;
use super::{damaged, most, pytorch, safetensors, unreadable};
use crate::model::ModelError;

/// One way to store the weights of a folder.
struct Format {
    /// All weights in one file.
    single: &'static str,
    /// The list of the files that hold them.
    index: &'static str,
    /// Adds the tensors of one file.
    read: fn(&Path, &mut BTreeMap<String, Stored>) -> Result<(), ModelError>,
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
    tensors: BTreeMap<String, Stored>,
}

/// The part of an index that says which file holds a tensor.
#[derive(Deserialize)]
struct Index {
    weight_map: HashMap<String, String>,
}

impl Folder {
    /// Reads and checks the headers of the files.
    ///
    /// # Errors
    /// When there are no weights here, or one of the files is missing or damaged.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        let mut tensors = BTreeMap::new();
        let there = |name: &str| folder.join(name).exists();
        let format = FORMATS
            .iter()
            .find(|format| there(format.single) || there(format.index))
            .ok_or_else(|| {
                let names = FORMATS.iter().map(|format| format.single);
                let names: Vec<&str> = names.collect();
                let names = names.join(" and no ");
                damaged(folder, format!("no {names} here; the weights are missing"))
            })?;
        if there(format.single) {
            (format.read)(&folder.join(format.single), &mut tensors)?;
        } else {
            format.read_shards(folder, &mut tensors)?;
        }
        Ok(Self {
            folder: folder.to_owned(),
            tensors,
        })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        Some(&self.tensors.get(name)?.shape)
    }

    pub(super) fn storage(&self) -> String {
        let all = self.tensors.values();
        most(all.map(|stored| (format!("{:?}", stored.dtype), stored.bytes))).unwrap_or_default()
    }

    /// Elements of every tensor that can hold weights; several names of the same bytes count once.
    pub(super) fn elements(&self) -> Vec<u64> {
        let weights = self.tensors.values().filter(|s| s.floats().is_some());
        let places: BTreeMap<_, u64> = weights
            .map(|s| {
                (
                    (&s.file, s.start),
                    s.shape.iter().map(|dim| *dim as u64).product(),
                )
            })
            .collect();
        places.into_values().collect()
    }

    pub(super) fn read(&self, name: &str) -> Result<Tensor, ModelError> {
        let about = |reason: String| ModelError::Tensor {
            place: self.folder.display().to_string(),
            name: name.to_owned(),
            reason,
        };
        match self.tensors.get(name) {
            Some(stored) => stored.read(about),
            None => Err(about("is missing".into())),
        }
    }
}

impl Format {
    fn read_shards(
        &self,
        folder: &Path,
        tensors: &mut BTreeMap<String, Stored>,
    ) -> Result<(), ModelError> {
        let path = folder.join(self.index);
        let text = std::fs::read(&path).map_err(unreadable(&path))?;
        let index = parse_index(&path, &text)?;
        let mut files: Vec<&String> = index.weight_map.values().collect();
        files.sort_unstable();
        files.dedup();
        for file in files {
            (self.read)(&self.shard(folder, file)?, tensors)?;
        }
        match index
            .weight_map
            .iter()
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
        if Path::new(file).components().count() != 1 || file.starts_with('.') {
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

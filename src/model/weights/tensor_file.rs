//! Tensors in a file that is no checkpoint: a fitted lens, or states that were saved. What a
//! PyTorch file holds besides is found by its key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::Tensor;
use safetensors::Dtype;

use super::pytorch;
use super::pytorch::pickle::tree::{Item, Key};
use super::stored::StoredTensor;
use super::{damaged, safetensors as safetensors_file};
use crate::model::ModelError;
use crate::model::weight::{Rows, Storage};

/// Tensors by name.
#[derive(Debug)]
pub struct TensorFile {
    path: PathBuf,
    tensors: BTreeMap<String, StoredTensor>,
}

impl TensorFile {
    /// The tensors of a safetensors file.
    ///
    /// # Errors
    /// When it is none, or is damaged.
    pub fn safetensors(path: &Path) -> Result<Self, ModelError> {
        Self::of(path, safetensors_file::read)
    }

    /// The tensors of the state dict in a PyTorch file.
    ///
    /// # Errors
    /// When it holds none, or is damaged.
    pub fn state_dict(path: &Path) -> Result<Self, ModelError> {
        Self::of(path, pytorch::read)
    }

    fn of(
        path: &Path,
        read: impl FnOnce(&Path, &mut BTreeMap<String, StoredTensor>) -> Result<(), ModelError>,
    ) -> Result<Self, ModelError> {
        let mut tensors = BTreeMap::new();
        read(path, &mut tensors)?;
        Ok(Self {
            path: path.to_owned(),
            tensors,
        })
    }

    /// The names of all tensors.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// What the header of a safetensors file says under a key beside its tensors, if anything.
    #[must_use]
    pub fn header(&self, key: &str) -> Option<String> {
        safetensors_file::free_text(&self.path, key)
    }

    /// The shape of a tensor, if there is one of that name.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        Some(&self.tensors.get(name)?.shape)
    }

    /// The type of a tensor's numbers as the file calls it, if there is one of that name.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<String> {
        Some(format!("{:?}", self.tensors.get(name)?.dtype))
    }

    /// Whether a tensor's numbers have fewer digits than float32.
    #[must_use]
    pub fn is_half(&self, name: &str) -> bool {
        let stored = self.tensors.get(name).and_then(StoredTensor::rows);
        matches!(stored, Some(Storage::F16 | Storage::Bf16))
    }

    /// Bytes of all tensors together as they are stored.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.tensors
            .values()
            .map(|stored| stored.bytes as u64)
            .sum()
    }

    /// Reads a tensor of this shape as float32.
    ///
    /// # Errors
    /// When there is none of that name and shape, it is of a type that is not read, or the file
    /// cannot be read.
    pub fn read(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        self.stored(name, shape)?
            .read(|reason| self.about(name, reason))
    }

    /// Reads the rows of a tensor of this shape in the type that they are stored in.
    ///
    /// # Errors
    /// As [`TensorFile::read`].
    pub fn read_rows(&self, name: &str, shape: &[usize]) -> Result<Rows, ModelError> {
        let stored = self.stored(name, shape)?;
        stored.read_rows(|reason| self.about(name, reason))
    }

    /// Reads whole numbers, for example tokens.
    ///
    /// # Errors
    /// When there is none of that name, it is of another type, or the file cannot be read.
    pub fn read_ids(&self, name: &str) -> Result<Vec<i64>, ModelError> {
        let stored = self.find(name)?;
        let bytes = stored.bytes()?;
        match stored.dtype {
            Dtype::I64 => {
                let (numbers, _) = bytes.as_chunks();
                Ok(numbers.iter().map(|x| i64::from_le_bytes(*x)).collect())
            }
            Dtype::I32 => {
                let (numbers, _) = bytes.as_chunks();
                let numbers = numbers.iter().map(|x| i32::from_le_bytes(*x).into());
                Ok(numbers.collect())
            }
            other => Err(self.about(name, format!("has type {other:?}; I64 is needed"))),
        }
    }

    fn find(&self, name: &str) -> Result<&StoredTensor, ModelError> {
        let stored = self.tensors.get(name);
        stored.ok_or_else(|| self.about(name, "is missing".into()))
    }

    fn stored(&self, name: &str, shape: &[usize]) -> Result<&StoredTensor, ModelError> {
        let stored = self.find(name)?;
        if stored.floats().is_none() {
            return Err(self.about(name, stored.not_read()));
        }
        if stored.shape != shape {
            let reason = format!("has shape {:?}, expected {shape:?}", stored.shape);
            return Err(self.about(name, reason));
        }
        Ok(stored)
    }

    /// A complaint about one of the tensors.
    #[must_use]
    pub fn about(&self, name: &str, reason: String) -> ModelError {
        ModelError::Tensor {
            place: self.path.display().to_string(),
            name: name.to_owned(),
            reason,
        }
    }

    /// A complaint about the file.
    #[must_use]
    pub fn complaint(&self, reason: impl Into<String>) -> ModelError {
        damaged(&self.path, reason)
    }
}

/// What `torch.save` made of plain containers.
#[derive(Debug)]
pub struct Saved {
    root: BTreeMap<Key, Item>,
    tensors: TensorFile,
}

impl Saved {
    /// Reads what the PyTorch file at `path` holds, tensors only as far as where they stand.
    ///
    /// # Errors
    /// When it is no such file, is damaged, or holds no dictionary.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let (tree, storages) = pytorch::read_tree(path)?;
        let Item::Dict(entries) = tree else {
            return Err(damaged(path, "it holds no dictionary"));
        };
        let mut saved = Self {
            root: BTreeMap::new(),
            tensors: TensorFile {
                path: path.to_owned(),
                tensors: BTreeMap::new(),
            },
        };
        for (key, item) in &entries {
            let Key::Text(outer) = key else { continue };
            saved.place(outer, item, &storages)?;
        }
        saved.root = entries.into_iter().collect();
        Ok(saved)
    }

    /// Where the tensors of the dictionary `outer` stand.
    fn place(
        &mut self,
        outer: &str,
        item: &Item,
        storages: &pytorch::Storages,
    ) -> Result<(), ModelError> {
        let Item::Dict(entries) = item else {
            return Ok(());
        };
        for (key, item) in entries {
            if let (Key::Number(number), Item::Tensor(tensor)) = (key, item) {
                let name = Self::name(outer, *number);
                let stored = pytorch::place(&self.tensors.path, tensor, storages);
                let stored = stored.map_err(|reason| self.tensors.about(&name, reason))?;
                self.tensors.tensors.insert(name, stored);
            }
        }
        Ok(())
    }

    /// Its tensors: that under the number 3 in the dictionary `J` is `J[3]`.
    #[must_use]
    pub fn tensors(&self) -> &TensorFile {
        &self.tensors
    }

    /// The name of the tensor under a number in a dictionary.
    #[must_use]
    pub fn name(outer: &str, number: i64) -> String {
        format!("{outer}[{number}]")
    }

    /// The keys that are texts.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.root.keys().filter_map(|key| match key {
            Key::Text(text) => Some(text.as_str()),
            Key::Number(_) => None,
        })
    }

    /// The number under a key.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<i64> {
        number(self.item(key)?)
    }

    /// The list of numbers under a key; `None` where there is none, or it holds something else.
    #[must_use]
    pub fn numbers(&self, key: &str) -> Option<Vec<i64>> {
        match self.item(key)? {
            Item::List(items) => items.iter().map(number).collect(),
            _ => None,
        }
    }

    /// The keys of the dictionary under a key; an error that says what is wrong where one is no
    /// number, or has no tensor.
    ///
    /// # Errors
    /// As said.
    pub fn numbered_tensors(&self, key: &str) -> Result<Vec<i64>, ModelError> {
        let Some(Item::Dict(entries)) = self.item(key) else {
            return Err(self.tensors.complaint(format!("`{key}` is no dictionary")));
        };
        let numbers = entries.iter().map(|entry| match entry {
            (Key::Number(number), Item::Tensor(_)) => Ok(*number),
            (Key::Number(number), _) => {
                let reason = format!("`{key}[{number}]` is no tensor");
                Err(self.tensors.complaint(reason))
            }
            (Key::Text(text), _) => {
                let text = crate::model::error::quoted(text);
                let reason = format!("`{key}` has the key `{text}`, which is no number of a layer");
                Err(self.tensors.complaint(reason))
            }
        });
        numbers.collect()
    }

    /// The text under a key of the dictionary under a key.
    #[must_use]
    pub fn text_in(&self, outer: &str, key: &str) -> Option<&str> {
        match self.item_in(outer, key)? {
            Item::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number under a key of the dictionary under a key.
    #[must_use]
    pub fn number_in(&self, outer: &str, key: &str) -> Option<i64> {
        number(self.item_in(outer, key)?)
    }

    fn item(&self, key: &str) -> Option<&Item> {
        self.root.get(&Key::Text(key.to_owned()))
    }

    fn item_in(&self, outer: &str, wanted: &str) -> Option<&Item> {
        let Item::Dict(entries) = self.item(outer)? else {
            return None;
        };
        let is_it = |key: &Key| matches!(key, Key::Text(text) if text == wanted);
        let entry = entries.iter().rfind(|(key, _)| is_it(key));
        entry.map(|(_, item)| item)
    }
}

fn number(item: &Item) -> Option<i64> {
    match item {
        Item::Number(number) => Some(*number),
        _ => None,
    }
}

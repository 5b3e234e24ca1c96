//! Tensors of a GGUF file, or of a model that llama.cpp's splitter cut into several:
//! `NAME-00001-of-00003.gguf` and so on, opened by the first, which holds the metadata.

mod header;
mod kind;
mod part;
mod quantisation;

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use candle_core::Tensor;
use candle_core::quantized::gguf_file::Value;

use super::mix::{Mix, Portion};
use super::{Size, damaged, elements};
use crate::catalog::ShardName;
use crate::model::ModelError;
use crate::model::error::quoted;
use crate::model::weight::Rows;
use header::TensorEntry;
use part::Part;

/// An open GGUF model: its headers, and a way to its tensors.
#[derive(Debug)]
pub struct Gguf {
    /// At least one, the first with the metadata.
    first: Part,
    others: Vec<Part>,
}

impl Gguf {
    /// Reads and checks the header, and those of the other parts if the model is split.
    ///
    /// # Errors
    /// When a file is missing, damaged, or another part than the first was named.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let name = path.file_name().and_then(|name| name.to_str());
        let split = name.and_then(ShardName::of);
        if let Some(split) = &split
            && split.number != 1
        {
            let first = path.with_file_name(split.name_of(1));
            return Err(damaged(
                path,
                format!(
                    "part {} of {} of a split model; open {}",
                    split.number,
                    split.count,
                    first.display()
                ),
            ));
        }
        let first = Part::open(path)?;
        let count = split.as_ref().map_or(1, |split| split.count);
        let declared = first.metadata.get("split.count");
        let declared = declared.map_or(1, |value| integer(value).unwrap_or(0).max(1));
        if declared > 1 && declared != count {
            return Err(damaged(
                path,
                format!(
                    "the first of {declared} parts, so its name must end in -00001-of-{declared:05}.gguf, \
                     and the other parts must stand beside it"
                ),
            ));
        }
        let mut gguf = Self {
            first,
            others: Vec::new(),
        };
        if let Some(split) = &split {
            for number in 2..=count {
                let other = Part::open(&present(path, split, number)?)?;
                gguf.add(other)?;
            }
        }
        Ok(gguf)
    }

    /// Adds a part, none of whose tensors may be there already.
    fn add(&mut self, part: Part) -> Result<(), ModelError> {
        let mut names = part.tensors().map(|(name, _)| name);
        match names.find(|name| self.holder(name).is_some()) {
            Some(name) => Err(damaged(
                &part.path,
                format!(
                    "tensor `{}` is in another part too; the parts are of several models",
                    quoted(name)
                ),
            )),
            None => {
                drop(names);
                self.others.push(part);
                Ok(())
            }
        }
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        std::iter::once(&self.first).chain(&self.others)
    }

    fn holder(&self, name: &str) -> Option<&Part> {
        self.parts().find(|part| part.tensor(name).is_some())
    }

    /// The tensors of all parts.
    fn tensors(&self) -> impl Iterator<Item = (&str, &TensorEntry)> {
        self.parts().flat_map(Part::tensors)
    }

    /// The file, the first one of a split model.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.first.path
    }

    /// The header's key-value pairs.
    #[must_use]
    pub fn metadata(&self) -> &HashMap<String, Value> {
        &self.first.metadata
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors().map(|(name, _)| name)
    }

    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        Some(&self.holder(name)?.tensor(name)?.shape)
    }

    /// Why a tensor cannot be read, if it is of a type that is not.
    pub(super) fn not_read(&self, name: &str) -> Option<String> {
        let entry = self.holder(name)?.tensor(name)?;
        entry
            .kind
            .storage()
            .is_none()
            .then(|| part::not_read(entry))
    }

    /// How the weights are stored: `general.file_type` where there is such a thing in the file,
    /// or else the type of most of the weights in the blocks. The embedding alone may be more
    /// than all of those, and is stored in more bits.
    pub(super) fn mix(&self) -> Mix {
        let mix = Mix::of(self.tensors().map(|(name, entry)| Portion {
            kind: entry.kind.to_string(),
            weights: elements(&entry.shape),
            bytes: entry.kind.bytes(&entry.shape).unwrap_or(0),
            names_the_whole: entry.shape.len() > 1 && name.starts_with("blk."),
        }));
        let declared = self.metadata().get("general.file_type").and_then(integer);
        let declared = declared.and_then(quantisation::of_file_type);
        match declared.filter(|declared| mix.has(declared.kind)) {
            Some(declared) => mix.called(declared.name),
            None => mix,
        }
    }

    /// Of every tensor.
    pub(super) fn sizes(&self) -> Vec<Size> {
        self.tensors()
            .map(|(name, entry)| Size::of(name, &entry.shape, entry.kind.storage()))
            .collect()
    }

    pub(super) fn read_rows(&self, name: &str) -> Result<Rows, ModelError> {
        self.holder(name).unwrap_or(&self.first).read_rows(name)
    }

    pub(super) fn read_some_rows(
        &self,
        name: &str,
        rows: Range<usize>,
    ) -> Result<Option<Rows>, ModelError> {
        let holder = self.holder(name).unwrap_or(&self.first);
        holder.read_some_rows(name, rows)
    }

    pub(super) fn read(&self, name: &str) -> Result<Tensor, ModelError> {
        self.holder(name).unwrap_or(&self.first).read(name)
    }
}

fn present(first: &Path, split: &ShardName<'_>, number: usize) -> Result<PathBuf, ModelError> {
    let path = first.with_file_name(split.name_of(number));
    if path.exists() {
        return Ok(path);
    }
    Err(damaged(
        &path,
        format!(
            "part {number} of {} of the model is missing; download it",
            split.count
        ),
    ))
}

fn integer(value: &Value) -> Option<usize> {
    match *value {
        Value::U8(n) => Some(n.into()),
        Value::U16(n) => Some(n.into()),
        Value::I32(n) => usize::try_from(n).ok(),
        Value::U32(n) => usize::try_from(n).ok(),
        Value::U64(n) => usize::try_from(n).ok(),
        _ => None,
    }
}

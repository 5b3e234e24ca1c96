//! Tensors of a GGUF file, or of a model that llama.cpp's splitter cut into several:
//! `NAME-00001-of-00003.gguf` and so on, opened by the first, which holds the metadata.

mod header;
mod part;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::Tensor;
use candle_core::quantized::gguf_file::Value;

use super::{damaged, most};
use crate::catalog::Split;
use crate::model::ModelError;
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
        let split = name.and_then(Split::of);
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
        let declared = first.content.metadata.get("split.count");
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
        let mut names = part.content.tensor_infos.keys();
        match names.find(|name| self.holder(name).is_some()) {
            Some(name) => Err(damaged(
                &part.path,
                format!("tensor `{name}` is in another part too; the parts are of several models"),
            )),
            None => {
                self.others.push(part);
                Ok(())
            }
        }
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        std::iter::once(&self.first).chain(&self.others)
    }

    fn holder(&self, name: &str) -> Option<&Part> {
        self.parts()
            .find(|part| part.content.tensor_infos.contains_key(name))
    }

    /// The file, the first one of a split model.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.first.path
    }

    /// The header's key-value pairs.
    #[must_use]
    pub fn metadata(&self) -> &HashMap<String, Value> {
        &self.first.content.metadata
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self
            .parts()
            .flat_map(|part| part.content.tensor_infos.keys());
        names.map(String::as_str)
    }

    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        let infos = &self.holder(name)?.content.tensor_infos;
        Some(infos.get(name)?.shape.dims())
    }

    pub(super) fn storage(&self) -> String {
        let infos = self
            .parts()
            .flat_map(|part| part.content.tensor_infos.values());
        most(infos.map(|info| (format!("{:?}", info.ggml_dtype), info.shape.elem_count())))
            .unwrap_or_default()
    }

    /// Elements of every tensor.
    pub(super) fn elements(&self) -> Vec<u64> {
        let infos = self
            .parts()
            .flat_map(|part| part.content.tensor_infos.values());
        infos.map(|info| info.shape.elem_count() as u64).collect()
    }

    pub(super) fn read(&self, name: &str) -> Result<Tensor, ModelError> {
        self.holder(name).unwrap_or(&self.first).read(name)
    }
}

fn present(first: &Path, split: &Split<'_>, number: usize) -> Result<PathBuf, ModelError> {
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
        Value::U16(n) => Some(n.into()),
        Value::U32(n) => usize::try_from(n).ok(),
        Value::U64(n) => usize::try_from(n).ok(),
        _ => None,
    }
}

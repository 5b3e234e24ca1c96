//! Tensors of the safetensors files of a folder: `model.safetensors`, or the shards that
//! `model.safetensors.index.json` lists. Tensors are read, not mapped: a file that is replaced
//! or truncated while it is used gives an error instead of a signal.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use safetensors::Dtype;
use safetensors::tensor::TensorInfo;
use serde::Deserialize;

use super::{damaged, foreign, most, unreadable};
use crate::model::ModelError;
use crate::model::error::plain;

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// As long as a header may be, by the format's own definition.
const LONGEST_HEADER: u64 = 100_000_000;

/// The tensors of a folder's safetensors files.
#[derive(Debug)]
pub struct Safetensors {
    folder: PathBuf,
    tensors: BTreeMap<String, Stored>,
}

/// Where a tensor stands.
#[derive(Debug)]
struct Stored {
    file: PathBuf,
    dtype: Dtype,
    shape: Vec<usize>,
    /// Byte offset from the start of the file.
    start: u64,
    bytes: usize,
}

/// The part of the index that says which file holds a tensor.
#[derive(Deserialize)]
struct Index {
    weight_map: HashMap<String, String>,
}

impl Safetensors {
    /// Reads and checks the headers.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        let mut tensors = BTreeMap::new();
        if folder.join(SINGLE).exists() {
            header(&folder.join(SINGLE), &mut tensors)?;
        } else if folder.join(INDEX).exists() {
            let index = read_index(&folder.join(INDEX))?;
            let mut files: Vec<&String> = index.weight_map.values().collect();
            files.sort_unstable();
            files.dedup();
            for file in files {
                header(&shard(folder, file)?, &mut tensors)?;
            }
            for (name, file) in &index.weight_map {
                if !tensors.contains_key(name) {
                    return Err(ModelError::Tensor {
                        place: folder.join(file).display().to_string(),
                        name: name.clone(),
                        reason: format!("{INDEX} says that it is here, but it is not"),
                    });
                }
            }
        } else {
            return Err(damaged(
                folder,
                format!("no {SINGLE} and no {INDEX} here; the weights are missing"),
            ));
        }
        Ok(Self {
            folder: folder.to_owned(),
            tensors,
        })
    }

    pub(super) fn folder(&self) -> &Path {
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

    pub(super) fn read(&self, name: &str) -> Result<Tensor, ModelError> {
        let about = |reason: String| ModelError::Tensor {
            place: self.folder.display().to_string(),
            name: name.to_owned(),
            reason,
        };
        let stored = self
            .tensors
            .get(name)
            .ok_or_else(|| about("is missing".into()))?;
        let dtype = match stored.dtype {
            Dtype::F32 => DType::F32,
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::BF16,
            Dtype::F64 => DType::F64,
            other => {
                return Err(about(format!(
                    "has type {other:?}; F32, F16, BF16 or F64 is needed"
                )));
            }
        };
        let mut bytes = vec![0; stored.bytes];
        let mut file = File::open(&stored.file).map_err(unreadable(&stored.file))?;
        file.seek(SeekFrom::Start(stored.start))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(unreadable(&stored.file))?;
        Tensor::from_raw_buffer(&bytes, dtype, &stored.shape, &Device::Cpu)
            .and_then(|tensor| tensor.to_dtype(DType::F32))
            .map_err(|error| about(plain(&error)))
    }
}

fn read_index(path: &Path) -> Result<Index, ModelError> {
    let text = std::fs::read_to_string(path).map_err(unreadable(path))?;
    serde_json::from_str(&text).map_err(|error| {
        damaged(
            path,
            format!("not a valid index of safetensors files: {error}"),
        )
    })
}

/// The path of a shard; a name that leads out of the folder is refused.
fn shard(folder: &Path, file: &str) -> Result<PathBuf, ModelError> {
    let path = folder.join(file);
    if Path::new(file).components().count() != 1 || file.starts_with('.') {
        Err(damaged(
            &folder.join(INDEX),
            format!("`{file}` is not the name of a file in this folder"),
        ))
    } else if path.exists() {
        Ok(path)
    } else {
        Err(damaged(
            &path,
            format!("is listed in {INDEX} but is missing; download it"),
        ))
    }
}

/// Adds the tensors of one file. The format: eight bytes that say how long the header is, the
/// header in JSON, the data.
fn header(path: &Path, tensors: &mut BTreeMap<String, Stored>) -> Result<(), ModelError> {
    let mut file = File::open(path).map_err(unreadable(path))?;
    let length = file.metadata().map_err(unreadable(path))?.len();
    let mut start = Vec::with_capacity(64);
    (&mut file)
        .take(64)
        .read_to_end(&mut start)
        .map_err(unreadable(path))?;
    if let Some(reason) = foreign(&start) {
        return Err(damaged(path, reason));
    }
    let size = start
        .first_chunk::<8>()
        .map(|bytes| u64::from_le_bytes(*bytes))
        .filter(|size| *size <= LONGEST_HEADER)
        .ok_or_else(|| damaged(path, "not a safetensors file"))?;
    let data = 8 + size;
    if data > length {
        return Err(damaged(
            path,
            "the header is truncated; download the file again",
        ));
    }
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(8))
        .and_then(|_| file.take(size).read_to_end(&mut text))
        .map_err(unreadable(path))?;
    let mut entries: HashMap<String, serde_json::Value> = serde_json::from_slice(&text)
        .map_err(|error| damaged(path, format!("not a safetensors file: {error}")))?;
    entries.remove("__metadata__");
    for (name, entry) in entries {
        let stored = place(path, data, length, entry).map_err(|reason| ModelError::Tensor {
            place: path.display().to_string(),
            name: name.clone(),
            reason,
        })?;
        tensors.insert(name, stored);
    }
    Ok(())
}

/// Where one entry of the header says that its tensor stands, if that is possible.
fn place(path: &Path, data: u64, length: u64, entry: serde_json::Value) -> Result<Stored, String> {
    let info: TensorInfo = serde_json::from_value(entry).map_err(|error| error.to_string())?;
    let (begin, end) = info.data_offsets;
    let bytes = end
        .checked_sub(begin)
        .ok_or_else(|| format!("data offsets {begin} to {end} make no sense"))?;
    let bits = info
        .shape
        .iter()
        .try_fold(info.dtype.bitsize(), |n, dim| n.checked_mul(*dim));
    if bits != bytes.checked_mul(8) {
        return Err(format!(
            "shape {:?} of {:?} does not fit the {bytes} bytes stored",
            info.shape, info.dtype
        ));
    }
    let last = u64::try_from(end)
        .ok()
        .and_then(|end| data.checked_add(end))
        .ok_or_else(|| format!("ends at byte {end}, which makes no sense"))?;
    if last > length {
        return Err(format!(
            "ends at byte {last}, but the file has {length}; it is truncated, download it again"
        ));
    }
    Ok(Stored {
        file: path.to_owned(),
        dtype: info.dtype,
        shape: info.shape,
        start: last - bytes as u64,
        bytes,
    })
}

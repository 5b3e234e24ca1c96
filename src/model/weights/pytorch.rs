//! `pytorch_model.bin`, as `torch.save` has written it since PyTorch 1.6: a zip archive with one
//! pickle, which describes the tensors, and one uncompressed file for each storage. Files of
//! before that hold the same one after the other ([`legacy`]).
//!
//! candle's reader of these files is not used: it takes memory without limit for a crafted pickle,
//! writes to stderr, and panics on short tuples.

mod legacy;
pub(super) mod pickle;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use safetensors::Dtype;
use zip::{CompressionMethod, ZipArchive};

use super::stored::{self, StoredTensor};
use super::{CheckpointFile, damaged, foreign, unreadable};
use crate::model::ModelError;
use pickle::TensorDescription;
use pickle::tree::Item;

/// No description of a model is longer.
const LONGEST_PICKLE: u64 = 16 << 20;

/// Where a file of the archive stands: offset and length.
type ByteRange = (u64, u64);

/// Where each storage stands, by its key.
pub(super) type Storages = HashMap<String, ByteRange>;

/// Adds the tensors of the file at `path`.
pub(super) fn read(
    path: &Path,
    tensors: &mut BTreeMap<String, StoredTensor>,
) -> Result<(), ModelError> {
    let CheckpointFile {
        file,
        length,
        start,
    } = CheckpointFile::at(path)?;
    let (saved, storages) = if start.starts_with(b"PK\x03\x04") {
        let (pickle, storages) = unpack(path, file, length)?;
        let saved = pickle::saved(&pickle);
        let saved = saved.map_err(|reason| damaged(path, no_state_dict(&reason)))?;
        (saved, storages)
    } else if legacy::begins(&start) {
        legacy::read(path, file, length)?
    } else {
        let reason = foreign(&start).unwrap_or("not a PyTorch file");
        return Err(damaged(path, reason));
    };
    for tensor in saved.tensors {
        let stored = place(path, &tensor, &storages).map_err(|reason| ModelError::Tensor {
            place: path.display().to_string(),
            name: tensor.name.clone(),
            reason,
        })?;
        tensors.insert(tensor.name, stored);
    }
    Ok(())
}

/// What the file at `path` holds as a tree of plain containers, and where the storages of its
/// tensors stand.
pub(super) fn read_tree(path: &Path) -> Result<(Item, Storages), ModelError> {
    let CheckpointFile {
        file,
        length,
        start,
    } = CheckpointFile::at(path)?;
    if !start.starts_with(b"PK\x03\x04") {
        let reason = match legacy::begins(&start) {
            true => "written as before PyTorch 1.6; load it and save it anew",
            false => foreign(&start).unwrap_or("not a PyTorch file"),
        };
        return Err(damaged(path, reason));
    }
    let (pickle, storages) = unpack(path, file, length)?;
    let tree = pickle::tree::tree(&pickle);
    let tree =
        tree.map_err(|reason| damaged(path, format!("not what torch.save writes: {reason}")))?;
    Ok((tree, storages))
}

fn no_state_dict(reason: &str) -> String {
    format!("not a PyTorch state dict: {reason}")
}

/// The pickle, and where each storage stands, by its key.
fn unpack(
    path: &Path,
    file: File,
    length: u64,
) -> Result<(Vec<u8>, HashMap<String, ByteRange>), ModelError> {
    let wrong = |error: zip::result::ZipError| {
        damaged(
            path,
            format!("the archive is damaged ({error}); download the file again"),
        )
    };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(wrong)?;
    let mut pickle = None;
    let mut storages = HashMap::new();
    for i in 0..archive.len() {
        let mut entry = archive.by_index_raw(i).map_err(wrong)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let size = entry.compressed_size();
        // Uncompressed, so no entry becomes larger than the file.
        let is_plain = entry.compression() == CompressionMethod::Stored && !entry.encrypted();
        if !is_plain {
            return Err(damaged(
                path,
                format!("{name:?} is compressed; save it anew"),
            ));
        }
        if name.ends_with("/data.pkl") {
            if size > LONGEST_PICKLE {
                return Err(damaged(
                    path,
                    "its description of the tensors is too long; the file is damaged",
                ));
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(unreadable(path))?;
            pickle = Some(bytes);
        } else if let Some((_, key)) = name.rsplit_once("/data/") {
            let start = entry
                .data_start()
                .filter(|start| start.checked_add(size).is_some_and(|end| end <= length));
            let start = start.ok_or_else(|| damaged(path, format!("{name:?} is truncated")))?;
            storages.insert(key.to_owned(), (start, size));
        }
    }
    let pickle =
        pickle.ok_or_else(|| damaged(path, "an archive without data.pkl; not a PyTorch file"))?;
    Ok((pickle, storages))
}

/// Where a tensor stands, if what the pickle says of it is possible.
pub(super) fn place(
    path: &Path,
    tensor: &TensorDescription,
    storages: &HashMap<String, ByteRange>,
) -> Result<StoredTensor, String> {
    let dtype = dtype(&tensor.storage_type)
        .ok_or_else(|| format!("has the unknown type {:?}", tensor.storage_type))?;
    let bytes = stored::size(dtype, &tensor.shape)
        .ok_or_else(|| format!("shape {:?} makes no sense", tensor.shape))?;
    if !is_contiguous(&tensor.shape, &tensor.strides) {
        return Err("is not stored row by row; make it contiguous and save it anew".into());
    }
    let (start, length) = storages
        .get(&tensor.storage)
        .ok_or_else(|| format!("its storage {:?} is not in the file", tensor.storage))?;
    let offset = stored::size(dtype, &[tensor.offset]).map(|offset| offset as u64);
    let end = offset.and_then(|offset| offset.checked_add(bytes as u64));
    match (offset, end) {
        (Some(offset), Some(end)) if end <= *length => Ok(StoredTensor {
            file: path.to_owned(),
            dtype,
            shape: tensor.shape.clone(),
            start: start + offset,
            bytes,
        }),
        _ => Err(format!(
            "shape {:?} does not fit the {length} bytes stored",
            tensor.shape
        )),
    }
}

fn dtype(storage_type: &str) -> Option<Dtype> {
    Some(match storage_type {
        "FloatStorage" => Dtype::F32,
        "HalfStorage" => Dtype::F16,
        "BFloat16Storage" => Dtype::BF16,
        "DoubleStorage" => Dtype::F64,
        "LongStorage" => Dtype::I64,
        "IntStorage" => Dtype::I32,
        "ShortStorage" => Dtype::I16,
        "CharStorage" => Dtype::I8,
        "ByteStorage" => Dtype::U8,
        "BoolStorage" => Dtype::BOOL,
        "UntypedStorage" => Dtype::U8,
        "uint16" => Dtype::U16,
        "uint32" => Dtype::U32,
        "uint64" => Dtype::U64,
        "float8_e4m3fn" => Dtype::F8_E4M3,
        "float8_e5m2" => Dtype::F8_E5M2,
        "float8_e8m0fnu" => Dtype::F8_E8M0,
        _ => return None,
    })
}

/// Whether these are the strides of a tensor whose rows follow each other. The stride of a
/// dimension of one element says nothing.
fn is_contiguous(shape: &[usize], strides: &[usize]) -> bool {
    let mut expected = 1_usize;
    shape.len() == strides.len()
        && shape.iter().zip(strides).rev().all(|(dim, stride)| {
            let fits = *dim <= 1 || *stride == expected;
            expected = expected.saturating_mul(*dim);
            fits
        })
}

//! The header of a safetensors file: eight bytes that say how long it is, then JSON that says
//! where in the rest of the file each tensor stands.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use safetensors::tensor::TensorInfo;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::stored::{self, StoredTensor};
use super::{CheckpointFile, damaged, foreign, unreadable};
use crate::model::ModelError;

/// As long as a header may be, by the format's own definition.
const LONGEST_HEADER: u64 = 100_000_000;

/// Adds the tensors of the file at `path`.
pub(super) fn read(
    path: &Path,
    tensors: &mut BTreeMap<String, StoredTensor>,
) -> Result<(), ModelError> {
    let CheckpointFile {
        mut file,
        length,
        start,
    } = CheckpointFile::at(path)?;
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
    let header: Header = serde_json::from_slice(&text)
        .map_err(|error| damaged(path, format!("not a safetensors file: {error}")))?;
    for (name, info) in header.0 {
        let stored = place(path, data, length, info).map_err(|reason| ModelError::Tensor {
            place: path.display().to_string(),
            name: name.clone(),
            reason,
        })?;
        tensors.insert(name, stored);
    }
    Ok(())
}

/// The free text under a key of the header of the file at `path`, if it has some.
pub(super) fn free_text(path: &Path, key: &str) -> Option<String> {
    let CheckpointFile {
        mut file, start, ..
    } = CheckpointFile::at(path).ok()?;
    let size = u64::from_le_bytes(*start.first_chunk::<8>()?);
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(8)).ok()?;
    file.take(size.min(LONGEST_HEADER))
        .read_to_end(&mut text)
        .ok()?;
    let FreeText(mut free) = serde_json::from_slice(&text).ok()?;
    free.remove(key)
}

/// The free text of a header.
struct FreeText(HashMap<String, String>);

impl<'de> Deserialize<'de> for FreeText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = FreeText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object that lists tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FreeText, A::Error> {
                let mut free = HashMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        free = map.next_value()?;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(FreeText(free))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// The entries of a header without the free text among them. Read straight into their own type:
/// a general JSON value takes many times the bytes of its text.
struct Header(Vec<(String, TensorInfo)>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object that lists tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut entries = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<IgnoredAny>()?;
                    } else {
                        entries.push((name, map.next_value()?));
                    }
                }
                Ok(Header(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// Where one entry of the header says that its tensor stands, if that is possible.
fn place(path: &Path, data: u64, length: u64, info: TensorInfo) -> Result<StoredTensor, String> {
    let (begin, end) = info.data_offsets;
    let bytes = end
        .checked_sub(begin)
        .ok_or_else(|| format!("data offsets {begin} to {end} make no sense"))?;
    if stored::size(info.dtype, &info.shape) != Some(bytes) {
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
    Ok(StoredTensor {
        file: path.to_owned(),
        dtype: info.dtype,
        shape: info.shape,
        start: last - bytes as u64,
        bytes,
    })
}

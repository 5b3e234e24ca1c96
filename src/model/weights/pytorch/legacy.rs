//! What `torch.save` wrote before PyTorch 1.6: five pickles one after the other (a magic number,
//! the version of the protocol, what machine it was, the state dict, and the keys of the
//! storages), then the storages in the order of those keys, each as its number of elements in
//! eight bytes and the elements.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::pickle::{self, Saved};
use super::{ByteRange, LONGEST_PICKLE, dtype, no_state_dict};
use crate::model::ModelError;
use crate::model::weights::{damaged, stored, unreadable};

/// The magic number, as every protocol of pickles writes it, and the end of its pickle.
const MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// The beginning of every pickle.
const PICKLE: u8 = 0x80;

/// Whether this is how such a file begins.
pub(super) fn begins(start: &[u8]) -> bool {
    let mut places = start.windows(MAGIC.len()).take(16);
    start.first() == Some(&PICKLE) && places.any(|place| place == MAGIC)
}

/// The state dict of the `file` at `path`, and where each storage stands.
pub(super) fn read(
    path: &Path,
    mut file: File,
    length: u64,
) -> Result<(Saved, HashMap<String, ByteRange>), ModelError> {
    let mut start = Vec::new();
    file.rewind()
        .and_then(|()| (&file).take(LONGEST_PICKLE).read_to_end(&mut start))
        .map_err(unreadable(path))?;
    let wrong = |reason: String| damaged(path, no_state_dict(&reason));
    let mut state_dict = start.as_slice();
    for _before in ["the magic number", "the version", "the machine"] {
        state_dict = pickle::skipped(state_dict).map_err(wrong)?;
    }
    let saved = pickle::saved(state_dict).map_err(wrong)?;
    let keys = state_dict.get(saved.length..).unwrap_or_default();
    let (keys, rest) = pickle::texts(keys).map_err(wrong)?;
    let begin = (start.len() - rest.len()) as u64;
    let storages = storages(path, &mut file, &saved, keys, begin..length)?;
    Ok((saved, storages))
}

/// Where each storage stands, of which the first one begins where `room` does.
fn storages(
    path: &Path,
    file: &mut File,
    saved: &Saved,
    keys: Vec<String>,
    room: std::ops::Range<u64>,
) -> Result<HashMap<String, ByteRange>, ModelError> {
    let mut place = room.start;
    let mut storages = HashMap::new();
    for key in keys {
        let about = |what: &str| damaged(path, format!("storage {key:?} {what}"));
        let kind = saved.storages.get(&key);
        let kind = kind.ok_or_else(|| about("is used by nothing; the file is damaged"))?;
        let dtype = dtype(kind).ok_or_else(|| about(&format!("has the unknown type {kind:?}")))?;
        let mut count = [0; 8];
        let data = place + count.len() as u64;
        if data > room.end {
            return Err(about("is truncated; download the file again"));
        }
        file.seek(SeekFrom::Start(place))
            .and_then(|_| file.read_exact(&mut count))
            .map_err(unreadable(path))?;
        let count = usize::try_from(u64::from_le_bytes(count)).ok();
        let bytes = count.and_then(|count| stored::size(dtype, &[count]));
        let end = bytes.and_then(|bytes| data.checked_add(bytes as u64));
        place = end
            .filter(|end| *end <= room.end)
            .ok_or_else(|| about("is truncated; download the file again"))?;
        storages.insert(key, (data, place - data));
    }
    Ok(storages)
}

//! SHA-256 checksums: as a value, while a file is written, and of a file that is there.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::regular_file;

/// Read in pieces of this size, so that a cancellation is noticed within milliseconds.
const PIECE: usize = 1 << 20;

/// A SHA-256 checksum; as text, 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Sum([u8; 32]);

/// A text that is no SHA-256 checksum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no SHA-256 checksum: 64 hexadecimal digits are expected")]
pub struct NotASha256Sum(String);

impl FromStr for Sha256Sum {
    type Err = NotASha256Sum;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotASha256Sum(text.to_owned());
        let digits = text
            .chars()
            .map(|c| c.to_digit(16))
            .collect::<Option<Vec<u32>>>()
            .filter(|digits| digits.len() == 64)
            .ok_or_else(wrong)?;
        let mut sum = [0; 32];
        for (byte, pair) in sum.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::try_from(pair[0] * 16 + pair[1]).map_err(|_| wrong())?;
        }
        Ok(Self(sum))
    }
}

impl TryFrom<String> for Sha256Sum {
    type Error = NotASha256Sum;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Sha256Sum> for String {
    fn from(sum: Sha256Sum) -> Self {
        sum.to_string()
    }
}

impl fmt::Display for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A writer that knows the checksum and the number of the bytes that went through it.
pub(super) struct Hashing<W> {
    inner: W,
    hasher: Sha256,
    bytes: u64,
}

impl<W> Hashing<W> {
    /// Nothing has been written yet.
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
            bytes: 0,
        }
    }

    /// How many bytes there are so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The writer, and the checksum of everything.
    pub(super) fn finish(self) -> (W, Sha256Sum) {
        (self.inner, Sha256Sum(self.hasher.finalize().into()))
    }

    fn absorb(&mut self, piece: &[u8]) {
        self.hasher.update(piece);
        self.bytes += piece.len() as u64;
    }
}

impl Hashing<File> {
    /// Take in what `file` holds already, so that what is written next continues it.
    pub(super) fn resume(file: File, cancel: &CancellationToken) -> io::Result<Self> {
        let mut this = Self::new(file);
        let mut piece = vec![0; PIECE];
        loop {
            stop_if_cancelled(cancel)?;
            match this.inner.read(&mut piece)? {
                0 => return Ok(this),
                n => this.absorb(&piece[..n]),
            }
        }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(piece)?;
        self.absorb(&piece[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The checksum of the file at `path`. A cancellation is an error of kind `Interrupted`.
pub(super) fn of_file(path: &Path, cancel: &CancellationToken) -> io::Result<Sha256Sum> {
    let (_, sum) = Hashing::resume(regular_file::open(path)?, cancel)?.finish();
    Ok(sum)
}

/// Copy `from` into `to` piece by piece, telling the number of bytes after each one. A
/// cancellation is an error of kind `Interrupted`.
pub(super) fn copy(
    from: &mut impl Read,
    to: &mut impl Write,
    cancel: &CancellationToken,
    mut each: impl FnMut(u64),
) -> io::Result<u64> {
    let mut piece = vec![0; PIECE];
    let mut bytes = 0;
    loop {
        stop_if_cancelled(cancel)?;
        let n = from.read(&mut piece)?;
        if n == 0 {
            return Ok(bytes);
        }
        to.write_all(&piece[..n])?;
        bytes += n as u64;
        each(bytes);
    }
}

fn stop_if_cancelled(cancel: &CancellationToken) -> io::Result<()> {
    if cancel.is_cancelled() {
        return Err(io::ErrorKind::Interrupted.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_checksum_is_read_and_written_as_64_hexadecimal_digits() {
        let sum: Sha256Sum = OF_ABC.parse().unwrap();
        assert_eq!(sum.to_string(), OF_ABC);
        assert_eq!(OF_ABC.to_uppercase().parse(), Ok(sum));
        for wrong in ["", "abc", &OF_ABC[1..], &OF_ABC.replace('b', "x")] {
            assert!(wrong.parse::<Sha256Sum>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_written_is_counted_and_summed() {
        let mut out = Hashing::new(Vec::new());
        out.write_all(b"ab").unwrap();
        out.write_all(b"c").unwrap();
        assert_eq!(out.bytes(), 3);
        let (written, sum) = out.finish();
        assert_eq!(
            (written.as_slice(), sum.to_string().as_str()),
            (&b"abc"[..], OF_ABC)
        );
    }

    #[test]
    fn a_file_can_be_continued() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "ab").unwrap();
        let file = File::options().read(true).append(true).open(&path).unwrap();
        let mut out = Hashing::resume(file, &CancellationToken::new()).unwrap();
        out.write_all(b"c").unwrap();
        assert_eq!(out.finish().1.to_string(), OF_ABC);
        assert_eq!(
            of_file(&path, &CancellationToken::new())
                .unwrap()
                .to_string(),
            OF_ABC
        );
    }

    #[test]
    fn a_cancellation_ends_the_reading() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "abc").unwrap();
        let cancel = CancellationToken::new();
        cancel.cancel();
        let error = of_file(&path, &cancel).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    }
}

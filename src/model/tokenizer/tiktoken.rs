//! Reads `tiktoken.model`: a line for each token, its bytes in base64 and its rank.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::byte_ranks::ByteRanks;

/// The ranks in the file's `bytes`; the error is one line.
pub(super) fn read(bytes: &[u8]) -> Result<ByteRanks, String> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| "is no text of tokens and ranks".to_owned())?;
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    let tokens = lines.map(|(number, line)| {
        read_line(line).ok_or_else(|| format!("line {} is no token and its rank", number + 1))
    });
    ByteRanks::new(tokens.collect::<Result<_, _>>()?)
}

fn read_line(line: &str) -> Option<(Vec<u8>, u32)> {
    let mut parts = line.split_ascii_whitespace();
    let (token, rank) = (parts.next()?, parts.next()?);
    let token = BASE64_STANDARD.decode(token).ok()?;
    let is_token = parts.next().is_none() && !token.is_empty();
    is_token.then_some((token, rank.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_line_is_a_token_and_its_rank() {
        assert_eq!(read(b"YQ== 0\n\nYg== 1\r\n").unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_token_is_told_with_its_line() {
        let error = |text: &str| read(text.as_bytes()).unwrap_err();
        assert_eq!(error("YQ== 0\nYg=="), "line 2 is no token and its rank");
        assert_eq!(error("YQ== 0 1"), "line 1 is no token and its rank");
        assert_eq!(error("? 0"), "line 1 is no token and its rank");
        assert_eq!(error("YQ== -1"), "line 1 is no token and its rank");
        assert_eq!(error(" \n"), "has no token");
        assert_eq!(error("YQ== 3\nYg== 3"), "has two tokens of rank 3");
        assert_eq!(error("YQ== 0\nYQ== 1"), "has a token twice");
        assert_eq!(read(b"\xff").unwrap_err(), "is no text of tokens and ranks");
    }
}

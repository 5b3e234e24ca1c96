//! RWKV's "World" vocabulary: tokens as bytes, of which a text becomes the longest one at each place.
//! It is read from the file that models are published with, whose lines are a number, a literal of
//! Python's and its length, and from GGUF files, whose tokens are such literals without quotes.

use std::collections::HashMap;
use std::str::Chars;

use tokenizers::Tokenizer;
use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::models::bpe::{BPE, Vocab};

use super::byte_level::spelled;
use super::longest::Longest;
use super::special;
use crate::trace::TokenId;

/// The file of a model's folder.
pub(super) const FILE: &str = "rwkv_vocab_v20230424.txt";

/// What the file leaves out: the token of this number ends a text.
pub(super) const END: TokenId = TokenId(0);

/// What that token is called where nothing else says it.
pub(super) const END_OF_TEXT: &str = "<|rwkv_tokenizer_end_of_text|>";

/// Longer tokens than any vocabulary has.
const LONGEST: usize = 1 << 12;

/// A vocabulary of bytes.
#[derive(Debug)]
pub(super) struct World {
    tokens: Vec<(Vec<u8>, TokenId)>,
}

impl World {
    /// Of the file's `bytes`; the error is one line.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "is no text".to_owned())?;
        let lines = text.split('\n').map(|line| line.trim_end_matches('\r'));
        let lines = lines.enumerate().filter(|(_, line)| !line.is_empty());
        let tokens = lines.map(|(number, line)| {
            read_line(line).ok_or_else(|| {
                let number = number + 1;
                format!("line {number} is no number, literal of Python's and its length")
            })
        });
        let tokens = tokens.collect::<Result<Vec<_>, _>>()?;
        let mut numbers: Vec<TokenId> = tokens.iter().map(|(_, id)| *id).collect();
        numbers.sort_unstable();
        let twice = numbers.windows(2).find(|pair| pair.first() == pair.last());
        if let Some([id, _]) = twice {
            return Err(format!("has two tokens of number {}", id.0));
        }
        if numbers.first() == Some(&END) {
            return Err("has a token of number 0, which ends a text".to_owned());
        }
        let mut seen: Vec<&[u8]> = tokens.iter().map(|(bytes, _)| bytes.as_slice()).collect();
        seen.sort_unstable();
        if seen.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err("has a token twice".to_owned());
        }
        Ok(Self { tokens })
    }

    /// Whether `text` is a token as a whole.
    pub(super) fn has(&self, text: &str) -> bool {
        self.tokens
            .iter()
            .any(|(bytes, _)| bytes == text.as_bytes())
    }

    /// What joins its bytes.
    pub(super) fn longest(&self) -> Result<Longest, String> {
        let tokens = self.tokens.iter();
        Longest::new(tokens.map(|(bytes, id)| (bytes.as_slice(), *id)))
    }

    /// The tokenizer of its bytes, which are still to be joined. The token that ends a text is called
    /// `end`.
    pub(super) fn tokenizer(&self, end: &str) -> tokenizers::Result<Tokenizer> {
        let tokens = self.tokens.iter();
        let mut vocab: Vocab = tokens.map(|(bytes, id)| (spelled(bytes), id.0)).collect();
        vocab.insert(end.to_owned(), END.0);
        let mut tokenizer = of_bytes(vocab)?;
        tokenizer.add_special_tokens(vec![special::control(end)])?;
        Ok(tokenizer)
    }
}

/// A tokenizer whose texts become single bytes of a `vocab` in byte-level spelling.
pub(super) fn of_bytes(vocab: Vocab) -> tokenizers::Result<Tokenizer> {
    let model = BPE::builder().vocab_and_merges(vocab, Vec::new()).build()?;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, true, false)));
    tokenizer.with_decoder(Some(ByteLevel::default()));
    Ok(tokenizer)
}

/// Respells the tokens of a GGUF file that are text, by their number, and gives what joins them.
pub(super) fn respelled<'a>(
    tokens: impl IntoIterator<Item = (&'a mut String, TokenId)>,
) -> Result<Longest, String> {
    let mut by_bytes: HashMap<Vec<u8>, TokenId> = HashMap::new();
    for (token, id) in tokens {
        let bytes = unescaped(token);
        *token = spelled(&bytes);
        if by_bytes.insert(bytes, id).is_some() {
            return Err(format!("lists {token:?} twice"));
        }
    }
    Longest::new(by_bytes.iter().map(|(bytes, id)| (bytes.as_slice(), *id)))
}

/// The bytes of a token in a GGUF file: what stands behind a backslash is as in a literal of
/// Python's, or itself.
fn unescaped(token: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.as_bytes().iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match (byte, byte == b'\\') {
            (byte, false) => byte,
            (_, true) => match rest.next() {
                Some(b't') => b'\t',
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b'x') => {
                    let mut digit = || rest.next().map_or(0, |digit| hex(digit).unwrap_or(0));
                    digit() * 16 + digit()
                }
                Some(other) => other,
                None => break,
            },
        });
    }
    bytes
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// `261 '\n\n' 2`.
fn read_line(line: &str) -> Option<(Vec<u8>, TokenId)> {
    let (number, rest) = line.split_once(' ')?;
    let (literal, len) = rest.rsplit_once(' ')?;
    let bytes = of_literal(literal.trim())?;
    let is_as_long = len.trim().parse() == Ok(bytes.len());
    let is_token = is_as_long && !bytes.is_empty() && bytes.len() <= LONGEST;
    is_token.then_some((bytes, TokenId(number.parse().ok()?)))
}

/// The bytes of a literal of Python's, of text or of bytes.
fn of_literal(literal: &str) -> Option<Vec<u8>> {
    let (quoted, is_bytes) = match literal.strip_prefix('b') {
        Some(quoted) => (quoted, true),
        None => (literal, false),
    };
    let quote = quoted.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let mut rest = quoted.strip_prefix(quote)?.strip_suffix(quote)?.chars();
    let mut bytes = Vec::new();
    while let Some(c) = rest.next() {
        let number = match c {
            '\\' => escaped(&mut rest)?,
            c if c == quote => return None,
            c => c.into(),
        };
        if is_bytes {
            bytes.push(u8::try_from(number).ok()?);
        } else {
            let mut encoded = [0; 4];
            let c = char::from_u32(number)?.encode_utf8(&mut encoded);
            bytes.extend_from_slice(c.as_bytes());
        }
    }
    Some(bytes)
}

/// The number of the character or byte that stands behind a backslash.
fn escaped(rest: &mut Chars<'_>) -> Option<u32> {
    let digits = match rest.next()? {
        't' => return Some('\t'.into()),
        'n' => return Some('\n'.into()),
        'r' => return Some('\r'.into()),
        c @ ('\\' | '\'' | '"') => return Some(c.into()),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return None,
    };
    let number: String = rest.by_ref().take(digits).collect();
    let is_whole = number.len() == digits && number.bytes().all(|c| c.is_ascii_hexdigit());
    u32::from_str_radix(&number, 16).ok().filter(|_| is_whole)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_is_a_number_a_literal_and_its_length() {
        let line = |line: &str| read_line(line).map(|(bytes, id)| (bytes, id.0));
        assert_eq!(line("33 ' ' 1"), Some((b" ".to_vec(), 33)));
        assert_eq!(line(r"261 '\n\n' 2"), Some((b"\n\n".to_vec(), 261)));
        assert_eq!(line(r"200 b'\xc7' 1"), Some((b"\xc7".to_vec(), 200)));
        // In a text it is a character, in bytes a byte.
        assert_eq!(line(r"9 '\xa0' 2"), Some(("\u{a0}".into(), 9)));
        assert_eq!(line(r"9 '\u3000' 3"), Some(("\u{3000}".into(), 9)));
        assert_eq!(line(r#"40 "'" 1"#), Some((b"'".to_vec(), 40)));
        assert_eq!(line(r#"9 '\'"' 2"#), Some((b"'\"".to_vec(), 9)));
        assert_eq!(line("9 ' a b' 4"), Some((b" a b".to_vec(), 9)));
        for bad in [
            "9 'a' 2",
            "9 'a",
            "9 'a'b' 3",
            r"9 '\q' 1",
            r"9 b'\u3000' 3",
            "x 'a' 1",
            "9 '' 0",
            "",
        ] {
            assert_eq!(line(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_no_token_is_told_with_its_line() {
        let error = |text: &str| World::read(text.as_bytes()).unwrap_err();
        let no_token = "line 2 is no number, literal of Python's and its length";
        assert_eq!(error("1 'a' 1\n2 'b' 2\n"), no_token);
        assert_eq!(error("1 'a' 1\n1 'b' 1\n"), "has two tokens of number 1");
        assert_eq!(error("1 'a' 1\n2 'a' 1\n"), "has a token twice");
        let without = World::read(b"1 'a' 1\r\n").unwrap().longest().unwrap_err();
        assert_eq!(without, "has no token for the byte 0x00 alone");
    }

    #[test]
    fn tokens_of_gguf_files_stand_for_bytes() {
        assert_eq!(unescaped(r"\n\n"), b"\n\n");
        assert_eq!(unescaped(r"\xe8\xa8\x80"), "言".as_bytes());
        assert_eq!(unescaped(r"a\\b\'"), b"a\\b'");
        assert_eq!(unescaped("é"), "é".as_bytes());
    }
}

//! Reads Mistral's `tekken.json`: an expression that cuts texts into words, tokens as bytes in the
//! order of their ranks, and the special tokens, which stand in front of them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use super::additions::MOST_SPECIAL;
use super::byte_ranks::{Behind, ByteRanks, Ranked};
use crate::model::json;

/// The special tokens of the files that list none, which are those of before version 11.
const UNLISTED: [&str; 20] = [
    "<unk>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "[TOOL_CALLS]",
    "[IMG]",
    "<pad>",
    "[IMG_BREAK]",
    "[IMG_END]",
    "[PREFIX]",
    "[MIDDLE]",
    "[SUFFIX]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[TOOL_CONTENT]",
];

/// The versions whose files may list no special tokens.
const WITHOUT_LIST: [&str; 4] = ["v1", "v2", "v3", "v7"];

#[derive(Deserialize)]
struct File {
    config: Config,
    vocab: Vec<Entry>,
    special_tokens: Option<Vec<SpecialEntry>>,
}

#[derive(Deserialize)]
struct Config {
    pattern: String,
    /// How many tokens there are with the special ones; the vocabulary may list more.
    default_vocab_size: Option<usize>,
    default_num_special_tokens: Option<usize>,
    version: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    rank: u64,
    token_bytes: String,
}

#[derive(Deserialize)]
struct SpecialEntry {
    rank: u64,
    token_str: String,
}

/// What the file with these bytes holds; the error is one line.
pub(super) fn read(bytes: &[u8]) -> Result<Ranked, String> {
    let file: File = json::parse_as(bytes).map_err(|error| error.to_string())?;
    let first = special_tokens(&file)?;
    let n_tokens = match file.config.default_vocab_size {
        None => file.vocab.len(),
        Some(all) => all
            .checked_sub(first.len())
            .ok_or_else(|| format!("has {} special tokens among {all} in all", first.len()))?,
    };
    if n_tokens > file.vocab.len() {
        return Err(format!(
            "has {} tokens where its config says {n_tokens}: it is damaged",
            file.vocab.len()
        ));
    }
    let tokens = (0..).zip(&file.vocab[..n_tokens]).map(|(rank, entry)| {
        let bad = || format!("has no token at the place {rank} of its vocab");
        let token = BASE64_STANDARD
            .decode(&entry.token_bytes)
            .map_err(|_| bad())?;
        let is_token = entry.rank == u64::from(rank) && !token.is_empty();
        is_token.then_some((token, rank)).ok_or_else(bad)
    });
    Ok(Ranked {
        ranks: ByteRanks::new(tokens.collect::<Result<_, _>>()?)?,
        pattern: file.config.pattern,
        first,
        behind: Behind::Nothing,
    })
}

/// The special tokens by id, with fillers up to the number that the file has of them.
fn special_tokens(file: &File) -> Result<Vec<String>, String> {
    let mut tokens = match &file.special_tokens {
        Some(listed) => listed_tokens(listed)?,
        None => {
            let version = file.config.version.as_deref().unwrap_or_default();
            if !WITHOUT_LIST.contains(&version) {
                return Err(format!(
                    "lists no special_tokens, as one of version {version:?} has to"
                ));
            }
            UNLISTED.map(str::to_owned).to_vec()
        }
    };
    let number = file
        .config
        .default_num_special_tokens
        .unwrap_or(tokens.len());
    if number < tokens.len() || number > MOST_SPECIAL {
        return Err(format!(
            "has {} special tokens where its config says {number}",
            tokens.len()
        ));
    }
    tokens.extend((tokens.len()..number).map(|id| format!("<SPECIAL_{id}>")));
    Ok(tokens)
}

fn listed_tokens(listed: &[SpecialEntry]) -> Result<Vec<String>, String> {
    let mut by_rank: Vec<_> = listed.iter().collect();
    by_rank.sort_by_key(|token| token.rank);
    let in_a_row = (0..).zip(&by_rank).all(|(rank, token)| token.rank == rank);
    if !in_a_row {
        return Err("has special_tokens whose ranks do not count up from 0".to_owned());
    }
    Ok(by_rank
        .into_iter()
        .map(|token| token.token_str.clone())
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::{Value, json};

    fn file() -> Value {
        json!({
            "config": {"pattern": ".", "default_vocab_size": 5, "default_num_special_tokens": 3, "version": "v7"},
            "vocab": [
                {"rank": 0, "token_bytes": "YQ==", "token_str": "a"},
                {"rank": 1, "token_bytes": "Yg==", "token_str": "b"},
                {"rank": 2, "token_bytes": "Yw==", "token_str": "c"},
            ],
            "special_tokens": [
                {"rank": 1, "token_str": "<s>", "is_control": true},
                {"rank": 0, "token_str": "<unk>", "is_control": true},
            ],
        })
    }

    fn read_json(file: &Value) -> Result<Ranked, String> {
        read(file.to_string().as_bytes())
    }

    #[test]
    fn special_tokens_stand_in_front_with_fillers_and_padded_rows_are_left_out() {
        let read = read_json(&file()).unwrap();
        assert_eq!(read.first, ["<unk>", "<s>", "<SPECIAL_2>"]);
        assert_eq!(read.ranks.len(), 2);
    }

    #[test]
    fn an_old_file_that_lists_none_has_the_twenty_of_its_time() {
        let mut file = file();
        file["special_tokens"] = Value::Null;
        file["config"]["default_num_special_tokens"] = json!(22);
        file["config"]["default_vocab_size"] = json!(25);
        let read = read_json(&file).unwrap();
        assert_eq!(read.first[17], "[SYSTEM_PROMPT]");
        assert_eq!(read.first[21], "<SPECIAL_21>");
        file["config"]["version"] = json!("v13");
        let error = read_json(&file).unwrap_err();
        assert_eq!(
            error,
            "lists no special_tokens, as one of version \"v13\" has to"
        );
    }

    #[test]
    fn what_does_not_fit_together_is_told_in_one_line() {
        let error = |change: fn(&mut Value)| {
            let mut file = file();
            change(&mut file);
            read_json(&file).unwrap_err()
        };
        assert_eq!(
            error(|file| file["config"]["default_vocab_size"] = json!(2)),
            "has 3 special tokens among 2 in all"
        );
        assert_eq!(
            error(|file| file["config"]["default_vocab_size"] = json!(90)),
            "has 3 tokens where its config says 87: it is damaged"
        );
        assert_eq!(
            error(|file| file["vocab"][1]["rank"] = json!(7)),
            "has no token at the place 1 of its vocab"
        );
        assert_eq!(
            error(|file| file["vocab"][0]["token_bytes"] = json!("?")),
            "has no token at the place 0 of its vocab"
        );
        assert_eq!(
            error(|file| file["special_tokens"][0]["rank"] = json!(4)),
            "has special_tokens whose ranks do not count up from 0"
        );
        assert_eq!(
            error(|file| file["config"]["default_num_special_tokens"] = json!(1)),
            "has 2 special tokens where its config says 1"
        );
        assert_eq!(
            error(|file| file["config"]["default_num_special_tokens"] = json!(1u64 << 40)),
            "has 2 special tokens where its config says 1099511627776"
        );
    }
}

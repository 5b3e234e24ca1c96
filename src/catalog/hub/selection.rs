//! Which of a repository's files make a checkpoint.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::catalog::Shards;
use crate::catalog::split::{self, ShardName};
use crate::regular_file::is_plain_name;

/// The weights of a folder, in one file or by the index of their shards. Safetensors come first;
/// `torch.save` wrote the others.
const WEIGHTS: [(&str, &str); 2] = [
    ("model.safetensors", "model.safetensors.index.json"),
    ("pytorch_model.bin", "pytorch_model.bin.index.json"),
];

/// The files of a folder besides the weights, where they exist.
const BESIDES: [&str; 10] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    // How the weights are quantised, where `config.json` does not say it.
    "hf_quant_config.json",
    "quantize_config.json",
    "quant_config.json",
];

/// Where a repository keeps templates for particular conversations, such as those with tools.
const MORE_TEMPLATES: &str = "additional_chat_templates";

/// What a tokenizer is made from where there is no `tokenizer.json`: any one of these, or else
/// [`MERGED`].
const OTHER_TOKENIZERS: [&str; 4] = [
    "tekken.json",
    "tokenizer.model",
    "tiktoken.model",
    "rwkv_vocab_v20230424.txt",
];

/// A vocabulary and its merges, which make a tokenizer together.
const MERGED: [&str; 2] = ["vocab.json", "merges.txt"];

/// Of several GGUF files the first of these kinds is taken: `Q8_0` is nearly lossless and half the
/// size of `F16`; then smaller and smaller ones, then the large ones. Kinds that cannot be read
/// are not in the list.
const GGUF_KINDS: [&str; 34] = [
    "Q8_0",
    "Q6_K",
    "Q5_K_M",
    "Q5_K_S",
    "Q5_1",
    "Q5_0",
    "Q4_K_M",
    "Q4_K_S",
    "Q4_1",
    "Q4_0",
    "IQ4_NL",
    "IQ4_XS",
    "MXFP4_MOE",
    "MXFP4",
    "NVFP4",
    "Q3_K_L",
    "Q3_K_M",
    "Q3_K_S",
    "IQ3_M",
    "IQ3_S",
    "IQ3_XS",
    "IQ3_XXS",
    "Q2_K",
    "IQ2_M",
    "IQ2_S",
    "IQ2_XS",
    "IQ2_XXS",
    "TQ2_0",
    "TQ1_0",
    "IQ1_M",
    "IQ1_S",
    "F16",
    "BF16",
    "F32",
];

/// The files that make a checkpoint.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// One GGUF file, or the parts of a split one, the first one first.
    Gguf(Vec<String>),
    /// A folder.
    Folder(Folder),
}

/// The files of a folder with weights in safetensors or PyTorch files.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Folder {
    /// The small files.
    pub(super) besides: Vec<String>,
    /// The large ones.
    pub(super) weights: Weights,
}

/// How the weights are stored.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Weights {
    /// In this file.
    Single(String),
    /// In the files that this index names.
    Sharded {
        /// The index's name.
        index: String,
    },
}

impl Selection {
    /// What to take of a repository with files of these names: the GGUF file that was asked for
    /// with all of its parts, or else safetensors, or else PyTorch's own files, or else one GGUF
    /// file. `None` if there is no such thing.
    pub(super) fn of(names: &[String], wanted: Option<&str>) -> Option<Self> {
        let has = |name: &str| names.iter().any(|other| other == name);
        if let Some(wanted) = wanted {
            return has(wanted).then(|| Self::Gguf(split::parts(wanted)));
        }
        let weights = WEIGHTS.into_iter().find_map(|(single, index)| {
            if has(single) {
                return Some(Weights::Single(single.to_owned()));
            }
            let index = has(index).then(|| index.to_owned())?;
            Some(Weights::Sharded { index })
        });
        match weights {
            Some(weights) if has("config.json") => {
                let others = OTHER_TOKENIZERS.iter().chain(&MERGED);
                let others = others.filter(|_| !has("tokenizer.json"));
                let besides = BESIDES.iter().chain(others).filter(|name| has(name));
                let mut besides: Vec<String> = besides.map(|name| (*name).to_owned()).collect();
                besides.extend(names.iter().filter(|name| is_template(name)).cloned());
                Some(Self::Folder(Folder { besides, weights }))
            }
            _ => best_gguf(names).map(Self::Gguf),
        }
    }
}

impl Folder {
    /// The names of all files; `read` gives the content of the index, if there is one.
    pub(super) fn files(self, read: impl FnOnce(&str) -> Option<Vec<u8>>) -> Option<Vec<String>> {
        let mut files = self.besides;
        match self.weights {
            Weights::Single(name) => files.push(name),
            Weights::Sharded { index } => {
                files.extend(shards(&read(&index)?, Shards::All).ok()?);
                files.push(index);
            }
        }
        Some(files)
    }

    /// Whether there is anything to make a tokenizer from.
    pub(super) fn has_tokenizer(&self) -> bool {
        makes_tokenizer(&self.besides)
    }
}

/// Of the names of a repository's files those of its tokenizer and its chat templates, first one that
/// lies beside all others. `None` where they make no tokenizer.
pub(super) fn tokenizer(names: &[String]) -> Option<Vec<String>> {
    let has = |name: &str| names.iter().any(|other| other == name);
    let others = OTHER_TOKENIZERS.iter().chain(&MERGED);
    let others = others.filter(|_| !has("tokenizer.json"));
    let besides = BESIDES.iter().chain(others).filter(|name| has(name));
    let besides: Vec<String> = besides.map(|name| (*name).to_owned()).collect();
    if !makes_tokenizer(&besides) {
        return None;
    }
    let templates = names.iter().filter(|name| is_template(name)).cloned();
    Some(besides.into_iter().chain(templates).collect())
}

/// Whether a tokenizer can be made from files of these names.
fn makes_tokenizer(names: &[String]) -> bool {
    let has = |name: &str| names.iter().any(|other| other == name);
    let is_there = |name: &&str| has(name);
    has("tokenizer.json") || OTHER_TOKENIZERS.iter().any(is_there) || MERGED.iter().all(is_there)
}

/// Whether `name` is the path of one of several chat templates.
fn is_template(name: &str) -> bool {
    let file = name
        .strip_prefix(MORE_TEMPLATES)
        .and_then(|file| file.strip_prefix('/'));
    file.is_some_and(|file| is_plain_name(file) && file.ends_with(".jinja"))
}

fn best_gguf(names: &[String]) -> Option<Vec<String>> {
    GGUF_KINDS.iter().find_map(|kind| {
        let mut fitting = names.iter().filter(|name| is_gguf_of(kind, name));
        fitting.next().map(|name| split::parts(name))
    })
}

/// Whether `name` is a GGUF file of this kind, such as `model.Q8_0.gguf`, in one piece, or the
/// first part of a split one.
fn is_gguf_of(kind: &str, name: &str) -> bool {
    let name = match ShardName::of(name) {
        None => name.to_uppercase(),
        Some(split) if split.number == 1 => split.whole_name().to_uppercase(),
        Some(_) => return false,
    };
    let stem = name
        .strip_suffix(".GGUF")
        .and_then(|stem| stem.strip_suffix(kind));
    stem.is_some_and(|stem| {
        stem.ends_with(['.', '-', '_']) && !stem.contains('/') && !stem.contains("MMPROJ")
    })
}

/// The names of the files that an index of shards names, each once; of those with weights of blocks
/// only, none where they are not wanted. Such weights have the number of their block in the name.
///
/// # Errors
/// When the text is no index, or names a file outside its folder.
pub(super) fn shards(index: &[u8], wanted: Shards) -> Result<Vec<String>, String> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: std::collections::HashMap<String, String>,
    }
    let index: Index = serde_json::from_slice(index).map_err(|error| error.to_string())?;
    let is_of_block = |name: &str| name.split('.').any(|word| word.parse::<usize>().is_ok());
    let entries = index.weight_map.into_iter();
    let entries = entries.filter(|(name, _)| wanted == Shards::All || !is_of_block(name));
    let files: BTreeSet<String> = entries.map(|(_, file)| file).collect();
    match files.iter().find(|file| !is_plain_name(file)) {
        Some(file) => Err(format!("{file:?} is not the name of a file")),
        None => Ok(files.into_iter().collect()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn select(names: &[&str]) -> Option<Selection> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        Selection::of(&names, None)
    }

    #[test]
    fn only_needed_files_of_a_safetensors_repository_are_taken() {
        let all = [
            "README.md",
            "config.json",
            "model.safetensors",
            "pytorch_model.bin",
            "tokenizer.json",
            "vocab.json",
            "merges.txt",
            "tokenizer_config.json",
            "a.Q8_0.gguf",
        ];
        let Some(Selection::Folder(folder)) = select(&all) else {
            panic!("a folder is expected");
        };
        assert_eq!(
            folder.besides,
            ["config.json", "tokenizer.json", "tokenizer_config.json"]
        );
        assert_eq!(
            folder.weights,
            Weights::Single("model.safetensors".to_owned())
        );
        assert!(folder.has_tokenizer());
    }

    #[test]
    fn the_old_tokenizer_files_are_taken_where_there_is_no_new_one() {
        let all = [
            "config.json",
            "model.safetensors.index.json",
            "vocab.json",
            "merges.txt",
        ];
        let Some(Selection::Folder(folder)) = select(&all) else {
            panic!("a folder is expected");
        };
        assert_eq!(folder.besides, ["config.json", "vocab.json", "merges.txt"]);
        let index = "model.safetensors.index.json".to_owned();
        assert_eq!(folder.weights, Weights::Sharded { index });
    }

    #[test]
    fn another_vocabulary_is_taken_where_there_is_no_tokenizer_json() {
        for name in ["tekken.json", "tiktoken.model", "rwkv_vocab_v20230424.txt"] {
            let of = |names: &[&str]| match select(names) {
                Some(Selection::Folder(folder)) => (folder.has_tokenizer(), folder.besides),
                other => panic!("{other:?}"),
            };
            let (has_tokenizer, besides) = of(&["config.json", "model.safetensors", name]);
            assert!(has_tokenizer);
            assert_eq!(besides, ["config.json", name]);
            let (_, besides) = of(&["config.json", "model.safetensors", name, "tokenizer.json"]);
            assert_eq!(besides, ["config.json", "tokenizer.json"]);
        }
    }

    #[test]
    fn an_old_repository_has_pytorch_files_only() {
        let weights = |names: &[&str]| match select(names) {
            Some(Selection::Folder(folder)) => folder.weights,
            other => panic!("{other:?}"),
        };
        let single = weights(&["config.json", "pytorch_model.bin", "tf_model.h5"]);
        assert_eq!(single, Weights::Single("pytorch_model.bin".to_owned()));
        let index = "pytorch_model.bin.index.json".to_owned();
        let sharded = weights(&["config.json", &index, "pytorch_model-00001-of-00002.bin"]);
        assert_eq!(sharded, Weights::Sharded { index });
    }

    #[test]
    fn of_several_gguf_files_the_most_useful_one_is_taken() {
        let gguf = |name: &str| Some(Selection::Gguf(vec![name.to_owned()]));
        let some = ["m.F16.gguf", "m.Q4_0.gguf", "m-q8_0.gguf", "m.IQ4_XS.gguf"];
        assert_eq!(select(&some), gguf("m-q8_0.gguf"));
        assert_eq!(select(&["m.BF16.gguf", "m-f16.gguf"]), gguf("m-f16.gguf"));
        let small = ["m.F16.gguf", "m.IQ4_XS.gguf"];
        assert_eq!(select(&small), gguf("m.IQ4_XS.gguf"));
        assert_eq!(select(&["m.Q1_0.gguf", "README.md"]), None);
        assert_eq!(select(&["mmproj-F16.gguf"]), None);
    }

    #[test]
    fn all_parts_of_a_split_gguf_are_taken_the_first_one_first() {
        let parts = ["m.Q2_K-00001-of-00002.gguf", "m.Q2_K-00002-of-00002.gguf"];
        let all = Some(Selection::Gguf(parts.map(String::from).into()));
        assert_eq!(select(&[parts[1], "mmproj-F16.gguf", parts[0]]), all);
        let names = parts.map(String::from);
        assert_eq!(Selection::of(&names, Some(parts[0])), all);
        assert_eq!(Selection::of(&names, Some(parts[1])), all);
    }

    #[test]
    fn the_file_that_was_asked_for_is_taken_whatever_else_there_is() {
        let names = ["config.json", "model.safetensors", "sub/m.IQ2_XS.gguf"].map(String::from);
        let wanted = Selection::of(&names, Some("sub/m.IQ2_XS.gguf"));
        let expected = vec!["sub/m.IQ2_XS.gguf".to_owned()];
        assert_eq!(wanted, Some(Selection::Gguf(expected)));
        assert_eq!(Selection::of(&names, Some("other.gguf")), None);
    }

    #[test]
    fn an_index_names_each_shard_once_and_none_elsewhere() {
        let index = br#"{"metadata":{},"weight_map":{"a":"2.safetensors","b":"1.safetensors","c":"2.safetensors"}}"#;
        let all = shards(index, Shards::All);
        assert_eq!(all.unwrap(), ["1.safetensors", "2.safetensors"]);
        for name in ["../x", "/", "x/y", ".x", "nul"] {
            let index = serde_json::json!({ "weight_map": { "a": name } }).to_string();
            let told = shards(index.as_bytes(), Shards::All).unwrap_err();
            assert!(told.contains("is not the name of a file"), "{told}");
        }
        assert!(shards(b"<html>", Shards::All).is_err());
    }

    #[test]
    fn of_the_ends_there_are_few_shards() {
        let index = br#"{"weight_map":{"model.embed_tokens.weight":"1.safetensors","model.layers.7.mlp.up_proj.weight":"2.safetensors","lm_head.weight":"3.safetensors"}}"#;
        let ends = shards(index, Shards::OfEnds).unwrap();
        assert_eq!(ends, ["1.safetensors", "3.safetensors"]);
    }
}

//! GGUF files, as llama.cpp's converter writes them.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::{self, Content, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use super::{Tensors, fixture, tensors};

/// The committed GGUF files, which llama.cpp's own converter wrote.
pub fn gguf_fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures-gguf");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "gguf"))
        .collect();
    files.sort();
    files
}

/// What a GGUF file is to hold.
#[derive(Clone)]
pub struct Gguf {
    pub metadata: HashMap<String, Value>,
    pub tensors: Tensors,
}

/// A fixture of the llama kind (`llama`, `qwen2`) as the converter writes it: tensors renamed, the
/// rows of llama's queries and keys permuted, the tokenizer in the metadata.
pub fn gguf_of(name: &str) -> Gguf {
    let config = json(name, "config.json");
    let number = |key: &str| config[key].as_u64().unwrap() as u32;
    let heads = number("num_attention_heads");
    let kv_heads = number("num_key_value_heads");
    let mut metadata = tokenizer(name);
    metadata.insert("general.architecture".into(), Value::String(name.into()));
    let rope = config["rope_parameters"]["rope_theta"].as_f64().unwrap() as f32;
    let eps = config["rms_norm_eps"].as_f64().unwrap() as f32;
    for (key, value) in [
        ("block_count", Value::U32(number("num_hidden_layers"))),
        ("embedding_length", Value::U32(number("hidden_size"))),
        (
            "feed_forward_length",
            Value::U32(number("intermediate_size")),
        ),
        (
            "context_length",
            Value::U32(number("max_position_embeddings")),
        ),
        ("attention.head_count", Value::U32(heads)),
        ("attention.head_count_kv", Value::U32(kv_heads)),
        ("attention.layer_norm_rms_epsilon", Value::F32(eps)),
        ("rope.freq_base", Value::F32(rope)),
    ] {
        metadata.insert(format!("{name}.{key}"), value);
    }
    let permuted = |tensor: &Tensor, heads: u32| match name {
        "llama" => neighbours(tensor, heads as usize),
        _ => tensor.clone(),
    };
    let tensors = tensors(name)
        .into_iter()
        .map(|(hub, tensor)| match renamed(&hub) {
            new if hub.contains("q_proj") => (new, permuted(&tensor, heads)),
            new if hub.contains("k_proj") => (new, permuted(&tensor, kv_heads)),
            new => (new, tensor),
        })
        .collect();
    Gguf { metadata, tensors }
}

impl Gguf {
    /// What a file holds, in float32.
    pub fn read(path: &Path) -> Self {
        let mut file = File::open(path).unwrap();
        let content = Content::read(&mut file).unwrap();
        let mut tensor = |name: &String| {
            let stored = content.tensor(&mut file, name, &Device::Cpu).unwrap();
            (name.clone(), stored.dequantize(&Device::Cpu).unwrap())
        };
        Self {
            tensors: content.tensor_infos.keys().map(&mut tensor).collect(),
            metadata: content.metadata,
        }
    }

    /// The same with every matrix rounded to what `kind` can hold, in float32 still.
    pub fn rounded(&self, kind: GgmlDType) -> Self {
        let mut rounded = self.clone();
        for tensor in rounded.tensors.values_mut() {
            let stored = QTensor::quantize(tensor, stored_as(tensor, kind)).unwrap();
            *tensor = stored.dequantize(&Device::Cpu).unwrap();
        }
        rounded
    }

    pub fn set(&mut self, key: &str, value: Value) {
        self.metadata.insert(key.to_owned(), value);
    }

    /// Writes the file, all matrices as `kind` where their rows are whole blocks of it, and the
    /// rest in float32.
    pub fn write(&self, path: &Path, kind: GgmlDType) {
        let quantised: Vec<(&String, QTensor)> = self
            .tensors
            .iter()
            .map(|(name, tensor)| {
                let stored = QTensor::quantize(tensor, stored_as(tensor, kind)).unwrap();
                (name, stored)
            })
            .collect();
        let metadata: Vec<(&str, &Value)> = self
            .metadata
            .iter()
            .map(|(key, value)| (key.as_str(), value))
            .collect();
        let tensors: Vec<(&str, &QTensor)> = quantised
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor))
            .collect();
        let mut file = BufWriter::new(File::create(path).unwrap());
        gguf_file::write(&mut file, &metadata, &tensors).unwrap();
    }
}

/// Vectors stay in float32, as llama.cpp leaves them, and so do rows that are not whole blocks.
fn stored_as(tensor: &Tensor, kind: GgmlDType) -> GgmlDType {
    let row = tensor.dims().last().copied().unwrap_or_default();
    if tensor.rank() > 1 && row.is_multiple_of(kind.block_size()) {
        kind
    } else {
        GgmlDType::F32
    }
}

fn json(name: &str, file: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(fixture(name).join(file)).unwrap()).unwrap()
}

fn renamed(hub: &str) -> String {
    let mut name = hub.strip_prefix("model.").unwrap_or(hub).to_owned();
    for (from, to) in [
        ("layers.", "blk."),
        ("embed_tokens", "token_embd"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("input_layernorm", "attn_norm"),
        ("post_attention_layernorm", "ffn_norm"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
        ("lm_head", "output"),
    ] {
        name = name.replace(from, to);
    }
    match name.strip_prefix("norm.") {
        Some(rest) => format!("output_norm.{rest}"),
        None => name,
    }
}

/// The two halves of each rotated pair as neighbours.
fn neighbours(tensor: &Tensor, heads: usize) -> Tensor {
    let rows = tensor.dim(0).unwrap();
    let rest = tensor.elem_count() / rows;
    tensor
        .reshape((heads, 2, rows / heads / 2, rest))
        .unwrap()
        .transpose(1, 2)
        .unwrap()
        .contiguous()
        .unwrap()
        .reshape(tensor.shape())
        .unwrap()
}

/// The tokenizer of a fixture as metadata.
fn tokenizer(name: &str) -> HashMap<String, Value> {
    let json = json(name, "tokenizer.json");
    let vocab = json["model"]["vocab"].as_object().unwrap();
    let mut tokens = vec![Value::String(String::new()); vocab.len()];
    for (token, id) in vocab {
        tokens[id.as_u64().unwrap() as usize] = Value::String(token.clone());
    }
    let mut kinds = vec![Value::I32(1); tokens.len()];
    kinds[0] = Value::I32(3);
    let merges = json["model"]["merges"].as_array().unwrap().iter();
    let merge = |pair: &serde_json::Value| {
        let part = |i: usize| pair[i].as_str().unwrap().to_owned();
        Value::String(format!("{} {}", part(0), part(1)))
    };
    [
        ("model", Value::String("gpt2".into())),
        ("pre", Value::String("gpt-2".into())),
        ("tokens", Value::Array(tokens)),
        ("token_type", Value::Array(kinds)),
        ("merges", Value::Array(merges.map(merge).collect())),
        ("bos_token_id", Value::U32(0)),
        ("eos_token_id", Value::U32(0)),
    ]
    .into_iter()
    .map(|(key, value)| (format!("tokenizer.ggml.{key}"), value))
    .collect()
}

//! What becomes of each key of a `config.json`: it is read, it changes no number, or it is refused
//! unless it says what the decoder does anyway. A key that is in none of the three is told to the
//! user.
//!
//! An architecture sees only the keys that its configuration class in Hugging Face's transformers
//! has, so that none of another architecture's is obeyed by mistake, and a key that the file leaves
//! out has the value that transformers takes for it.

use serde_json::{Map, Value};

use super::Config;
use crate::model::ModelError;

/// A `model_type` of `config.json`, and what becomes of its keys.
#[derive(Clone, Copy, Debug)]
pub struct ModelType {
    /// As the file names it.
    pub name: &'static str,
    /// The keys that are read, each with what transformers takes where the file leaves it out: a
    /// JSON object. Names that mean the same key are joined by ` | `, the usual one first.
    pub read: &'static str,
    /// Keys of this type that are refused unless they have one of the values of a JSON list.
    pub only: &'static [(&'static str, &'static str)],
    /// Keys of this type that change no number, and why.
    pub irrelevant: &'static [(&'static str, &'static str)],
}

/// Read by every type that has `rope_parameters`, which these are other spellings and parts of.
const ROTARY: [&str; 4] = [
    "rope_scaling",
    "rope_theta",
    "original_max_position_embeddings",
    "partial_rotary_factor",
];

impl ModelType {
    /// A type of which all keys but those in [`IRRELEVANT`] are `read`.
    #[must_use]
    pub const fn new(name: &'static str, read: &'static str) -> Self {
        Self {
            name,
            read,
            only: &[],
            irrelevant: &[],
        }
    }

    /// The same, with keys of which only some values are what the decoder does.
    #[must_use]
    pub const fn only(self, only: &'static [(&'static str, &'static str)]) -> Self {
        Self { only, ..self }
    }

    /// The same, with keys that change no number, and why.
    #[must_use]
    pub const fn ignoring(self, irrelevant: &'static [(&'static str, &'static str)]) -> Self {
        Self { irrelevant, ..self }
    }

    /// The keys that are read, all names of each, with what is taken where a file leaves it out.
    ///
    /// # Errors
    /// When the table is no JSON object; a test walks all of them.
    pub fn readable(&self) -> Result<Vec<(Vec<&'static str>, Value)>, serde_json::Error> {
        let table: Map<String, Value> = serde_json::from_str(self.read)?;
        let mut readable: Vec<_> = self
            .read
            .split('"')
            .filter_map(|names| {
                let value = table.get(names)?;
                Some((names.split(" | ").collect(), value.clone()))
            })
            .collect();
        if table.contains_key("rope_parameters") {
            let others = ROTARY.into_iter().filter(|key| !table.contains_key(*key));
            readable.extend(others.map(|key| (vec![key], Value::Null)));
        }
        Ok(readable)
    }

    /// Whether `key` is named in the table of keys that are read.
    #[must_use]
    pub fn lists(&self, key: &str) -> bool {
        let mut names = self.read.split('"').flat_map(|names| names.split(" | "));
        names.any(|name| name == key)
    }

    /// Whether `key` changes no number for this type, and why.
    #[must_use]
    pub fn why_irrelevant(&self, key: &str) -> Option<&'static str> {
        let of_type = self.irrelevant.iter().copied();
        let of_all = IRRELEVANT
            .iter()
            .flat_map(|(why, keys)| keys.iter().map(|key| (*key, *why)));
        let mut all = of_type.chain(of_all);
        all.find_map(|(name, why)| (name == key).then_some(why))
    }

    /// The values of `key` beside which it is refused.
    #[must_use]
    pub fn only_values(&self, key: &str) -> Option<&'static str> {
        let mut all = self.only.iter().chain(ONLY);
        all.find_map(|(name, values)| (*name == key).then_some(*values))
    }
}

/// Keys of every type that change no number, by the reason.
pub const IRRELEVANT: &[(&str, &[&str])] = &[
    (
        "names the model or what wrote the file",
        &[
            "model_type",
            "architectures",
            "auto_map",
            "_name_or_path",
            "name_or_path",
            "_commit_hash",
            "transformers_version",
            "transformers.js_config",
            "unsloth_version",
            "unsloth_fixed",
            "tokenizer_class",
            "model_name",
            "base_model_prefix",
        ],
    ),
    (
        "how a run is done, not what it computes",
        &[
            "use_cache",
            "output_hidden_states",
            "output_attentions",
            "output_router_logits",
            "return_dict",
            "torch_dtype",
            "dtype",
            "torchscript",
            "use_bfloat16",
            "attn_implementation",
            "_attn_implementation",
            "_attn_implementation_internal",
            "_attn_implementation_autoset",
            "_experts_implementation",
            "_experts_implementation_internal",
            "experts_implementation",
            "_flash_attn_2_enabled",
            "use_flash_attn",
            "use_flash_attention",
            "use_flash_attention_2",
            "cache_implementation",
            "fusion_config",
            "distributed_config",
            "chunk_size_feed_forward",
            "gradient_checkpointing",
            "is_decoder",
            "tie_last_hidden_states",
        ],
    ),
    (
        "another order of the same sums",
        &[
            "pretraining_tp",
            "slow_but_exact",
            "reorder_and_upcast_attn",
        ],
    ),
    (
        "for training only",
        &[
            "attention_dropout",
            "attn_pdrop",
            "attn_dropout",
            "resid_pdrop",
            "resid_dropout",
            "embd_pdrop",
            "embed_dropout",
            "embedding_dropout",
            "residual_dropout",
            "hidden_dropout",
            "activation_dropout",
            "classifier_dropout",
            "dropout",
            "layerdrop",
            "initializer_range",
            "initializer_factor",
            "init_std",
            "router_aux_loss_coef",
            "router_jitter_noise",
            "use_distributed_loss",
        ],
    ),
    (
        "for another task than the next token",
        &[
            "id2label",
            "label2id",
            "num_labels",
            "_num_labels",
            "problem_type",
            "task_specific_params",
            "finetuning_task",
            "summary_type",
            "summary_use_proj",
            "summary_activation",
            "summary_proj_to_labels",
            "summary_first_dropout",
        ],
    ),
    (
        "the size of the vocabulary is that of the embedding's tensor",
        &["vocab_size", "unpadded_vocab_size"],
    ),
    (
        "the tokenizer's, which reads it",
        &[
            "bos_token_id",
            "eos_token_id",
            "pad_token_id",
            "unk_token_id",
            "sep_token_id",
            "cls_token_id",
            "mask_token_id",
            "decoder_start_token_id",
            "prefix",
        ],
    ),
    (
        "how tokens are drawn, which the user says",
        &[
            "max_length",
            "max_new_tokens",
            "min_length",
            "do_sample",
            "temperature",
            "top_k",
            "top_p",
            "typical_p",
            "repetition_penalty",
            "length_penalty",
            "no_repeat_ngram_size",
            "encoder_no_repeat_ngram_size",
            "num_beams",
            "num_beam_groups",
            "diversity_penalty",
            "early_stopping",
            "num_return_sequences",
            "bad_words_ids",
            "suppress_tokens",
            "begin_suppress_tokens",
            "forced_bos_token_id",
            "forced_eos_token_id",
            "exponential_decay_length_penalty",
            "remove_invalid_values",
            "output_scores",
            "return_dict_in_generate",
        ],
    ),
];

/// Keys of every type that are refused unless they have one of the values of a JSON list.
pub const ONLY: &[(&str, &str)] = &[
    // A causal run would be of another model.
    ("is_causal", "[true]"),
    ("is_encoder_decoder", "[false]"),
    ("add_cross_attention", "[false]"),
    // Other hyperparameters for some of the layers.
    ("per_layer_config", "[{}]"),
    // Another file than the usual ones.
    ("transformers_weights", r#"["model.safetensors"]"#),
];

/// Keys that say that the stored numbers are not the weights themselves.
const QUANTISED: [&str; 3] = ["quantization_config", "compression_config", "quantization"];

impl Config {
    /// What is left of it for an architecture of the kind `model_type`: only the keys that this
    /// kind has, those that are not in the file with the values that transformers takes. Keys that
    /// nobody knows are told in [`notes`](Self::notes).
    ///
    /// # Errors
    /// When a key asks for something that the decoder does not do; the message names it.
    pub fn narrowed(&self, model_type: &ModelType) -> Result<Self, ModelError> {
        let readable = model_type
            .readable()
            .map_err(|error| self.about("config.json", &error.to_string()))?;
        let mut narrowed = self.clone();
        narrowed.values.clear();
        narrowed.model_type = Some(*model_type);
        let mut names: Vec<&String> = self.values.keys().collect();
        names.sort_unstable();
        for name in names {
            let Some(value) = self.values.get(name) else {
                continue;
            };
            let is_read = readable
                .iter()
                .any(|(names, _)| names.contains(&name.as_str()));
            if is_read {
                narrowed.values.insert(name.clone(), value.clone());
            } else {
                self.refuse(model_type, name, value)?;
                if self.is_unknown(model_type, name, value) {
                    narrowed.notes.push(format!(
                        "`{name}` in {} is not a key that is known for `{}`; it is passed over",
                        self.place, model_type.name
                    ));
                }
            }
        }
        for (names, default) in readable {
            if !names.iter().any(|name| self.values.contains_key(*name))
                && let Some(usual) = names.first()
            {
                narrowed.values.insert((*usual).to_owned(), default);
            }
        }
        Ok(narrowed)
    }

    /// Complains about a key that the decoder would not obey.
    fn refuse(&self, model_type: &ModelType, name: &str, value: &Value) -> Result<(), ModelError> {
        if value.is_null() {
            return Ok(());
        }
        if QUANTISED.contains(&name) {
            return Err(self.about(name, &quantised(value)));
        }
        let Some(values) = model_type.only_values(name) else {
            return Ok(());
        };
        let allowed: Vec<Value> =
            serde_json::from_str(values).map_err(|error| self.about(name, &error.to_string()))?;
        if allowed.iter().any(|allowed| same(allowed, value)) {
            return Ok(());
        }
        let expected: Vec<String> = allowed.iter().map(Value::to_string).collect();
        Err(self.about(
            name,
            &format!(
                "is {}, which is not supported: this architecture is computed with {} only, and \
                 the numbers would be wrong",
                shortened(value),
                expected.join(" or ")
            ),
        ))
    }

    fn is_unknown(&self, model_type: &ModelType, name: &str, value: &Value) -> bool {
        !value.is_null()
            && model_type.only_values(name).is_none()
            && model_type.why_irrelevant(name).is_none()
    }
}

/// Whether two values are the same, whole numbers written as floats included.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// A value in a message.
pub(super) fn shortened(value: &Value) -> String {
    const LONGEST: usize = 40;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// What is said of weights that are stored in a way that is not read.
fn quantised(value: &Value) -> String {
    let method = ["quant_method", "quant_type", "format"]
        .into_iter()
        .find_map(|key| value.get(key)?.as_str());
    let method = match (method, value.get("bits").and_then(Value::as_u64)) {
        (Some(method), Some(bits)) => format!(" ({method}, {bits} bits)"),
        (Some(method), None) => format!(" ({method})"),
        (None, Some(bits)) => format!(" ({bits} bits)"),
        (None, None) => String::new(),
    };
    format!(
        "says that the weights are quantised{method}, in a way that is not read; use the \
         unquantised model or a GGUF file of it"
    )
}

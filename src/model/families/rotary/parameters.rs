//! The parameters of a rotation, wherever a file has them: `rope_parameters` since transformers 5,
//! `rope_scaling` with `rope_theta` before, keys of their own in GGUF files. They go by the names
//! that they have in transformers' `modeling_rope_utils`, and what stands in two places counts
//! where it counts there.

use serde_json::{Map, Value};

use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, key};
use crate::model::families::reading;

const SCALING: Key = key(&["rope_scaling"], "");
const PARAMETERS: Key = key(&["rope_parameters"], "");
const THETA: Key = key(&["rope_theta", "rotary_emb_base"], "rope.freq_base");
const LOCAL_THETA: Key = key(&["rope_local_base_freq"], "rope.freq_base_swa");
const PART: Key = key(&["partial_rotary_factor", "rotary_pct"], "");
const ORIGINAL: Key = key(
    &["original_max_position_embeddings"],
    "rope.scaling.original_context_length",
);
const TYPE: Key = key(&[], "rope.scaling.type");
const FACTOR: Key = key(&[], "rope.scaling.factor");
/// Its name in GGUF files of before October 2023.
const OLD_FACTOR: Key = key(&[], "rope.scale_linear");
const BETA_FAST: Key = key(&[], "rope.scaling.yarn_beta_fast");
const BETA_SLOW: Key = key(&[], "rope.scaling.yarn_beta_slow");
const LOG_MULTIPLIER: Key = key(&[], "rope.scaling.yarn_log_multiplier");
const YARN_MAGNITUDE: Key = key(&[], "rope.scaling.yarn_attn_factor");
const MAGNITUDE: Key = key(&[], "rope.scaling.attn_factor");

/// The base of OLMo 3's local layers, where a file names none for them: the one that it may name
/// for all layers is that of the global ones.
const OLMO3_LOCAL_THETA: f64 = 500_000.0;

/// For which layers a rotation is: some models have one for each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layers {
    /// Those that attend to all that came before, and all layers of most models.
    Global,
    /// Those that attend to a sliding window.
    Local,
}

impl Layers {
    fn name(self) -> &'static str {
        match self {
            Self::Global => "full_attention",
            Self::Local => "sliding_attention",
        }
    }
}

/// The parameters of a rotation.
pub struct Parameters<'c> {
    config: &'c Config,
    values: Map<String, Value>,
    /// The object of `config.json` that they stand in, with a dot behind it; or nothing.
    inside: String,
    /// Those that stand beside that object, under keys of their own.
    beside: Vec<(&'static str, Key)>,
}

impl<'c> Parameters<'c> {
    /// Those that `config` has for `layers`.
    pub fn of(config: &'c Config, layers: Layers) -> Result<Self, ModelError> {
        match config.dialect() {
            Dialect::HuggingFace => Self::of_json(config, layers),
            Dialect::Gguf => Ok(Self::of_gguf(config, layers)),
        }
    }

    fn of_json(config: &'c Config, layers: Layers) -> Result<Self, ModelError> {
        let older = object(config, SCALING)?.filter(|scaling| !scaling.is_empty());
        let newer = object(config, PARAMETERS)?;
        let (mut inside, mut values) = match (&older, &newer) {
            (Some(scaling), _) => ("rope_scaling.".to_owned(), (*scaling).clone()),
            (None, Some(parameters)) => ("rope_parameters.".to_owned(), (*parameters).clone()),
            (None, None) => (String::new(), Map::new()),
        };
        let is_olmo3 = config.architecture() == "olmo3";
        let has_both = is_olmo3 || config.lists("rope_local_base_freq");
        if let Some(parameters) = newer.filter(|_| has_both) {
            // What is of one kind of layers only goes over what is said of one kind.
            let of_kind = parameters.get(layers.name()).and_then(Value::as_object);
            let is_split = [Layers::Global, Layers::Local]
                .iter()
                .any(|layers| parameters.contains_key(layers.name()));
            if !is_split && !parameters.is_empty() {
                let reason = "must have `full_attention` and `sliding_attention` inside";
                return Err(config.complain(PARAMETERS, reason));
            }
            inside = format!("rope_parameters.{}.", layers.name());
            values = of_kind.cloned().unwrap_or_default();
            if let (Some(scaling), Layers::Global) = (older, layers) {
                values.extend(scaling.clone());
            }
        } else if has_both && layers == Layers::Local {
            values = Map::new();
        } else if let Some(kind) = [Layers::Global, Layers::Local]
            .into_iter()
            .find(|kind| values.contains_key(kind.name()))
        {
            let reason = "is for models whose kinds of layers turn differently, as Gemma 3's do";
            return Err(config.about(&format!("{inside}{}", kind.name()), reason));
        }
        if has_both {
            // transformers looks for it beside the two kinds of layers only.
            values.remove("truncate");
            let truncate = newer.and_then(|parameters| parameters.get("truncate"));
            values.extend(truncate.map(|truncate| ("truncate".to_owned(), truncate.clone())));
        }
        if is_olmo3 && layers == Layers::Local {
            let usual = || Value::from(OLMO3_LOCAL_THETA);
            values.entry("rope_theta").or_insert_with(usual);
        }
        let theta = match (has_both, layers) {
            (true, Layers::Local) => LOCAL_THETA,
            _ => THETA,
        };
        let mut beside = Vec::new();
        for (name, key) in [("rope_theta", theta), ("partial_rotary_factor", PART)] {
            if let (false, Some(value)) = (values.contains_key(name), config.get(key)) {
                values.insert(name.into(), value.clone());
                beside.push((name, key));
            }
        }
        let spelled = values.get("type").cloned();
        if let (false, Some(spelled)) = (values.contains_key("rope_type"), spelled) {
            values.insert("rope_type".into(), spelled);
        }
        if let Some(original) = config.get(ORIGINAL) {
            values.insert("original_max_position_embeddings".into(), original.clone());
            beside.push(("original_max_position_embeddings", ORIGINAL));
        } else if let Some(context) = config.get(reading::CONTEXT) {
            values
                .entry("original_max_position_embeddings")
                .or_insert_with(|| context.clone());
        }
        Ok(Self {
            config,
            values,
            inside,
            beside,
        })
    }

    fn of_gguf(config: &'c Config, layers: Layers) -> Self {
        let mut values = Map::new();
        let one = Value::from(1.0);
        let mut put = |name: &str, value: Option<&Value>| {
            if let Some(value) = value {
                values.insert(name.to_owned(), value.clone());
            }
        };
        if layers == Layers::Local {
            let global = || match config.architecture() {
                "gemma3" => None,
                _ => config.get(THETA),
            };
            put("rope_theta", config.get(LOCAL_THETA).or_else(global));
        } else {
            put("rope_theta", config.get(THETA));
            // Some files say 0 for nothing.
            let factor = [FACTOR, OLD_FACTOR].into_iter().find_map(|key| {
                let factor = config.get(key)?;
                (factor.as_f64() != Some(0.0)).then_some(factor)
            });
            // llama.cpp takes a factor without a type to be linear, as it was in the first files.
            let linear = Value::from("linear");
            put("rope_type", config.get(TYPE).or(factor.map(|_| &linear)));
            put("factor", factor);
            put("beta_fast", config.get(BETA_FAST));
            put("beta_slow", config.get(BETA_SLOW));
            put("attention_factor", config.get(MAGNITUDE));
            put("whole_attention_factor", config.get(YARN_MAGNITUDE));
            // There it is the second of two, of which the first is one.
            let multiplier = config.get(LOG_MULTIPLIER);
            put("mscale", multiplier.map(|_| &one));
            put("mscale_all_dim", multiplier);
            put("original_max_position_embeddings", config.get(ORIGINAL));
        }
        Self {
            config,
            values,
            inside: String::new(),
            beside: Vec::new(),
        }
    }

    /// Where they come from.
    pub fn config(&self) -> &'c Config {
        self.config
    }

    /// Whether they have the key `name`.
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The value of `name`; `null` counts as absent.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    /// A finite number, where it is there.
    pub fn optional_f64(&self, name: &str) -> Result<Option<f64>, ModelError> {
        let number = |value: &Value| {
            let number = value.as_f64().filter(|number| number.is_finite());
            number.ok_or_else(|| self.complain(name, &format!("must be a number, not {value}")))
        };
        self.value(name).map(number).transpose()
    }

    /// A finite number that must be there.
    pub fn f64(&self, name: &str) -> Result<f64, ModelError> {
        self.optional_f64(name)?
            .ok_or_else(|| self.complain(name, "is missing"))
    }

    /// Whether they say `null` for `name`.
    pub fn is_null(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(Value::is_null)
    }

    /// True or false, where it is there.
    pub fn optional_bool(&self, name: &str) -> Result<Option<bool>, ModelError> {
        let truth = |value: &Value| {
            let truth = value.as_bool();
            truth.ok_or_else(|| self.complain(name, &format!("must be true or false, not {value}")))
        };
        self.value(name).map(truth).transpose()
    }

    /// The name of the kind of scaling; `default` where there is none.
    pub fn kind(&self) -> Result<&str, ModelError> {
        match self.value("rope_type") {
            None => Ok("default"),
            Some(Value::String(name)) => Ok(name),
            Some(other) => {
                let reason = format!("must be a text, not {other}");
                Err(self.complain("rope_type", &reason))
            }
        }
    }

    /// A complaint about the parameter `name`, as the file calls it.
    pub fn complain(&self, name: &str, reason: &str) -> ModelError {
        match self.config.dialect() {
            Dialect::HuggingFace => {
                let mut beside = self.beside.iter();
                match beside.find(|(parameter, _)| *parameter == name) {
                    Some((_, key)) => self.config.complain(*key, reason),
                    None => self.config.about(&format!("{}{name}", self.inside), reason),
                }
            }
            Dialect::Gguf => {
                let key = [
                    ("rope_theta", THETA),
                    ("rope_type", TYPE),
                    ("factor", FACTOR),
                    ("beta_fast", BETA_FAST),
                    ("beta_slow", BETA_SLOW),
                    ("attention_factor", MAGNITUDE),
                ]
                .into_iter()
                .find_map(|(parameter, key)| (parameter == name).then_some(key));
                self.config.complain(key.unwrap_or(ORIGINAL), reason)
            }
        }
    }
}

/// The object under `key`, where it is there.
fn object(config: &Config, key: Key) -> Result<Option<&Map<String, Value>>, ModelError> {
    match config.get(key) {
        None => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(value) => Err(config.complain(key, &format!("must be an object, not {value}"))),
    }
}

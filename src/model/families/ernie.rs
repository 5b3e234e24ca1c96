//! `ernie4_5` and `ernie4_5_moe`: Llama with neighbouring dimensions turned; the larger ones have
//! experts chosen by corrected scores, beside shared ones.
//!
//! Baidu 2025, *ERNIE 4.5 Technical Report*.

use super::start::Start;
use super::{Family, experts, reading, rotary};
use crate::model::ModelError;
use crate::model::config::{Config, Dialect, Key, ModelType, key};
use crate::model::layout::{ExpertsLayout, GGUF, HUGGING_FACE, Layout, MlpLayout, RopeRows};
use crate::model::spec::{
    Bias, ExpertsSpec, FeedForwardSpec, MlpSpec, RouterSpec, SharedExpert, SharedGate, Spec, Sum,
    Unembedding, Weighs,
};

pub const FAMILY: Family = Family {
    name: "ernie4_5",
    model_types: &[ERNIE, ERNIE_MOE],
    gguf: &["ernie4_5", "ernie4_5-moe"],
    spec,
    layout,
};

const ERNIE: ModelType = ModelType::new(
    "ernie4_5",
    r#"{
        "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 18,
        "num_attention_heads": 16, "num_key_value_heads": 2, "head_dim": 128,
        "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": true, "rope_parameters": null, "rope_theta": 500000.0,
        "use_bias": false
    }"#,
);

const ERNIE_MOE: ModelType = ModelType::new(
    "ernie4_5_moe",
    r#"{
        "hidden_size": 2560, "intermediate_size": 12288, "num_hidden_layers": 28,
        "num_attention_heads": 20, "num_key_value_heads": 4, "head_dim": null,
        "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": true, "rope_parameters": null, "rope_theta": 500000.0,
        "moe_intermediate_size": 1536, "moe_k | num_experts_per_tok": 6,
        "moe_num_experts | num_experts": 64, "moe_num_shared_experts": 2,
        "moe_layer_start_index": 1, "moe_layer_end_index": -1, "moe_layer_interval": 1,
        "moe_norm_min": 1e-12
    }"#,
)
.only(&[("use_bias", "[false]")]);

const BIAS: Key = key(&["use_bias"], "");
const SHARED: Key = key(&["moe_num_shared_experts"], "expert_shared_count");
const FIRST_SPARSE: Key = key(&["moe_layer_start_index"], "leading_dense_block_count");
const LAST_SPARSE: Key = key(&["moe_layer_end_index"], "");
const SPARSE_STEP: Key = key(&["moe_layer_interval"], "interleave_moe_layer_step");
const LEAST_SUM: Key = key(&["moe_norm_min"], "");

fn spec(config: &Config) -> Result<Spec, ModelError> {
    let mut start = Start::gated(config)?;
    start.bias = reading::bias_by_flag(config, BIAS)?;
    start.unembedding = Unembedding::Tied;
    let mut spec = start.decoder(config)?;
    rotary::apply(config, &mut spec)?;
    if !matches!(config.architecture(), "ernie4_5_moe" | "ernie4_5-moe") {
        return Ok(spec);
    }
    let sparse = Sparse::of(config)?;
    for (layer, block) in spec.blocks.iter_mut().enumerate() {
        if let FeedForwardSpec::Dense(mlp) = block.feed_forward {
            let experts = experts_of(config, mlp)?;
            if sparse.has(layer) {
                block.feed_forward = FeedForwardSpec::Experts(experts);
            }
        }
    }
    Ok(spec)
}

/// Which layers have experts.
struct Sparse {
    first: usize,
    last: usize,
    step: usize,
}

impl Sparse {
    fn of(config: &Config) -> Result<Self, ModelError> {
        let last = config
            .optional_f64(LAST_SPARSE)?
            .filter(|last| *last >= 0.0);
        Ok(Self {
            first: config.optional_usize(FIRST_SPARSE)?.unwrap_or(0),
            last: match last {
                Some(_) => config.usize(LAST_SPARSE)?,
                None => usize::MAX,
            },
            step: config.optional_usize(SPARSE_STEP)?.unwrap_or(1).max(1),
        })
    }

    fn has(&self, layer: usize) -> bool {
        (self.first..=self.last).contains(&layer) && (layer + 1).is_multiple_of(self.step)
    }
}

fn experts_of(config: &Config, mlp: MlpSpec) -> Result<ExpertsSpec, ModelError> {
    let count = config.usize(experts::COUNT)?;
    let width = config.usize(experts::WIDTH)?;
    let shared = config.optional_usize(SHARED)?.unwrap_or(0);
    Ok(ExpertsSpec {
        expert: MlpSpec {
            width,
            bias: Bias::Absent,
            ..mlp
        },
        count,
        used: experts::used(config, experts::USED, count)?,
        router: RouterSpec {
            correction: match config.dialect() {
                Dialect::HuggingFace => Bias::Present,
                Dialect::Gguf => Bias::AsStored,
            },
            sum: Sum::One {
                more: 0.0,
                least: config.optional_f64(LEAST_SUM)?.unwrap_or(1e-12),
            },
            ..RouterSpec::default()
        },
        weighs: Weighs::Output,
        latent: None,
        shared: (shared > 0).then_some(SharedExpert {
            width: width * shared,
            gate: SharedGate::None,
        }),
    })
}

fn layout(config: &Config) -> Layout {
    let names = match config.dialect() {
        Dialect::HuggingFace => Layout {
            experts: ExpertsLayout {
                correction: "layers.{l}.mlp.moe_statics.e_score_correction_bias",
                shared: MlpLayout::Gated {
                    gate: "layers.{l}.mlp.shared_experts.gate_proj",
                    up: "layers.{l}.mlp.shared_experts.up_proj",
                    down: "layers.{l}.mlp.shared_experts.down_proj",
                },
                ..HUGGING_FACE.experts
            },
            ..HUGGING_FACE
        },
        Dialect::Gguf => GGUF,
    };
    Layout {
        rope_rows: RopeRows::Interleaved,
        layers_beyond: config.layers(reading::N_LAYERS).ok(),
        ..names
    }
}

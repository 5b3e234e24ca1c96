//! The decoder that a family starts from: blocks that are all alike, with norms before their two
//! parts, which are added one after the other. A family then changes what is different in it.

use super::reading;
use crate::model::ModelError;
use crate::model::config::{Config, Key, key};
use crate::model::spec::{
    Activation, AttentionSpec, Bias, BlockSpec, EmbeddingSpec, FeedForwardSpec, Gate,
    HeadPositions, MixingSpec, MlpKind, MlpSpec, NormPlace, NormSpec, Positions, QkNormPlace,
    Residual, Sinks, Spec, UnembedSpec, Unembedding,
};

/// In GGUF files; `config.json` has names of its own for it.
const CAUSAL: Key = key(&[], "attention.causal");

/// What the families differ in from the start.
pub struct Start {
    /// All norms.
    pub norm: NormSpec,
    /// The feed-forward networks.
    pub mlp: MlpKind,
    /// Their activation, where the configuration names none.
    pub activation: Activation,
    /// Biases of all projections in the blocks.
    pub bias: Bias,
    /// The unembedding, where the configuration does not say.
    pub unembedding: Unembedding,
    /// The context length, where the configuration may leave it out.
    pub context_unsaid: Option<usize>,
}

impl Start {
    /// As Llama: RMSNorm, gated with SiLU, no biases.
    pub fn gated(config: &Config) -> Result<Self, ModelError> {
        Ok(Self {
            norm: NormSpec::rms(config.f64(reading::RMS_EPS)?),
            mlp: MlpKind::Gated,
            activation: Activation::Silu,
            bias: Bias::Absent,
            unembedding: Unembedding::Separate,
            context_unsaid: None,
        })
    }

    /// As GPT-2: LayerNorm, no gates, biases everywhere.
    pub fn plain(config: &Config, unsaid: Activation) -> Result<Self, ModelError> {
        let eps = config.optional_f64(reading::LAYER_EPS)?.unwrap_or(1e-5);
        Ok(Self {
            norm: NormSpec::layer(eps),
            mlp: MlpKind::Plain,
            activation: unsaid,
            bias: Bias::Present,
            unembedding: Unembedding::Tied,
            context_unsaid: None,
        })
    }

    /// The decoder. Its width of four times `d_model` between the projections is what
    /// configurations mean that name none.
    pub fn decoder(self, config: &Config) -> Result<Spec, ModelError> {
        if config.optional_bool(CAUSAL)? == Some(false) {
            let reason = "is false: attention to later tokens is not supported";
            return Err(config.complain(CAUSAL, reason));
        }
        let d_model = config.usize(reading::D_MODEL)?;
        let n_layers = config.layers(reading::N_LAYERS)?;
        let blocks = match config.of_layer(0) {
            None => vec![self.block(config, d_model)?; n_layers],
            Some(_) => (0..n_layers)
                .filter_map(|l| config.of_layer(l))
                .map(|layer| self.block(&layer, d_model))
                .collect::<Result<_, _>>()?,
        };
        Ok(Spec {
            d_model,
            context_length: match (config.get(reading::CONTEXT), self.context_unsaid) {
                (None, Some(unsaid)) => unsaid,
                _ => config.usize(reading::CONTEXT)?,
            },
            embedding: EmbeddingSpec {
                width: d_model,
                scale: None,
                norm: None,
                per_layer: None,
            },
            positions: Positions::InAttention,
            streams: None,
            blocks,
            unembed: UnembedSpec {
                norm: Some(self.norm),
                unembedding: reading::unembedding(config, self.unembedding)?,
                bias: Bias::Absent,
                scale: None,
                cap: None,
            },
            notes: Vec::new(),
        })
    }

    /// One block.
    fn block(&self, config: &Config, d_model: usize) -> Result<BlockSpec, ModelError> {
        let heads = reading::heads(config, d_model)?;
        let width = match (config.optional_usize(reading::MLP_WIDTH)?, self.mlp) {
            (Some(width), _) => width,
            (None, MlpKind::Plain) => d_model.saturating_mul(4),
            (None, _) => config.usize(reading::MLP_WIDTH)?,
        };
        Ok(BlockSpec {
            norm: self.norm,
            norm_place: NormPlace::Before,
            residual: Residual::Serial,
            part_scale: None,
            attention: AttentionSpec {
                n_heads: heads.n_heads,
                n_kv_heads: heads.n_kv_heads,
                head_dim: heads.head_dim,
                scale: reading::root_scale(heads.head_dim),
                cap: None,
                window: None,
                chunk: None,
                positions: HeadPositions::None,
                qk_norm: None,
                gate: Gate::None,
                qk_norm_place: QkNormPlace::BeforeRotation,
                temperature: None,
                sinks: Sinks::Absent,
                qkv_bias: self.bias,
                output_bias: self.bias,
            },
            mixing: MixingSpec::Attention,
            laurel: None,
            feed_forward: FeedForwardSpec::Dense(MlpSpec {
                kind: self.mlp,
                activation: reading::activation(config, self.activation)?,
                width,
                bias: self.bias,
            }),
            after: None,
        })
    }
}

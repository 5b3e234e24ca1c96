//! Where a decoder's parts stand in a checkpoint, as data: tensor names, and how a tensor is
//! stored where that differs from `[out, in]`.

use super::mixer::MixerLayout;

/// The parts of a decoder and the names of their tensors. `{l}` in a name is the block's number;
/// `.weight` and `.bias` are added behind each name. A part that the [`super::spec::Spec`] does
/// not have is not looked for.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Prefixes of all names, tried in turn until one gives the embedding.
    pub prefixes: &'static [&'static str],
    /// Whether the decoder is the text model of a larger model, which has tensors of its own.
    pub is_part: bool,
    /// `[vocabulary, width]`.
    pub embedding: &'static str,
    /// The embedding's norm.
    pub embedding_norm: &'static str,
    /// From the embedding's width to the stream's.
    pub project_in: &'static str,
    /// From the stream's width to the embedding's, behind the final norm.
    pub project_out: &'static str,
    /// `[positions, d_model]`, for learned positions.
    pub positions: &'static str,
    /// The norm before the attention, or of the sum behind it.
    pub attention_norm: &'static str,
    /// The norm of the attention's output.
    pub attention_output_norm: &'static str,
    /// Queries, keys and values.
    pub qkv: QkvLayout,
    /// How other files of the same architecture store them.
    pub other_qkv: Option<QkvLayout>,
    /// The norm of the queries; `{h}` is the head's number where each has a tensor.
    pub q_norm: &'static str,
    /// The norm of the keys, alike.
    pub k_norm: &'static str,
    /// The whole name of the scores that heads have for nothing, `[n_heads]`.
    pub sinks: &'static str,
    /// The attention's output projection.
    pub output: &'static str,
    /// The mixers in the place of some blocks' attention.
    pub mixer: MixerLayout,
    /// The norm before the feed-forward part, or of the sum behind it.
    pub mlp_norm: &'static str,
    /// The norm of the feed-forward part's output.
    pub mlp_output_norm: &'static str,
    /// A dense feed-forward part.
    pub mlp: MlpLayout,
    /// The numbers of an xIELU, `{x}` being the name of one; the whole name.
    pub xielu: &'static str,
    /// A mixture of experts.
    pub experts: ExpertsLayout,
    /// The norms of a network's output, of what a mixture beside it reads, and of its output.
    pub beside: [&'static str; 3],
    /// What comes behind the two parts of a block.
    pub after: AfterLayout,
    /// What makes a trunk of several streams.
    pub streams: StreamsLayout,
    /// What is added beside the attention: to the lower width, back, and the norm of that.
    pub laurel: [&'static str; 3],
    /// The norm before the unembedding.
    pub final_norm: &'static str,
    /// The unembedding, where it is not the embedding; tried without the prefix first.
    pub unembedding: &'static str,
    /// How the blocks' projections are stored.
    pub orientation: Orientation,
    /// The rows of queries and keys within a head.
    pub rope_rows: RopeRows,
    /// `[head_dim / 2]`: divisors of the rotary frequencies, where the checkpoint holds them.
    pub rope_divisors: &'static str,
    /// The number of the first layer that is not part of the decoder, where files may hold more
    /// of them: those predict tokens behind the next one.
    pub layers_beyond: Option<usize>,
    /// Endings of tensors that hold no weights (masks, tables) and may be there.
    pub ignored: &'static [&'static str],
}

/// Where that stands which comes behind the two parts of a block, and what it takes in.
#[derive(Clone, Copy, Debug)]
pub struct AfterLayout {
    /// `[vocabulary, blocks * width]`: the vectors that a token has for each block.
    pub vectors: &'static str,
    /// From the embedding to the part of them that it makes.
    pub projection: &'static str,
    /// The norm of that part.
    pub projection_norm: &'static str,
    /// From the stream to the gate.
    pub gate: &'static str,
    /// Back to the stream.
    pub output: &'static str,
    /// The norm of what is added.
    pub norm: &'static str,
    /// What the stream is multiplied by; the name as a whole.
    pub scale: &'static str,
}

/// Where that stands which makes a trunk of several streams.
#[derive(Clone, Copy, Debug)]
pub struct StreamsLayout {
    /// From the embedding to each stream but the first; `{e}` is its number without that one, and a
    /// name without it is one tensor of all.
    pub spread: &'static str,
    /// From each of those to what the head reads, alike.
    pub reduce: &'static str,
    /// The norm of the changed stream.
    pub norm: &'static str,
    /// What the numbers are made of by which streams are mixed.
    pub router: &'static str,
    /// Those that predict.
    pub predict: &'static str,
    /// Those that correct.
    pub correct: &'static str,
    /// What the changed stream is multiplied by; the whole name.
    pub scale: &'static str,
}

/// Prefixes of the text model's names within a larger model, before those of the layout.
pub const WITHIN: [&str; 5] = [
    "",
    "language_model.",
    "model.language_model.",
    "model.text_model.",
    "text_model.",
];

/// Beginnings of tensors of the other parts of a larger model, behind its own prefix if it has one.
pub const OTHER_PARTS: [&str; 16] = [
    "visual.",
    "vision_tower.",
    "vision_model.",
    "vision_embed_tokens.",
    "vision_encoder.",
    "vision_backbone.",
    "image_",
    "multi_modal_",
    "multimodal_",
    "mm_",
    "mlp1.",
    "connector.",
    "projector.",
    "perceiver",
    "qformer.",
    "audio_",
];

/// How queries, keys and values are stored.
#[derive(Clone, Copy, Debug)]
pub enum QkvLayout {
    /// Three tensors.
    Separate {
        /// Queries.
        q: &'static str,
        /// Keys.
        k: &'static str,
        /// Values.
        v: &'static str,
    },
    /// One tensor: all queries, then all keys, then all values.
    Concatenated(&'static str),
    /// One tensor: for each key head the queries that share it, then its key, then its value.
    Grouped(&'static str),
    /// One tensor of so many blocks: in each its part of all queries, then of all values, then of
    /// all keys, as CodeGen.
    Blocks {
        /// Its name.
        name: &'static str,
        /// How many blocks.
        count: usize,
    },
}

/// How a feed-forward network is stored.
#[derive(Clone, Copy, Debug)]
pub enum MlpLayout {
    /// Up and down.
    Plain {
        /// `d_model` to `width`.
        up: &'static str,
        /// `width` to `d_model`.
        down: &'static str,
    },
    /// Gate, up and down.
    Gated {
        /// `d_model` to `width`, through the activation.
        gate: &'static str,
        /// `d_model` to `width`.
        up: &'static str,
        /// `width` to `d_model`.
        down: &'static str,
    },
    /// Gate and up in one tensor, rows in this order, and down.
    Fused {
        /// `d_model` to `2 * width`.
        gate_up: &'static str,
        /// `width` to `d_model`.
        down: &'static str,
    },
}

/// How a mixture of experts is stored.
#[derive(Clone, Copy, Debug)]
pub struct ExpertsLayout {
    /// `d_model` to the number of experts.
    pub router: &'static str,
    /// The whole name of what is added to the router's scores where experts are chosen.
    pub correction: &'static str,
    /// The whole name of the weights of a router's own norm.
    pub router_norm: &'static str,
    /// The whole name of what the weight of each expert is multiplied by.
    pub factors: &'static str,
    /// Where two tensors hold all experts; then the next three names count only where a tensor of
    /// the first one is there.
    pub fused: Option<FusedExperts>,
    /// Gates. `{e}` is the expert's number; a name without it is one tensor of all experts,
    /// `[experts, out, in]`.
    pub gate: &'static str,
    /// Ups, alike.
    pub up: &'static str,
    /// Downs, alike.
    pub down: &'static str,
    /// From the stream to the width of what the experts read, and back from what they give.
    pub latent: [&'static str; 2],
    /// The expert that every token goes through.
    pub shared: MlpLayout,
    /// `d_model` to the one number that weighs the shared expert.
    pub shared_gate: &'static str,
    /// How older files store the mixture.
    pub older: Option<&'static ExpertsLayout>,
}

/// How a mixture is stored whose gates and ups stand in one tensor. The names are whole ones.
#[derive(Clone, Copy, Debug)]
pub struct FusedExperts {
    /// `[experts, 2 * width, d_model]`, or with the last two exchanged.
    pub gate_up: &'static str,
    /// `[experts, 2 * width]`.
    pub gate_up_bias: &'static str,
    /// `[experts, d_model, width]`, or with the last two exchanged.
    pub down: &'static str,
    /// `[experts, d_model]`.
    pub down_bias: &'static str,
    /// The order of the last two dimensions.
    pub orientation: Orientation,
    /// The order of gates and ups.
    pub rows: GateUpRows,
}

/// How the rows of gate and up stand in one tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateUpRows {
    /// All gates, then all ups.
    HalfSplit,
    /// A gate, its up, the next gate, as GPT-OSS.
    Interleaved,
}

/// How a projection's matrix is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orientation {
    /// `[out, in]`, as a linear layer.
    OutIn,
    /// `[in, out]`, as GPT-2's Conv1D.
    InOut,
}

/// How the rows of queries and keys stand within a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RopeRows {
    /// The two halves of a rotated pair are `dim / 2` rows apart.
    HalfSplit,
    /// The same with the second half first: NanoChat turns the other way round.
    Exchanged,
    /// They are neighbours: GPT-J and Cohere, and what llama.cpp's converter makes of the llama
    /// family.
    Interleaved,
}

/// The names that most families have in files of Hugging Face's transformers.
pub const HUGGING_FACE: Layout = Layout {
    prefixes: &["model.", ""],
    is_part: false,
    embedding: "embed_tokens",
    embedding_norm: "embed_layernorm",
    project_in: "project_in",
    project_out: "project_out",
    positions: "embed_positions",
    attention_norm: "layers.{l}.input_layernorm",
    attention_output_norm: "layers.{l}.post_attention_layernorm",
    qkv: QkvLayout::Separate {
        q: "layers.{l}.self_attn.q_proj",
        k: "layers.{l}.self_attn.k_proj",
        v: "layers.{l}.self_attn.v_proj",
    },
    other_qkv: None,
    q_norm: "layers.{l}.self_attn.q_norm",
    k_norm: "layers.{l}.self_attn.k_norm",
    sinks: "layers.{l}.self_attn.sinks",
    output: "layers.{l}.self_attn.o_proj",
    mixer: MixerLayout::None,
    mlp_norm: "layers.{l}.post_attention_layernorm",
    mlp_output_norm: "layers.{l}.post_feedforward_layernorm",
    mlp: MlpLayout::Gated {
        gate: "layers.{l}.mlp.gate_proj",
        up: "layers.{l}.mlp.up_proj",
        down: "layers.{l}.mlp.down_proj",
    },
    xielu: "layers.{l}.mlp.act_fn.{x}",
    experts: ExpertsLayout {
        router: "layers.{l}.mlp.gate",
        correction: "layers.{l}.mlp.gate.e_score_correction_bias",
        router_norm: "layers.{l}.router.scale",
        factors: "layers.{l}.router.per_expert_scale",
        fused: None,
        gate: "layers.{l}.mlp.experts.{e}.gate_proj",
        up: "layers.{l}.mlp.experts.{e}.up_proj",
        down: "layers.{l}.mlp.experts.{e}.down_proj",
        latent: ["layers.{l}.mlp.latent_down", "layers.{l}.mlp.latent_up"],
        shared: MlpLayout::Gated {
            gate: "layers.{l}.mlp.shared_expert.gate_proj",
            up: "layers.{l}.mlp.shared_expert.up_proj",
            down: "layers.{l}.mlp.shared_expert.down_proj",
        },
        shared_gate: "layers.{l}.mlp.shared_expert_gate",
        older: None,
    },
    beside: [
        "layers.{l}.post_feedforward_layernorm_1",
        "layers.{l}.pre_feedforward_layernorm_2",
        "layers.{l}.post_feedforward_layernorm_2",
    ],
    after: AfterLayout {
        vectors: "embed_tokens_per_layer",
        projection: "per_layer_model_projection",
        projection_norm: "per_layer_projection_norm",
        gate: "layers.{l}.per_layer_input_gate",
        output: "layers.{l}.per_layer_projection",
        norm: "layers.{l}.post_per_layer_input_norm",
        scale: "layers.{l}.layer_scalar",
    },
    streams: StreamsLayout {
        spread: "altup_projections.{e}",
        reduce: "altup_unembed_projections.{e}",
        norm: "layers.{l}.altup.router_norm",
        router: "layers.{l}.altup.modality_router",
        predict: "layers.{l}.altup.prediction_coefs",
        correct: "layers.{l}.altup.correction_coefs",
        scale: "layers.{l}.altup.correct_output_scale",
    },
    laurel: [
        "layers.{l}.laurel.linear_left",
        "layers.{l}.laurel.linear_right",
        "layers.{l}.laurel.post_laurel_norm",
    ],
    final_norm: "norm",
    unembedding: "lm_head",
    orientation: Orientation::OutIn,
    rope_rows: RopeRows::HalfSplit,
    rope_divisors: "rope_divisors",
    layers_beyond: None,
    ignored: &[".rotary_emb.inv_freq"],
};

/// The names in every GGUF file.
pub const GGUF: Layout = Layout {
    prefixes: &[""],
    is_part: false,
    embedding: "token_embd",
    embedding_norm: "token_embd_norm",
    project_in: "project_in",
    project_out: "project_out",
    positions: "position_embd",
    attention_norm: "blk.{l}.attn_norm",
    attention_output_norm: "blk.{l}.post_attention_norm",
    qkv: GGUF_SEPARATE_QKV,
    other_qkv: None,
    q_norm: "blk.{l}.attn_q_norm",
    k_norm: "blk.{l}.attn_k_norm",
    sinks: "blk.{l}.attn_sinks.weight",
    output: "blk.{l}.attn_output",
    mixer: MixerLayout::None,
    mlp_norm: "blk.{l}.ffn_norm",
    mlp_output_norm: "blk.{l}.post_ffw_norm",
    mlp: MlpLayout::Gated {
        gate: "blk.{l}.ffn_gate",
        up: "blk.{l}.ffn_up",
        down: "blk.{l}.ffn_down",
    },
    xielu: "blk.{l}.{x}",
    experts: GGUF_EXPERTS,
    beside: [
        "blk.{l}.post_ffw_norm_1",
        "blk.{l}.pre_ffw_norm_2",
        "blk.{l}.post_ffw_norm_2",
    ],
    after: AfterLayout {
        vectors: "per_layer_token_embd",
        projection: "per_layer_model_proj",
        projection_norm: "per_layer_proj_norm",
        gate: "blk.{l}.inp_gate",
        output: "blk.{l}.proj",
        norm: "blk.{l}.post_norm",
        scale: "blk.{l}.layer_output_scale.weight",
    },
    streams: StreamsLayout {
        spread: "altup_proj",
        reduce: "altup_unembd_proj",
        norm: "blk.{l}.altup_router_norm",
        router: "blk.{l}.altup_router",
        predict: "blk.{l}.altup_predict_coef",
        correct: "blk.{l}.altup_correct_coef",
        scale: "blk.{l}.altup_correct_scale.weight",
    },
    laurel: [
        "blk.{l}.laurel_l",
        "blk.{l}.laurel_r",
        "blk.{l}.laurel_post_norm",
    ],
    final_norm: "output_norm",
    unembedding: "output",
    orientation: Orientation::OutIn,
    rope_rows: RopeRows::HalfSplit,
    rope_divisors: "rope_freqs",
    layers_beyond: None,
    ignored: &[".attn_rot_embd", "rope_factors_long.weight"],
};

/// GGUF's names for a feed-forward part without a gate.
pub const GGUF_PLAIN_MLP: MlpLayout = MlpLayout::Plain {
    up: "blk.{l}.ffn_up",
    down: "blk.{l}.ffn_down",
};

const GGUF_EXPERTS: ExpertsLayout = ExpertsLayout {
    router: "blk.{l}.ffn_gate_inp",
    correction: "blk.{l}.exp_probs_b.bias",
    router_norm: "blk.{l}.ffn_gate_inp.scale",
    factors: "blk.{l}.ffn_down_exps.scale",
    fused: None,
    gate: "blk.{l}.ffn_gate_exps",
    up: "blk.{l}.ffn_up_exps",
    down: "blk.{l}.ffn_down_exps",
    latent: ["blk.{l}.ffn_latent_down", "blk.{l}.ffn_latent_up"],
    shared: MlpLayout::Gated {
        gate: "blk.{l}.ffn_gate_shexp",
        up: "blk.{l}.ffn_up_shexp",
        down: "blk.{l}.ffn_down_shexp",
    },
    shared_gate: "blk.{l}.ffn_gate_inp_shexp",
    older: None,
};

/// How files of the `llama` architecture held a mixture until April 2024: a tensor of each
/// expert.
pub const GGUF_SINGLE_EXPERTS: ExpertsLayout = ExpertsLayout {
    gate: "blk.{l}.ffn_gate.{e}",
    up: "blk.{l}.ffn_up.{e}",
    down: "blk.{l}.ffn_down.{e}",
    ..GGUF_EXPERTS
};

/// GGUF's names for queries, keys and values in three tensors.
pub const GGUF_SEPARATE_QKV: QkvLayout = QkvLayout::Separate {
    q: "blk.{l}.attn_q",
    k: "blk.{l}.attn_k",
    v: "blk.{l}.attn_v",
};

/// GGUF's name for queries, keys and values in one tensor.
pub const GGUF_QKV: QkvLayout = QkvLayout::Concatenated("blk.{l}.attn_qkv");

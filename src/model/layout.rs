//! Where a decoder's parts stand in a checkpoint, as data: tensor names, and how a tensor is
//! stored where that differs from `[out, in]`.

/// The parts of a decoder and the names of their tensors. `{l}` in a name is the block's number;
/// `.weight` and `.bias` are added behind each name.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Prefixes of all names, tried in turn until one gives the embedding.
    pub prefixes: &'static [&'static str],
    /// `[vocabulary, d_model]`.
    pub embedding: &'static str,
    /// `[positions, d_model]`, for learned positions.
    pub positions: Option<&'static str>,
    /// The norm before the attention.
    pub attention_norm: &'static str,
    /// Queries, keys and values.
    pub qkv: QkvLayout,
    /// The attention's output projection.
    pub output: &'static str,
    /// The norm before the feed-forward part.
    pub mlp_norm: &'static str,
    /// The feed-forward part.
    pub mlp: MlpLayout,
    /// The norm before the unembedding.
    pub final_norm: &'static str,
    /// The unembedding, where it is not the embedding; stands without the prefix.
    pub unembedding: &'static str,
    /// How the blocks' projections are stored.
    pub orientation: Orientation,
    /// The rows of queries and keys within a head.
    pub rope_rows: RopeRows,
    /// `[head_dim / 2]`: divisors of the rotary frequencies, where the checkpoint holds them.
    pub rope_divisors: Option<&'static str>,
    /// Endings of tensors that hold no weights (masks, tables) and may be there.
    pub ignored: &'static [&'static str],
}

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
}

/// How the feed-forward part is stored.
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
    /// The two halves of a turned pair are `dim / 2` rows apart.
    Halves,
    /// They are neighbours: llama.cpp's converter permutes the llama family so.
    Neighbours,
}

/// The names in every GGUF file.
pub const GGUF: Layout = Layout {
    prefixes: &[""],
    embedding: "token_embd",
    positions: None,
    attention_norm: "blk.{l}.attn_norm",
    qkv: QkvLayout::Separate {
        q: "blk.{l}.attn_q",
        k: "blk.{l}.attn_k",
        v: "blk.{l}.attn_v",
    },
    output: "blk.{l}.attn_output",
    mlp_norm: "blk.{l}.ffn_norm",
    mlp: MlpLayout::Gated {
        gate: "blk.{l}.ffn_gate",
        up: "blk.{l}.ffn_up",
        down: "blk.{l}.ffn_down",
    },
    final_norm: "output_norm",
    unembedding: "output",
    orientation: Orientation::OutIn,
    rope_rows: RopeRows::Halves,
    rope_divisors: Some("rope_freqs"),
    ignored: &[".attn_rot_embd"],
};

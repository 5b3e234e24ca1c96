//! A decoder's description in words, one line a part.

use crate::model::mixer::Kind;
use crate::model::spec::{
    Activation, AfterSpec, AttentionSpec, BesideSpec, Bias, BlockSpec, EmbeddingSpec, ExpertsSpec,
    FeedForwardSpec, Gate, HeadPositions, MixingSpec, MlpKind, MlpSpec, NormKind, NormPlace,
    NormSpec, NormWeights, Positions, QkNorm, QkNormPlace, QkNormSpan, Residual, Rope, RopeScaling,
    RouterScore, RouterSpec, SharedExpert, SharedGate, Sinks, Spec, StreamsSpec, Sum, Temperature,
    UnembedSpec, Unembedding, Weighs,
};

/// Parts that are there, with a comma between each.
fn listed(parts: impl IntoIterator<Item = Option<String>>) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(", ")
}

/// What is done before the first block.
pub fn embedding(spec: &Spec) -> String {
    let EmbeddingSpec {
        width,
        scale,
        norm,
        per_layer,
    } = spec.embedding;
    let positions = match spec.positions {
        Positions::Learned { offset: 0 } => Some("learned positions added".to_owned()),
        Positions::Learned { offset } => Some(format!(
            "learned positions added, from row {offset} of their table"
        )),
        Positions::Sinusoidal { .. } => Some("sines and cosines of the position added".to_owned()),
        Positions::InAttention => None,
    };
    listed([
        Some(format!("width {width}")),
        (width != spec.d_model).then(|| format!("projected to {}", spec.d_model)),
        scale.map(|scale| format!("scaled by {}", number(scale))),
        norm.map(|norm| format!("{} behind it", self::norm(norm))),
        positions,
        per_layer.map(|of_block| format!("a vector of {} more for each block", of_block.width)),
        spec.streams.map(streams),
    ])
}

/// The streams between the blocks.
fn streams(spec: StreamsSpec) -> String {
    format!(
        "spread over {} streams, of which blocks change number {}, counted from 0; a row is their \
         mean as the model's own head makes it",
        spec.count, spec.active
    )
}

/// The blocks, those that are alike together: their layers, and what they are.
pub fn blocks(spec: &Spec) -> Vec<(String, Vec<String>)> {
    let mut kinds: Vec<(&BlockSpec, Vec<usize>)> = Vec::new();
    for (l, block) in spec.blocks.iter().enumerate() {
        match kinds.iter_mut().find(|(kind, _)| *kind == block) {
            Some((_, layers)) => layers.push(l),
            None => kinds.push((block, vec![l])),
        }
    }
    let kinds = kinds.into_iter();
    kinds
        .map(|(kind, layers)| (layers_in_words(&layers), block(kind)))
        .collect()
}

/// `L0-L3, L5`.
fn layers_in_words(layers: &[usize]) -> String {
    let runs = layers.chunk_by(|a, b| a + 1 == *b);
    let runs = runs.map(|run| match run {
        [first, .., last] => Some(format!("L{first}-L{last}")),
        run => run.first().map(|only| format!("L{only}")),
    });
    listed(runs)
}

fn block(spec: &BlockSpec) -> Vec<String> {
    let place = match spec.norm_place {
        NormPlace::Before => "before each part",
        NormPlace::Output => "of each part's output",
        NormPlace::Around => "before each part and of its output",
        NormPlace::Sum => "of each sum",
    };
    let residual = match spec.residual {
        Residual::Serial => None,
        Residual::Parallel => Some("attention and feed-forward side by side".to_owned()),
        Residual::ParallelOneNorm => {
            Some("attention and feed-forward side by side, behind one norm".to_owned())
        }
    };
    let scale = spec.part_scale;
    let mut parts = vec![
        listed([
            Some(format!("{} {place}", norm(spec.norm))),
            residual,
            scale.map(|scale| format!("each part scaled by {}", number(scale))),
            spec.laurel
                .map(|_| "a projection of low rank beside the attention".to_owned()),
        ]),
        match &spec.mixing {
            MixingSpec::Attention => attention(&spec.attention),
            MixingSpec::Mixer(mixer) => mixer.words(),
            MixingSpec::Both(both) => beside(&spec.attention, both),
            MixingSpec::Nothing => "no attention".to_owned(),
        },
        match &spec.feed_forward {
            FeedForwardSpec::Dense(mlp) => format!("feed-forward {}", self::mlp(*mlp)),
            FeedForwardSpec::Experts(experts) => self::experts(*experts),
            FeedForwardSpec::Both(both) => format!(
                "feed-forward {}, beside it {}, each with norms of its own",
                self::mlp(both.mlp),
                self::experts(both.experts)
            ),
            FeedForwardSpec::Nothing => "no feed-forward part".to_owned(),
        },
    ];
    parts.extend(spec.after.map(after));
    parts
}

/// What comes behind the two parts.
fn after(spec: AfterSpec) -> String {
    listed([
        spec.per_layer.map(|width| {
            format!("behind them the token's vector for the block, width {width}, through a gate")
        }),
        Some("at last the stream times a number of the block's own".to_owned()),
    ])
}

/// An attention with a mixer beside it.
fn beside(attention: &AttentionSpec, both: &BesideSpec) -> String {
    let scaled = |what: &str, scale: f64| {
        let is_scaled = (scale - 1.0).abs() > f64::EPSILON;
        is_scaled.then(|| format!("{what} scaled by {}", number(scale)))
    };
    listed([
        Some(self::attention(attention)),
        scaled("what it reads", both.attention_input),
        scaled("what it gives", both.attention_output),
        Some(format!("beside it {}", both.mixer.words())),
        scaled("what that gives", both.mixer_output),
    ])
}

fn attention(spec: &AttentionSpec) -> String {
    let heads = match spec.n_kv_heads {
        n if n == spec.n_heads => format!("attention {} heads", spec.n_heads),
        n => format!("attention {} heads, {n} of keys and values", spec.n_heads),
    };
    listed([
        Some(format!("{heads}, each {} wide", spec.head_dim)),
        Some(format!("scale {}", number(spec.scale))),
        spec.cap.map(|cap| format!("soft cap {}", number(cap))),
        spec.window.map(|window| format!("window {window}")),
        spec.chunk.map(|chunk| format!("in chunks of {chunk}")),
        positions(&spec.positions),
        spec.qk_norm.map(|norm| qk_norm(norm, spec.qk_norm_place)),
        spec.temperature.map(temperature),
        match spec.sinks {
            Sinks::Absent => None,
            Sinks::Learned => Some("a learned sink for each head".to_owned()),
        },
        (spec.gate == Gate::Sigmoid).then(|| "gates of what the heads give".to_owned()),
        biases("queries, keys and values", spec.qkv_bias),
        biases("the output", spec.output_bias),
    ])
}

fn positions(positions: &HeadPositions) -> Option<String> {
    match positions {
        HeadPositions::None => None,
        HeadPositions::Rotary(rope) => Some(rotary(rope)),
        HeadPositions::Alibi { scale, .. } if (*scale - 1.0).abs() < f64::EPSILON => {
            Some("ALiBi".to_owned())
        }
        HeadPositions::Alibi { scale, .. } => Some(format!("ALiBi scaled by {}", number(*scale))),
    }
}

fn rotary(rope: &Rope) -> String {
    let scaling = match &rope.scaling {
        RopeScaling::None => None,
        RopeScaling::Linear { factor } => Some(format!("linear scaling {}", number(*factor))),
        RopeScaling::Llama3 { factor, .. } => Some(format!("llama3 scaling {}", number(*factor))),
        RopeScaling::Yarn { factor, .. } => Some(format!("yarn scaling {}", number(*factor))),
        RopeScaling::Divided(_) => Some("a divisor for each frequency".to_owned()),
    };
    let magnitude = (rope.magnitude - 1.0).abs() > f64::EPSILON;
    let details = listed([
        Some(format!("{} dimensions", rope.dim)),
        Some(format!("base {}", number(rope.theta))),
        scaling,
        magnitude.then(|| format!("magnitude {}", number(rope.magnitude))),
    ]);
    format!("rotary ({details})")
}

fn temperature(spec: Temperature) -> String {
    let (strength, step) = (number(spec.strength), number(spec.step));
    let position = match spec.first {
        0 => "position".to_owned(),
        first => format!("(position + {first})"),
    };
    format!("queries scaled by 1 + {strength} ln(1 + floor({position} / {step}))")
}

fn qk_norm(qk: QkNorm, place: QkNormPlace) -> String {
    let of = match qk.span {
        QkNormSpan::Head => "each head's queries and keys",
        QkNormSpan::EachHead => "queries and keys, weights of each head's own",
        QkNormSpan::Projection => "all queries and all keys",
    };
    let behind = match place {
        QkNormPlace::BeforeRotation => "",
        QkNormPlace::AfterRotation => ", behind their rotation",
    };
    format!("{} of {of}{behind}", norm(qk.norm))
}

fn mlp(spec: MlpSpec) -> String {
    let activation = match spec.activation {
        Activation::Silu => "SiLU",
        Activation::Gelu => "GELU",
        Activation::GeluTanh => "GELU (tanh)",
        Activation::Relu => "ReLU",
        Activation::ReluSquared => "squared ReLU",
        Activation::Xielu(_) => "xIELU with numbers of its own",
    };
    let width = spec.width;
    let kind = match spec.kind {
        MlpKind::Plain => format!("{activation}, width {width}"),
        MlpKind::Gated => format!("{activation}, gated, width {width}"),
        MlpKind::Sparse { deviations } => format!(
            "{activation}, gated by what is {} deviations above the mean, width {width}",
            number(deviations)
        ),
        MlpKind::Scaled { gate, down } => format!(
            "{activation}, gated, width {width}, gates scaled by {}, output by {}",
            number(gate),
            number(down)
        ),
        MlpKind::Clamped { steepness, limit } => format!(
            "x sigmoid({} x), gated by up + 1, both clamped at {}, width {width}",
            number(steepness),
            number(limit)
        ),
    };
    listed([Some(kind), biases("all projections", spec.bias)])
}

fn experts(spec: ExpertsSpec) -> String {
    listed([
        Some(format!(
            "feed-forward {} experts, {} of them used",
            spec.count, spec.used
        )),
        router(spec.router),
        Some(format!("each {}", mlp(spec.expert))),
        (spec.weighs == Weighs::Input).then(|| "whose weights scale what they read".to_owned()),
        spec.latent
            .map(|width| format!("projected to {width} before them, and back behind them")),
        spec.shared.map(shared),
    ])
}

fn router(spec: RouterSpec) -> Option<String> {
    let score = match spec.score {
        RouterScore::Softmax => None,
        RouterScore::SoftmaxOfChosen => Some("weighed by a softmax over those".to_owned()),
        RouterScore::Sigmoid => Some("weighed by sigmoids".to_owned()),
        RouterScore::SparseMixer { .. } => Some("weighed by SparseMixer".to_owned()),
    };
    let correction = match spec.correction {
        Bias::Absent => None,
        Bias::Present | Bias::AsStored => Some("chosen by corrected scores".to_owned()),
    };
    let groups = spec.groups.filter(|groups| groups.used < groups.count);
    let said = listed([
        score,
        biases("the router", spec.bias),
        correction,
        groups.map(|groups| format!("of {} of {} groups", groups.used, groups.count)),
        match spec.sum {
            Sum::AsScored => None,
            Sum::One { .. } => Some("weights scaled to a sum of one".to_owned()),
        },
        (spec.scale != 1.0).then(|| format!("weights times {}", number(spec.scale))),
    ]);
    (!said.is_empty()).then_some(said)
}

fn shared(SharedExpert { width, gate }: SharedExpert) -> String {
    let gate = match gate {
        SharedGate::None => "",
        SharedGate::Sigmoid => ", times a sigmoid",
    };
    format!("one more for every token, width {width}{gate}")
}

/// From the last state to logits.
pub fn head(spec: &UnembedSpec) -> String {
    let unembedding = match spec.unembedding {
        Unembedding::Tied => "the embedding",
        Unembedding::Separate => "a matrix of its own",
        Unembedding::AsStored => "a matrix of its own where the files hold one, else the embedding",
    };
    listed([
        Some(spec.norm.map_or("no norm".to_owned(), norm)),
        Some(format!("then {unembedding}")),
        biases("the logits", spec.bias),
        spec.scale
            .map(|scale| format!("scaled by {}", number(scale))),
        spec.cap.map(|cap| format!("soft cap {}", number(cap))),
    ])
}

fn norm(spec: NormSpec) -> String {
    let kind = match spec.kind {
        NormKind::Layer => "LayerNorm",
        NormKind::Rms => "RMSNorm",
    };
    let offset = spec.weight_offset;
    let details = listed([
        // GGUF files hold it as float32, whose digits behind the seventh say nothing.
        Some(format!("eps {:e}", spec.eps as f32)),
        (offset != 0.0).then(|| format!("weights + {}", number(offset))),
        match spec.weights {
            NormWeights::Stored => None,
            NormWeights::Ones => Some("no weights".to_owned()),
        },
    ]);
    format!("{kind} ({details})")
}

fn biases(of: &str, bias: Bias) -> Option<String> {
    match bias {
        Bias::Present => Some(format!("bias of {of}")),
        Bias::Absent => None,
        Bias::AsStored => Some(format!("bias of {of} where the files hold one")),
    }
}

/// At most six significant digits, and no more than it needs.
fn number(value: f64) -> String {
    let digits = (5 - value.abs().log10().floor().clamp(-20.0, 5.0) as i32).max(0);
    let text = format!("{value:.*}", digits.unsigned_abs() as usize);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_that_follow_each_other_are_a_range() {
        assert_eq!(layers_in_words(&[0, 1, 2, 5, 7, 8]), "L0-L2, L5, L7-L8");
        assert_eq!(layers_in_words(&[3]), "L3");
    }

    #[test]
    fn numbers_have_the_digits_that_they_need() {
        assert_eq!(number(10_000.0), "10000");
        assert_eq!(number(1_000_000.0), "1000000");
        assert_eq!(number(0.125), "0.125");
        assert_eq!(number(1.0 / 3.0), "0.333333");
        assert_eq!(number(0.088_388_347), "0.0883883");
        assert_eq!(number(30.0), "30");
        assert_eq!(number(0.0), "0");
    }
}

//! The one block loop for every architecture, with a cache of the positions seen and a tap after
//! every block.

use std::ops::ControlFlow;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use candle_core::{Device, Tensor};

use super::ModelError;
use super::block::{Block, BlockOutput, BlockParts};
use super::device::moved;
use super::dtype::Dtype;
use super::intervention::Interventions;
use super::laurel::Laurel;
use super::linear::Linear;
use super::mixing::BlockPast;
use super::norm::Norm;
use super::per_layer::{AfterParts, PerLayerEmbedding};
use super::placement::Placement;
use super::sinusoids::Sinusoids;
use super::spec::Spec;
use super::streams::Streams;
use super::weight::Weight;
use crate::trace::{Layer, PartialSum, Row, Rows, TokenId};

/// From tokens to the stream before the first block.
#[derive(Debug)]
pub struct Embedding {
    /// `[vocabulary, width]`.
    pub(super) tokens: Weight,
    /// The vectors are multiplied by it.
    pub(super) scale: Option<f64>,
    pub(super) norm: Option<Norm>,
    /// From `width` to `d`, where they differ.
    pub(super) projection: Option<Linear>,
    /// `[positions, d]`: learned positions, row 0 for the first one.
    pub(super) positions: Option<Weight>,
    /// The vectors that a token has for each block, if it has any.
    pub(super) per_layer: Option<PerLayerEmbedding>,
    /// Positions that are computed.
    pub(super) sinusoids: Option<Sinusoids>,
    /// How the vectors are kept.
    pub(super) dtype: Dtype,
}

/// Rows of an embedding that are looked at for what all of them have in common.
const LOOKED_AT: usize = 4;

/// Weights that share a scale, in every type of ternary weights.
const TERNARY_BLOCK: usize = 256;

impl Embedding {
    /// Whether its rows have zeros and numbers of one size alone, as ternary weights are.
    fn is_ternary(&self) -> bool {
        let looked_at = self.tokens.height().min(LOOKED_AT);
        let Ok(rows) = self
            .tokens
            .narrow(0, looked_at)
            .and_then(|rows| rows.to_vec2::<f32>())
        else {
            return false;
        };
        let of_one_size = |block: &[f32]| {
            let mut sizes = block
                .iter()
                .map(|weight| weight.abs())
                .filter(|size| *size > 0.0);
            let first = sizes.next();
            sizes.all(|size| Some(size) == first)
        };
        let has_weights = rows.iter().flatten().any(|weight| *weight != 0.0);
        has_weights
            && rows
                .iter()
                .all(|row| row.chunks(TERNARY_BLOCK).all(of_one_size))
    }

    /// `[tokens]` → `[tokens, d]`, the first one at position `start`.
    fn forward(&self, ids: &Tensor, start: usize) -> candle_core::Result<Tensor> {
        let mut state = self.tokens.select(ids)?;
        if let Some(scale) = self.scale {
            state = self.dtype.round((state * scale)?)?;
        }
        if let Some(norm) = &self.norm {
            state = norm.forward(&state)?;
        }
        if let Some(projection) = &self.projection {
            state = projection.forward(&state)?;
        }
        let rows = ids.dim(0)?;
        let positions = match (&self.positions, &self.sinusoids) {
            (Some(positions), _) => positions.narrow(start, rows)?,
            (None, Some(sinusoids)) => {
                self.dtype
                    .round(sinusoids.rows(start, rows, ids.device())?)?
            }
            (None, None) => return Ok(state),
        };
        self.dtype.round((state + positions)?)
    }
}

/// Gets the residual stream, `[positions, d]`, at every row, those inside a block where they are
/// [taken](Decoder::take) after that of the block; breaks to give the pass up.
pub type Tap<'a> = dyn FnMut(Row, &Tensor) -> Result<ControlFlow<()>, ModelError> + 'a;

/// Gets what every block of a pass gives; breaks to give the pass up.
type Each<'a> = dyn FnMut(Layer, BlockOutput) -> Result<ControlFlow<()>, ModelError> + 'a;

/// How often a pass is looked at while its blocks run: the longest time, beside that of one block,
/// for which one goes on that nobody wants.
const LOOK: Duration = Duration::from_millis(5);

/// All that a pass goes on from beside the weights: the positions seen and what is changed in the
/// network. The default has seen nothing and changes nothing.
#[derive(Debug, Default)]
pub struct DecoderState {
    /// One a block; none at all while no decoder has used it.
    pasts: Vec<BlockPast>,
    positions: usize,
    interventions: Interventions,
}

/// A decoder without its head.
#[derive(Debug)]
pub struct Decoder {
    /// None in an [outline](Decoder::outline).
    pub(super) embedding: Option<Embedding>,
    pub(super) d_model: usize,
    /// None in an [outline](Decoder::outline).
    pub(super) blocks: Vec<Block>,
    /// Those of the trunk, where it has several.
    pub(super) streams: Option<Streams>,
    pub(super) n_layers: usize,
    /// Where what is before the first block is.
    pub(super) device: Device,
    /// Where what is behind the last block is.
    pub(super) last_device: Device,
    pub(super) context_length: usize,
    pub(super) seen: usize,
    pub(super) interventions: Interventions,
    /// The rows inside its blocks.
    pub(super) inside: Vec<Row>,
    /// Which rows passes give.
    pub(super) rows: Rows,
}

impl Decoder {
    /// What is known of a decoder whose weights were not read: it runs nothing.
    #[must_use]
    pub(super) fn outline(spec: &Spec, placement: &Placement) -> Self {
        Self {
            embedding: None,
            d_model: spec.d_model,
            blocks: Vec::new(),
            streams: None,
            n_layers: spec.blocks.len(),
            device: placement.first().processor.device().clone(),
            last_device: placement.last().processor.device().clone(),
            context_length: spec.context_length,
            seen: 0,
            interventions: Interventions::default(),
            inside: spec.rows_inside(),
            rows: Rows::Layers,
        }
    }

    /// The rows inside its blocks, in the order of the stream.
    #[must_use]
    pub fn rows_inside(&self) -> &[Row] {
        &self.inside
    }

    /// Which rows the taps of passes get from now on. What is computed is the same.
    pub fn take(&mut self, rows: Rows) {
        self.rows = rows;
    }

    /// Number of blocks.
    #[must_use]
    pub fn n_layers(&self) -> usize {
        self.n_layers
    }

    /// Width of the residual stream.
    #[must_use]
    pub fn d_model(&self) -> usize {
        self.d_model
    }

    /// The most positions that it can attend to.
    #[must_use]
    pub fn context_length(&self) -> usize {
        self.context_length
    }

    /// How many positions have been seen.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Whether the rows of the embedding are ternary weights: zeros and numbers of one size.
    #[must_use]
    pub fn has_ternary_embedding(&self) -> bool {
        let embedding = self.embedding.as_ref();
        embedding.is_some_and(Embedding::is_ternary)
    }

    /// Bytes of the matrices that one token reads, the head's left out. Norms, biases and the one
    /// row of the embedding are too small to count.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let projection = self.embedding.as_ref();
        let projection = projection.and_then(|embedding| embedding.projection.as_ref());
        let projection = projection.map_or(0, Linear::bytes);
        let blocks = self.blocks.iter();
        let after = |block: &Block| block.after.as_ref().map_or(0, AfterParts::bytes);
        let of_block = |block: &Block| {
            let laurel = block.laurel.as_ref().map_or(0, Laurel::bytes);
            block.attention.bytes() + laurel + block.feed_forward.bytes() + after(block)
        };
        let per_layer = self
            .embedding
            .as_ref()
            .and_then(|embedding| embedding.per_layer.as_ref());
        let per_layer = per_layer.map_or(0, |per_layer| per_layer.projection.bytes());
        let streams = self.streams.as_ref().map_or(0, Streams::bytes);
        projection + per_layer + streams + blocks.map(of_block).sum::<u64>()
    }

    /// Where what is behind its last block is, and so the states that are kept.
    #[must_use]
    pub fn last_device(&self) -> &Device {
        &self.last_device
    }

    /// Forgets all positions but the first `len`, and more where a block cannot go back to just
    /// there: how many are left then.
    pub fn rewind(&mut self, len: usize) -> usize {
        let len = self.seen.min(len);
        let reached = self.blocks.iter().map(|block| block.attention.reach(len));
        self.seen = reached.fold(len, usize::min);
        for block in &mut self.blocks {
            block.attention.keep(self.seen);
        }
        self.seen
    }

    /// Changes every pass from now on, and forgets all positions: they were seen otherwise.
    pub fn intervene(&mut self, interventions: Interventions) {
        self.interventions = interventions;
        self.rewind(0);
    }

    /// Exchanges what was seen for something else, which then is what passes go on from.
    pub fn exchange(&mut self, other: &mut DecoderState) {
        other
            .pasts
            .resize_with(self.blocks.len(), BlockPast::default);
        for (block, past) in self.blocks.iter_mut().zip(&mut other.pasts) {
            block.attention.exchange(past);
        }
        std::mem::swap(&mut self.seen, &mut other.positions);
        std::mem::swap(&mut self.interventions, &mut other.interventions);
    }

    /// Remembers the positions seen as they are now, until [`Decoder::take_up`]. What is changed
    /// in the network must stay the same meanwhile.
    pub fn set_aside(&mut self) {
        for block in &mut self.blocks {
            block.attention.set_aside();
        }
    }

    /// Makes the first `seen` positions, bit for bit, what they were when they were set aside;
    /// `seen` is how many there were then.
    pub fn take_up(&mut self, seen: usize) -> Result<(), ModelError> {
        self.seen = seen;
        for block in &mut self.blocks {
            block.attention.take_up()?;
        }
        Ok(())
    }

    /// Runs `tokens` as the positions that follow the seen ones. `tap` gets the residual stream
    /// `[tokens, d]` before block 0 and after every block; when it breaks, the pass is given up
    /// and the positions count as not seen.
    pub fn forward(
        &mut self,
        tokens: &[TokenId],
        tap: &mut Tap<'_>,
    ) -> Result<ControlFlow<()>, ModelError> {
        self.forward_in_parts(tokens, tap, &mut |_| {})
    }

    /// [`Decoder::forward`], with what the parts of each block added, block 0 first.
    pub fn forward_in_parts(
        &mut self,
        tokens: &[TokenId],
        tap: &mut Tap<'_>,
        parts: &mut dyn FnMut(BlockParts),
    ) -> Result<ControlFlow<()>, ModelError> {
        let Some(embedding) = &self.embedding else {
            return Err(ModelError::HeadOnly);
        };
        let end = self.seen + tokens.len();
        if end > self.context_length {
            return Err(ModelError::PromptTooLong {
                prompt: end,
                context: self.context_length,
            });
        }
        let rows = embedding.tokens.height();
        // A card would not complain of it, but fail from then on.
        if let Some(token) = tokens.iter().find(|token| token.0 as usize >= rows) {
            return Err(ModelError::UnknownToken { id: token.0, rows });
        }
        let ids: Vec<u32> = tokens.iter().map(|token| token.0).collect();
        let ids = Tensor::new(ids, &self.device)?;
        let start = self.seen;
        let state = embedding.forward(&ids, start)?;
        let of_blocks = match &embedding.per_layer {
            Some(per_layer) => per_layer.vectors(&ids, &state)?,
            None => Vec::new(),
        };
        let state = self.interventions.patched(Row::Embedding, start, state)?;
        let (state, row) = match &self.streams {
            None => (state.clone(), state),
            Some(streams) => {
                let trunk = streams.spread(&state)?;
                let row = streams.reduced(&trunk)?;
                (trunk, row)
            }
        };
        if tap(Row::Embedding, &row)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let flow = self.through_blocks(&state, start, &of_blocks, &mut |layer, output| {
            parts(output.parts);
            let flow = tap(Row::Layer(layer), &output.state)?;
            for (sum, state) in &output.inside {
                if flow.is_continue() {
                    let _: ControlFlow<()> = tap(Row::Inside(layer, *sum), state)?;
                }
            }
            Ok(flow)
        })?;
        if flow.is_break() {
            return Ok(flow);
        }
        self.seen = end;
        for block in &mut self.blocks {
            block.attention.keep(end);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Runs the stream before the first block, `[positions, d]`, or the trunk of several, whose first
    /// position is `start`, through every block; `of_blocks` are the vectors that the tokens have for each block, if they
    /// have any. `each` gets what they give, in order; when it breaks, the blocks that
    /// have not begun are left out.
    ///
    /// The blocks run one after the other in a thread of rayon's, so that their many small products
    /// need not wait for one to wake up, and this thread looks at what they have given every
    /// [`LOOK`]: it would take a core from them if it woke up behind each of them.
    fn through_blocks(
        &mut self,
        state: &Tensor,
        start: usize,
        of_blocks: &[Tensor],
        each: &mut Each<'_>,
    ) -> Result<ControlFlow<()>, ModelError> {
        if rayon::current_thread_index().is_some() {
            // Of this pool another thread may not be there to wait for.
            let mut flow = Ok(ControlFlow::Continue(()));
            self.through(state, start, of_blocks, |layer, output| {
                flow = each(layer, output);
                matches!(flow, Ok(ControlFlow::Continue(())))
            })?;
            return flow;
        }
        let (give, given) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let run = move |_: &rayon::Scope<'_>| {
            let is_wanted = |layer, output| give.send((layer, output)).is_ok();
            let result = self.through(state, start, of_blocks, is_wanted);
            // Where the pass was given up, nobody hears it.
            let _ = end.send(result);
        };
        rayon::in_place_scope(move |scope| {
            scope.spawn(run);
            loop {
                let ended = ended.recv_timeout(LOOK);
                for (layer, output) in given.try_iter() {
                    if each(layer, output)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                match ended {
                    Ok(result) => return Ok(result.map(ControlFlow::Continue)?),
                    Err(RecvTimeoutError::Timeout) => {}
                    // It panicked, as the scope will do here.
                    Err(RecvTimeoutError::Disconnected) => return Ok(ControlFlow::Break(())),
                }
            }
        })
    }

    /// The stream through every block, for as long as `is_wanted`, which gets what they give, says
    /// so.
    fn through(
        &mut self,
        state: &Tensor,
        start: usize,
        of_blocks: &[Tensor],
        mut is_wanted: impl FnMut(Layer, BlockOutput) -> bool,
    ) -> candle_core::Result<()> {
        let mut state = state.clone();
        for (l, block) in self.blocks.iter_mut().enumerate() {
            let layer = Layer(l);
            let ablations = self.interventions.of_block(layer);
            state = moved(&state, &block.device)?;
            let mut output = match &self.streams {
                Some(streams) => streams.through(l, block, &state, of_blocks.get(l), &ablations)?,
                None => {
                    let sums = sums_of(&self.inside, self.rows, layer);
                    block.forward(&state, &ablations, &sums)?
                }
            };
            if let Some(after) = &block.after {
                let vectors = of_blocks.get(l).map(|of| moved(of, &block.device));
                output = after.finish(output, vectors.transpose()?.as_ref(), &ablations)?;
            }
            match &self.streams {
                Some(streams) => {
                    state = output.state;
                    output.state = streams.reduced(&state)?;
                }
                None => {
                    let patched = &self.interventions;
                    state = patched.patched(Row::Layer(layer), start, output.state)?;
                    output.state = state.clone();
                }
            }
            if !is_wanted(layer, output) {
                break;
            }
        }
        Ok(())
    }
}

/// The sums inside a block that are wanted.
fn sums_of(inside: &[Row], rows: Rows, block: Layer) -> Vec<PartialSum> {
    let wanted = match rows {
        Rows::Layers => &[],
        Rows::Sublayers => inside,
    };
    let sums = wanted.iter().filter_map(|row| match row {
        Row::Inside(layer, sum) if *layer == block => Some(*sum),
        _ => None,
    });
    sums.collect()
}

//! `lenscape bench`: how fast, and how much memory. Times are for comparison on one machine; the
//! lens is measured beside one plain matrix product of the same shape in the same run.

mod made;
mod wire;

use std::fmt;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use candle_core::Tensor;
use clap::Args;
use color_eyre::eyre::Result as EyreResult;
use serde::Serialize;

pub use made::Made;
pub use wire::Wire;

use super::CommandError;
use super::context::{self, TOP_TOKENS};
use super::options::{DeviceOptions, DtypeChoice, ReportFormat};
use super::standard_output::to_stdout;
use crate::engine::{Opener, Progress, RunRequest, Session};
use crate::export::json;
use crate::lens::{Jacobian, Lens, Logits, Normed, StateTap, States, column};
use crate::model::device::transferred;
use crate::model::unembed::NormedRows;
use crate::model::{Model, ModelError};
use crate::run::{RunId, Sampling};
use crate::trace::{Column, LensKind, TokenId};
use crate::vocabulary::{Vocabulary, visible_line};

/// Length of the prompt, in tokens.
const PROMPT: usize = 256;

/// How often the lens step and the plain product are timed, in turn.
const ROUNDS: usize = 15;

/// Options of `lenscape bench`.
#[derive(Args, Debug)]
pub struct Bench {
    /// The model: a catalog name, a hub id `org/name[@rev]`, a `.gguf` file or a folder.
    #[arg(long, short)]
    pub model: Option<String>,
    /// Measure a llama of this size with random weights instead, for example 1b-q4_0: 135m, 1b, 3b
    /// or 8b, and a type from f32 to q6_k. It is written to a temporary file.
    #[arg(long, value_name = "SIZE-TYPE", conflicts_with = "model")]
    pub made: Option<Made>,
    /// How weights are held and computed with.
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<DtypeChoice>,
    /// Where it runs.
    #[command(flatten)]
    pub device: DeviceOptions,
    /// How many tokens to generate in each run.
    #[arg(long, short = 'n', default_value_t = 48)]
    pub max_tokens: usize,
    /// How to write it.
    #[arg(long, default_value = "text")]
    pub format: ReportFormat,
}

impl Bench {
    /// Loads the model, measures it and writes the figures to standard output.
    ///
    /// # Errors
    ///
    /// When the model cannot be opened, or its figures cannot be written.
    pub fn run(&self) -> EyreResult<ExitCode> {
        let settings = context::user_settings()?;
        let opener = Opener::from_env(context::dtype(self.dtype, &settings), TOP_TOKENS)?
            .on(self.device.wanted(&settings.options));
        let measurements = match self.made {
            Some(made) => {
                let file = made.file()?;
                let path = file.path().display().to_string();
                let measured = bench(&opener, &path, self.max_tokens)?;
                Measurements {
                    model: made.to_string(),
                    ..measured
                }
            }
            None => {
                let model = context::wanted_model(self.model.as_ref(), &settings);
                bench(&opener, &model, self.max_tokens)?
            }
        };
        to_stdout(|out| match self.format {
            ReportFormat::Text => writeln!(out, "{measurements}"),
            ReportFormat::Json => measurements.write_json(out),
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Measurements {
    /// The model.
    pub model: String,
    /// Where it ran.
    pub device: String,
    /// Threads that tensor operations use.
    pub threads: usize,
    /// From the start of the load to a model that can be used; a download is not part of it.
    pub load_seconds: f64,
    /// Tokens of the prompt that was processed.
    pub prompt_tokens: usize,
    /// Prompt tokens a second.
    pub prompt_tokens_per_second: f64,
    /// Tokens that were generated in each run, at most.
    pub generated_tokens: usize,
    /// Generated tokens a second, greedy, only the model's own output computed.
    pub plain_tokens_per_second: f64,
    /// Generated tokens a second, greedy, with every layer's cell.
    pub lens_tokens_per_second: f64,
    /// Bytes of weights that a generated token reads: those of all blocks and of the unembedding,
    /// once each, with the lens or without.
    pub weight_bytes_per_token: u64,
    /// Bytes of weights read a second, only the model's own output computed.
    pub plain_weight_bytes_per_second: f64,
    /// Bytes of weights read a second, with every layer's cell.
    pub lens_weight_bytes_per_second: f64,
    /// Median seconds of the lens step: product, ranks, best tokens, statistics.
    pub lens_step_seconds: f64,
    /// Median seconds of one plain float32 product of the same shape.
    pub plain_product_seconds: f64,
    /// Lens step divided by plain product.
    pub lens_step_ratio: f64,
    /// Median seconds of the same step under a Jacobian lens, made for this model in float16.
    pub jacobian_step_seconds: f64,
    /// Bytes of its matrices, which are held in memory and read by each token.
    pub jacobian_bytes: u64,
    /// Bytes that came from devices to the CPU for a token with every layer's cell.
    pub transfer_bytes_per_token: u64,
    /// Memory of the cards that is in use while the model runs, in bytes, where it is on cards.
    pub card_memory_bytes: Option<u64>,
    /// Bytes that a terminal gets.
    pub wire: Wire,
    /// Most memory that was resident at once, in bytes, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

/// Measures `model`.
pub fn bench(
    opener: &Opener,
    model: &str,
    max_tokens: usize,
) -> Result<Measurements, CommandError> {
    // The first opening fetches what is missing and warms the file cache.
    drop(super::open(opener, model)?);
    let (session, load) = timed(|| super::open(opener, model));
    let session = session?;
    let name = session.info().name.clone();
    let vocabulary = session.vocabulary().clone();
    let mut model = session.into_model();
    let prompt = prompt(&model)?;
    let read = model.decoder.bytes() + model.unembed.bytes();

    let ((), reading) = timed_result(|| read_prompt(&mut model, &prompt))?;
    let ((), plain) = timed_result(|| generate_plain(&mut model, prompt[0], max_tokens))?;
    let (device, card_memory_bytes) = (model.placement.to_string(), card_memory(&model));
    let mut session = Session::new(model, name.clone(), 10);
    let before = transferred();
    let run = generate_with_lens(&mut session, max_tokens)?;
    let transfer_bytes_per_token = (transferred() - before) / run.columns.len().max(1) as u64;
    let wire = wire::wire(session.info().clone(), &run.prompt, &run.columns)?;
    // Before the float32 matrix for the plain product is made, which no model needs.
    let peak_memory_bytes = peak_memory();
    let mut model = session.into_model();
    let steps = lens_against_product(&mut model, &prompt, &vocabulary)?;
    let plain_tokens_per_second = max_tokens as f64 / plain.as_secs_f64();
    Ok(Measurements {
        model: name,
        device,
        transfer_bytes_per_token,
        card_memory_bytes,
        threads: rayon::current_num_threads(),
        load_seconds: load.as_secs_f64(),
        prompt_tokens: prompt.len(),
        prompt_tokens_per_second: prompt.len() as f64 / reading.as_secs_f64(),
        generated_tokens: max_tokens,
        plain_tokens_per_second,
        lens_tokens_per_second: run.tokens_per_second,
        weight_bytes_per_token: read,
        plain_weight_bytes_per_second: read as f64 * plain_tokens_per_second,
        lens_weight_bytes_per_second: read as f64 * run.tokens_per_second,
        lens_step_seconds: steps.normed.as_secs_f64(),
        plain_product_seconds: steps.product.as_secs_f64(),
        lens_step_ratio: steps.normed.as_secs_f64() / steps.product.as_secs_f64(),
        jacobian_step_seconds: steps.jacobian.as_secs_f64(),
        jacobian_bytes: steps.jacobian_bytes,
        wire,
        peak_memory_bytes,
    })
}

/// Memory of the cards that the model is on that is in use, in bytes, where there are some.
fn card_memory(model: &Model) -> Option<u64> {
    let cards = model
        .placement
        .stages()
        .map(|stage| stage.processor.place());
    let used = cards.filter(|place| !place.is_cpu()).filter_map(|place| {
        let about = place.about();
        Some(about.total?.saturating_sub(about.free?))
    });
    used.reduce(|sum, used| sum.saturating_add(used))
}

/// Plain words, as many tokens as the context allows of what is wanted.
fn prompt(model: &Model) -> Result<Vec<TokenId>, ModelError> {
    let text = "The keys to the cabinet are in the same place as the keys to the car. ";
    let mut tokens = model.tokenizer.encode(&text.repeat(PROMPT / 8))?;
    tokens.truncate(PROMPT.min(model.decoder.context_length() / 2));
    if tokens.is_empty() {
        return Err(ModelError::EmptyPrompt);
    }
    Ok(tokens)
}

fn read_prompt(model: &mut Model, prompt: &[TokenId]) -> Result<(), ModelError> {
    for chunk in prompt.chunks(64) {
        let _: ControlFlow<()> = model
            .decoder
            .forward(chunk, &mut |_, _| Ok(ControlFlow::Continue(())))?;
    }
    Ok(())
}

/// Greedy generation behind what was read, with the head on the last state only.
fn generate_plain(model: &mut Model, first: TokenId, max_tokens: usize) -> Result<(), ModelError> {
    let mut token = first;
    for _ in 0..max_tokens {
        let mut last = None;
        let _: ControlFlow<()> = model.decoder.forward(&[token], &mut |_, state| {
            last = Some(state.clone());
            Ok(ControlFlow::Continue(()))
        })?;
        let state = last.ok_or(ModelError::EmptyPrompt)?;
        let best = model
            .unembed
            .logits(&state, NormedRows::All)?
            .argmax(1)?
            .to_vec1::<u32>()?;
        token = best.first().copied().map_or(token, TokenId);
    }
    Ok(())
}

/// Median times of the lens step, plain and through a Jacobian lens, and of one plain product of the
/// same shape.
struct LensSteps {
    normed: Duration,
    jacobian: Duration,
    product: Duration,
    jacobian_bytes: u64,
}

/// Takes the times in turn.
fn lens_against_product(
    model: &mut Model,
    prompt: &[TokenId],
    vocabulary: &Vocabulary,
) -> Result<LensSteps, ModelError> {
    model.decoder.rewind(0);
    let mut tap = StateTap::default();
    let _: ControlFlow<()> = model.decoder.forward(prompt, &mut |row, state| {
        tap.take(row, state)?;
        Ok(ControlFlow::Continue(()))
    })?;
    let states = tap.states()?;
    let (rows, width) = states.rows().dims2()?;
    let device = states.rows().device();
    let left = Tensor::randn(0.0_f32, 1.0, (rows, width), device)?;
    let right = Tensor::randn(0.0_f32, 1.0, (model.vocab_size, width), device)?;
    let mut made = Jacobian::of_identities(model.decoder.n_layers(), width)?;
    let processor = model.unembed.processor();
    if !processor.has_kernels() {
        made.move_to(processor)?;
    }
    let (mut normed, mut jacobian, mut product) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let ((), time) = timed_result(|| lens_step(model, &states, &Normed, vocabulary))?;
        normed.push(time);
        let ((), time) = timed_result(|| lens_step(model, &states, &made, vocabulary))?;
        jacobian.push(time);
        let (_, time) = timed_result(|| {
            let product = left.matmul(&right.t()?)?;
            // A card is only told to begin.
            device.synchronize()?;
            Ok::<_, ModelError>(product)
        })?;
        product.push(time);
    }
    Ok(LensSteps {
        normed: median(normed),
        jacobian: median(jacobian),
        product: median(product),
        jacobian_bytes: made.bytes(),
    })
}

fn lens_step(
    model: &Model,
    states: &States,
    lens: &dyn Lens,
    vocabulary: &Vocabulary,
) -> Result<(), ModelError> {
    let logits = Logits::of(&model.unembed, states, lens)?;
    column(&logits, TokenId(0), 10, vocabulary)?;
    Ok(())
}

/// A run as the program makes it.
struct MeasuredRun {
    prompt: Vec<TokenId>,
    columns: Vec<Column>,
    tokens_per_second: f64,
}

fn generate_with_lens(session: &mut Session, max_tokens: usize) -> Result<MeasuredRun, ModelError> {
    let prompt = session.begin(RunRequest {
        id: RunId(1),
        prompt: "The keys to the cabinet".into(),
        max_tokens,
        sampling: Sampling::default(),
        lens: LensKind::Normed,
        ..RunRequest::default()
    })?;
    let mut columns = Vec::new();
    let mut start = Instant::now();
    loop {
        match session.advance(&|| true)? {
            Progress::Prompt { .. } => start = Instant::now(),
            Progress::Step { column, .. } => columns.push(column),
            Progress::Finished { .. } => break,
        }
    }
    let tokens_per_second = columns.len() as f64 / start.elapsed().as_secs_f64();
    Ok(MeasuredRun {
        prompt,
        columns,
        tokens_per_second,
    })
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn timed_result<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, Duration), E> {
    let (result, time) = timed(work);
    Ok((result?, time))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The high-water mark of resident memory, as Linux keeps it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

impl Measurements {
    /// Writes one JSON object and a newline.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        json::write_pretty(self, out)?;
        writeln!(out)
    }
}

impl fmt::Display for Measurements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = visible_line(&self.model);
        match &*self.device {
            "cpu" => writeln!(f, "{model} on {} threads", self.threads)?,
            device => writeln!(f, "{model} on {device}")?,
        }
        writeln!(f, "load              {:>8.2} s", self.load_seconds)?;
        writeln!(
            f,
            "prompt            {:>8.1} tokens/s ({} tokens)",
            self.prompt_tokens_per_second, self.prompt_tokens
        )?;
        writeln!(
            f,
            "generate, no lens {:>8.1} tokens/s, {:.1} GB/s of weights",
            self.plain_tokens_per_second,
            self.plain_weight_bytes_per_second / 1e9
        )?;
        writeln!(
            f,
            "generate, lens    {:>8.1} tokens/s, {:.1} GB/s of weights",
            self.lens_tokens_per_second,
            self.lens_weight_bytes_per_second / 1e9
        )?;
        writeln!(
            f,
            "weights           {:>8.1} MB read a token",
            self.weight_bytes_per_token as f64 / 1e6
        )?;
        writeln!(
            f,
            "lens step         {:>8.2} ms = {:.2} x one plain product of the same shape ({:.2} ms)",
            self.lens_step_seconds * 1e3,
            self.lens_step_ratio,
            self.plain_product_seconds * 1e3
        )?;
        writeln!(
            f,
            "Jacobian lens     {:>8.2} ms a step, {:.1} MB held and read a token",
            self.jacobian_step_seconds * 1e3,
            self.jacobian_bytes as f64 / 1e6
        )?;
        if self.transfer_bytes_per_token > 0 {
            writeln!(
                f,
                "from the device   {:>8.1} kB a token",
                self.transfer_bytes_per_token as f64 / 1e3
            )?;
        }
        if let Some(bytes) = self.card_memory_bytes {
            let gib = bytes as f64 / f64::from(1 << 30);
            writeln!(f, "card memory       {gib:>8.2} GiB in use")?;
        }
        writeln!(
            f,
            "wire, 120x40      {:>8} bytes a token, {} in the largest frame, {} for a cursor move",
            self.wire.bytes_per_token, self.wire.largest_frame, self.wire.largest_cursor_move
        )?;
        match self.peak_memory_bytes {
            Some(bytes) => write!(
                f,
                "peak memory       {:>8.2} GiB",
                bytes as f64 / f64::from(1 << 30)
            ),
            None => write!(f, "peak memory        unknown on this system"),
        }
    }
}

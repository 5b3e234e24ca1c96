//! A model of a given shape with random weights, written to a file: a token costs the same whatever
//! the weights say, so that a shape can be measured without its checkpoint.

mod gguf;

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::str::FromStr;
use std::thread;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use tempfile::NamedTempFile;
use tokio_util::sync::CancellationToken;

use gguf::{File, Matrix};

/// A shape and a type that all matrices are stored in; written `1b-q4_0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    shape: &'static Shape,
    stored: &'static Stored,
}

/// The shape of a llama whose unembedding is its embedding.
#[derive(Debug, PartialEq, Eq)]
struct Shape {
    name: &'static str,
    layers: u32,
    width: u32,
    feed_forward: u32,
    heads: u32,
    kv_heads: u32,
}

/// Those that can be made: the default model's, TinyLlama's with a larger vocabulary, those of Llama
/// 3.2 3B and Llama 3 8B with a smaller one.
const SHAPES: [Shape; 4] = [
    Shape {
        name: "135m",
        layers: 30,
        width: 576,
        feed_forward: 1536,
        heads: 9,
        kv_heads: 3,
    },
    Shape {
        name: "1b",
        layers: 22,
        width: 2048,
        feed_forward: 5632,
        heads: 32,
        kv_heads: 4,
    },
    Shape {
        name: "3b",
        layers: 28,
        width: 3072,
        feed_forward: 8192,
        heads: 24,
        kv_heads: 8,
    },
    Shape {
        name: "8b",
        layers: 32,
        width: 4096,
        feed_forward: 14336,
        heads: 32,
        kv_heads: 8,
    },
];

/// Tokens of any of them.
const VOCABULARY: u32 = 49152;

/// Positions that any of them can attend to.
const CONTEXT: u32 = 2048;

/// A type of weights, with its numbers in GGUF: of a tensor, and of a file that is mostly in it.
#[derive(Debug, PartialEq, Eq)]
struct Stored {
    name: &'static str,
    dtype: GgmlDType,
    tensor: u32,
    file: u32,
}

const fn stored(name: &'static str, dtype: GgmlDType, tensor: u32, file: u32) -> Stored {
    Stored {
        name,
        dtype,
        tensor,
        file,
    }
}

const TYPES: [Stored; 13] = [
    stored("f32", GgmlDType::F32, 0, 0),
    stored("f16", GgmlDType::F16, 1, 1),
    stored("bf16", GgmlDType::BF16, 30, 32),
    stored("q4_0", GgmlDType::Q4_0, 2, 2),
    stored("q4_1", GgmlDType::Q4_1, 3, 3),
    stored("q5_0", GgmlDType::Q5_0, 6, 8),
    stored("q5_1", GgmlDType::Q5_1, 7, 9),
    stored("q8_0", GgmlDType::Q8_0, 8, 7),
    stored("q2_k", GgmlDType::Q2K, 10, 10),
    stored("q3_k", GgmlDType::Q3K, 11, 12),
    stored("q4_k", GgmlDType::Q4K, 12, 15),
    stored("q5_k", GgmlDType::Q5K, 13, 17),
    stored("q6_k", GgmlDType::Q6K, 14, 18),
];

/// Weights that are made up; matrices repeat them. A prime number of the largest blocks, so that
/// rows differ.
const WEIGHTS: usize = 16_411 * 256;

/// Standard deviation of the weights, of the size that models begin their training with.
const DEVIATION: f32 = 0.02;

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "made {}-{}", self.shape.name, self.stored.name)
    }
}

/// Removes a file on a thread of its own once `cancel` is cancelled: the process ends then, and
/// drops nothing.
fn remove_when(cancel: CancellationToken, path: PathBuf) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    thread::Builder::new()
        .name("removal".into())
        .spawn(move || {
            runtime.block_on(cancel.cancelled());
            // Where it cannot be removed there is nobody left to tell.
            let _ = std::fs::remove_file(path);
        })?;
    Ok(())
}

impl FromStr for Made {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = |names: Vec<&str>| names.join(", ");
        let (shape, stored) = text
            .split_once('-')
            .ok_or("a size and a type are needed, for example 1b-q4_0")?;
        let shape = SHAPES.iter().find(|known| known.name == shape);
        let shape = shape.ok_or_else(|| {
            let all = names(SHAPES.iter().map(|shape| shape.name).collect());
            format!("the size must be one of {all}")
        })?;
        let stored = TYPES.iter().find(|known| known.name == stored);
        let stored = stored.ok_or_else(|| {
            let all = names(TYPES.iter().map(|stored| stored.name).collect());
            format!("the type must be one of {all}")
        })?;
        let is_whole = |width: u32| (width as usize).is_multiple_of(stored.dtype.block_size());
        if !is_whole(shape.width) || !is_whole(shape.feed_forward) {
            return Err(format!(
                "rows of {} are no whole blocks of {}",
                shape.name, stored.name
            ));
        }
        Ok(Self { shape, stored })
    }
}

impl Made {
    /// Writes the model to a file that is removed when this is dropped, or when `cancel` is
    /// cancelled.
    ///
    /// # Errors
    /// When it cannot be written; the message names the folder.
    pub fn file(self, cancel: &CancellationToken) -> io::Result<NamedTempFile> {
        let folder = std::env::temp_dir();
        let write = || {
            let mut file = tempfile::Builder::new()
                .prefix("lenscape-made-")
                .suffix(".gguf")
                .tempfile_in(&folder)?;
            remove_when(cancel.clone(), file.path().to_owned())?;
            let mut out = BufWriter::with_capacity(1 << 20, file.as_file_mut());
            self.write(&mut out)?;
            out.flush()?;
            drop(out);
            Ok(file)
        };
        write().map_err(|error: io::Error| {
            let folder = folder.display();
            io::Error::other(format!("cannot write a model to {folder}: {error}"))
        })
    }

    fn write(self, out: &mut impl Write) -> io::Result<()> {
        let Shape {
            layers,
            width,
            feed_forward,
            heads,
            kv_heads,
            ..
        } = *self.shape;
        let mut file = File::default();
        file.text("general.architecture", "llama");
        file.text("general.name", &self.to_string());
        file.number("general.file_type", self.stored.file);
        let numbers = [
            ("block_count", layers),
            ("context_length", CONTEXT),
            ("embedding_length", width),
            ("feed_forward_length", feed_forward),
            ("attention.head_count", heads),
            ("attention.head_count_kv", kv_heads),
            ("rope.dimension_count", width / heads),
            ("vocab_size", VOCABULARY),
        ];
        for (key, number) in numbers {
            file.number(&format!("llama.{key}"), number);
        }
        file.float("llama.attention.layer_norm_rms_epsilon", 1e-5);
        file.float("llama.rope.freq_base", 10_000.0);
        vocabulary(&mut file);

        let matrix = |rows, width| Matrix::Stored {
            rows,
            width,
            stored_as: self.stored.tensor,
        };
        file.tensor("token_embd.weight", matrix(VOCABULARY, width));
        file.tensor("output_norm.weight", Matrix::Ones { width });
        let kv_width = width / heads * kv_heads;
        for l in 0..layers {
            let tensors = [
                ("attn_norm", Matrix::Ones { width }),
                ("attn_q", matrix(width, width)),
                ("attn_k", matrix(kv_width, width)),
                ("attn_v", matrix(kv_width, width)),
                ("attn_output", matrix(width, width)),
                ("ffn_norm", Matrix::Ones { width }),
                ("ffn_gate", matrix(feed_forward, width)),
                ("ffn_up", matrix(feed_forward, width)),
                ("ffn_down", matrix(width, feed_forward)),
            ];
            for (tensor, matrix) in tensors {
                file.tensor(&format!("blk.{l}.{tensor}.weight"), matrix);
            }
        }
        let weights = self.weights(WEIGHTS).map_err(io::Error::other)?;
        let (block, bytes) = (
            self.stored.dtype.block_size(),
            self.stored.dtype.type_size(),
        );
        file.write(out, &weights, (block, bytes))
    }

    /// So many random weights, as they are stored.
    fn weights(self, count: usize) -> candle_core::Result<Vec<u8>> {
        let mut state = 0_u64;
        let mut uniform = || {
            // Knuth's generator; from -1 to 1.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        // Three of them have together the variance of 1, and nearly a normal distribution.
        let normal = (0..count).map(|_| DEVIATION * (uniform() + uniform() + uniform()));
        let numbers: Vec<f32> = normal.collect();
        let numbers = Tensor::from_vec(numbers, count, &Device::Cpu)?;
        let stored = QTensor::quantize(&numbers, self.stored.dtype)?;
        Ok(stored.data()?.into_owned())
    }
}

/// A byte-level vocabulary: the 256 bytes as GPT-2 spells them, then tokens that no text has.
fn vocabulary(file: &mut File) {
    let spelled_alike = ('!'..='~').chain('¡'..='¬').chain('®'..='ÿ');
    let others = '\u{100}'..='\u{143}';
    let mut tokens: Vec<String> = spelled_alike.chain(others).map(String::from).collect();
    tokens.push("th".into());
    tokens.extend((tokens.len()..VOCABULARY as usize - 1).map(|i| format!("made{i}")));
    tokens.push("<|endoftext|>".into());
    let mut kinds = vec![NORMAL; tokens.len() - 1];
    kinds.push(CONTROL);
    file.text("tokenizer.ggml.model", "gpt2");
    file.text("tokenizer.ggml.pre", "gpt-2");
    file.texts("tokenizer.ggml.tokens", &tokens);
    file.numbers("tokenizer.ggml.token_type", &kinds);
    file.texts("tokenizer.ggml.merges", &["t h".into()]);
    file.number("tokenizer.ggml.bos_token_id", VOCABULARY - 1);
    file.number("tokenizer.ggml.eos_token_id", VOCABULARY - 1);
}

/// What a token of a text is, in GGUF's numbers.
const NORMAL: i32 = 1;

/// What a token that stands for no text is.
const CONTROL: i32 = 3;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::{Duration, Instant};

    use std::ops::ControlFlow;

    use super::*;
    use crate::catalog::CheckpointFiles;
    use crate::model::unembed::NormedRows;
    use crate::model::{Dtype, load};

    #[test]
    fn a_size_and_a_type_name_a_model() {
        let made: Made = "1b-q4_0".parse().unwrap();
        assert_eq!(
            (made.shape.width, made.stored.dtype),
            (2048, GgmlDType::Q4_0)
        );
        let refusal = |text: &str| text.parse::<Made>().unwrap_err();
        assert!(refusal("1b").contains("for example 1b-q4_0"));
        assert!(refusal("2b-q4_0").contains("135m, 1b, 3b, 8b"));
        assert!(refusal("1b-q9").contains("q6_k"));
    }

    #[test]
    fn what_is_no_whole_number_of_blocks_is_refused() {
        let refusal = "135m-q4_k".parse::<Made>().unwrap_err();
        assert_eq!(refusal, "rows of 135m are no whole blocks of q4_k");
    }

    #[test]
    fn every_type_can_be_made() {
        for stored in &TYPES {
            let shape = &SHAPES[1];
            let weights = Made { shape, stored }.weights(1024).unwrap();
            let blocks = 1024 / stored.dtype.block_size();
            assert_eq!(
                weights.len(),
                blocks * stored.dtype.type_size(),
                "{stored:?}"
            );
        }
    }

    #[test]
    fn a_file_is_removed_when_its_making_is_cancelled() {
        let file = NamedTempFile::new().unwrap();
        let cancel = CancellationToken::new();
        remove_when(cancel.clone(), file.path().to_owned()).unwrap();
        assert!(file.path().exists());
        cancel.cancel();
        let given_up = Instant::now() + Duration::from_secs(60);
        while file.path().exists() {
            assert!(Instant::now() < given_up, "the file is still there");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn what_was_made_opens_and_runs_and_is_removed() {
        static TINY: Shape = Shape {
            name: "tiny",
            layers: 2,
            width: 64,
            feed_forward: 96,
            heads: 4,
            kv_heads: 2,
        };
        let stored = TYPES.iter().find(|stored| stored.name == "q4_0").unwrap();
        let file = Made {
            shape: &TINY,
            stored,
        }
        .file(&CancellationToken::new())
        .unwrap();
        let path = file.path().to_owned();
        let files = CheckpointFiles::Gguf(path.clone());
        let mut model = load(&files, &Device::Cpu, Dtype::Auto, &|_, _| {}).unwrap();
        assert_eq!(model.storage, "Q4_0");
        assert_eq!(model.notes, [""; 0]);
        let tokens = model.tokenizer.encode("The keys").unwrap();
        let mut last = None;
        let flow = model.decoder.forward(&tokens, &mut |_, state| {
            last = Some(state.clone());
            Ok(ControlFlow::Continue(()))
        });
        assert!(flow.unwrap().is_continue());
        let logits = model
            .unembed
            .logits(&last.unwrap(), NormedRows::All)
            .unwrap();
        assert_eq!(logits.dims(), [tokens.len(), VOCABULARY as usize]);
        let rows: Vec<Vec<f32>> = logits.to_vec2().unwrap();
        assert!(rows.iter().flatten().all(|logit| logit.is_finite()));
        assert_ne!(rows[0], rows[1]);
        drop(file);
        assert!(!path.exists());
    }
}

//! States that were saved: by another engine, by a script, or by lenscape itself. Two layouts of
//! safetensors files are read.
//!
//! - vLLM's `extract_hidden_states`: `hidden_states`, `[tokens, layers, d]`, and `token_ids`. Column
//!   `j` is the `j`-th smallest of the layer ids that were asked for, of which 0 enters block 0 and
//!   `k` leaves block `k - 1`; nothing went through the final norm. Source:
//!   `example_hidden_states_connector.py` of vLLM 0.18 to 0.23.
//! - lenscape's own: `states`, `[steps, n_layers + 1, d]`, of the positions that predict each step,
//!   `tokens` of the steps, and `prompt_ids`; `sublayer_states`, `[steps, rows inside blocks, d]`,
//!   may stand beside them. The header may say of `last_row` that it is `normed`,
//!   as transformers gives it unless it is asked otherwise.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;
use serde_json::Value;

use super::saved::SavedRun;
use crate::lens::{LastRow, States, StatesInside};
use crate::model::linear::with_values;
use crate::model::weights::TensorFile;
use crate::model::{Model, ModelError, json, memory};
use crate::regular_file::{self, DESCRIPTION};
use crate::trace::{Layer, Row, TokenId};

/// A file of states, and what is to be known of it besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatesFile {
    /// The file.
    pub path: PathBuf,
    /// Where the prompt ends, for a file that does not say so.
    pub prompt: PromptEnd,
    /// The layer ids that its columns have, as vLLM counts them: 0 is `emb`, `k` is `L{k-1}`.
    pub layers: Option<Vec<usize>>,
}

/// What says where the prompt ends and generated tokens begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PromptEnd {
    /// Nothing.
    #[default]
    Unsaid,
    /// How many tokens it has.
    Tokens(usize),
    /// The answer to the request, with `prompt_token_ids` and `choices[0].token_ids`.
    Response(PathBuf),
}

/// vLLM's names.
const VLLM: (&str, &str) = ("hidden_states", "token_ids");

/// lenscape's names.
const OWN: (&str, &str, &str) = ("states", "tokens", "prompt_ids");

/// lenscape's name of those inside the blocks, in the order of the stream.
const OWN_INSIDE: &str = "sublayer_states";
/// What the header says of the last row.
const LAST_ROW: &str = "last_row";

/// The header's text of the prompt.
const PROMPT: &str = "prompt";

impl StatesFile {
    /// Reads the states and checks that they fit the model.
    ///
    /// # Errors
    /// When it is no such file, is damaged, is of another model, or does not say enough.
    pub fn read(&self, model: &Model) -> Result<SavedRun, ModelError> {
        let file = TensorFile::safetensors(&self.path)?;
        if file.shape(VLLM.0).is_some() {
            self.of_vllm(&file, model)
        } else if file.shape(OWN.0).is_some() {
            self.of_lenscape(&file, model)
        } else {
            Err(file.complaint(format!(
                "holds neither `{}` nor `{}`, so there are no states in it",
                VLLM.0, OWN.0
            )))
        }
    }

    fn of_vllm(&self, file: &TensorFile, model: &Model) -> Result<SavedRun, ModelError> {
        let tokens = tokens(file, VLLM.1, model)?;
        let read = self.states(file, VLLM.0, model)?;
        if read.positions != tokens.len() {
            return Err(file.complaint(format!(
                "has states of {} tokens, but {} tokens",
                read.positions,
                tokens.len()
            )));
        }
        let mut notes = read.notes(file, VLLM.0);
        let (prompt_ids, generated) = match &self.prompt {
            PromptEnd::Response(path) => self.split_by_response(path, &tokens, model)?,
            PromptEnd::Tokens(count) => split(file, &tokens, *count)?,
            PromptEnd::Unsaid => {
                notes.push(
                    "where the prompt ends is not known (give --response or --prompt-tokens); each \
                     token behind the first one is shown as a step"
                        .into(),
                );
                split(file, &tokens, 1)?
            }
        };
        Ok(SavedRun {
            prompt: None,
            prompt_ids,
            generated,
            states: read.states(LastRow::Stream)?,
            first: 0,
            notes,
        })
    }

    fn of_lenscape(&self, file: &TensorFile, model: &Model) -> Result<SavedRun, ModelError> {
        if self.prompt != PromptEnd::Unsaid {
            return Err(file.complaint(
                "says itself where the prompt ends; leave out --response and --prompt-tokens",
            ));
        }
        let generated = tokens(file, OWN.1, model)?;
        let prompt_ids = tokens(file, OWN.2, model)?;
        let read = self.states(file, OWN.0, model)?;
        let before = prompt_ids.len().checked_sub(1);
        let before = before.ok_or_else(|| file.complaint("has a prompt of no tokens"))?;
        // Of each step, or of the prompt's positions as well.
        let first = match read.positions {
            positions if positions == generated.len() => before,
            positions if positions == before + generated.len() => 0,
            positions => {
                return Err(file.complaint(format!(
                    "has states of {positions} positions, but {} tokens behind a prompt of {}",
                    generated.len(),
                    prompt_ids.len()
                )));
            }
        };
        let last = match file.header(LAST_ROW).as_deref() {
            None | Some("raw") => LastRow::Stream,
            Some("normed") => LastRow::Normed,
            Some(other) => {
                return Err(file.complaint(format!(
                    "says of `{LAST_ROW}` that it is `{}`; it can be `normed` or `raw`",
                    crate::model::error::quoted(other)
                )));
            }
        };
        Ok(SavedRun {
            notes: read.notes(file, OWN.0),
            prompt: file.header(PROMPT),
            prompt_ids,
            generated,
            states: self.with_inside(read.states(last)?, file, model)?,
            first,
        })
    }

    /// States with those of the rows inside the blocks, where the file holds them.
    fn with_inside(
        &self,
        states: Vec<States>,
        file: &TensorFile,
        model: &Model,
    ) -> Result<Vec<States>, ModelError> {
        let Some(shape) = file.shape(OWN_INSIDE) else {
            return Ok(states);
        };
        let rows: Arc<[Row]> = model.decoder.rows_inside().into();
        let width = model.decoder.d_model();
        let expected = [states.len(), rows.len(), width];
        if shape != expected {
            let reason = format!("has shape {shape:?}, expected {expected:?}");
            return Err(file.about(OWN_INSIDE, reason));
        }
        self.check_room(file, OWN_INSIDE, &expected)?;
        let inside = file.read(OWN_INSIDE, &expected)?;
        if let Some(wrong) = first_not_finite(&inside, width)? {
            let (position, row) = (wrong / rows.len().max(1), wrong % rows.len().max(1));
            let row = rows.get(row).map_or(String::new(), Row::to_string);
            let reason =
                format!("has numbers that are not finite, first of token {position} at {row}");
            return Err(file.about(OWN_INSIDE, reason));
        }
        let states = states.into_iter().enumerate();
        states
            .map(|(position, states)| {
                Ok(states.with_inside(Some(StatesInside {
                    rows: Arc::clone(&rows),
                    states: inside.get(position)?,
                })))
            })
            .collect()
    }

    /// The states under a name, checked.
    fn states(&self, file: &TensorFile, name: &str, model: &Model) -> Result<Read, ModelError> {
        let n_layers = model.decoder.n_layers();
        let width = model.decoder.d_model();
        let shape = file.shape(name).unwrap_or_default().to_vec();
        let [positions, columns, found] = shape[..] else {
            let reason = format!("has shape {shape:?}, expected [tokens, layers, {width}]");
            return Err(file.about(name, reason));
        };
        if found != width {
            let reason = format!(
                "holds states of width {found}, but those of {} have {width}; give the model that \
                 they are of",
                model.family
            );
            return Err(file.about(name, reason));
        }
        let places = self.places(file, name, columns, n_layers)?;
        self.check_room(file, name, &[positions, places.len(), width])?;
        let states = file.read(name, &shape)?;
        if let Some(wrong) = first_not_finite(&states, width)? {
            let (position, column) = (wrong / columns, wrong % columns);
            let row = places.iter().position(|place| *place == Some(column));
            let row = row.map_or(String::new(), |row| format!(" at {}", row_at(row)));
            let reason = format!("has numbers that are not finite, first of token {position}{row}");
            return Err(file.about(name, reason));
        }
        Ok(Read {
            states,
            positions,
            places,
        })
    }

    /// Refuses states of this shape where they do not fit into memory, before they are read.
    fn check_room(&self, file: &TensorFile, name: &str, shape: &[usize]) -> Result<(), ModelError> {
        let bytes = shape
            .iter()
            .try_fold(2 * size_of::<f32>(), |bytes, dim| bytes.checked_mul(*dim));
        let bytes = bytes.ok_or_else(|| file.about(name, "is too large".into()))? as u64;
        match memory::available() {
            Some(available) if bytes > available.bytes => Err(ModelError::TooLarge {
                place: self.path.display().to_string(),
                needed: bytes,
                available,
            }),
            _ => Ok(()),
        }
    }

    /// For each row of the grid, `emb` first, which column of the file holds it.
    fn places(
        &self,
        file: &TensorFile,
        name: &str,
        columns: usize,
        n_layers: usize,
    ) -> Result<Vec<Option<usize>>, ModelError> {
        let ids: Vec<usize> = match &self.layers {
            Some(ids) => {
                let mut ids = ids.clone();
                ids.sort_unstable();
                ids.dedup();
                ids
            }
            None if columns == n_layers + 1 => (0..=n_layers).collect(),
            None if columns == n_layers => (1..=n_layers).collect(),
            None => {
                let reason = format!(
                    "has states of {columns} layers, and the model {n_layers}; say with --layers \
                     which they are (0 enters the first block, {n_layers} leaves the last one), or \
                     give the model that they are of"
                );
                return Err(file.about(name, reason));
            }
        };
        if ids.len() != columns {
            let reason = format!(
                "has states of {columns} layers, but --layers lists {}",
                ids.len()
            );
            return Err(file.about(name, reason));
        }
        if let Some(id) = ids.iter().find(|id| **id > n_layers) {
            let reason = format!("cannot have layer {id}: the model ends at {n_layers}");
            return Err(file.about(name, reason));
        }
        if !ids.contains(&n_layers) {
            let reason = format!(
                "lacks layer {n_layers}, which leaves the last block; without it there is no output \
                 of the model"
            );
            return Err(file.about(name, reason));
        }
        let places = (0..=n_layers).map(|row| ids.iter().position(|id| *id == row));
        Ok(places.collect())
    }

    /// The prompt and what was generated, as the answer to the request has them; of the latter as
    /// much as the states predict.
    fn split_by_response(
        &self,
        path: &Path,
        tokens: &[TokenId],
        model: &Model,
    ) -> Result<(Vec<TokenId>, Vec<TokenId>), ModelError> {
        let wrong = |reason: String| ModelError::File {
            path: path.to_owned(),
            reason,
        };
        let text = regular_file::read(path, DESCRIPTION);
        let text = text.map_err(|source| ModelError::Read {
            path: path.to_owned(),
            source,
        })?;
        let value = json::parse(&text).map_err(|error| wrong(format!("is no JSON ({error})")))?;
        let list = |pointers: &[&str]| {
            let found = pointers.iter().find_map(|pointer| value.pointer(pointer));
            let found = found.and_then(Value::as_array).ok_or_else(|| {
                let key = pointers.first().unwrap_or(&"").trim_start_matches('/');
                wrong(format!(
                    "has no list `{}`; ask with \"return_token_ids\": true",
                    key.replace('/', ".")
                ))
            })?;
            let ids = found.iter().map(|id| {
                let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
                id.map(TokenId)
                    .ok_or_else(|| wrong("has a token that is no number".into()))
            });
            let ids = ids.collect::<Result<Vec<_>, ModelError>>()?;
            check_tokens(&ids, model)?;
            Ok::<_, ModelError>(ids)
        };
        let prompt = list(&["/prompt_token_ids", "/choices/0/prompt_token_ids"])?;
        let generated = list(&["/choices/0/token_ids"])?;
        if prompt.is_empty() {
            return Err(wrong("has a prompt of no tokens".into()));
        }
        let whole = [prompt.as_slice(), &generated].concat();
        if !whole.starts_with(tokens) {
            let reason = format!(
                "is not the answer that the states in {} are of: their tokens differ",
                self.path.display()
            );
            return Err(wrong(reason));
        }
        if tokens.len() < prompt.len() {
            let reason = format!(
                "has a prompt of {} tokens, but {} has states of {}",
                prompt.len(),
                self.path.display(),
                tokens.len()
            );
            return Err(wrong(reason));
        }
        let steps = tokens.len() + 1 - prompt.len();
        Ok((prompt, generated.into_iter().take(steps).collect()))
    }
}

/// States that were read.
struct Read {
    /// `[positions, columns, d]` in float32.
    states: Tensor,
    positions: usize,
    /// For each row of the grid, which column holds it.
    places: Vec<Option<usize>>,
}

impl Read {
    /// What is to be told of them.
    fn notes(&self, file: &TensorFile, name: &str) -> Vec<String> {
        let kind = file.kind(name).unwrap_or_default();
        let half = file.is_half(name).then(|| {
            format!(
                "the states are {kind}: ranks may differ where logits nearly tie, and the last row is \
                 worked out from rounded states, not the engine's own output"
            )
        });
        let unknown = self.places.iter().filter(|place| place.is_none()).count();
        let unknown = (unknown > 0).then(|| {
            format!("the file has no states of {unknown} of the rows; those are without values")
        });
        half.into_iter().chain(unknown).collect()
    }

    /// Those of each position.
    fn states(&self, last: LastRow) -> Result<Vec<States>, ModelError> {
        let unknown = self.places.iter().enumerate();
        let unknown: Arc<[usize]> = unknown
            .filter(|(_, place)| place.is_none())
            .map(|(row, _)| row)
            .collect();
        let states = (0..self.positions).map(|position| {
            let columns = self.states.get(position)?;
            if unknown.is_empty() {
                return Ok(States::saved(columns, Arc::clone(&unknown), last));
            }
            let width = columns.dim(1)?;
            let rows = self.places.iter().map(|place| match place {
                Some(column) => columns.narrow(0, *column, 1),
                None => Tensor::zeros((1, width), DType::F32, &Device::Cpu),
            });
            let rows = rows.collect::<candle_core::Result<Vec<_>>>()?;
            let rows = Tensor::cat(&rows, 0)?;
            Ok(States::saved(rows, Arc::clone(&unknown), last))
        });
        states.collect()
    }
}

/// The first of the rows of `width` numbers that has one that is not finite.
fn first_not_finite(states: &Tensor, width: usize) -> Result<Option<usize>, ModelError> {
    Ok(with_values(&states.contiguous()?, |values| {
        let rows = values.par_chunks(width.max(1));
        rows.position_first(|row| row.iter().any(|number| !number.is_finite()))
    })?)
}

fn row_at(place: usize) -> Row {
    match place.checked_sub(1) {
        None => Row::Embedding,
        Some(layer) => Row::Layer(Layer(layer)),
    }
}

/// The tokens under a name.
fn tokens(file: &TensorFile, name: &str, model: &Model) -> Result<Vec<TokenId>, ModelError> {
    let ids = file.read_ids(name)?.into_iter().map(|id| {
        let id = u32::try_from(id).map(TokenId);
        id.map_err(|_| file.about(name, "holds numbers that are no tokens".into()))
    });
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    check_tokens(&ids, model)?;
    Ok(ids)
}

fn check_tokens(ids: &[TokenId], model: &Model) -> Result<(), ModelError> {
    let rows = model.vocab_size;
    match ids.iter().find(|id| id.0 as usize >= rows) {
        None => Ok(()),
        Some(id) => Err(ModelError::UnknownToken { id: id.0, rows }),
    }
}

/// The first `count` tokens and the others.
fn split(
    file: &TensorFile,
    tokens: &[TokenId],
    count: usize,
) -> Result<(Vec<TokenId>, Vec<TokenId>), ModelError> {
    match tokens.split_at_checked(count) {
        Some((prompt, generated)) if !prompt.is_empty() => {
            Ok((prompt.to_vec(), generated.to_vec()))
        }
        _ => Err(file.complaint(format!(
            "has {} tokens, so the prompt cannot have {count}",
            tokens.len()
        ))),
    }
}

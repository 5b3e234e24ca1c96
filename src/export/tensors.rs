//! A trace file as `.safetensors`: the figures as arrays, the states beside them, and the rest of
//! the [`super::trace_file`] as JSON in the header.
//!
//! | tensor | shape | |
//! |---|---|---|
//! | `states` | `[steps, rows, d_model]` f32 | only where a model was there to give them |
//! | `tokens`, `prompt_ids` | `[steps]`, `[prompt]` i64 | |
//! | `ranks`, `ties` | `[steps, rows]` i64 | |
//! | `logits`, `probs`, `entropy`, `kl`, `log_sum_exp` | `[steps, rows]` f32 | |
//! | `top_ids`, `top_logits` | `[steps, rows, k]` i64, f32 | a shorter list ends in id -1 |
//!
//! The rows are `emb`, then one a layer. Where the rows inside the blocks were asked for, they stand in
//! tensors of the same names behind `sublayer_`, in the order that `sublayers` in the JSON names. A row
//! that the lens says nothing of has rank 0, which no token
//! has, and figures that are no numbers.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView};

use super::trace_file::document::{CellEntry, Document, Number, ScoreEntry, StepEntry};
use super::trace_file::{FORMAT, Flaw, parse};
use crate::run::{Record, StateRows};
use crate::trace::{Cell, Row, TokenId};

/// The id behind the end of a short list.
const NO_ID: i64 = -1;

/// Values and their shape.
struct Array<T> {
    name: String,
    shape: Vec<usize>,
    values: Vec<T>,
}

/// The bytes of the file. States of a position whose token was not drawn yet are left out.
///
/// # Errors
///
/// When the arrays do not fit into the format.
pub fn write(record: &Record, states: Option<&StateRows>) -> Result<Vec<u8>, SafeTensorError> {
    let kinds = [Kind::Layers, Kind::Sublayers];
    let kinds = kinds.iter().filter(|kind| kind.rows(record) > 0);
    let figures: Vec<_> = kinds
        .clone()
        .flat_map(|kind| figures(record, *kind))
        .collect();
    let ids: Vec<_> = kinds
        .flat_map(|kind| counts(record, *kind))
        .chain(ids(record))
        .collect();
    let mut arrays: Vec<(&str, Dtype, &[usize], Vec<u8>)> = Vec::new();
    for array in &figures {
        let bytes = array.values.iter().flat_map(|x| x.to_le_bytes()).collect();
        arrays.push((&array.name, Dtype::F32, &array.shape, bytes));
    }
    for array in &ids {
        let bytes = array.values.iter().flat_map(|x| x.to_le_bytes()).collect();
        arrays.push((&array.name, Dtype::I64, &array.shape, bytes));
    }
    let inside = Kind::Sublayers.rows(record);
    let shapes = states.map(|states| {
        let steps = states.steps.min(record.columns.len());
        let shape = |rows| [steps, rows, states.d_model];
        (shape(states.rows), shape(inside))
    });
    if let (Some(states), Some((shape, inside))) = (states, &shapes) {
        let bytes = |values: &[f32], shape: &[usize; 3]| -> Vec<u8> {
            let kept = values.iter().take(shape.iter().product());
            kept.flat_map(|x| x.to_le_bytes()).collect()
        };
        arrays.push(("states", Dtype::F32, shape, bytes(&states.values, shape)));
        let values = bytes(&states.inside, inside);
        // Those of a run that is still being read again for them are left out.
        if !values.is_empty() && values.len() == 4 * inside.iter().product::<usize>() {
            arrays.push(("sublayer_states", Dtype::F32, inside, values));
        }
    }
    let views = arrays
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            Ok((*name, TensorView::new(*dtype, shape.to_vec(), bytes)?))
        })
        .collect::<Result<Vec<_>, SafeTensorError>>()?;
    safetensors::serialize(views, Some(header(record)?))
}

/// What people look for in a header, and the trace file without its steps.
fn header(record: &Record) -> Result<HashMap<String, String>, SafeTensorError> {
    let document = Document::without_steps(record);
    let json = serde_json::to_string(&document)?;
    Ok(HashMap::from([
        ("version".into(), document.version.to_string()),
        ("model".into(), document.model),
        ("lens".into(), document.lens.to_string()),
        ("prompt".into(), document.prompt),
        (FORMAT.into(), json),
    ]))
}

/// Which rows an array is of.
#[derive(Clone, Copy)]
enum Kind {
    /// `emb`, then one a layer.
    Layers,
    /// Those inside the blocks.
    Sublayers,
}

impl Kind {
    /// How many they are.
    fn rows(self, record: &Record) -> usize {
        self.of(record).len()
    }

    /// Which they are.
    fn of(self, record: &Record) -> Vec<Row> {
        match self {
            Self::Layers => Row::of_layers(record.model.n_layers),
            Self::Sublayers => record.rows_inside().to_vec(),
        }
    }

    /// The name of a tensor of them.
    fn name(self, name: &str) -> String {
        match self {
            Self::Layers => name.to_owned(),
            Self::Sublayers => format!("sublayer_{name}"),
        }
    }
}

/// The cells of all steps, row by row; none where the lens says nothing of the row.
fn cells(record: &Record, kind: Kind) -> impl Iterator<Item = Option<&Cell>> {
    let rows = kind.of(record);
    let columns = record.columns.iter();
    columns.flat_map(move |column| {
        let cells = rows.iter().map(|row| column.cell(*row));
        cells.collect::<Vec<_>>()
    })
}

/// The list of a cell.
fn list(cell: Option<&Cell>) -> &[(TokenId, f32)] {
    cell.map_or(&[], |cell| &cell.top)
}

/// The length of the longest list.
fn listed(record: &Record, kind: Kind) -> usize {
    cells(record, kind)
        .map(|cell| list(cell).len())
        .max()
        .unwrap_or(0)
}

fn figures(record: &Record, kind: Kind) -> Vec<Array<f32>> {
    let shape = vec![record.columns.len(), kind.rows(record)];
    let figure = |name, value: fn(&Cell) -> f32| Array {
        name: kind.name(name),
        shape: shape.clone(),
        values: cells(record, kind)
            .map(|cell| cell.map_or(f32::NAN, value))
            .collect(),
    };
    let k = listed(record, kind);
    vec![
        figure("logits", |cell| cell.score.logit),
        figure("probs", |cell| cell.score.prob),
        figure("entropy", |cell| cell.entropy),
        figure("kl", |cell| cell.kl),
        figure("log_sum_exp", |cell| cell.log_sum_exp),
        Array {
            name: kind.name("top_logits"),
            shape: [shape.as_slice(), &[k]].concat(),
            values: cells(record, kind)
                .flat_map(|cell| padded(list(cell).iter().map(|(_, logit)| *logit), k, 0.0))
                .collect(),
        },
    ]
}

fn counts(record: &Record, kind: Kind) -> Vec<Array<i64>> {
    let shape = vec![record.columns.len(), kind.rows(record)];
    let k = listed(record, kind);
    let count = |name, value: fn(&Cell) -> u32| Array {
        name: kind.name(name),
        shape: shape.clone(),
        values: cells(record, kind)
            .map(|cell| cell.map_or(0, value).into())
            .collect(),
    };
    vec![
        count("ranks", |cell| cell.score.rank),
        count("ties", |cell| cell.score.ties),
        Array {
            name: kind.name("top_ids"),
            shape: [shape.as_slice(), &[k]].concat(),
            values: cells(record, kind)
                .flat_map(|cell| padded(list(cell).iter().map(|(id, _)| id.0.into()), k, NO_ID))
                .collect(),
        },
    ]
}

fn ids(record: &Record) -> Vec<Array<i64>> {
    vec![
        Array {
            name: "tokens".to_owned(),
            shape: vec![record.columns.len()],
            values: record.columns.iter().map(|c| c.token.0.into()).collect(),
        },
        Array {
            name: "prompt_ids".to_owned(),
            shape: vec![record.prompt_ids.len()],
            values: record.prompt_ids.iter().map(|id| id.0.into()).collect(),
        },
    ]
}

fn padded<T: Copy>(values: impl Iterator<Item = T>, k: usize, with: T) -> impl Iterator<Item = T> {
    values.chain(std::iter::repeat(with)).take(k)
}

/// Whether the bytes begin as such a file does: the header's length, which is far below 4 GiB, and
/// the header.
pub fn are_in(bytes: &[u8]) -> bool {
    bytes.get(4..9) == Some(&[0, 0, 0, 0, b'{'])
}

/// The trace file in the bytes, its steps made from the arrays. States are not read.
pub fn read(bytes: &[u8]) -> Result<Document, Flaw> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(Flaw::damaged)?;
    let header = metadata.metadata().as_ref();
    let json = header
        .and_then(|header| header.get(FORMAT))
        .ok_or(Flaw::NoTrace)?;
    let document = parse(json.as_bytes())?;
    let file = Arrays(SafeTensors::deserialize(bytes).map_err(Flaw::damaged)?);
    Ok(Document {
        steps: file.steps(document.n_layers, document.sublayers.len())?,
        ..document
    })
}

struct Arrays<'f>(SafeTensors<'f>);

impl Arrays<'_> {
    fn steps(&self, n_layers: usize, sublayers: usize) -> Result<Vec<StepEntry>, Flaw> {
        let tokens = self.ids("tokens", &[])?;
        let shape = [tokens.len(), n_layers.saturating_add(1)];
        let mut layers = self.cells(Kind::Layers, shape)?.into_iter();
        let mut inside = match sublayers {
            0 => Vec::new(),
            sublayers => self.cells(Kind::Sublayers, [tokens.len(), sublayers])?,
        }
        .into_iter();
        let step = |token: &i64| {
            Ok(StepEntry {
                token: TokenId(whole(*token)?),
                text: String::new(),
                embedding: layers.next().flatten(),
                layers: layers.by_ref().take(n_layers).collect(),
                sublayers: inside.by_ref().take(sublayers).collect(),
            })
        };
        tokens.iter().map(step).collect()
    }

    /// The cells of all steps, row by row.
    fn cells(&self, kind: Kind, shape: [usize; 2]) -> Result<Vec<Option<CellEntry>>, Flaw> {
        let ranks = self.ids(&kind.name("ranks"), &shape)?;
        let ties = self.ids(&kind.name("ties"), &shape)?;
        let [logits, probs, entropy, kl, log_sum_exp] =
            ["logits", "probs", "entropy", "kl", "log_sum_exp"]
                .map(|name| self.figures(&kind.name(name), &shape));
        let (logits, probs, entropy) = (logits?, probs?, entropy?);
        let (kl, log_sum_exp) = (kl?, log_sum_exp?);
        let (top_ids, top_logits) = (
            self.ids(&kind.name("top_ids"), &[])?,
            self.figures(&kind.name("top_logits"), &[])?,
        );
        let k = top_ids.len() / ranks.len().max(1);
        if top_ids.len() != k * ranks.len() || top_logits.len() != top_ids.len() {
            return Err(Flaw::Wrong("`top_ids` and `top_logits` do not fit".into()));
        }
        let cell = |at: usize| -> Result<Option<CellEntry>, Flaw> {
            if ranks[at] == 0 {
                return Ok(None);
            }
            let ids = top_ids.iter().skip(at * k).take(k);
            let list = ids.zip(top_logits.iter().skip(at * k));
            Ok(Some(CellEntry {
                score: ScoreEntry {
                    rank: whole(ranks[at])?,
                    ties: whole(ties[at])?,
                    logit: Number(logits[at]),
                    prob: Number(probs[at]),
                },
                entropy: Number(entropy[at]),
                kl: Number(kl[at]),
                log_sum_exp: Number(log_sum_exp[at]),
                top: list
                    .take_while(|(id, _)| **id != NO_ID)
                    .map(|(id, logit)| Ok((TokenId(whole(*id)?), Number(*logit))))
                    .collect::<Result<_, Flaw>>()?,
            }))
        };
        (0..ranks.len()).map(cell).collect()
    }

    /// The values of a tensor, which has to have this shape if one is given.
    fn bytes(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<&[u8], Flaw> {
        let tensor = self.0.tensor(name).map_err(Flaw::damaged)?;
        if tensor.dtype() != dtype || (!shape.is_empty() && tensor.shape() != shape) {
            return Err(Flaw::Wrong(format!(
                "`{name}` is {:?} of the shape {:?}",
                tensor.dtype(),
                tensor.shape()
            )));
        }
        Ok(tensor.data())
    }

    fn ids(&self, name: &str, shape: &[usize]) -> Result<Vec<i64>, Flaw> {
        let (values, _) = self.bytes(name, Dtype::I64, shape)?.as_chunks();
        Ok(values.iter().map(|x| i64::from_le_bytes(*x)).collect())
    }

    fn figures(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Flaw> {
        let (values, _) = self.bytes(name, Dtype::F32, shape)?.as_chunks();
        Ok(values.iter().map(|x| f32::from_le_bytes(*x)).collect())
    }
}

fn whole(value: i64) -> Result<u32, Flaw> {
    u32::try_from(value).map_err(|_| Flaw::Wrong(format!("a rank or an id is {value}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::testing;

    fn figures_of(file: &SafeTensors<'_>, name: &str) -> Vec<f32> {
        let (values, _) = file.tensor(name).unwrap().data().as_chunks();
        values.iter().map(|x| f32::from_le_bytes(*x)).collect()
    }

    #[test]
    fn any_reader_finds_the_arrays_and_what_they_are_of() {
        let record = testing::record();
        let bytes = write(&record, Some(&testing::states())).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let shape = |name| file.tensor(name).unwrap().shape().to_vec();
        // The state of the step that was not drawn yet is left out.
        assert_eq!(shape("states"), [2, 4, 2]);
        assert_eq!(figures_of(&file, "states"), testing::states().values[..16]);
        assert_eq!(shape("ranks"), [2, 4]);
        assert_eq!(shape("top_ids"), [2, 4, 3]);
        let logits: Vec<f32> = cells(&record, Kind::Layers)
            .map(|cell| cell.unwrap().score.logit)
            .collect();
        assert_eq!(figures_of(&file, "logits"), logits);
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let header = metadata.metadata().clone().unwrap();
        assert_eq!(header["model"], "Tiny");
        assert_eq!(header["lens"], "raw");
        assert_eq!(header["prompt"], record.prompt);
        assert_eq!(header["version"], "1");
    }

    #[test]
    fn without_a_model_there_are_no_states() {
        let bytes = write(&testing::record(), None).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        assert!(file.tensor("states").is_err());
        assert!(are_in(&bytes));
    }
}

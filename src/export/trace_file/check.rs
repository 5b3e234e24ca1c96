//! Holds a document to what a trace can be, so that nothing behind it has to doubt a record:
//! every row has its cell, every id is in the vocabulary and has its text, every rank can be.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::document::{CellEntry, Document, ScoreEntry, StepEntry, WatchEntry};
use super::{Flaw, pieces};
use crate::run::{Intervention, LensInfo, ModelInfo, Record, Watch};
use crate::trace::{
    BySum, Candidate, Cell, Column, LONGEST_PROMPT, Layer, LensKind, Row, Rows, Score, TokenId,
    Trajectory,
};

/// No model has so many; what is drawn has a row a layer.
const MOST_LAYERS: usize = 10_000;

/// What holds for the whole file.
struct Rules {
    lens: LensKind,
    n_layers: usize,
    inside: Vec<Row>,
    vocab_size: usize,
    known: BTreeSet<TokenId>,
}

/// The record that a document describes.
pub fn record(document: Document) -> Result<Record, Flaw> {
    for (name, text) in prompt_texts(&document) {
        if text.len() > LONGEST_PROMPT {
            return Err(Flaw::Wrong(format!(
                "`{name}` has {} bytes, and none has more than {LONGEST_PROMPT}",
                text.len()
            )));
        }
    }
    let info = document.model_info;
    let vocab_size = info.vocab_size;
    if document.n_layers == 0 || document.n_layers > MOST_LAYERS {
        return Err(Flaw::Wrong(format!("`n_layers` is {}", document.n_layers)));
    }
    if vocab_size == 0 || u32::try_from(vocab_size).is_err() {
        return Err(Flaw::Wrong(format!("`vocab_size` is {vocab_size}")));
    }
    let rules = Rules {
        lens: document.lens,
        n_layers: document.n_layers,
        inside: inside(&document.sublayers, document.n_layers)?,
        vocab_size,
        known: document.pieces.iter().map(pieces::PieceEntry::id).collect(),
    };
    let vocabulary = pieces::vocabulary(document.pieces, vocab_size)?;
    for id in &document.prompt_ids {
        rules.token(*id, || "the prompt".into())?;
    }
    let columns = document
        .steps
        .into_iter()
        .enumerate()
        .map(|(step, entry)| rules.column(step, entry).map(Arc::new))
        .collect::<Result<Vec<_>, _>>()?;
    if document.watch_step.0 > columns.len() {
        return Err(Flaw::Wrong(format!(
            "`watch_step` is {} of {} steps",
            document.watch_step.0,
            columns.len()
        )));
    }
    if document.given > columns.len() {
        return Err(Flaw::Wrong(format!(
            "`given` is {} of {} steps",
            document.given,
            columns.len()
        )));
    }
    for intervention in &document.interventions {
        rules.intervention(intervention)?;
    }
    let trajectories = document
        .watch
        .into_iter()
        .map(|entry| rules.trajectory(entry))
        .collect::<Result<_, _>>()?;
    Ok(Record {
        model: Arc::new(ModelInfo {
            name: document.model,
            family: info.family,
            n_layers: document.n_layers,
            d_model: info.d_model,
            vocab_size,
            context_length: info.context_length,
            weights: info.weights,
            arithmetic: info.arithmetic,
            device: info.device,
            parameters: info.parameters,
            notes: info.notes,
            saved_run: None,
            rows_inside: rules.inside.clone(),
            lenses: vec![LensInfo {
                kind: document.lens,
                about: document.lens_source,
            }],
            vocabulary: Arc::new(vocabulary),
        }),
        lens: document.lens,
        rows: match rules.inside.is_empty() {
            true => Rows::Layers,
            false => Rows::Sublayers,
        },
        sampling: document.sampling,
        max_tokens: document.max_tokens,
        prompt: document.prompt,
        chat: document.chat,
        prompt_ids: document.prompt_ids,
        given: document.given,
        interventions: document.interventions,
        columns,
        finish: document.finish,
        watch: Watch {
            step: document.watch_step,
            trajectories,
        },
    })
}

/// The prompt, and what a chat template made it from.
fn prompt_texts(document: &Document) -> impl Iterator<Item = (&str, &str)> {
    let chat = document.chat.iter().flat_map(|chat| {
        let frame = &chat.frame;
        let system = frame.system.as_deref().map(|text| ("chat.system", text));
        let messages = frame.messages.as_deref();
        let messages = messages.map(|text| ("chat.messages", text));
        let prompt = [("chat.prompt", chat.prompt.as_str())];
        prompt.into_iter().chain(system).chain(messages)
    });
    std::iter::once(("prompt", document.prompt.as_str())).chain(chat)
}

/// The rows inside the blocks, by their names.
fn inside(names: &[String], n_layers: usize) -> Result<Vec<Row>, Flaw> {
    let mut rows = Vec::new();
    for name in names {
        let row = name.parse::<Row>().ok().filter(|row| {
            let is_there = |layer: Layer| layer.0 < n_layers;
            row.is_inside() && row.block().is_some_and(is_there)
        });
        match row {
            // In the order of the stream, so that each is there once.
            Some(row) if rows.last().is_none_or(|last| *last < row) => rows.push(row),
            _ => {
                let name = crate::model::error::quoted(name);
                return Err(Flaw::Wrong(format!("`sublayers` has `{name}` at no place")));
            }
        }
    }
    Ok(rows)
}

impl Rules {
    fn token(&self, id: TokenId, place: impl Fn() -> String) -> Result<TokenId, Flaw> {
        if id.0 as usize >= self.vocab_size {
            return Err(Flaw::Wrong(format!(
                "{} has token {}, and the vocabulary ends at {}",
                place(),
                id.0,
                self.vocab_size
            )));
        }
        if !self.known.contains(&id) {
            return Err(Flaw::Wrong(format!(
                "{} has token {}, which is missing in `pieces`",
                place(),
                id.0
            )));
        }
        Ok(id)
    }

    fn intervention(&self, intervention: &Intervention) -> Result<(), Flaw> {
        let layer = match intervention {
            Intervention::Ablation(ablation) => Some(ablation.layer),
            Intervention::Patch(patch) => patch.row.block(),
        };
        match layer.filter(|layer| layer.0 >= self.n_layers) {
            None => Ok(()),
            Some(layer) => Err(Flaw::Wrong(format!(
                "`interventions` has {layer} of {} layers",
                self.n_layers
            ))),
        }
    }

    fn layers(&self, found: usize, place: impl Fn() -> String) -> Result<(), Flaw> {
        if found == self.n_layers {
            return Ok(());
        }
        Err(Flaw::Wrong(format!(
            "{} has {found} layers, and the model {}",
            place(),
            self.n_layers
        )))
    }

    /// The values of the rows inside the blocks.
    fn sublayers<E, T>(
        &self,
        entries: Vec<Option<E>>,
        place: impl Fn() -> String,
        value: impl Fn(E) -> Result<T, Flaw>,
    ) -> Result<BySum<T>, Flaw> {
        if entries.len() != self.inside.len() {
            return Err(Flaw::Wrong(format!(
                "{} has {} sublayers, and the trace {}",
                place(),
                entries.len(),
                self.inside.len()
            )));
        }
        let found = self.inside.iter().zip(entries);
        found
            .filter_map(|(row, entry)| Some(value(entry?).map(|value| (*row, value))))
            .collect()
    }

    fn column(&self, step: usize, entry: StepEntry) -> Result<Column, Flaw> {
        let place = || format!("step {step}");
        self.layers(entry.layers.len(), place)?;
        Ok(Column {
            token: self.token(entry.token, place)?,
            lens: self.lens,
            embedding: entry
                .embedding
                .map(|cell| self.cell(cell, place))
                .transpose()?,
            layers: entry
                .layers
                .into_iter()
                .map(|cell| cell.map(|cell| self.cell(cell, place)).transpose())
                .collect::<Result<_, _>>()?,
            inside: self.sublayers(entry.sublayers, place, |cell| self.cell(cell, place))?,
        })
    }

    fn cell(&self, entry: CellEntry, place: impl Fn() -> String + Copy) -> Result<Cell, Flaw> {
        Ok(Cell {
            score: self.score(&entry.score, place)?,
            entropy: entry.entropy.0,
            kl: entry.kl.0,
            log_sum_exp: entry.log_sum_exp.0,
            top: entry
                .top
                .into_iter()
                .map(|(id, logit)| Ok((self.token(id, place)?, logit.0)))
                .collect::<Result<_, Flaw>>()?,
        })
    }

    fn score(&self, entry: &ScoreEntry, place: impl Fn() -> String) -> Result<Score, Flaw> {
        let within = |number: u32| (number as usize) <= self.vocab_size;
        if entry.rank == 0 || !within(entry.rank) || !within(entry.ties) {
            return Err(Flaw::Wrong(format!(
                "{} has rank {} with {} ties, of {} tokens",
                place(),
                entry.rank,
                entry.ties,
                self.vocab_size
            )));
        }
        Ok(Score {
            rank: entry.rank,
            ties: entry.ties,
            logit: entry.logit.0,
            prob: entry.prob.0,
        })
    }

    fn trajectory(&self, entry: WatchEntry) -> Result<Trajectory, Flaw> {
        let place = || "`watch`".to_owned();
        self.layers(entry.layers.len(), place)?;
        if entry.tokens.is_empty() {
            return Err(Flaw::Wrong("`watch` has a text of no token".into()));
        }
        for id in &entry.tokens {
            self.token(*id, place)?;
        }
        Ok(Trajectory {
            inside: self.sublayers(entry.sublayers, place, |score| self.score(&score, place))?,
            embedding: entry
                .embedding
                .map(|score| self.score(&score, place))
                .transpose()?,
            layers: entry
                .layers
                .iter()
                .map(|score| {
                    score
                        .as_ref()
                        .map(|score| self.score(score, place))
                        .transpose()
                })
                .collect::<Result<_, _>>()?,
            candidate: Candidate {
                text: entry.text,
                tokens: entry.tokens,
                context_changed: entry.context_changed,
            },
        })
    }
}

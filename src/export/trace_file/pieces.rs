//! What the ids of a trace file stand for: only those that occur, so that a reader needs no
//! vocabulary.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Flaw;
use crate::run::Record;
use crate::trace::TokenId;
use crate::vocabulary::{Piece, Vocabulary};

/// What one id stands for: one of the three, or nothing for a row without a token.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PieceEntry {
    id: TokenId,
    /// Its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Its bytes, where they are no text: a part of a character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<Vec<u8>>,
    /// The name of a control token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    special: Option<String>,
}

impl PieceEntry {
    /// Whose entry it is.
    pub fn id(&self) -> TokenId {
        self.id
    }
}

/// An entry for each id that occurs in `record`, in order.
pub fn of(record: &Record) -> Vec<PieceEntry> {
    occurring(record)
        .into_iter()
        .map(|id| entry(id, record.vocabulary().piece(id)))
        .collect()
}

fn occurring(record: &Record) -> BTreeSet<TokenId> {
    let cells = record.columns.iter().flat_map(|column| column.cells());
    let listed = cells.flat_map(|cell| cell.top.iter().map(|(id, _)| *id));
    let chosen = record.columns.iter().map(|column| column.token);
    let watched = record
        .watch
        .trajectories
        .iter()
        .flat_map(|trajectory| trajectory.candidate.tokens.iter().copied());
    record
        .prompt_ids
        .iter()
        .copied()
        .chain(listed)
        .chain(chosen)
        .chain(watched)
        .collect()
}

fn entry(id: TokenId, piece: &Piece) -> PieceEntry {
    let nothing = PieceEntry {
        id,
        ..PieceEntry::default()
    };
    match piece {
        Piece::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => PieceEntry {
                text: Some(text.to_owned()),
                ..nothing
            },
            Err(_) => PieceEntry {
                bytes: Some(bytes.clone()),
                ..nothing
            },
        },
        Piece::Special(name) => PieceEntry {
            special: Some(name.clone()),
            ..nothing
        },
        Piece::Unused => nothing,
    }
}

/// The entries as a vocabulary of `len` ids.
pub fn vocabulary(entries: Vec<PieceEntry>, len: usize) -> Result<Vocabulary, Flaw> {
    let mut known = BTreeMap::new();
    for entry in entries {
        let id = entry.id;
        if id.0 as usize >= len {
            return Err(Flaw::Wrong(format!(
                "`pieces` names token {}, and the vocabulary ends at {len}",
                id.0
            )));
        }
        let piece = match (entry.text, entry.bytes, entry.special) {
            (Some(text), None, None) => Piece::Bytes(text.into_bytes()),
            (None, Some(bytes), None) => Piece::Bytes(bytes),
            (None, None, Some(name)) => Piece::Special(name),
            (None, None, None) => Piece::Unused,
            _ => {
                return Err(Flaw::Wrong(format!(
                    "`pieces` says two things of token {}",
                    id.0
                )));
            }
        };
        if known.insert(id, piece).is_some() {
            return Err(Flaw::Wrong(format!("`pieces` has token {} twice", id.0)));
        }
    }
    Ok(Vocabulary::of_some(known, len))
}

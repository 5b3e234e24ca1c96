//! Reads `tokenizer.model`: a SentencePiece model, which is a protocol buffer with the vocabulary
//! and what is done to a text before it is cut.

use super::protobuf::{Damaged, Field, Fields};

/// What a piece is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceKind {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte,
}

impl PieceKind {
    fn numbered(number: u64) -> Self {
        match number {
            2 => Self::Unknown,
            3 => Self::Control,
            4 => Self::UserDefined,
            5 => Self::Unused,
            6 => Self::Byte,
            _ => Self::Normal,
        }
    }
}

/// A token of the vocabulary.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ModelPiece {
    pub text: String,
    pub score: f32,
    pub kind: PieceKind,
}

/// How pieces are found in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Unigram,
    Bpe,
}

/// A special piece: its id, negative where the model has none, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Role {
    pub id: i64,
    pub text: String,
}

impl Role {
    fn new(id: i64, text: &str) -> Self {
        Self {
            id,
            text: text.to_owned(),
        }
    }
}

/// A SentencePiece model. Everything but the pieces has the value that SentencePiece gives to what
/// is not said.
#[derive(Clone, Debug)]
pub(super) struct SentencePieceModel {
    /// By id; never empty.
    pub pieces: Vec<ModelPiece>,
    pub algorithm: Algorithm,
    /// Whether a character without a piece becomes its bytes.
    pub byte_fallback: bool,
    pub unknown: Role,
    pub bos: Role,
    pub eos: Role,
    /// The rules by which text is normalised; empty where there are none.
    pub charsmap: Vec<u8>,
    pub add_dummy_prefix: bool,
    pub remove_extra_whitespaces: bool,
    pub escape_whitespaces: bool,
}

/// Why a file is no model that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// It is something else altogether, or damaged.
    NoModel,
    /// It is one, but has what is not supported.
    Model(String),
}

impl From<Damaged> for Unusable {
    fn from(_: Damaged) -> Self {
        Self::NoModel
    }
}

impl SentencePieceModel {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Unusable> {
        let mut model = Self {
            pieces: Vec::new(),
            algorithm: Algorithm::Unigram,
            byte_fallback: false,
            unknown: Role::new(0, "<unk>"),
            bos: Role::new(1, "<s>"),
            eos: Role::new(2, "</s>"),
            charsmap: Vec::new(),
            add_dummy_prefix: true,
            remove_extra_whitespaces: true,
            escape_whitespaces: true,
        };
        for field in Fields(bytes) {
            match field? {
                (1, Field::Bytes(piece)) => model.pieces.push(read_piece(piece)?),
                (2, Field::Bytes(trainer)) => model.read_trainer(trainer)?,
                (3, Field::Bytes(normaliser)) => model.read_normaliser(normaliser)?,
                _ => {}
            }
        }
        if model.pieces.is_empty() {
            return Err(Unusable::NoModel);
        }
        match model.pieces.iter().position(|piece| piece.text.is_empty()) {
            Some(id) => Err(Unusable::Model(format!(
                "has an empty piece, of the id {id}"
            ))),
            None => Ok(model),
        }
    }

    /// What the model says of its training.
    fn read_trainer(&mut self, message: &[u8]) -> Result<(), Unusable> {
        for field in Fields(message) {
            match field? {
                (3, Field::Number(number)) => self.algorithm = algorithm(number)?,
                (35, Field::Number(flag)) => self.byte_fallback = flag != 0,
                (40, Field::Number(id)) => self.unknown.id = signed(id),
                (41, Field::Number(id)) => self.bos.id = signed(id),
                (42, Field::Number(id)) => self.eos.id = signed(id),
                (45, Field::Bytes(piece)) => self.unknown.text = text(piece)?,
                (46, Field::Bytes(piece)) => self.bos.text = text(piece)?,
                (47, Field::Bytes(piece)) => self.eos.text = text(piece)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_normaliser(&mut self, message: &[u8]) -> Result<(), Unusable> {
        for field in Fields(message) {
            match field? {
                (2, Field::Bytes(rules)) => self.charsmap = rules.to_vec(),
                (3, Field::Number(flag)) => self.add_dummy_prefix = flag != 0,
                (4, Field::Number(flag)) => self.remove_extra_whitespaces = flag != 0,
                (5, Field::Number(flag)) => self.escape_whitespaces = flag != 0,
                _ => {}
            }
        }
        Ok(())
    }
}

fn read_piece(message: &[u8]) -> Result<ModelPiece, Unusable> {
    let mut piece = ModelPiece {
        text: String::new(),
        score: 0.0,
        kind: PieceKind::Normal,
    };
    for field in Fields(message) {
        match field? {
            (1, Field::Bytes(bytes)) => piece.text = text(bytes)?,
            (2, Field::Float(score)) if score.is_finite() => piece.score = score,
            (2, Field::Float(_)) => {
                return Err(Unusable::Model("has a score that is not finite".into()));
            }
            (3, Field::Number(number)) => piece.kind = PieceKind::numbered(number),
            _ => {}
        }
    }
    Ok(piece)
}

fn algorithm(number: u64) -> Result<Algorithm, Unusable> {
    let unsupported = |name: &str| {
        let why = format!("has a vocabulary of the kind {name}, which is not supported");
        Err(Unusable::Model(why))
    };
    match number {
        2 => Ok(Algorithm::Bpe),
        3 => unsupported("WORD"),
        4 => unsupported("CHAR"),
        _ => Ok(Algorithm::Unigram),
    }
}

/// Negative numbers are written as their complement.
fn signed(number: u64) -> i64 {
    i64::from_le_bytes(number.to_le_bytes())
}

fn text(bytes: &[u8]) -> Result<String, Unusable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unusable::NoModel)?;
    Ok(text.to_owned())
}

//! Cells and what they make up, from ranks.

use super::WORDS;
use lenscape::trace::{BySum, Candidate, Cell, Column, LensKind, Score, TokenId, Trajectory};

/// A score of this rank, without ties; the better the rank, the higher its other figures.
pub fn score(rank: u32) -> Score {
    Score {
        rank,
        ties: 0,
        logit: 10.1 - rank as f32,
        prob: 0.3 / rank as f32,
    }
}

/// A cell of this rank, which lists token 0 alone.
pub fn cell(rank: u32) -> Cell {
    cell_of(rank, &[0])
}

/// A cell of this rank, which lists these tokens, the best first.
pub fn cell_of(rank: u32, top: &[u32]) -> Cell {
    Cell {
        score: score(rank),
        entropy: 1.0,
        kl: 0.5,
        log_sum_exp: 11.3,
        top: top
            .iter()
            .zip(1u8..)
            .map(|(id, place)| (TokenId(*id), 9.7 - f32::from(place)))
            .collect(),
    }
}

/// A column of `token` with these ranks, that of row `emb` first.
pub fn column(token: u32, ranks: &[u32]) -> Column {
    let mut cells = ranks.iter().map(|rank| cell(*rank));
    Column {
        token: TokenId(token),
        lens: LensKind::Normed,
        embedding: Some(cells.next().expect("a column has a row `emb`")),
        layers: cells.collect(),
        inside: BySum::default(),
    }
}

/// A candidate that is these tokens, with these ranks, that of row `emb` first.
pub fn trajectory(text: &str, tokens: &[u32], ranks: &[u32]) -> Trajectory {
    let mut scores = ranks.iter().map(|rank| score(*rank));
    Trajectory {
        candidate: Candidate {
            text: text.into(),
            tokens: tokens.iter().copied().map(TokenId).collect(),
            context_changed: false,
        },
        embedding: Some(scores.next().expect("a trajectory has a row `emb`")),
        layers: scores.collect(),
        inside: BySum::default(),
    }
}

/// The column of step `step` in a run of a model with so many layers, whose tokens are [`WORDS`]:
/// ranks that fall from some thousands to 1, and lists of eight tokens, the same each time and never
/// twice alike.
pub fn scattered_column(step: u32, layers: u32) -> Column {
    let words = WORDS.len() as u32;
    let cell = |layer: u32| {
        let least = 1 + (layers - 1 - layer) * (layers - 1 - layer) * 4;
        let rank = 1 + scattered(step * layers + layer) % least;
        Cell {
            score: Score {
                logit: 9.0,
                prob: 1.0 / rank as f32,
                ..score(rank)
            },
            top: (0..8)
                .map(|at| {
                    let id = (at + scattered(step + layer)) % words;
                    let drop = scattered(step * layers + layer + at) % 100;
                    (TokenId(id), 9.0 - at as f32 - drop as f32 / 100.0)
                })
                .collect(),
            ..cell_of(rank, &[])
        }
    };
    Column {
        token: TokenId(scattered(step) % words),
        lens: LensKind::Normed,
        embedding: Some(cell(0)),
        layers: (0..layers).map(cell).collect(),
        inside: BySum::default(),
    }
}

/// The same number each time, but no pattern.
fn scattered(n: u32) -> u32 {
    let mixed = (n ^ 0x9e37_79b9).wrapping_mul(0x85eb_ca6b);
    (mixed ^ (mixed >> 13)).wrapping_mul(0xc2b2_ae35) >> 8
}

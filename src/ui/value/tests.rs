#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! Every value fits its cell, and its colours go the way of its figures.

use proptest::prelude::*;

use super::*;
use crate::settings::theme::STEPS;
use crate::trace::{Layer, Score};
use crate::ui::scale::Tone;
use crate::vocabulary::Piece;

fn cell(rank: u32, ties: u32, [logit, prob, entropy, kl, log_sum_exp]: [f32; 5]) -> Cell {
    Cell {
        score: Score {
            rank,
            ties,
            logit,
            prob,
        },
        entropy,
        kl,
        log_sum_exp,
        top: vec![(TokenId(0), logit)],
    }
}

fn column(below: Cell, here: Cell) -> Column {
    Column {
        token: TokenId(0),
        embedding: below,
        layers: vec![here],
    }
}

fn seen<'s>(column: &'s Column, vocabulary: &'s Vocabulary) -> Seen<'s> {
    Seen {
        column,
        row: Row::Layer(Layer(0)),
        cell: &column.layers[0],
        vocabulary,
        tokens: ListedTokens::All,
    }
}

fn figure() -> impl Strategy<Value = f32> {
    prop_oneof![
        -30.0_f32..30.0,
        -1e3_f32..1e3,
        -1e-3_f32..1e-3,
        any::<f32>().prop_filter("a figure", |x| x.is_finite()),
    ]
}

fn any_cell() -> impl Strategy<Value = Cell> {
    let amount = || figure().prop_map(f32::abs);
    (
        1_u32..2_000_000,
        0_u32..3,
        figure(),
        0.0_f32..=1.0,
        amount(),
        amount(),
        figure(),
    )
        .prop_map(|(rank, ties, logit, prob, entropy, kl, log_sum_exp)| {
            cell(rank, ties, [logit, prob, entropy, kl, log_sum_exp])
        })
}

/// What the chosen token's figures are, where they are the same for every model.
#[test]
fn each_value_says_its_own_figure() {
    let below = cell(40, 0, [7.25, 0.01, 3.0, 2.0, 12.0]);
    let here = cell(12, 0, [9.125, 0.05, 2.5, 1.5, 12.0]);
    let column = column(below, here);
    let vocabulary = Vocabulary::new(vec![Piece::Bytes(b" are".to_vec())]);
    let written = CellValue::ALL.map(|value| {
        let (text, mark) = of(value).write(&seen(&column, &vocabulary), Cells::Exact);
        format!("{text}{mark}")
    });
    assert_eq!(
        written,
        [
            "12▴", "0.050 ", "-2.88 ", "9.12 ", "+1.88 ", "2.50 ", "1.50 ", "·are "
        ]
    );
}

#[test]
fn every_value_has_its_entry() {
    for (value, entry) in CellValue::ALL.into_iter().zip(&VALUES) {
        assert_eq!(of(value).titles, entry.titles);
    }
    let mut titles: Vec<_> = VALUES.iter().flat_map(|entry| entry.titles).collect();
    titles.sort_unstable();
    titles.dedup();
    assert_eq!(titles.len(), 2 * CellValue::ALL.len());
}

#[test]
fn before_the_first_layer_nothing_has_changed() {
    let column = column(cell(1, 0, [1.0; 5]), cell(1, 0, [3.0, 1.0, 1.0, 1.0, 1.0]));
    let vocabulary = Vocabulary::default();
    let embedding = Seen {
        row: Row::Embedding,
        cell: &column.embedding,
        ..seen(&column, &vocabulary)
    };
    let change = of(CellValue::LogitChange);
    assert_eq!(change.write(&embedding, Cells::Exact).0, "");
    let scale = change.scale(0, std::iter::empty);
    assert_eq!(
        scale.tone(change.measure(&embedding)),
        Tone::Diverging(STEPS / 2)
    );
}

proptest! {
    #[test]
    fn no_number_is_wider_than_its_cell(below in any_cell(), here in any_cell()) {
        let tie = usize::from(here.score.ties > 0);
        let column = column(below, here);
        let vocabulary = Vocabulary::default();
        for value in CellValue::ALL {
            if value == CellValue::TopToken {
                continue;
            }
            for (cells, most) in [(Cells::Exact, 5), (Cells::Short, 4)] {
                let (text, _) = of(value).write(&seen(&column, &vocabulary), cells);
                let room = most + if value == CellValue::Rank { tie } else { 0 };
                prop_assert!(text::width(&text) <= room, "{value:?} {cells:?} {text:?}");
            }
        }
    }

    /// High probabilities and logits, low ranks, entropies and divergences come first.
    #[test]
    fn colours_keep_the_order_of_figures(a in figure(), b in figure()) {
        let (low, high) = (a.min(b), a.max(b));
        for value in CellValue::ALL {
            let scale = of(value).scale(49_152, || [-20.0, 30.0].into_iter());
            match (scale.tone(low), scale.tone(high)) {
                (Tone::Diverging(low), Tone::Diverging(high)) => prop_assert!(low <= high),
                (Tone::Sequential(low), Tone::Sequential(high)) => match value {
                    CellValue::Rank | CellValue::Entropy | CellValue::Kl => {
                        prop_assert!(low <= high, "{value:?}");
                    }
                    _ => prop_assert!(high <= low, "{value:?}"),
                },
                _ => prop_assert!(false, "two kinds of scale"),
            }
        }
    }
}

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! Every value fits its cell, and its colours go the way of its figures.

use proptest::prelude::*;

use super::*;
use crate::display::scale::Tone;
use crate::run::RunId;
use crate::settings::theme::STEPS;
use crate::testing;
use crate::trace::{Layer, LensKind, Score};
use crate::vocabulary::Piece;

fn cell(rank: u32, ties: u32, [logit, prob, entropy, kl, log_sum_exp]: [f32; 5]) -> Cell {
    Cell {
        score: Score {
            ties,
            logit,
            prob,
            ..testing::score(rank)
        },
        entropy,
        kl,
        log_sum_exp,
        top: vec![(TokenId(0), logit)],
    }
}

fn column(below: Cell, here: Cell) -> Column {
    Column {
        embedding: Some(below),
        layers: vec![here].into(),
        ..testing::column(0, &[1])
    }
}

fn seen<'s>(column: &'s Column, vocabulary: &'s Vocabulary) -> CellContext<'s> {
    CellContext {
        column,
        row: Row::Layer(Layer(0)),
        cell: &column.layers[0],
        vocabulary,
        tokens: ListedTokens::All,
        arrows: Arrows::All,
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
fn a_top_token_has_a_colour_where_it_is_the_chosen_one() {
    let column = column(cell(1, 0, [1.0; 5]), cell(1, 0, [1.0; 5]));
    let vocabulary = Vocabulary::default();
    let top = of(CellValue::TopToken);
    let scale = top.scale(49_152, std::iter::empty);
    let tone = |column: &Column| scale.tone(top.measure(&seen(column, &vocabulary)));
    assert_eq!(tone(&column), Tone::Sequential(0));
    let another = Column {
        token: TokenId(7),
        ..column
    };
    assert_eq!(tone(&another), Tone::Dimmed);
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
    let embedding = CellContext {
        row: Row::Embedding,
        cell: column.embedding.as_ref().unwrap(),
        ..seen(&column, &vocabulary)
    };
    let change = of(CellValue::LogitChange);
    assert_eq!(change.write(&embedding, Cells::Exact).0, "·");
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
            // Whether a token is the chosen one is no figure with an order.
            if matches!(scale, Scale::Agreement) {
                continue;
            }
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

/// Two runs of one token, before and after; what each value's difference says, and its step.
#[test]
fn each_value_of_two_runs_says_its_own_difference() {
    let before = column(
        cell(40, 0, [7.25, 0.01, 3.0, 2.0, 12.0]),
        cell(12, 0, [9.125, 0.05, 2.5, 1.5, 12.0]),
    );
    let after = column(
        cell(90, 0, [6.25, 0.01, 3.0, 2.0, 12.0]),
        cell(4, 0, [9.0, 0.4, 2.504, 0.5, 11.0]),
    );
    let vocabulary = Vocabulary::new(vec![Piece::Bytes(b" are".to_vec())]);
    let [before, after] = [&before, &after].map(|column| seen(column, &vocabulary));
    let shown = CellValue::ALL.map(|value| {
        let shown = of(value).difference(&before, &after, Cells::Exact).unwrap();
        let Tone::Diverging(step) = shown.tone else {
            panic!("{value:?}");
        };
        (shown.text, step)
    });
    let expected = [
        ("−8", 1),
        ("+0.350", 6),
        ("+0.88", 4),
        ("−0.12", 3),
        ("+0.88", 4),
        // What is rounded to nothing has no sign.
        ("0.00", 3),
        ("−1.00", 1),
        ("=", 3),
    ];
    assert_eq!(shown, expected.map(|(text, step)| (text.into(), step)));
}

#[test]
fn a_difference_of_top_tokens_says_where_they_are_others() {
    let mut before = column(cell(9, 0, [1.0; 5]), cell(9, 0, [1.0; 5]));
    let after = before.clone();
    before.layers[0].top[0].0 = TokenId(1);
    let pieces = [" are", " is"].map(|text| Piece::Bytes(text.into()));
    let vocabulary = Vocabulary::new(pieces.into());
    let [before, after] = [&before, &after].map(|column| seen(column, &vocabulary));
    let token = of(CellValue::TopToken);
    let shown = |cells| token.difference(&before, &after, cells).unwrap();
    assert_eq!(shown(Cells::Exact).text, "·are");
    assert_eq!(shown(Cells::Shades).text, "≠");
    assert_eq!(token.plain_difference(&before, &after).unwrap(), "·are");
    assert_eq!(
        shown(Cells::Exact).tone,
        token.difference_legend().last().unwrap().0
    );
}

#[test]
fn other_tokens_and_other_lenses_are_not_compared() {
    let here = || column(cell(9, 0, [1.0; 5]), cell(9, 0, [1.0; 5]));
    let vocabulary = Vocabulary::default();
    let after = here();
    for before in [
        Column {
            token: TokenId(1),
            ..here()
        },
        Column {
            lens: LensKind::Raw,
            ..here()
        },
    ] {
        let [before, after] = [&before, &after].map(|column| seen(column, &vocabulary));
        for value in CellValue::ALL {
            assert_eq!(of(value).difference(&before, &after, Cells::Exact), None);
        }
    }
}

/// Only the last row went through the final norm.
#[test]
fn under_the_raw_lens_the_last_layer_has_no_change_of_its_logit() {
    let cells = [1.0, 2.0, 30.0].map(|logit| cell(1, 0, [logit, 1.0, 1.0, 1.0, 1.0]));
    let [embedding, layers @ ..] = cells;
    let column = Column {
        lens: LensKind::Raw,
        embedding: Some(embedding),
        layers: layers.into(),
        ..testing::column(0, &[1])
    };
    let vocabulary = Vocabulary::default();
    let change = of(CellValue::LogitChange);
    let written = [0, 1].map(|layer| {
        let seen = CellContext {
            column: &column,
            row: Row::Layer(Layer(layer)),
            cell: &column.layers[layer],
            vocabulary: &vocabulary,
            tokens: ListedTokens::All,
            arrows: Arrows::All,
        };
        (change.write(&seen, Cells::Exact).0, change.plain(&seen))
    });
    assert_eq!(written[0], ("+1.00".into(), "1".into()));
    assert_eq!(written[1], ("·".into(), String::new()));
    assert!(change.note(LensKind::Raw).is_some());
    assert_eq!(change.note(LensKind::Normed), None);
}

#[test]
fn titles_of_differences_name_the_value_and_both_runs() {
    let title = |value| of(value).difference_title(RunId(2), RunId(1), 80);
    assert_eq!(title(CellValue::Rank), "Rank in #2 − rank in #1, before");
    assert_eq!(title(CellValue::Kl), "KL in #2 − KL in #1, before");
    assert_eq!(
        title(CellValue::TopToken),
        "Top token in #2 where it is another than in #1, before"
    );
    assert_eq!(
        of(CellValue::LogProbability).difference_title(RunId(2), RunId(1), 30),
        "Log-probability in #2 − in #1"
    );
}

proptest! {
    #[test]
    fn no_difference_is_wider_than_its_cell(
        before in any_cell(), after in any_cell(), below in any_cell(),
    ) {
        let [before, after] = [before, after].map(|here| column(below.clone(), here));
        let vocabulary = Vocabulary::default();
        let [before, after] = [&before, &after].map(|column| seen(column, &vocabulary));
        for value in CellValue::ALL {
            if value == CellValue::TopToken {
                continue;
            }
            for (cells, most) in [(Cells::Exact, 6), (Cells::Short, 5), (Cells::Shades, 1)] {
                if let Some(shown) = of(value).difference(&before, &after, cells) {
                    prop_assert!(text::width(&shown.text) <= most, "{value:?} {cells:?} {shown:?}");
                }
            }
        }
    }
}

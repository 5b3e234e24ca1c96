//! The figures of cells that are worked out on a device are those of the CPU.

use candle_core::{Device, Tensor};
use lenscape::lens::{Logits, column, scores};
use lenscape::model::device::Processor;
use lenscape::model::{Dtype, ModelError};
use lenscape::trace::{Cell, Column, TokenId};
use lenscape::vocabulary::{Piece, Vocabulary};

use super::device;
use crate::reference::close;

const ROWS: usize = 5;

/// Widths of vocabularies: some that blocks of columns divide, and some that none divides.
const WIDTHS: [usize; 8] = [1, 7, 97, 1024, 4999, 50_257, 49_152, 151_936];

/// Logits of which many are equal.
fn some(width: usize) -> Vec<f32> {
    let values = Tensor::randn(0.0_f32, 4.0, ROWS * width, &Device::Cpu).unwrap();
    let values = values.to_vec1::<f32>().unwrap();
    let eighths = |value: f32| (value * 8.0).round() / 8.0;
    values.into_iter().map(eighths).collect()
}

/// The same on the CPU and on the device.
fn both(values: &[f32], width: usize) -> [Logits; 2] {
    [Processor::cpu(), device()].map(|processor| {
        let rows = Tensor::from_slice(values, (ROWS, width), processor.device()).unwrap();
        Logits::of_tensor(rows, &processor, Dtype::Auto)
    })
}

/// A vocabulary in which every 40th token, and the last ones, stand for nothing.
fn padded(width: usize) -> Vocabulary {
    let piece = |id: usize| match id % 40 == 39 || id + 300 > width.max(600) {
        true => Piece::Unused,
        false => Piece::Bytes(b"a".to_vec()),
    };
    Vocabulary::new((0..width).map(piece).collect())
}

fn cells(column: &Column) -> Vec<&Cell> {
    column.layers.values().chain(&column.embedding).collect()
}

#[test]
fn ranks_ties_and_best_tokens_are_equal_and_sums_close() {
    for width in WIDTHS {
        let vocabulary = padded(width);
        let [cpu, card] = both(&some(width), width);
        for token in [0, width / 2, width - 1] {
            let token = TokenId(u32::try_from(token).unwrap());
            let [expected, found] =
                [&cpu, &card].map(|of| column(of, token, 10, &vocabulary).unwrap());
            for (found, expected) in cells(&found).into_iter().zip(cells(&expected)) {
                let place = format!("{width} tokens, {token:?}");
                assert_eq!(found.score.rank, expected.score.rank, "{place}");
                assert_eq!(found.score.ties, expected.score.ties, "{place}");
                assert_eq!(found.score.logit, expected.score.logit, "{place}");
                assert_eq!(found.top, expected.top, "{place}");
                for (found, expected) in [
                    (found.score.prob, expected.score.prob),
                    (found.entropy, expected.entropy),
                    (found.kl, expected.kl),
                    (found.log_sum_exp, expected.log_sum_exp),
                ] {
                    close(found, expected, 1e-5, &place);
                }
            }
        }
    }
}

#[test]
fn watched_tokens_stand_where_they_stand_on_the_cpu() {
    let width = 50_257;
    let [cpu, card] = both(&some(width), width);
    let tokens = [3, 50_256, 777].map(TokenId);
    let [expected, found] = [&cpu, &card].map(|of| scores(of, &tokens).unwrap());
    for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
        let (found, expected) = (found.unwrap(), expected.unwrap());
        assert_eq!((found.rank, found.ties), (expected.rank, expected.ties));
        close(found.prob, expected.prob, 1e-5, "probability");
    }
}

#[test]
fn the_first_row_that_is_not_a_number_is_named_and_no_token_is_taken_for_another() {
    let width = 4999;
    for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut values = some(width);
        values[2 * width + 17] = wrong;
        values[3 * width] = wrong;
        let [cpu, card] = both(&values, width);
        for logits in [cpu, card] {
            let error = column(&logits, TokenId(0), 5, &padded(width)).unwrap_err();
            assert!(error.to_string().starts_with("L1: a logit"), "{error}");
        }
    }
    let [_, card] = both(&some(width), width);
    let error = column(&card, TokenId(4999), 5, &padded(width)).unwrap_err();
    assert!(matches!(
        error,
        ModelError::UnknownToken {
            id: 4999,
            rows: 4999
        }
    ));
}

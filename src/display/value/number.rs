//! Numbers in few characters: at most five in an exact cell, four in a short one. A rank that is
//! shared has a `=` before it besides.

use crate::display::scale;
use crate::settings::Cells;
use crate::trace::Score;

/// A rank: `943`, `49152`, `49k`; `=9` where others share it.
pub fn rank(score: Score, cells: Cells) -> String {
    let tie = if score.ties > 0 { "=" } else { "" };
    format!("{tie}{}", plain_rank(score.rank, cells))
}

pub fn plain_rank(rank: u32, cells: Cells) -> String {
    match (cells, rank) {
        (Cells::Exact, ..100_000) => rank.to_string(),
        _ => scale::short(u64::from(rank)),
    }
}

/// A probability: `0.312`, `.312`, `3e-6`.
pub fn probability(probability: f32, cells: Cells) -> String {
    if probability >= 0.9995 {
        return "1.0".into();
    }
    if probability < 0.001 {
        // Smaller ones do not fit, and nobody tells them apart. A 0 is one that float32 cannot
        // hold: no token is impossible.
        return match cells {
            _ if probability >= 1e-9 => format!("{probability:.0e}"),
            Cells::Exact => "<1e-9".into(),
            Cells::Short | Cells::Shades | Cells::Folded => "0".into(),
        };
    }
    let text = format!("{probability:.3}");
    match cells {
        Cells::Exact => text,
        Cells::Short | Cells::Shades | Cells::Folded => text.trim_start_matches('0').to_owned(),
    }
}

/// An amount of information that is never negative: `2.50`, `2.5`.
pub fn nats(nats: f32, cells: Cells) -> String {
    match cells {
        Cells::Exact if nats < 99.0 => format!("{nats:.2}"),
        _ if nats < 99.0 => format!("{nats:.1}"),
        _ => number(nats, Sign::WhereNegative, cells),
    }
}

/// Which numbers have a sign before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Negative ones.
    WhereNegative,
    /// All but 0.
    Always,
}

/// Any number, with as many digits as there is room for: `-10.9`, `+1.8`, `-3e5`.
pub fn number(number: f32, sign: Sign, cells: Cells) -> String {
    let room = match cells {
        Cells::Exact => 5,
        Cells::Short | Cells::Shades | Cells::Folded => 4,
    };
    let written = |decimals: usize| {
        // No sign before what is rounded to 0.
        let unit = 10_f32.powi(i32::try_from(decimals).unwrap_or(0));
        let is_zero = (number * unit).round() == 0.0;
        match sign {
            _ if is_zero => format!("{:.decimals$}", 0.0),
            Sign::WhereNegative => format!("{number:.decimals$}"),
            Sign::Always => format!("{number:+.decimals$}"),
        }
    };
    let most = match cells {
        Cells::Exact => 2,
        Cells::Short | Cells::Shades | Cells::Folded => 1,
    };
    let plain = (0..=most).rev().map(written);
    let power = match sign {
        Sign::WhereNegative => format!("{number:.0e}"),
        Sign::Always => format!("{number:+.0e}"),
    };
    let beyond = if number < 0.0 { "-" } else { "+" };
    plain
        .chain([power])
        .find(|text| text.len() <= room)
        .unwrap_or_else(|| format!("{beyond}big"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn probabilities_fit_their_cells() {
        for (value, exact, short) in [
            (1.0, "1.0", "1.0"),
            (0.9996, "1.0", "1.0"),
            (0.312, "0.312", ".312"),
            (0.001, "0.001", ".001"),
            (0.000_31, "3e-4", "3e-4"),
            (1.05e-6, "1e-6", "1e-6"),
            (1e-12, "<1e-9", "0"),
            (0.0, "<1e-9", "0"),
        ] {
            assert_eq!(probability(value, Cells::Exact), exact);
            assert_eq!(probability(value, Cells::Short), short);
        }
    }

    #[test]
    fn numbers_keep_as_many_digits_as_there_is_room_for() {
        for (value, exact, short) in [
            (0.0, "0.00", "0.0"),
            (-0.004, "0.00", "0.0"),
            (1.824, "1.82", "1.8"),
            (-10.94, "-10.9", "-11"),
            (-112.6, "-113", "-113"),
            (4321.5, "4322", "4322"),
            (-98_765.4, "-1e5", "-1e5"),
        ] {
            assert_eq!(number(value, Sign::WhereNegative, Cells::Exact), exact);
            assert_eq!(number(value, Sign::WhereNegative, Cells::Short), short);
        }
        for (value, exact, short) in [
            (0.001, "0.00", "0.0"),
            (1.824, "+1.82", "+1.8"),
            (-10.94, "-10.9", "-11"),
        ] {
            assert_eq!(number(value, Sign::Always, Cells::Exact), exact);
            assert_eq!(number(value, Sign::Always, Cells::Short), short);
        }
    }

    #[test]
    fn ranks_fit_their_cells() {
        for (value, exact, short) in [
            (1, "1", "1"),
            (943, "943", "943"),
            (49_152, "49152", "49k"),
            (99_999, "99999", "100k"),
            (256_000, "256k", "256k"),
        ] {
            assert_eq!(plain_rank(value, Cells::Exact), exact);
            assert_eq!(plain_rank(value, Cells::Short), short);
        }
    }
}

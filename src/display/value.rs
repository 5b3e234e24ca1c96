//! What a cell of the grid can say: for each [`CellValue`], how it is measured, written and
//! coloured. A further value is one more entry of `VALUES`.

use crate::display::scale::{self, Diverging, Scale, Sequential};
use crate::display::text;
use crate::settings::{Arrows, CellValue, Cells, ListedTokens};
use crate::trace::{Cell, Column, LensKind, Row, TokenId};
use crate::vocabulary::Vocabulary;

mod change;
mod difference;
mod number;
mod scales;
#[cfg(test)]
mod tests;

pub use difference::DrawnCell;
pub use number::{probability, rank};

use change::Change;
use difference::DifferenceKind;
use number::{Sign, number};

/// A cell, and what one must know to say something of it.
#[derive(Clone, Copy, Debug)]
pub struct CellContext<'s> {
    /// The column that it stands in.
    pub column: &'s Column,
    /// Its row.
    pub row: Row,
    /// The cell.
    pub cell: &'s Cell,
    /// What each id stands for.
    pub vocabulary: &'s Vocabulary,
    /// Which of its best tokens are shown.
    pub tokens: ListedTokens,
    /// Which changes of its rank get an arrow.
    pub arrows: Arrows,
}

/// One value: how it is measured, written and coloured.
#[derive(Debug)]
pub struct Value {
    is: CellValue,
    /// The grid's title, and a shorter one where that has no room.
    titles: [&'static str; 2],
    /// The figure that becomes a colour, where there is one.
    measure: fn(&CellContext<'_>) -> Option<f32>,
    /// What the cell says: a number of five columns of the terminal at most where cells are
    /// exact, of four where they are short, and a sign more for a rank that is shared; or a text,
    /// which the cell cuts.
    write: fn(&CellContext<'_>, Cells) -> String,
    /// One character behind it.
    mark: fn(&CellContext<'_>) -> char,
    scale: Steps,
    /// How it is compared with that of another run.
    difference_kind: DifferenceKind,
}

/// How a value's scale is made.
#[derive(Debug)]
enum Steps {
    /// Of the number of tokens.
    Ranks,
    /// The same for every model.
    Fixed(fn() -> Scale),
    /// Of the figures themselves, where they differ from model to model.
    Measured,
}

const VALUES: [Value; 8] = [
    Value {
        is: CellValue::Rank,
        titles: [
            "Rank of the chosen token at each layer",
            "Rank at each layer",
        ],
        measure: |seen| Some(seen.cell.score.rank as f32),
        write: |seen, cells| number::rank(seen.cell.score, cells),
        mark: |seen| Change::at(seen.column, seen.row).mark(seen.arrows),
        scale: Steps::Ranks,
        difference_kind: DifferenceKind::Ranks,
    },
    Value {
        is: CellValue::Probability,
        titles: [
            "Probability of the chosen token at each layer",
            "Probability at each layer",
        ],
        measure: |seen| Some(seen.cell.score.prob),
        write: |seen, cells| probability(seen.cell.score.prob, cells),
        mark: no_mark,
        scale: Steps::Fixed(scales::probabilities),
        difference_kind: DifferenceKind::Figures {
            scale: || Diverging::new([0.01, 0.1, 0.3], short_bound),
            amount: |amount, cells| match amount {
                // Other than a probability, a difference can be nothing.
                ..1e-9 => "0".into(),
                _ => probability(amount, cells),
            },
        },
    },
    Value {
        is: CellValue::LogProbability,
        titles: [
            "Log-probability of the chosen token, in nats",
            "Log-probability, in nats",
        ],
        measure: |seen| Some(seen.cell.log_prob()),
        write: |seen, cells| number(seen.cell.log_prob(), Sign::WhereNegative, cells),
        mark: no_mark,
        scale: Steps::Fixed(scales::log_probabilities),
        difference_kind: LOGITS,
    },
    Value {
        is: CellValue::Logit,
        titles: [
            "Logit of the chosen token at each layer",
            "Logit at each layer",
        ],
        measure: |seen| Some(seen.cell.score.logit),
        write: |seen, cells| number(seen.cell.score.logit, Sign::WhereNegative, cells),
        mark: no_mark,
        scale: Steps::Measured,
        difference_kind: LOGITS,
    },
    Value {
        is: CellValue::LogitChange,
        titles: [
            "Logit of the chosen token since the layer below",
            "Logit since the layer below",
        ],
        measure: |seen| seen.column.logit_change(seen.row),
        write: |seen, cells| {
            let change = seen.column.logit_change(seen.row);
            change.map_or_else(
                || NO_FIGURE.into(),
                |change| number(change, Sign::Always, cells),
            )
        },
        mark: no_mark,
        scale: Steps::Fixed(scales::logit_changes),
        difference_kind: LOGITS,
    },
    Value {
        is: CellValue::Entropy,
        titles: ["Entropy of each layer, in nats", "Entropy, in nats"],
        measure: |seen| Some(seen.cell.entropy),
        write: |seen, cells| number::nats(seen.cell.entropy, cells),
        mark: no_mark,
        scale: Steps::Fixed(scales::entropies),
        difference_kind: NATS,
    },
    Value {
        is: CellValue::Kl,
        titles: ["KL(final ‖ layer), in nats", "KL(final ‖ layer)"],
        measure: |seen| Some(seen.cell.kl),
        write: |seen, cells| number::nats(seen.cell.kl, cells),
        mark: no_mark,
        scale: Steps::Fixed(scales::divergences),
        difference_kind: NATS,
    },
    Value {
        is: CellValue::TopToken,
        titles: ["Each layer's own top token", "Top token at each layer"],
        // Whether it is the chosen token.
        measure: |seen| {
            let (id, _) = seen.shown_token()?;
            Some(f32::from(u8::from(id == seen.column.token)))
        },
        write: |seen, _| {
            let shown = seen.shown_token();
            shown.map_or_else(String::new, |(id, _)| seen.vocabulary.label(id))
        },
        // The true first is hidden.
        mark: |seen| {
            let first = seen.cell.top.first().map(|(id, _)| *id);
            let shown = seen.shown_token().map(|(id, _)| id);
            if first == shown { ' ' } else { '*' }
        },
        scale: Steps::Fixed(|| Scale::Agreement),
        difference_kind: DifferenceKind::Tokens,
    },
];

/// Logits and their logarithms of probabilities, which differ by as much.
const LOGITS: DifferenceKind = DifferenceKind::Figures {
    scale: || Diverging::new([0.5, 2.0, 5.0], |bound| format!("{bound:+}")),
    amount: |amount, cells| number(amount, Sign::WhereNegative, cells),
};

/// Amounts of information.
const NATS: DifferenceKind = DifferenceKind::Figures {
    scale: || Diverging::new([0.1, 0.5, 2.0], short_bound),
    amount: number::nats,
};

/// In a cell that has no figure.
const NO_FIGURE: &str = "·";

/// A value's entry.
pub fn of(value: CellValue) -> &'static Value {
    let entry = VALUES.iter().find(|entry| entry.is == value);
    entry.unwrap_or(&VALUES[0])
}

impl Value {
    /// The grid's title, in at most `columns` where the shorter one fits.
    pub fn title(&self, columns: usize) -> &'static str {
        let [title, shorter] = self.titles;
        if text::width(title) <= columns {
            title
        } else {
            shorter
        }
    }

    /// The figure that becomes a colour, where there is one.
    #[must_use]
    pub fn figure(&self, seen: &CellContext<'_>) -> Option<f32> {
        (self.measure)(seen)
    }

    /// The same; 0, which is nothing, where there is none.
    #[must_use]
    pub fn measure(&self, seen: &CellContext<'_>) -> f32 {
        self.figure(seen).unwrap_or(0.0)
    }

    /// What the cell says in full, for a spreadsheet: a figure with all its digits, or a token.
    #[must_use]
    pub fn plain(&self, seen: &CellContext<'_>) -> String {
        match self.is {
            CellValue::TopToken => {
                let (token, mark) = self.write(seen, Cells::Exact);
                format!("{token}{mark}").trim_end().to_owned()
            }
            _ => self.figure(seen).map_or_else(String::new, figure_text),
        }
    }

    /// What the legend has to say beside its steps: why cells of this value have no figure.
    #[must_use]
    pub fn note(&self, lens: LensKind) -> Option<&'static str> {
        match (self.is, lens) {
            (CellValue::LogitChange, LensKind::Raw) => Some("· final norm"),
            _ => None,
        }
    }

    /// What the cell says, and one character behind it.
    pub fn write(&self, seen: &CellContext<'_>, cells: Cells) -> (String, char) {
        ((self.write)(seen, cells), (self.mark)(seen))
    }

    /// The scale, in a vocabulary of that size; `figures` gives all that are measured.
    pub fn scale<I: Iterator<Item = f32>>(
        &self,
        vocabulary: usize,
        figures: impl FnOnce() -> I,
    ) -> Scale {
        match self.scale {
            Steps::Ranks => scale::ranks(vocabulary),
            Steps::Fixed(scale) => scale(),
            Steps::Measured => {
                let ends = figures().fold(None, |ends: Option<(f32, f32)>, figure| {
                    let (low, high) = ends.unwrap_or((figure, figure));
                    Some((low.min(figure), high.max(figure)))
                });
                let (low, high) = ends.unwrap_or((0.0, 1.0));
                Scale::Sequential(Sequential::between(low, high))
            }
        }
    }
}

impl CellContext<'_> {
    /// The best token, or the best that is a word, where only words are shown and one is listed;
    /// and its probability.
    fn shown_token(&self) -> Option<(TokenId, f32)> {
        let top = &self.cell.top;
        let word = match self.tokens {
            ListedTokens::All => None,
            ListedTokens::Words => top.iter().find(|(id, _)| self.vocabulary.is_word(*id)),
        };
        let (id, logit) = word.or_else(|| top.first())?;
        Some((*id, self.cell.prob_of_logit(*logit)))
    }
}

/// All digits of a figure.
fn figure_text(figure: f32) -> String {
    // No minus before a zero.
    (figure + 0.0).to_string()
}

fn short_bound(bound: f32) -> String {
    format!("{bound:+}").replacen("0.", ".", 1)
}

fn no_mark(_: &CellContext<'_>) -> char {
    ' '
}

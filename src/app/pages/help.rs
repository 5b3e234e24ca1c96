//! What the help page says, made from the key map.

use super::{Behaviour, Outcome, lines_of};
use crate::app::{ActionList, Motion, State};
use crate::display::meanings::MEANINGS;
use crate::display::text;
use crate::settings::keys::{Scope, key_name};
use crate::settings::{Action, Settings};
use ratatui::layout::Size;

/// What the help page is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HelpPart {
    /// What each key does.
    #[default]
    Keys,
    /// What the figures mean.
    Figures,
}

/// The help page.
#[derive(Clone, Debug, Default)]
pub struct Help {
    /// What it is about.
    pub part: HelpPart,
    /// The first line in view.
    pub first: u16,
}

impl Help {
    /// The page of what the figures mean.
    #[must_use]
    pub fn of_figures() -> Self {
        Self {
            part: HelpPart::Figures,
            ..Self::default()
        }
    }

    /// Its lines, and its room on a screen of that size.
    #[must_use]
    pub fn lines(&self, settings: &Settings, screen: Size) -> (Vec<HelpLine>, HelpRoom) {
        let room = self.room(screen);
        let lines = match self.part {
            HelpPart::Keys => help_lines(settings, room.width),
            HelpPart::Figures => figure_lines(room.width),
        };
        (lines, room)
    }

    fn room(&self, screen: Size) -> HelpRoom {
        let columns = match self.part {
            HelpPart::Keys => (screen.width / KEYS_COLUMN).max(1),
            HelpPart::Figures => 1,
        };
        let width = (screen.width.saturating_sub(2) / columns).saturating_sub(2);
        HelpRoom {
            columns: columns.into(),
            rows: lines_of(screen).into(),
            width: width.into(),
        }
    }
}

impl Behaviour for Help {
    fn scopes(&self) -> &'static [Scope] {
        &[Scope::Help, Scope::Everywhere]
    }

    fn act(&mut self, action: Action, _state: &mut State) -> Outcome {
        match action {
            Action::Help => Outcome::Turn(ActionList::default().into()),
            Action::Figures => {
                let part = match self.part {
                    HelpPart::Keys => HelpPart::Figures,
                    HelpPart::Figures => HelpPart::Keys,
                };
                *self = Self { part, first: 0 };
                Outcome::DONE
            }
            _ => Outcome::Pass,
        }
    }

    fn walk(&mut self, motion: Motion, screen: Size) {
        let room = self.room(screen);
        let line = motion.in_list(self.first.into(), room.columns * room.rows);
        self.first = u16::try_from(line).unwrap_or(u16::MAX);
    }

    fn takes_paste(&self) -> bool {
        false
    }

    fn settle(&mut self, state: &State) {
        let screen = Size::new(state.columns, state.rows);
        let (lines, room) = self.lines(&state.settings, screen);
        let last = lines.len().saturating_sub(room.columns * room.rows);
        let last = u16::try_from(last).unwrap_or(u16::MAX);
        self.first = self.first.min(last);
    }
}

/// Columns of the keys, each line's indent and the space behind them aside.
pub const KEYS_WIDTH: usize = 16;

/// Columns of the figures and signs.
pub const SIGNS_WIDTH: usize = 9;

/// Columns of the indent of each line and of the space behind keys and signs.
const INDENT: usize = 3;

/// Before each line of a problem but its first.
const HANGING: &str = "  ";

/// The least columns of the terminal for a column of keys and what they do.
const KEYS_COLUMN: u16 = 58;

/// How many lines the help page shows at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelpRoom {
    /// Columns of text, filled one after the other.
    pub columns: usize,
    /// Lines in each.
    pub rows: usize,
    /// Columns of the terminal in each.
    pub width: usize,
}

/// One line of the help page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpLine {
    /// Nothing.
    Blank,
    /// The name of a place.
    Title(&'static str),
    /// Keys and what they do.
    Keys {
        /// The keys, as they are shown.
        keys: String,
        /// What they do.
        does: String,
    },
    /// A figure or a sign, and what it means.
    Meaning(&'static str, String),
    /// A sentence.
    Text(String),
    /// A mistake in one of the user's files.
    Problem(String),
}

/// The lines of the help page, each in at most `width` columns.
fn help_lines(settings: &Settings, width: usize) -> Vec<HelpLine> {
    let mut lines = Vec::new();
    if !settings.problems.is_empty() {
        lines.push(HelpLine::Title("In your own files"));
        for problem in &settings.problems {
            // What belongs to one problem hangs behind its beginning.
            let room = width.saturating_sub(INDENT + HANGING.len());
            let mut hanging = "";
            lines.extend(
                text::folded(&problem.to_string(), room)
                    .into_iter()
                    .map(|line| {
                        HelpLine::Problem(format!(
                            "{}{line}",
                            std::mem::replace(&mut hanging, HANGING)
                        ))
                    }),
            );
        }
        lines.push(HelpLine::Blank);
    }
    let room = width.saturating_sub(INDENT + KEYS_WIDTH);
    for scope in Scope::ALL {
        lines.push(HelpLine::Title(scope.title()));
        for binding in settings.keymap.bindings(scope) {
            let keys: Vec<String> = binding.keys.iter().map(|key| key_name(*key)).collect();
            let mut keys = keys.join("  ");
            lines.extend(text::folded(&binding.help, room).into_iter().map(|does| {
                let keys = std::mem::take(&mut keys);
                HelpLine::Keys { keys, does }
            }));
        }
        lines.push(HelpLine::Blank);
    }
    lines.push(HelpLine::Title("What can be typed"));
    lines.extend(
        WORDS
            .iter()
            .map(|words| HelpLine::Text((*words).to_owned())),
    );
    lines
}

fn figure_lines(width: usize) -> Vec<HelpLine> {
    let room = width.saturating_sub(INDENT + SIGNS_WIDTH);
    let mut lines = Vec::new();
    for (mut sign, meaning) in MEANINGS {
        lines.extend(
            text::folded(meaning, room)
                .into_iter()
                .map(|meaning| HelpLine::Meaning(std::mem::take(&mut sign), meaning)),
        );
    }
    lines
}

const WORDS: [&str; 7] = [
    "search   are      a layer says ` are`",
    "         #are     a step whose token is ` are`",
    "         +1  -1   becomes rank 1, leaves it",
    "         =1       settles on rank 1",
    "         @12 @p3 L5  step 12, prompt's third token, layer 5",
    "tokens and texts: words get a leading space, where",
    "         their script has any; \"quotes\" take text as it is",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_keys_do_is_told_whole_however_narrow_the_screen() {
        let settings = Settings::embedded().unwrap();
        for columns in [40, 58, 80, 120, 200] {
            let (lines, room) = Help::default().lines(&settings, Size::new(columns, 12));
            let mut told = String::new();
            for line in &lines {
                if let HelpLine::Keys { does, .. } = line {
                    assert!(
                        KEYS_WIDTH + INDENT + text::width(does) <= room.width,
                        "{does}"
                    );
                    told = format!("{told} {does}");
                }
            }
            for scope in Scope::ALL {
                for binding in settings.keymap.bindings(scope) {
                    assert!(told.contains(&binding.help), "{columns}: {}", binding.help);
                }
            }
        }
    }
}

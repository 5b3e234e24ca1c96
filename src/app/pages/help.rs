//! What the help page says, made from the key map.

use super::{Behaviour, Outcome};
use crate::app::{ActionList, Motion, State, Stops};
use crate::display::meanings::MEANINGS;
use crate::settings::keys::{Scope, key_name};
use crate::settings::{Action, Settings};

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
    pub fn lines(&self, settings: &Settings, columns: u16, rows: u16) -> (Vec<HelpLine>, HelpRoom) {
        let room = help_room(columns, rows);
        match self.part {
            HelpPart::Keys => (help_lines(settings), room),
            HelpPart::Figures => (figure_lines(), HelpRoom { columns: 1, ..room }),
        }
    }
}

impl Behaviour for Help {
    fn scopes(&self) -> &'static [Scope] {
        &[Scope::Help, Scope::Everywhere]
    }

    fn hinted_scopes(&self) -> &'static [Scope] {
        &[Scope::Help]
    }

    fn stops(&self) -> Stops {
        Stops::Help
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

    fn walk(&mut self, motion: Motion, lines: usize) {
        let line = motion.in_list(self.first.into(), lines);
        self.first = u16::try_from(line).unwrap_or(u16::MAX);
    }

    fn takes_paste(&self) -> bool {
        false
    }

    fn settle(&mut self, state: &State) {
        let (lines, room) = self.lines(&state.settings, state.columns, state.rows);
        let last = lines.len().saturating_sub(room.columns * room.rows);
        let last = u16::try_from(last).unwrap_or(u16::MAX);
        self.first = self.first.min(last);
    }
}

/// How many lines the help page shows at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelpRoom {
    /// Columns of text, filled one after the other.
    pub columns: usize,
    /// Lines in each.
    pub rows: usize,
}

/// The help page's room on a screen of that size.
#[must_use]
pub fn help_room(columns: u16, rows: u16) -> HelpRoom {
    // Status line, key line and two borders.
    let rows = usize::from(rows.saturating_sub(4)).max(1);
    let columns = usize::from(columns / 58).max(1);
    HelpRoom { columns, rows }
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
    Meaning(&'static str, &'static str),
    /// A sentence.
    Text(String),
    /// A mistake in one of the user's files.
    Problem(String),
}

/// The lines of the help page.
#[must_use]
pub fn help_lines(settings: &Settings) -> Vec<HelpLine> {
    let mut lines = Vec::new();
    if !settings.problems.is_empty() {
        lines.push(HelpLine::Title("In your own files"));
        for problem in &settings.problems {
            lines.extend(
                folded(&problem.to_string())
                    .into_iter()
                    .map(HelpLine::Problem),
            );
        }
        lines.push(HelpLine::Blank);
    }
    for scope in Scope::ALL {
        lines.push(HelpLine::Title(scope.title()));
        lines.extend(settings.keymap.bindings(scope).iter().map(|binding| {
            let keys: Vec<String> = binding.keys.iter().map(|key| key_name(*key)).collect();
            HelpLine::Keys {
                keys: keys.join("  "),
                does: binding.help.clone(),
            }
        }));
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

fn figure_lines() -> Vec<HelpLine> {
    let meanings = MEANINGS.into_iter();
    meanings
        .map(|(sign, meaning)| HelpLine::Meaning(sign, meaning))
        .collect()
}

/// A long line in lines that fit each column of the page.
fn folded(text: &str) -> Vec<String> {
    const LONGEST: usize = 52;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LONGEST => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("  {word}")),
            None => lines.push(word.to_owned()),
        }
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

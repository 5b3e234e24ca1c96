//! What the help page says, made from the key map.

use super::{Behaviour, Outcome};
use crate::app::{ActionList, Motion, State, Stops};
use crate::settings::keys::{Scope, key_name};
use crate::settings::{Action, Settings};

/// The help page.
#[derive(Clone, Debug, Default)]
pub struct Help {
    /// The first line in view.
    pub first: u16,
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
        let lines = help_lines(&state.settings).len();
        let room = help_room(state.columns, state.rows);
        let last = lines.saturating_sub(room.columns * room.rows);
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
    lines.push(HelpLine::Title("What is shown"));
    lines.extend(
        WORDS
            .iter()
            .map(|words| HelpLine::Text((*words).to_owned())),
    );
    lines
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

const WORDS: [&str; 21] = [
    "rank     1 + the number of tokens with a higher logit; 1 is best",
    "▴ ▾      the rank is better, worse than at the layer below",
    "=        other tokens have exactly the same logit",
    "settles  the first layer from which the rank is 1 up to the end",
    "rank@½   the rank at half of the layers",
    "›        before a token: it was given, not chosen",
    "H, KL    entropy, and KL(final ‖ layer), in nats",
    "lens     normed: final norm, then unembedding, at each layer",
    "         raw: the unembedding alone",
    "         tuned: a map fitted to each layer predicts the next token",
    "         jacobian: what a layer may make the model say later; the",
    "         chosen token's rank gets worse in middle layers",
    "         tuned and jacobian need files: --lens-file PATH",
    "·  ⏎  ⇥  a space, a new line, a tab in a token",
    "search   are      a layer says ` are`",
    "         #are     a step whose token is ` are`",
    "         +1  -1   becomes rank 1, leaves it",
    "         =1       settles on rank 1",
    "         @12  @p3  L5   step 12, prompt's third token, layer 5",
    "tokens and texts: words get a leading space, where their script has any;",
    "         \"quotes\" take text as it is",
];

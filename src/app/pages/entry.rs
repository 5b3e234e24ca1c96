//! A line that is typed over the panes: a text to be scored, another token, what is skipped.

use ratatui::layout::Size;
use tui_input::InputRequest;

use super::{Behaviour, Outcome};
use crate::app::line::insertions;
use crate::app::update::{ask, intervene, runs};
use crate::app::{Effect, Motion, NoticeKind, Origin, PrefilledField, State};
use crate::engine::RunRequest;
use crate::run::Continuation;
use crate::settings::Action;
use crate::settings::keys::Scope;
use crate::trace::{Ablation, Step, TokenId};
use crate::vocabulary::typed;

/// What becomes of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is scored as what follows this prompt.
    Force {
        /// The prompt.
        prompt: String,
    },
    /// It takes the place of the shown run's token at this step.
    Replace(Step),
    /// It names the parts of the network that are skipped.
    Ablations,
}

/// A token that can be taken instead of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenChoice {
    /// The token.
    pub token: TokenId,
    /// As it is shown elsewhere.
    pub label: String,
    /// As it would be typed.
    pub typed: String,
    /// Its probability, 0 to 1.
    pub prob: f32,
}

/// A line that is typed over the panes. A text is typed as [`typed`] says.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What was typed.
    pub field: PrefilledField,
    /// What becomes of it.
    pub purpose: Purpose,
    /// Tokens that can be taken instead, best first.
    pub choices: Vec<TokenChoice>,
    /// Which of them is taken; `None` as soon as something is typed.
    pub chosen: Option<usize>,
}

impl Entry {
    /// A line that begins as `text`, which is selected.
    #[must_use]
    pub fn new(purpose: Purpose, text: &str) -> Self {
        let line = match purpose {
            Purpose::Force { .. } | Purpose::Replace(_) => typed::as_typed(text),
            Purpose::Ablations => text.to_owned(),
        };
        Self {
            field: PrefilledField::new(line),
            purpose,
            choices: Vec::new(),
            chosen: None,
        }
    }

    /// The text that was typed, with its leading space.
    #[must_use]
    pub fn text(&self) -> String {
        typed::meant(self.field.value())
    }

    /// Whether there is neither a text nor a token.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chosen.is_none() && self.text().is_empty()
    }

    /// The token that is taken instead of a text.
    #[must_use]
    pub fn token(&self) -> Option<TokenId> {
        let choice = self.choices.get(self.chosen?)?;
        Some(choice.token)
    }

    /// Does what was typed. What cannot be read stays there to be mended.
    fn accept(&self, state: &mut State) -> Outcome {
        let done = match &self.purpose {
            Purpose::Force { .. } | Purpose::Replace(_) if self.is_empty() => {
                Err("The line is empty: type a text.".to_owned())
            }
            Purpose::Force { prompt } => Ok(ask::force(state, prompt.clone(), self.text())),
            Purpose::Replace(step) => Ok(self.branch(state, *step)),
            Purpose::Ablations => parse_ablations(self.field.value())
                .map(|ablations| intervene::ablate(state, ablations)),
        };
        match done {
            Ok(effects) => Outcome::Close(effects),
            Err(why) => {
                state.say(NoticeKind::Error, why);
                Outcome::DONE
            }
        }
    }

    /// The shown run up to `step`, then what was typed or chosen, then what the model makes of it.
    fn branch(&self, state: &mut State, step: Step) -> Vec<Effect> {
        let Some(run) = &state.run else {
            return Vec::new();
        };
        let mut tokens = run.tokens_before(step);
        let continuation = match self.token() {
            Some(token) => {
                tokens.push(token);
                Continuation::Tokens(tokens)
            }
            None => Continuation::Branch {
                tokens,
                text: self.text(),
            },
        };
        let asked = RunRequest {
            continuation,
            max_tokens: match run.max_tokens {
                0 => state.settings.options.max_tokens,
                most => most,
            },
            ..run.again()
        };
        let origin = Origin::Branch {
            of: run.id,
            at: step,
        };
        runs::begin(state, asked, origin)
    }
}

impl Behaviour for Entry {
    fn scopes(&self) -> &'static [Scope] {
        &[Scope::Entry, Scope::Text, Scope::Everywhere]
    }

    fn act(&mut self, action: Action, state: &mut State) -> Outcome {
        match action {
            Action::Accept => self.accept(state),
            _ => Outcome::Pass,
        }
    }

    fn covers_the_panes(&self) -> bool {
        false
    }

    fn edit(&mut self, request: InputRequest) {
        if self.field.edit(request) {
            self.chosen = None;
        }
    }

    fn walk(&mut self, motion: Motion, _screen: Size) {
        let to = match self.chosen {
            Some(at) => motion.in_list(at, 1),
            None if motion == Motion::Down => 0,
            None => return,
        };
        if let Some(choice) = self.choices.get(to) {
            self.field = PrefilledField::new(choice.typed.clone());
            self.chosen = Some(to);
        }
    }

    fn paste(&mut self, text: &str) {
        let text = typed::escaped(&text.replace("\r\n", "\n").replace('\r', "\n"));
        insertions(&text).for_each(|insertion| self.edit(insertion));
    }
}

/// What is said of a token of the prompt where one behind it is meant.
pub(in crate::app) const OF_THE_PROMPT: &str =
    "This token is the prompt's own: choose one behind it.";

/// Ask for a text to be scored. It begins as what the shown run has, where that is of the same
/// prompt.
pub(in crate::app) fn open_force(state: &mut State) {
    if state.model.ready.is_none() {
        state.say(NoticeKind::Info, ask::NOT_READY);
        return;
    }
    let Some(prompt) = ask::prompt_to_follow(state) else {
        return;
    };
    let of_run = state
        .run
        .as_ref()
        .filter(|run| run.prompt == prompt && run.chat == state.chat());
    let text = of_run.map_or("", |run| run.text.as_str());
    let entry = Entry::new(Purpose::Force { prompt }, text);
    state.open_page(entry);
}

/// Ask what comes in the place of the selected token.
pub(in crate::app) fn open_replace(state: &mut State) {
    let step = state.cursor.step;
    let (Some(run), Some(info)) = (&state.run, &state.model.ready) else {
        state.say(NoticeKind::Info, "There is no token yet: generate first.");
        return;
    };
    if state.cursor.prompt.is_some() {
        state.say(NoticeKind::Info, OF_THE_PROMPT);
        return;
    }
    let Some(column) = run.column(step) else {
        state.say(NoticeKind::Info, "There is no token at this step.");
        return;
    };
    let text = |token| String::from_utf8_lossy(info.vocabulary.bytes(token)).into_owned();
    let mut entry = Entry::new(Purpose::Replace(step), &text(column.token));
    let cell = column.cell(state.cursor.row);
    let top = cell.iter().flat_map(|cell| {
        let choice = |(token, logit): &(_, f32)| TokenChoice {
            token: *token,
            label: info.vocabulary.label(*token),
            typed: typed::as_typed(&text(*token)),
            prob: cell.prob_of_logit(*logit),
        };
        cell.top.iter().map(choice)
    });
    let others = top.filter(|choice| choice.token != column.token);
    entry.choices = others.collect();
    state.open_page(entry);
}

/// Ask what is skipped.
pub(in crate::app) fn open_skips(state: &mut State) {
    let ablations: Vec<String> = state.ablations.iter().map(ToString::to_string).collect();
    let entry = Entry::new(Purpose::Ablations, &ablations.join(" "));
    state.open_page(entry);
}

/// What was typed, as parts of the network; a minus before each is allowed, as the status line
/// has it.
pub(in crate::app) fn parse_ablations(typed: &str) -> Result<Vec<Ablation>, String> {
    let words = typed.split([' ', ',']).filter(|word| !word.is_empty());
    words
        .map(|word| word.strip_prefix('-').unwrap_or(word).parse())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_proposed_as_it_would_be_typed() {
        let purpose = Purpose::Replace(Step(0));
        for (text, line) in [(" is", "is"), ("is", "\"is\""), ("\n", "\\n")] {
            let entry = Entry::new(purpose.clone(), text);
            assert_eq!((entry.field.value(), entry.text().as_str()), (line, text));
        }
        let entry = Entry::new(Purpose::Ablations, "L5 L6.mlp");
        assert_eq!(entry.field.value(), "L5 L6.mlp");
    }

    #[test]
    fn a_choice_is_taken_until_something_is_typed() {
        let choice = |id, typed: &str| TokenChoice {
            token: TokenId(id),
            label: typed.into(),
            typed: typed.into(),
            prob: 0.5,
        };
        let mut entry = Entry::new(Purpose::Replace(Step(0)), " is");
        entry.choices = vec![choice(7, "are"), choice(8, "were")];
        assert_eq!(entry.token(), None);
        for _ in 0..3 {
            entry.walk(Motion::Down, Size::ZERO);
        }
        assert_eq!(
            (entry.token(), entry.field.value()),
            (Some(TokenId(8)), "were")
        );
        entry.walk(Motion::Up, Size::ZERO);
        assert_eq!(entry.token(), Some(TokenId(7)));
        entry.edit(InputRequest::GoToEnd);
        assert_eq!(entry.token(), Some(TokenId(7)));
        entry.edit(InputRequest::InsertChar('s'));
        assert_eq!((entry.token(), entry.field.value()), (None, "ares"));
    }
}

//! Recorded runs of the default model, which the program carries: shown as saved traces are, where no
//! model can be had or one is asked for by name.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Effect, Loading, NoticeKind, SavedTrace, Start, State};
use crate::export::recorded;
use crate::run::Record;
use crate::settings::{Action, Settings};

impl State {
    /// The state that shows a recorded run, and what has to happen first. No model is loaded.
    #[must_use]
    pub fn of_recorded(
        settings: Settings,
        start: Start,
        name: &str,
        record: Arc<Record>,
    ) -> (Self, Vec<Effect>) {
        let start = Start {
            prompt: None,
            ..start
        };
        let mut state = Self::at_start(settings, start);
        state.model.loading = Loading::Done;
        let mut effects = state.show_record_of(name, record);
        state.tell_of_recorded();
        effects.extend(state.first_effects());
        (state, effects)
    }

    /// Show the first one.
    pub(super) fn show_recorded_first(&mut self) -> Vec<Effect> {
        match recorded::names().first() {
            Some(name) => self.show_recorded(name),
            None => Vec::new(),
        }
    }

    /// Show the one behind that which is shown, round and round.
    pub(super) fn show_next_recorded(&mut self) -> Vec<Effect> {
        let names = recorded::names();
        let shown = self.recorded.as_ref();
        let at = names.iter().position(|name| Some(name) == shown);
        let next = at.map_or(0, |at| (at + 1) % names.len().max(1));
        let effects = match names.get(next) {
            Some(name) => self.show_recorded(name),
            None => Vec::new(),
        };
        self.tell_of_recorded();
        effects
    }

    fn show_recorded(&mut self, name: &str) -> Vec<Effect> {
        match recorded::open(name) {
            Ok(record) => self.show_record_of(name, Arc::new(record)),
            Err(error) => {
                self.say(NoticeKind::Error, error.to_string());
                Vec::new()
            }
        }
    }

    fn show_record_of(&mut self, name: &str, record: Arc<Record>) -> Vec<Effect> {
        let effects = self.show_saved(SavedTrace {
            path: PathBuf::from(format!("{name}.json")),
            record,
        });
        self.recorded = Some(name.to_owned());
        effects
    }

    /// Say what the recorded run shows, and which keys show it.
    fn tell_of_recorded(&mut self) {
        let Some(name) = &self.recorded else {
            return;
        };
        let examples = &self.settings.examples;
        let looked_at = examples.iter().find(|example| example.name == *name);
        let look = looked_at.map_or(String::new(), |example| format!("{}: ", example.look));
        let compare = self.keys_for(Action::Compare);
        let next = self.keys_for(Action::NextExample);
        let text = format!("{look}{compare} compares, {next} shows the next run");
        self.say(NoticeKind::Info, text);
    }
}

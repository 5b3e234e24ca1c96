//! The tour: four things to see on the real model, told in two lines above the key line. Each waits
//! for the keys that it names, and does what is tedious by itself.

use super::State;
use crate::run::RunId;
use crate::settings::Action;
use crate::settings::keys::Scope;

/// The prompt that all of it is about.
pub(super) const STORY: &str = "The keys to the cabinet";

/// The prompt that the state of the third step comes from.
pub(super) const OTHER: &str = "The key to the cabinets";

/// The candidates that cross.
pub(super) const CANDIDATES: &str = "is are";

/// Columns after which the first step has been seen.
pub(super) const COLUMNS: usize = 8;

/// Layers above the one that is patched: at `L27` of the default model's 30 the state of
/// [`OTHER`] changes the word, at `L20` it does not.
pub(super) const ABOVE: usize = 2;

/// What is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TourStep {
    /// Colour climbs through the grid.
    Climb,
    /// Two words cross.
    Cross,
    /// One cell of another run changes the word.
    Patch,
    /// Where to go on.
    On,
}

/// The tour while it is taken.
#[derive(Clone, Debug)]
pub struct Tour {
    /// Where it is.
    pub step: TourStep,
    /// The run of [`STORY`], once it has come.
    pub(super) story: Option<RunId>,
    /// The run of [`OTHER`], once it is asked for.
    pub(super) other: Option<RunId>,
    /// Whether both candidates were seen.
    pub(super) has_crossed: bool,
}

impl Tour {
    /// The tour at its start.
    #[must_use]
    pub fn begun() -> Self {
        Self {
            step: TourStep::Climb,
            story: None,
            other: None,
            has_crossed: false,
        }
    }

    /// What there is to see, and what to press.
    #[must_use]
    pub fn lines(&self, state: &State) -> [String; 2] {
        let key = |scope: Scope, action: Action| {
            let keymap = &state.settings.keymap;
            let key = keymap.key_for(&[scope, Scope::Panes, Scope::Everywhere], action);
            key.unwrap_or_else(|| format!("`{action}`"))
        };
        let grid = |action| key(Scope::Grid, action);
        let leave = grid(Action::Stop);
        match self.step {
            TourStep::Climb => [
                "Tour 1/4: columns are tokens, rows layers; a cell is the token's rank there."
                    .to_owned(),
                format!(
                    "{} generates, and colour climbs from below.   {leave} leaves the tour",
                    key(Scope::Prompt, Action::Generate)
                ),
            ],
            TourStep::Cross if state.compare.is_some() => [
                "Tour 2/4: the rank of each word at each layer, and where the lead changes."
                    .to_owned(),
                format!("{leave} goes on to the third step"),
            ],
            TourStep::Cross => [
                "Tour 2/4: two words cross: \" is\" fits the cabinet, \" are\" fits the keys."
                    .to_owned(),
                format!(
                    "{} selects the first step, {} compares.   {leave} leaves the tour",
                    grid(Action::FirstStep),
                    grid(Action::Compare)
                ),
            ],
            TourStep::Patch => [
                format!("Tour 3/4: the selected cell can have the state of “{OTHER}”."),
                format!(
                    "{} puts it there, and the word changes.   {leave} leaves the tour",
                    grid(Action::Patch)
                ),
            ],
            TourStep::On => [
                format!(
                    "Tour 4/4: {} what changed, {} undo it, {} why this token, {} what layers say.",
                    grid(Action::Difference),
                    grid(Action::Unchanged),
                    grid(Action::Attribution),
                    grid(Action::Predictions)
                ),
                format!(
                    "{} more examples, {} all keys.   {leave} ends the tour, {} begins it again",
                    key(Scope::Prompt, Action::NextExample),
                    grid(Action::Help),
                    grid(Action::Tour)
                ),
            ],
        }
    }
}

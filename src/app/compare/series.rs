//! What stands side by side on one scale: each candidate at each prompt.

use super::Pin;
use crate::app::State;
use crate::display::series_label;
use crate::trace::Trajectory;

/// One candidate at one prompt: a column of the table, a line of the chart.
#[derive(Clone, Copy, Debug)]
pub struct Series<'s> {
    /// The candidate's place.
    pub candidate: usize,
    /// The prompt's place: pinned ones first, the current one last. `None` where there is only
    /// one.
    pub prompt: Option<usize>,
    /// Where it stands at every row.
    pub trajectory: &'s Trajectory,
}

impl Series<'_> {
    /// Its letters, see [`series_label`].
    #[must_use]
    pub fn label(&self) -> String {
        series_label(self.candidate, self.prompt)
    }
}

/// All candidates of all prompts, those of one candidate together.
#[must_use]
pub fn series(state: &State) -> Vec<Series<'_>> {
    let Some(compare) = &state.compare else {
        return Vec::new();
    };
    let candidates = compare.candidates();
    let pins: Vec<(usize, &Pin)> = state.other_pins().collect();
    let current = state.current_prompt();
    let of_pins = pins.iter().flat_map(|(prompt, pin)| {
        let prompt = Some(*prompt);
        pin.trajectories(&candidates)
            .map(move |(candidate, trajectory)| Series {
                candidate,
                prompt,
                trajectory,
            })
    });
    let of_current = compare
        .trajectories()
        .map(|(candidate, trajectory)| Series {
            candidate,
            prompt: current,
            trajectory,
        });
    let mut all: Vec<Series<'_>> = of_pins.chain(of_current).collect();
    all.sort_by_key(|series| (series.candidate, series.prompt));
    all
}

impl State {
    /// The pinned prompts that are not the one looked at, each with its place.
    pub fn other_pins(&self) -> impl Iterator<Item = (usize, &Pin)> {
        let here = self.pinned_here();
        let pins = self.pins.iter().enumerate();
        pins.filter(move |(place, _)| Some(*place) != here)
    }

    /// The place of the prompt that is looked at; `None` where it is the only one.
    #[must_use]
    pub fn current_prompt(&self) -> Option<usize> {
        self.other_pins().next()?;
        Some(self.pinned_here().unwrap_or(self.pins.len()))
    }

    /// Which pin is the position that is looked at.
    #[must_use]
    pub fn pinned_here(&self) -> Option<usize> {
        let run = self.run.as_ref()?;
        let at = run.position_of(self.cursor.place());
        self.pins
            .iter()
            .position(|pin| (pin.run, pin.at) == (run.id, at))
    }
}

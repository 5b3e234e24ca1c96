//! The list of runs, newest first.
//!
//! ```text
//! ╭ Runs ────────────────────────────────────────────────────────────────────────────╮
//! │     run  text                         made from              changed   lens  steps │
//! │ ●    #4  …keys to the cabinet⟦ is⟧    #3 changed             -L5.mlp   raw      12 │
//! │   ±  #3  …keys to the cabinet⟦ are⟧   branch of #1 at step 1           raw      12 │
//! │  *   #1  …keys to the cabinet⟦ are⟧   prompt                           raw      12 │
//! ╰ ● shown  * marked  ± compared with ───────────────────────────────────────────────╯
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::Draw;
use crate::app::{Origin, Run, RunList, State};
use crate::display::palette::{Focus, Palette};
use crate::display::text;
use crate::run::{ActivationPatch, Intervention};
use crate::ui::frame::{self, Titles};
use crate::vocabulary::visible_text;

const LEGEND: &str = " ● shown  * marked  ± compared with ";

impl Draw for RunList {
    fn draw(&self, state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
        let titles = Titles {
            bottom: Line::styled(LEGEND, palette.muted()),
            ..Titles::named("Runs")
        };
        let inner =
            frame::render(palette, Focus::Here, titles, area, buffer).intersection(buffer.area);
        let inner = Rect {
            x: inner.x + 1,
            width: inner.width.saturating_sub(2),
            ..inner
        };
        let width = usize::from(inner.width);
        let rows = usize::from(inner.height.saturating_sub(1));
        let first = (self.selected + 1).saturating_sub(rows);
        let head = ["made from", "changed", "lens", "steps"].map(str::to_owned);
        let head = line_of("     run", "text", head, width);
        let runs = state.runs();
        let runs = runs.iter().enumerate().skip(first).map(|(at, run)| {
            let line = Line::raw(line(state, run, width));
            match at == self.selected {
                true => line.patch_style(palette.selected()),
                false => line,
            }
        });
        let lines = std::iter::once(Line::styled(head, palette.muted())).chain(runs);
        for (y, line) in (inner.y..inner.bottom()).zip(lines) {
            let place = Rect {
                y,
                height: 1,
                ..inner
            };
            line.render(place, buffer);
        }
    }
}

fn line(state: &State, run: &Run, width: usize) -> String {
    let history = &state.history;
    let is_shown = state.run.as_ref().is_some_and(|shown| shown.id == run.id);
    let sign = |holds: bool, sign: char| if holds { sign } else { ' ' };
    let name = format!(
        "{}{}{}{:>5}",
        sign(is_shown, '●'),
        sign(history.marked == Some(run.id), '*'),
        sign(history.before == Some(run.id) && !is_shown, '±'),
        run.id.to_string(),
    );
    let columns = [
        made_from(run.origin),
        interventions(run, state),
        run.lens.to_string(),
        run.columns.len().to_string(),
    ];
    let room = text_room(width);
    line_of(&name, &running_text(run, room), columns, width)
}

fn made_from(origin: Origin) -> String {
    match origin {
        Origin::Prompt => "prompt".into(),
        Origin::Given => "given text".into(),
        Origin::Branch { of, at } => format!("branch of {of} at step {}", at.0 + 1),
        Origin::Changed { of } => format!("{of} changed"),
    }
}

/// What is changed in the network, as the status line says it too.
pub fn interventions(run: &Run, state: &State) -> String {
    let each = run.interventions.iter();
    let each = each.map(|intervention| match intervention {
        Intervention::Patch(patch) => {
            patch_by_step(patch, run, state).unwrap_or(intervention.to_string())
        }
        Intervention::Ablation(_) => intervention.to_string(),
    });
    each.collect::<Vec<_>>().join(" ")
}

/// `L27 step 1 ← #2`, where both states predict that step of their runs, and the runs are there.
fn patch_by_step(patch: &ActivationPatch, run: &Run, state: &State) -> Option<String> {
    let step = run.step_predicted_at(patch.into)?;
    let runs = state.runs();
    let source = runs.iter().find(|source| source.id == patch.from_run)?;
    (source.step_predicted_at(patch.from) == Some(step))
        .then(|| format!("{} step {} ← {}", patch.row, step.0 + 1, patch.from_run))
}

/// The end of the prompt, and what follows it.
fn running_text(run: &Run, room: usize) -> String {
    let in_line = |text: &str| visible_text(text).replace('\n', "⏎");
    let follows = in_line(&run.text);
    let least = room / 2;
    let prompt = text::cut_left(
        &in_line(run.title()),
        room.saturating_sub(text::width(&follows) + 2).max(least),
    )
    .into_owned();
    format!("{prompt}⟦{follows}⟧")
}

/// Widths of the columns at the right: made from, changed, lens, steps; 0 where there is no room.
fn widths(width: usize) -> [usize; 4] {
    match width {
        110.. => [26, 20, 8, 5],
        90.. => [26, 16, 0, 5],
        70.. => [24, 12, 0, 0],
        _ => [0, 12, 0, 0],
    }
}

/// Between two columns.
const GAP: usize = 2;
/// Signs and name.
const NAME: usize = 8;

fn text_room(width: usize) -> usize {
    let taken = widths(width).into_iter().filter(|width| *width > 0);
    let taken: usize = taken.map(|width| width + GAP).sum();
    width.saturating_sub(NAME + GAP + taken)
}

fn line_of(name: &str, words: &str, columns: [String; 4], width: usize) -> String {
    let mut line = format!("{name}  {}", text::left(words, text_room(width)));
    for (at, (column, width)) in columns.iter().zip(widths(width)).enumerate() {
        if width > 0 {
            let is_number = at == 3;
            let column = match is_number {
                true => text::right(column, width),
                false => text::left(column, width),
            };
            line.push_str(&format!("  {column}"));
        }
    }
    line
}

//! Where each pane stands. Paging and clicks depend on it as drawing does, so it is a plain
//! function of the state.

use ratatui::layout::{Constraint, Layout, Margin, Rect};

use super::state::Zoom;
use super::{Fold, Half, Page, Pane, State, field_lines, label_width};
use crate::display::text;
use crate::settings::{CellValue, Cells};

/// Below this nothing fits.
pub const LEAST_COLUMNS: u16 = 40;
/// Below this nothing fits.
pub const LEAST_ROWS: u16 = 12;

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenSize {
    /// Not enough for anything.
    TooSmall,
    /// The prompt, and one pane below it.
    Narrow,
    /// The prompt, and the grid beside one or two panes below it.
    Medium,
    /// Two columns: prompt and grid, log and cell.
    Wide,
}

impl ScreenSize {
    fn of(columns: u16, rows: u16) -> Self {
        match (columns, rows) {
            (c, r) if c < LEAST_COLUMNS || r < LEAST_ROWS => Self::TooSmall,
            (c, r) if c < 72 || r < 18 => Self::Narrow,
            (c, r) if c < 110 || r < 28 => Self::Medium,
            _ => Self::Wide,
        }
    }
}

/// Where each pane stands; one that is not shown is empty.
///
/// ```text
/// Wide            Medium           Narrow          comparing
/// ┌ header ────┐  ┌ header ────┐   ┌ header ────┐  ┌ header ────┐
/// │prompt│ log │  │ prompt     │   │ prompt     │  │ candidates │
/// │──────│     │  │────────────│   │────────────│  │────────────│
/// │ grid │─────│  │ grid │ cell│   │ the focused│  │ table│chart│
/// │      │ cell│  │      │ or  │   │ pane       │  │      │     │
/// │      │     │  │      │ log │   │            │  │      │     │
/// └ keys ──────┘  └ keys ──────┘   └ keys ──────┘  └ keys ──────┘
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaneAreas {
    /// The status line.
    pub header: Rect,
    /// Everything between status line and key line.
    pub body: Rect,
    /// The key line.
    pub keys: Rect,
    /// The prompt.
    pub prompt: Rect,
    /// The grid.
    pub grid: Rect,
    /// The selected cell.
    pub cell: Rect,
    /// The log.
    pub log: Rect,
    /// The candidates' field.
    pub candidates: Rect,
    /// Ranks by layer and candidate.
    pub table: Rect,
    /// Rank against layer.
    pub chart: Rect,
    /// The tour.
    pub tour: Rect,
}

/// Rows of a screen that has room for the tour.
const LEAST_WITH_TOUR: u16 = 20;

impl PaneAreas {
    /// Where each pane stands; `None` where nothing fits.
    #[must_use]
    pub fn of(state: &State) -> Option<Self> {
        let screen = Rect::new(0, 0, state.columns, state.rows);
        let size = ScreenSize::of(state.columns, state.rows);
        if size == ScreenSize::TooSmall {
            return None;
        }
        let tour = match &state.tour {
            // A page has all of the screen.
            Some(_) if state.page.is_none() && state.rows >= LEAST_WITH_TOUR => 2,
            _ => 0,
        };
        let [header, body, tour, keys] = screen.layout(&Layout::vertical([
            Constraint::Length(1),
            Constraint::Min(0),
            Constraint::Length(tour),
            Constraint::Length(1),
        ]));
        let mut places = Self {
            header,
            body,
            tour,
            keys,
            ..Self::default()
        };
        if let Some(compare) = &state.compare {
            let size = match state.view.zoom {
                Zoom::All => size,
                Zoom::Focused => ScreenSize::Narrow,
            };
            places.comparing(compare.half, field_lines(state).len(), size);
        } else if state.view.zoom == Zoom::Focused {
            *places.of_pane_mut(state.view.focus) = body;
        } else {
            places.browsing(state, size);
        }
        Some(places)
    }

    fn browsing(&mut self, state: &State, size: ScreenSize) {
        match size {
            ScreenSize::TooSmall => {}
            ScreenSize::Narrow => {
                let [prompt, rest] = self.body.layout(&Layout::vertical([
                    Constraint::Length(prompt_height(state, self.body.width)),
                    Constraint::Min(0),
                ]));
                self.prompt = prompt;
                let shown = match state.view.focus {
                    Pane::Prompt => Pane::Grid,
                    focused => focused,
                };
                *self.of_pane_mut(shown) = rest;
            }
            ScreenSize::Medium => {
                let [prompt, rest] = self.body.layout(&Layout::vertical([
                    Constraint::Length(prompt_height(state, self.body.width)),
                    Constraint::Min(0),
                ]));
                self.prompt = prompt;
                let [grid, side] = rest.layout(&Layout::horizontal([
                    Constraint::Min(0),
                    Constraint::Length((rest.width * 2 / 5).clamp(32, 48)),
                ]));
                self.grid = grid;
                self.side(state, side);
            }
            ScreenSize::Wide => {
                let right = (self.body.width * 46 / 100).min(72);
                let [left, side] = self.body.layout(&Layout::horizontal([
                    Constraint::Min(0),
                    Constraint::Length(right),
                ]));
                let [prompt, grid] = left.layout(&Layout::vertical([
                    Constraint::Length(prompt_height(state, left.width)),
                    Constraint::Min(0),
                ]));
                self.prompt = prompt;
                self.grid = grid;
                self.side(state, side);
            }
        }
    }

    /// Log above cell where both fit, else the one that was focused last.
    fn side(&mut self, state: &State, side: Rect) {
        if side.height >= 24 {
            let [log, cell] = side.layout(&Layout::vertical([
                Constraint::Min(0),
                Constraint::Length(CELL_HEIGHT),
            ]));
            self.log = log;
            self.cell = cell;
        } else if state.view.side == Pane::Log {
            self.log = side;
        } else {
            self.cell = side;
        }
    }

    fn comparing(&mut self, half: Half, lines: usize, size: ScreenSize) {
        let lines = u16::try_from(lines).unwrap_or(u16::MAX);
        let [candidates, rest] = self.body.layout(&Layout::vertical([
            Constraint::Length(lines.saturating_add(2)),
            Constraint::Min(0),
        ]));
        self.candidates = candidates;
        match (size, half) {
            (ScreenSize::TooSmall | ScreenSize::Narrow, Half::Table) => self.table = rest,
            (ScreenSize::TooSmall | ScreenSize::Narrow, Half::Chart) => self.chart = rest,
            (ScreenSize::Medium | ScreenSize::Wide, _) => {
                let [table, chart] = rest.layout(&Layout::horizontal([
                    Constraint::Length((rest.width * 2 / 5).clamp(40, 56)),
                    Constraint::Min(0),
                ]));
                self.table = table;
                self.chart = chart;
            }
        }
    }

    fn of_pane_mut(&mut self, pane: Pane) -> &mut Rect {
        match pane {
            Pane::Prompt => &mut self.prompt,
            Pane::Grid => &mut self.grid,
            Pane::Cell => &mut self.cell,
            Pane::Log => &mut self.log,
            Pane::Candidates => &mut self.candidates,
            Pane::Comparison => &mut self.table,
        }
    }

    /// The pane at a place of the screen.
    #[must_use]
    pub fn pane_at(&self, column: u16, row: u16) -> Option<Pane> {
        let at = ratatui::layout::Position::new(column, row);
        [
            (Pane::Prompt, self.prompt),
            (Pane::Grid, self.grid),
            (Pane::Cell, self.cell),
            (Pane::Log, self.log),
            (Pane::Candidates, self.candidates),
            (Pane::Comparison, self.table),
            (Pane::Comparison, self.chart),
        ]
        .into_iter()
        .find(|(_, area)| area.contains(at))
        .map(|(pane, _)| pane)
    }
}

/// Two borders, two lines of figures and one between, ten tokens, one line on the layer below.
const CELL_HEIGHT: u16 = 16;

/// As high as the text, within reason: the grid needs the rows.
fn prompt_height(state: &State, width: u16) -> u16 {
    let most = (state.rows / 4).max(3) - 2;
    let least = if state.rows >= 30 { 2 } else { 1 };
    let inner = usize::from(width.saturating_sub(3).max(1));
    let lines: usize = state
        .prompt
        .editor()
        .lines()
        .iter()
        .map(|line| line.chars().count() / inner + 1)
        .sum();
    u16::try_from(lines).unwrap_or(most).clamp(least, most) + 2
}

/// How many cells the grid, or the table of compare mode, shows at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GridRoom {
    /// Whole cells side by side.
    pub columns: usize,
    /// Columns of the terminal that each takes.
    pub cell: u16,
    /// Rows below the header.
    pub rows: usize,
    /// How many of them stand in a line of the screen.
    pub fold: Fold,
    /// Lines of the screen that each takes, where they are not folded.
    pub height: u16,
}

/// Width of the row labels, `L29` and a space.
pub const ROW_LABEL: u16 = 5;

/// The widest cell: a longer token is cut.
const WIDEST_CELL: u16 = 14;

/// The highest row: beyond it a cell is a tower.
const HIGHEST_ROW: u16 = 3;

/// How high each of `rows` rows is, so that those of a model of few layers fill the `lines` that
/// there are.
fn row_height(lines: usize, rows: usize) -> u16 {
    let each = u16::try_from(lines / rows.max(1)).unwrap_or(HIGHEST_ROW);
    each.clamp(1, HIGHEST_ROW)
}

/// The width of the grid's cells: as wide as there is room for all columns, those still to come
/// among them. Short cells, which are meant to be narrow, are no wider than the tokens above them.
fn cell_width(state: &State, room: u16) -> u16 {
    let options = &state.settings.options.grid;
    let least = options.cells.width();
    let (Some(run), Some(info)) = (state.grid_run(), &state.model.ready) else {
        return least;
    };
    let extent = state.extent();
    let steps = match run.is_active() {
        true => extent.steps.max(run.max_tokens),
        false => extent.steps,
    };
    let columns = u16::try_from(extent.prompt + steps).unwrap_or(u16::MAX);
    let each = room / columns.max(1);
    if options.cells.is_colour_only() || each <= least {
        return least;
    }
    let wanted = match (options.cells, options.value) {
        (Cells::Exact, _) | (_, CellValue::TopToken) => WIDEST_CELL,
        _ => {
            let steps = run.columns.iter().map(|column| column.token);
            let tokens = state.prompt_tokens().iter().copied().chain(steps);
            let widths = tokens.map(|token| text::width(&info.vocabulary.label(token)));
            // A column stays free behind it, and one for the mark of a given one before.
            let widest = widths.max().unwrap_or(0) + 1 + usize::from(run.given > 0);
            u16::try_from(widest).unwrap_or(WIDEST_CELL)
        }
    };
    wanted.min(each).clamp(least, WIDEST_CELL)
}

impl GridRoom {
    /// The room that there is now.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let Some(places) = PaneAreas::of(state) else {
            return Self::default();
        };
        let is_followed = matches!(state.page, Some(Page::Followed(_)));
        let grid = match is_followed {
            true => places.body,
            false => places.grid,
        }
        .inner(Margin::new(1, 1));
        let fold = match &state.compare {
            Some(_) if !is_followed => Fold::Single,
            _ => Fold::of(state.settings.options.grid.cells),
        };
        let lines = match &state.compare {
            Some(_) if is_followed => grid.height.saturating_sub(1).into(),
            Some(_) if places.table.is_empty() => usize::MAX,
            Some(_) => places
                .table
                .inner(Margin::new(1, 1))
                .height
                .saturating_sub(1)
                .into(),
            None => grid.height.saturating_sub(1).into(),
        };
        let rows = state.rows();
        let label = label_width(&rows, fold);
        let room = grid.width.saturating_sub(label);
        let cell = cell_width(state, room);
        let height = match (&state.compare, fold) {
            // The table of compare mode is a list of numbers.
            (Some(_), _) if !is_followed => 1,
            (_, Fold::Pairs) => 1,
            (_, Fold::Single) => row_height(lines, rows.len()),
        };
        Self {
            columns: (room / cell).into(),
            cell,
            rows: (lines / usize::from(height)).saturating_mul(fold.rows()),
            fold,
            height,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_few_layers_are_high_and_all_stay_in_view() {
        for (lines, rows, height) in [(40, 12, 3), (27, 13, 2), (27, 14, 1), (20, 30, 1)] {
            assert_eq!(
                row_height(lines, rows),
                height,
                "{rows} rows in {lines} lines"
            );
        }
        for (lines, rows) in [(0, 0), (0, 4), (usize::MAX, 1)] {
            assert!((1..=HIGHEST_ROW).contains(&row_height(lines, rows)));
        }
    }
}

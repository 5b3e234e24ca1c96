//! Everything that the program knows.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::cursor::Growth;
use super::leaving::Leaving;
use super::update::start_load;
use super::{
    Autosave, Compare, Cursor, Effect, InputLine, Inquiry, Model, Page, Pin, Prompt, Query, Run,
    RunHistory, Tour,
};
use crate::display::grid_rows;
use crate::export::Format;
use crate::run::{ChatFrame, RunId, Sampling};
use crate::settings::keys::Scope;
use crate::settings::theme::{Depth, Theme};
use crate::settings::{Charset, Settings, Switch, Visibility};
use crate::trace::{Ablation, Column, Extent, Position, Row, TokenId};
use crate::vocabulary::Search;

/// How the program is started: what the command line and the settings say.
#[derive(Clone, Debug)]
pub struct Start {
    /// A prompt to be run as soon as the model is ready.
    pub prompt: Option<String>,
    /// A text that is scored as what follows the prompt.
    pub force: Option<String>,
    /// The turns before each prompt, as a JSON list of messages.
    pub messages: Option<String>,
    /// What is skipped in every run.
    pub ablations: Vec<Ablation>,
    /// Whether the tour is offered, which begins once the model is ready.
    pub tour: bool,
    /// How many colours the terminal is known to have; the settings may want others.
    pub depth: Depth,
    /// The characters of the terminal's locale.
    pub charset: Charset,
    /// The terminal's width and height.
    pub size: (u16, u16),
    /// The time of the start.
    pub now: Instant,
}

impl Start {
    /// The start without a prompt, on a terminal of `size` that shows everything.
    #[must_use]
    pub fn on(size: (u16, u16)) -> Self {
        Self {
            prompt: None,
            force: None,
            messages: None,
            ablations: Vec::new(),
            tour: false,
            depth: Depth::TrueColour,
            charset: Charset::Unicode,
            size,
            now: Instant::now(),
        }
    }
}

/// Where the focus can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pane {
    /// The prompt.
    Prompt,
    /// The grid.
    Grid,
    /// The selected cell.
    Cell,
    /// The log.
    Log,
    /// The candidates' field of compare mode.
    Candidates,
    /// Table and chart of compare mode.
    Comparison,
}

/// Whether the focused pane stands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zoom {
    /// All panes are there.
    All,
    /// Only the focused one.
    Focused,
}

/// Whether a text field shows its cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextCursor {
    /// The user types there.
    Shown,
    /// The user types elsewhere.
    Hidden,
}

/// What [`crate::settings::Action::Stop`] would stop or leave now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stops {
    /// The line that is typed in the place of the key line.
    Line,
    /// The page.
    Page,
    /// The run.
    Run,
    /// The load under way.
    Load,
    /// Compare mode.
    Compare,
    /// The zoom.
    Zoom,
    /// The tour.
    Tour,
}

/// How things are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The focused pane.
    pub focus: Pane,
    /// Whether it stands alone.
    pub zoom: Zoom,
    /// Which of cell and log is shown where there is room for one.
    pub side: Pane,
}

/// One line for the user, in the place of the key line, until the next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How it looks.
    pub kind: NoticeKind,
    /// What it says.
    pub text: String,
}

/// How a notice looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Good to know.
    Info,
    /// Something went wrong.
    Error,
}

/// Everything that the program knows.
#[derive(Clone, Debug)]
pub struct State {
    /// What is configured. Its options are those that hold, whoever set them: the files, the
    /// command line, keys, `:set`.
    pub settings: Settings,
    /// The time of the message being handled; the event loop sets it.
    pub now: Instant,
    /// The terminal's width.
    pub columns: u16,
    /// The terminal's height.
    pub rows: u16,
    /// How many colours the terminal is known to have.
    pub terminal_depth: Depth,
    /// The characters of the terminal's locale; [`State::charset`] are those in use.
    pub locale: Charset,
    /// The model: on its way, there, or failed.
    pub model: Model,
    /// The prompt being written.
    pub prompt: Prompt,
    /// The turns before it in a conversation, as a JSON list of messages.
    pub messages: Option<String>,
    /// A prompt that runs as soon as the model is ready.
    pub queued: Option<String>,
    /// A text that is scored as what follows the queued prompt.
    pub queued_text: Option<String>,
    /// The run that is shown.
    pub run: Option<Run>,
    /// The other runs that are kept, and what the shown one is compared with.
    pub history: RunHistory,
    /// What is skipped in the next run of a prompt: the same as in the run that is shown.
    pub ablations: Vec<Ablation>,
    /// The selected cell.
    pub cursor: Cursor,
    /// Compare mode, while it is open.
    pub compare: Option<Compare>,
    /// The candidates that were typed last, for the next time compare mode is opened.
    pub typed_candidates: String,
    /// Positions that compare mode keeps in view beside the current one.
    pub pins: Vec<Pin>,
    /// The model's vocabulary, ready to be searched; made when it is first needed.
    pub(super) search: Option<Arc<Search>>,
    /// The page in the place of the panes, while one is open.
    pub page: Option<Page>,
    /// What was asked last for the bars of attribution in the cell's pane; the answers are with
    /// their runs.
    pub(super) cell_split: Inquiry<()>,
    /// What was looked for last in the grid.
    pub last_search: Option<Query>,
    /// How things are looked at.
    pub view: View,
    /// The page that the help page or the list of actions covers.
    pub(super) covered: Option<Page>,
    /// What is typed in the place of the key line, while it is.
    pub line: Option<InputLine>,
    /// What was typed at the command line, oldest first.
    pub command_history: Vec<String>,
    /// Whether what the terminal gets is recorded.
    pub recording: Switch,
    /// One line for the user.
    pub notice: Option<Notice>,
    /// What is said once the user has read that.
    pub(super) next_notice: Option<Notice>,
    /// The tour, while it is taken.
    pub tour: Option<Tour>,
    /// Whether the tour begins as soon as the model is ready.
    pub(super) tour_is_due: bool,
    /// The recorded run that is shown in the place of a model, by its name.
    pub recorded: Option<String>,
    /// A run was just asked for from the prompt: its first column takes the focus, unless another key
    /// is pressed before.
    pub(super) awaits_columns: bool,
    /// The trace that a session before has left.
    pub autosave: Option<Autosave>,
    /// The file that waits for the states of a run.
    pub(super) wants_states: Option<(RunId, PathBuf, &'static Format)>,
    /// What there is to know before the program ends.
    pub(super) leaving: Leaving,
    /// The run that Ctrl-C was pressed for last; it may not have stopped yet.
    pub(super) interrupted: Option<RunId>,
    pub(super) next_run: RunId,
}

impl State {
    /// The state at the start, and what has to happen first.
    #[must_use]
    pub fn new(settings: Settings, start: Start) -> (Self, Vec<Effect>) {
        let mut state = Self::at_start(settings, start);
        let mut effects = start_load(&mut state);
        effects.extend(state.first_effects());
        (state, effects)
    }

    /// The state at the start, with nothing begun.
    pub(super) fn at_start(settings: Settings, start: Start) -> Self {
        let view = View {
            focus: Pane::Prompt,
            zoom: Zoom::All,
            side: Pane::Cell,
        };
        let notice = settings.problems.first().map(|problem| Notice {
            kind: NoticeKind::Error,
            text: match settings.problems.len() {
                1 => problem.to_string(),
                n => format!("{problem} (and {} more: see the help page)", n - 1),
            },
        });
        let (columns, rows) = start.size;
        let mut state = Self {
            now: start.now,
            columns,
            rows,
            terminal_depth: start.depth,
            locale: start.charset,
            model: Model::default(),
            prompt: Prompt::new(start.prompt.as_deref().unwrap_or_default()),
            queued: match start.prompt {
                Some(prompt) if !prompt.is_empty() => Some(prompt),
                // Its turns are a prompt by themselves.
                _ => start.messages.as_ref().map(|_| String::new()),
            },
            messages: start.messages,
            queued_text: start.force.filter(|text| !text.is_empty()),
            run: None,
            history: RunHistory::default(),
            ablations: start.ablations,
            cursor: Cursor::default(),
            compare: None,
            pins: Vec::new(),
            search: None,
            page: None,
            covered: None,
            line: None,
            command_history: Vec::new(),
            typed_candidates: String::new(),
            last_search: None,
            cell_split: Inquiry::default(),
            view,
            recording: Switch::Off,
            notice,
            next_notice: None,
            tour: None,
            tour_is_due: start.tour,
            recorded: None,
            awaits_columns: false,
            autosave: None,
            wants_states: None,
            leaving: Leaving::default(),
            interrupted: None,
            next_run: RunId(1),
            settings,
        };
        if state.queued.is_some() {
            state.prompt.remember();
            state.view.focus = Pane::Grid;
        }
        state
    }

    /// What has to happen first, whatever is shown.
    pub(super) fn first_effects(&mut self) -> Vec<Effect> {
        self.settle();
        match self.settings.options.mouse {
            Switch::On => vec![Effect::CaptureMouse(super::Capture::On)],
            Switch::Off => Vec::new(),
        }
    }

    /// The run of this name, if it is kept.
    pub(super) fn run_of(&mut self, id: RunId) -> Option<&mut Run> {
        let mut runs = self.run.iter_mut().chain(self.history.others_mut());
        runs.find(|run| run.id == id)
    }

    /// How many colours are used.
    #[must_use]
    pub fn depth(&self) -> Depth {
        self.settings.options.colour.among(self.terminal_depth)
    }

    /// How the tokens of the next run are drawn.
    #[must_use]
    pub fn sampling(&self) -> Sampling {
        Sampling::from(&self.settings.options.sampling)
    }

    /// The conversation whose next turn the prompt is, while chat is on.
    #[must_use]
    pub fn chat(&self) -> Option<ChatFrame> {
        let options = &self.settings.options.chat;
        let info = self.model.ready.as_ref();
        // States that were saved are of one text, whatever it was made from.
        let has_model = info.is_none_or(|info| info.saved_run.is_none());
        (options.template == Switch::On && has_model).then(|| ChatFrame {
            system: Some(options.system.clone()).filter(|system| !system.is_empty()),
            messages: self.messages.clone(),
        })
    }

    /// Whether there is nothing that a model could be given: no prompt, and no turns before it.
    #[must_use]
    pub fn says_nothing(&self) -> bool {
        let chat = self.chat();
        self.prompt.is_empty() && chat.is_none_or(|chat| chat.messages.is_none())
    }

    /// Chat as a run has it.
    pub(super) fn frame_as(&mut self, frame: Option<&ChatFrame>) {
        let options = &mut self.settings.options.chat;
        options.template = match frame {
            Some(_) => Switch::On,
            None => Switch::Off,
        };
        if let Some(frame) = frame {
            options.system = frame.system.clone().unwrap_or_default();
            self.messages.clone_from(&frame.messages);
        }
    }

    /// Where keys are looked up now, the innermost place first.
    #[must_use]
    pub fn scopes(&self) -> &'static [Scope] {
        use Scope::{
            Candidates, Cell, Comparison, Completions, Everywhere, Grid, Log, Panes, Prompt, Text,
        };
        if let Some(line) = &self.line {
            return line.scopes();
        }
        if let Some(page) = &self.page {
            return page.scopes();
        }
        match self.view.focus {
            Pane::Prompt => &[Prompt, Text, Everywhere],
            Pane::Grid => &[Grid, Panes, Everywhere],
            Pane::Cell => &[Cell, Panes, Everywhere],
            Pane::Log => &[Log, Panes, Everywhere],
            Pane::Candidates if self.is_completing() => {
                &[Completions, Candidates, Text, Everywhere]
            }
            Pane::Candidates => &[Candidates, Text, Everywhere],
            Pane::Comparison => &[Comparison, Panes, Everywhere],
        }
    }

    /// What [`crate::settings::Action::Stop`] would stop or leave now.
    #[must_use]
    pub fn stops(&self) -> Option<Stops> {
        if self.line.is_some() {
            Some(Stops::Line)
        } else if self.page.is_some() {
            Some(Stops::Page)
        } else if self.run.as_ref().is_some_and(Run::is_active) {
            Some(Stops::Run)
        } else if self.model.is_loading() {
            Some(Stops::Load)
        } else if self.compare.is_some() {
            Some(Stops::Compare)
        } else if self.view.zoom == Zoom::Focused {
            Some(Stops::Zoom)
        } else if self.tour.is_some() {
            Some(Stops::Tour)
        } else {
            None
        }
    }

    /// Whether the list of tokens is open.
    fn is_completing(&self) -> bool {
        let compare = self.compare.as_ref();
        compare.is_some_and(|compare| compare.completion.is_some())
    }

    /// The grid's rows from top to bottom; none before a model is known.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let info = self.model.ready.as_ref();
        let inside = info.map_or(&[][..], |info| &info.rows_inside);
        grid_rows(self.n_layers(), inside, &self.settings.options.grid)
    }

    /// Number of decoder blocks; 0 before a model is known.
    #[must_use]
    pub fn n_layers(&self) -> usize {
        let of_run = self.run.as_ref().and_then(|run| run.columns.first());
        match of_run {
            Some(column) => column.layers.len(),
            None => self.model.ready.as_ref().map_or(0, |info| info.n_layers),
        }
    }

    /// The columns of the steps in the grid.
    #[must_use]
    pub fn grid_columns(&self) -> &[Arc<Column>] {
        self.grid_run().map_or(&[], |run| &run.columns)
    }

    /// The prompt's tokens that have columns in the grid: from the second one on, where they are
    /// shown.
    #[must_use]
    pub fn prompt_tokens(&self) -> &[TokenId] {
        match (self.settings.options.grid.prompt, self.grid_run()) {
            (Visibility::Shown, Some(run)) => run.prompt_tokens.get(1..).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The columns of [`State::prompt_tokens`], as many as have come.
    #[must_use]
    pub fn prompt_columns(&self) -> &[Arc<Column>] {
        match (self.settings.options.grid.prompt, self.grid_run()) {
            (Visibility::Shown, Some(run)) => run.prompt_columns.columns(),
            _ => &[],
        }
    }

    /// The grid's columns.
    #[must_use]
    pub fn extent(&self) -> Extent {
        Extent {
            prompt: self.prompt_tokens().len(),
            steps: self.grid_columns().len(),
        }
    }

    /// The selected column, if it is there yet.
    #[must_use]
    pub fn selected_column(&self) -> Option<&Column> {
        self.grid_run()?.column_at(self.cursor.place())
    }

    /// The position of the selected column: the one to ask questions about.
    #[must_use]
    pub fn selected_position(&self) -> Option<Position> {
        let run = self.run.as_ref()?;
        Some(run.position_of(self.cursor.place()))
    }

    /// The theme in use; `None` only when there are no themes at all.
    #[must_use]
    pub fn theme(&self) -> Option<&Theme> {
        let themes = &self.settings.themes;
        themes.get(themes.position(&self.settings.options.theme).unwrap_or(0))
    }

    /// The characters in use.
    #[must_use]
    pub fn charset(&self) -> Charset {
        self.settings.options.charset.among(self.locale)
    }

    /// Say one line.
    pub(super) fn say(&mut self, kind: NoticeKind, text: impl Into<String>) {
        // A question that nobody sees any more is withdrawn.
        self.leaving.take_question();
        self.notice = Some(Notice {
            kind,
            text: text.into(),
        });
    }

    /// The page that answers are for: help only lies over it.
    pub(super) fn page_below_help(&mut self) -> Option<&mut Page> {
        self.covered.as_mut().or(self.page.as_mut())
    }

    /// Open a page in the place of whatever page there is.
    pub(super) fn open_page(&mut self, page: impl Into<Page>) {
        self.page = Some(page.into());
    }

    /// Open a page over the one that is open, which comes back when it closes.
    pub(super) fn cover_page(&mut self, page: impl Into<Page>) {
        self.covered = self.page.replace(page.into());
    }

    /// What the open page does with everything else. Meanwhile it stands outside of the state; a
    /// page that is opened meanwhile takes its place.
    pub(super) fn with_page<T>(
        &mut self,
        does: impl FnOnce(&mut Page, &mut Self) -> T,
    ) -> Option<T> {
        let mut page = self.page.take()?;
        let done = does(&mut page, self);
        self.page.get_or_insert(page);
        Some(done)
    }

    /// Close the page; the one that it covered comes back.
    pub(super) fn close_page(&mut self) {
        self.page = self.covered.take();
    }

    /// Bring what depends on everything else in line: the part of the grid in view, the text
    /// cursor.
    pub(super) fn settle(&mut self) {
        let rows = self.rows();
        let extent = self.extent();
        let growth = match &self.run {
            Some(run) if run.is_active() => Growth::Growing,
            _ => Growth::Complete,
        };
        let room = super::GridRoom::of(self);
        self.cursor.keep_in_view(&rows, extent, growth, room);
        self.with_page(|page, state| page.settle(state));
        let cursor = match (self.view.focus, &self.page, &self.line) {
            (Pane::Prompt, None, None) => TextCursor::Shown,
            _ => TextCursor::Hidden,
        };
        self.prompt.show_cursor(cursor);
    }
}

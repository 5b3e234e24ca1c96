//! What the grid's pane shows while there is no grid: how far the model or the prompt is, what
//! went wrong, and what to do next.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use crate::app::{Loading, Model, Phase, State};
use crate::display::palette::Palette;
use crate::display::text;
use crate::settings::Action;
use crate::settings::keys::Scope;
use crate::vocabulary::visible_text;

/// Draw it, a little below the top.
pub fn render(state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
    let page = Page { state, palette };
    let width = area.width.saturating_sub(4).min(64);
    let lines = page.lines(usize::from(width));
    let spare = area
        .height
        .saturating_sub(u16::try_from(lines.len()).unwrap_or(u16::MAX));
    let area = Rect {
        x: area.x + 2.min(area.width),
        y: area.y + (spare / 3).min(4),
        width,
        height: area.height - (spare / 3).min(4),
    };
    Paragraph::new(lines)
        .wrap(Wrap { trim: false })
        .render(area.intersection(buffer.area), buffer);
}

/// Columns of a key.
const KEY: usize = 6;

struct Page<'p> {
    state: &'p State,
    palette: &'p Palette<'p>,
}

impl Page<'_> {
    fn lines(&self, width: usize) -> Vec<Line<'static>> {
        let model = &self.state.model;
        let wanted = &self.state.settings.options.model;
        if model.ready.is_some() {
            return self.of_run(width);
        }
        let mut lines = match &model.loading {
            Loading::Asked => vec![self.title(format!("Getting {wanted}"))],
            Loading::Fetching(progress) => {
                let mut lines = vec![
                    self.title(format!("Fetching {wanted}")),
                    self.muted(format!("{} from {}", progress.file, progress.source)),
                    Line::default(),
                ];
                lines.push(match progress.total {
                    Some(total) => self.bar(
                        progress.bytes as f64 / total.max(1) as f64,
                        &progress.amount(),
                        width,
                    ),
                    None => Line::raw(progress.amount()),
                });
                lines.extend(progress.pace().map(|pace| self.muted(pace)));
                lines
            }
            Loading::Reading { done, total } => vec![
                self.title(format!("Reading {wanted}")),
                Line::default(),
                self.bar(
                    *done as f64 / (*total).max(1) as f64,
                    &format!("{done} of {total} tensors"),
                    width,
                ),
            ],
            Loading::Cancelled => {
                let mut lines = vec![self.title("Loading was stopped".into()), Line::default()];
                lines.extend(self.press(Action::RetryLoad, "to load the model again", width));
                lines
            }
            Loading::Failed(why) => vec![
                Line::styled(
                    format!("{wanted} could not be loaded"),
                    self.palette.error(),
                ),
                Line::raw(why.clone()),
            ],
            Loading::Done => Vec::new(),
        };
        lines.extend(self.sources(model, width));
        lines.extend(self.next_step(model, width));
        lines
    }

    fn sources(&self, model: &Model, width: usize) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        if !model.failed_sources.is_empty() {
            lines.push(Line::default());
            lines.push(self.muted("Tried without success".into()));
        }
        for failed in &model.failed_sources {
            let source = format!("  {}", failed.source);
            lines.push(Line::styled(source, self.palette.warning()));
            let why = visible_text(&failed.why);
            let folded = text::folded(&why, width.saturating_sub(4)).into_iter();
            lines.extend(folded.map(|line| Line::raw(format!("    {line}"))));
        }
        lines
    }

    fn next_step(&self, model: &Model, width: usize) -> Vec<Line<'static>> {
        let mut lines = vec![Line::default()];
        match &model.loading {
            Loading::Failed(_) => {
                lines.extend(self.press(Action::RetryLoad, "to try again", width));
                lines.push(self.muted(
                    "Another model: start lenscape with --model and a name, a .gguf file or a folder."
                        .into(),
                ));
            }
            Loading::Cancelled | Loading::Done => {}
            _ if self.state.queued.is_some() => {
                lines.push(Line::styled(
                    "Your prompt starts when the model is ready.",
                    self.palette.accent(),
                ));
            }
            _ => {
                lines.push(Line::raw("Meanwhile, type a prompt."));
                lines.extend(self.press(Action::Stop, "to stop loading", width));
            }
        }
        lines
    }

    fn of_run(&self, width: usize) -> Vec<Line<'static>> {
        match self.state.run.as_ref().map(|run| &run.phase) {
            Some(Phase::Asked) => vec![self.title("Processing the prompt".into())],
            Some(Phase::Prompt { done, total }) => vec![
                self.title("Processing the prompt".into()),
                Line::default(),
                self.bar(
                    *done as f64 / (*total).max(1) as f64,
                    &format!("{done} of {total} tokens"),
                    width,
                ),
            ],
            Some(Phase::Generating | Phase::Finished(_)) => {
                let mut lines = vec![
                    self.title("The prompt is processed".into()),
                    Line::default(),
                ];
                for (action, what_for) in [
                    (Action::Compare, "to compare what may follow it"),
                    (Action::Generate, "to generate"),
                ] {
                    lines.extend(self.press(action, what_for, width));
                }
                lines
            }
            Some(Phase::Failed(why)) => vec![
                Line::styled("The run failed", self.palette.error()),
                Line::raw(why.clone()),
            ],
            None => {
                let mut lines = vec![
                    self.title("Nothing generated yet".into()),
                    self.muted("Type a prompt above; each token becomes a column here.".into()),
                    Line::default(),
                ];
                for (action, what_for) in [
                    (Action::Generate, "to generate"),
                    (Action::NextExample, "for an example"),
                    (Action::Compare, "to compare what may follow the prompt"),
                    (Action::Help, "for all keys"),
                ] {
                    lines.extend(self.press(action, what_for, width));
                }
                lines.extend(self.notes());
                lines
            }
        }
    }

    /// What a reader of the model's figures should know.
    fn notes(&self) -> impl Iterator<Item = Line<'static>> {
        let notes = self.state.model.ready.iter().flat_map(|info| &info.notes);
        notes.flat_map(|note| {
            let note = Line::styled(visible_text(note), self.palette.warning());
            [Line::default(), note]
        })
    }

    fn title(&self, text: String) -> Line<'static> {
        Line::styled(text, self.palette.strong())
    }

    fn muted(&self, text: String) -> Line<'static> {
        Line::styled(text, self.palette.muted())
    }

    /// The key for an action from where the user is; where there is none, from any pane.
    fn press(&self, action: Action, what_for: &str, width: usize) -> Vec<Line<'static>> {
        let keymap = &self.state.settings.keymap;
        let everywhere = [Scope::Panes, Scope::Everywhere];
        let key = keymap.key_for(self.state.scopes(), action).or_else(|| {
            keymap
                .key_for(&everywhere, action)
                .map(|key| match self.state.view.focus {
                    crate::app::Pane::Prompt => format!("tab {key}"),
                    _ => key,
                })
        });
        let Some(key) = key else {
            return vec![Line::default()];
        };
        let mut key = format!("{key:>KEY$}");
        let folded = text::folded(what_for, width.saturating_sub(KEY + 2)).into_iter();
        let lines = folded.map(|what_for| {
            let key = std::mem::replace(&mut key, " ".repeat(KEY));
            Line::from(vec![
                Span::styled(key, self.palette.accent()),
                Span::styled(format!("  {what_for}"), self.palette.muted()),
            ])
        });
        lines.collect()
    }

    fn bar(&self, part: f64, words: &str, width: usize) -> Line<'static> {
        let bar = width.saturating_sub(words.chars().count() + 2).min(30);
        let done = ((part.clamp(0.0, 1.0) * bar as f64).round() as usize).min(bar);
        Line::from(vec![
            Span::styled("━".repeat(done), self.palette.accent()),
            Span::styled("─".repeat(bar - done), self.palette.muted()),
            Span::raw(format!("  {words}")),
        ])
    }
}

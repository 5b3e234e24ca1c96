//! The only place that knows colours: everything else names roles.
//!
//! A cell of a heat map paints both its ground and its text; everything else is drawn on the
//! terminal's own ground, in its own text colour where no role says otherwise. Without colour,
//! reverse video, bold and shades take their place. Dim text is never used: on many terminals it
//! cannot be read.

#![expect(
    clippy::disallowed_types,
    reason = "the one place of the screens that knows colours"
)]

use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::BorderType;

use crate::display::scale::{self, Tone};
use crate::settings::Charset;
use crate::settings::theme::{Depth, STEPS, Shade, Theme};

mod contrast;
#[cfg(test)]
mod tests;

/// Shades for a terminal without colour, from rank 1 to the worst.
const SHADES: [&str; STEPS] = ["█", "▓", "▓", "▒", "▒", "░", " "];

/// The same for what can go either way: how far it goes; which way, its sign says.
const DIVERGING_SHADES: [&str; STEPS] = ["█", "▓", "░", " ", "░", "▓", "█"];

/// Whether something has the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// What is drawn has the focus: keys go there.
    Here,
    /// Something else has the focus.
    Elsewhere,
}

/// What each role looks like under one theme at one colour depth.
#[derive(Clone, Copy, Debug)]
pub struct Palette<'t> {
    theme: &'t Theme,
    depth: Depth,
    charset: Charset,
}

impl<'t> Palette<'t> {
    /// The looks of a theme at a depth.
    #[must_use]
    pub fn new(theme: &'t Theme, depth: Depth) -> Self {
        Self {
            theme,
            depth,
            charset: Charset::Unicode,
        }
    }

    /// The same for a screen of these characters.
    #[must_use]
    pub fn in_charset(self, charset: Charset) -> Self {
        Self { charset, ..self }
    }

    /// The characters of the screen.
    #[must_use]
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// Plain text.
    #[must_use]
    pub fn text(&self) -> Style {
        Style::new()
    }

    /// What should catch the eye.
    #[must_use]
    pub fn strong(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Labels, borders and hints.
    #[must_use]
    pub fn muted(&self) -> Style {
        self.role(self.theme.muted)
    }

    /// What has the focus or is new.
    #[must_use]
    pub fn accent(&self) -> Style {
        self.role(self.theme.accent)
    }

    /// What needs the user's attention.
    #[must_use]
    pub fn warning(&self) -> Style {
        self.role(self.theme.warning)
    }

    /// What raises a token.
    #[must_use]
    pub fn raises(&self) -> Style {
        self.accent()
    }

    /// What lowers a token. Its minus tells it without colour.
    #[must_use]
    pub fn lowers(&self) -> Style {
        self.warning()
    }

    /// What went wrong.
    #[must_use]
    pub fn error(&self) -> Style {
        self.role(self.theme.error).add_modifier(Modifier::BOLD)
    }

    /// A pane's border.
    #[must_use]
    pub fn border(&self, focus: Focus) -> Style {
        match focus {
            Focus::Here => self.accent(),
            Focus::Elsewhere => self.muted(),
        }
    }

    /// The lines of a pane's border.
    #[must_use]
    pub fn border_type(&self, focus: Focus) -> BorderType {
        match (focus, self.depth) {
            (Focus::Here, Depth::None) => BorderType::Thick,
            _ => BorderType::Rounded,
        }
    }

    /// A pane's title.
    #[must_use]
    pub fn title(&self, focus: Focus) -> Style {
        match focus {
            Focus::Here => self.accent().add_modifier(Modifier::BOLD),
            Focus::Elsewhere => self.text(),
        }
    }

    /// The selected one of several things.
    #[must_use]
    pub fn selected(&self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The selected cell of the grid, on a ground that no other cell has.
    #[must_use]
    pub fn selected_cell(&self) -> Style {
        self.role(self.theme.selected)
            .add_modifier(Modifier::REVERSED | Modifier::BOLD)
    }

    /// The name of the row or column of that cell: a faint tint of the accent, where there are
    /// colours enough for one.
    #[must_use]
    pub fn selected_name(&self) -> Style {
        let style = self.accent().add_modifier(Modifier::BOLD);
        match self.theme.tint.and_then(|tint| tint.at(self.depth)) {
            Some(tint) => style.bg(tint),
            None => style,
        }
    }

    /// A cell that shows a rank. Rank 1 is bold as well, so that it can be told without colour.
    #[must_use]
    pub fn rank(&self, rank: u32) -> Style {
        let style = self.step(scale::step(rank));
        match rank {
            1 => style.add_modifier(Modifier::BOLD),
            _ => style,
        }
    }

    /// A step of the scale of ranks, text on ground.
    #[must_use]
    pub fn step(&self, step: usize) -> Style {
        self.tone(Tone::Sequential(step))
    }

    /// The shade that stands for a step of the scale of ranks where there is no colour.
    #[must_use]
    pub fn shade(&self, step: usize) -> Option<&'static str> {
        self.tone_shade(Tone::Sequential(step))
    }

    /// A step of any scale, text on ground.
    #[must_use]
    pub fn tone(&self, tone: Tone) -> Style {
        let ground = match tone {
            Tone::Sequential(step) => self.theme.ramp.at(step, self.depth),
            Tone::Diverging(step) => self.theme.diverging.at(step, self.depth),
            Tone::Dimmed => return self.muted(),
        };
        match ground {
            Some(ground) => Style::new().fg(contrast::ink_on(ground)).bg(ground),
            None => Style::new(),
        }
    }

    /// The shade that stands for a step of any scale where there is no colour.
    #[must_use]
    pub fn tone_shade(&self, tone: Tone) -> Option<&'static str> {
        let (shades, step) = match tone {
            Tone::Sequential(step) => (SHADES, step),
            Tone::Diverging(step) => (DIVERGING_SHADES, step),
            Tone::Dimmed => (SHADES, STEPS - 1),
        };
        match self.depth {
            Depth::None => shades.get(step.min(STEPS - 1)).copied(),
            _ => None,
        }
    }

    /// Two steps in one character, the first one above, where a character can have two colours;
    /// where one is missing, only the other has a colour.
    #[must_use]
    pub fn halves(&self, tones: [Option<Tone>; 2]) -> Option<(&'static str, Style)> {
        if self.depth == Depth::None || self.charset == Charset::Ascii {
            return None;
        }
        let ground = |tone: Option<Tone>| tone.and_then(|tone| self.tone(tone).bg);
        Some(match tones.map(ground) {
            [Some(upper), Some(lower)] => ("▀", Style::new().fg(upper).bg(lower)),
            [Some(upper), None] => ("▀", Style::new().fg(upper)),
            [None, Some(lower)] => ("▄", Style::new().fg(lower)),
            [None, None] => ("·", self.muted()),
        })
    }

    /// The line of a candidate. Its letter tells it from the others without colour.
    #[must_use]
    pub fn line(&self, candidate: usize) -> Style {
        let lines = &self.theme.lines;
        match lines.get(candidate % lines.len().max(1)) {
            Some(shade) => self.role(*shade),
            None => self.text(),
        }
    }

    /// The colour of a candidate's line, for a canvas.
    #[must_use]
    pub fn line_colour(&self, candidate: usize) -> Color {
        self.line(candidate).fg.unwrap_or(Color::Reset)
    }

    /// The colour of labels and guides, for a canvas.
    #[must_use]
    pub fn muted_colour(&self) -> Color {
        self.muted().fg.unwrap_or(Color::Reset)
    }

    fn role(&self, shade: Shade) -> Style {
        match shade.at(self.depth) {
            Some(colour) => Style::new().fg(colour),
            None => Style::new(),
        }
    }
}

//! The paper of a figure: title, prompt and caption around what is drawn.

use std::fmt::{self, Display, Write as _};

use ratatui::style::Style;

use super::legend::Legend;
use crate::display::palette::Palette;
use crate::display::scale::Tone;
use crate::display::{shown, text};
use crate::export::svg::{Rgb, colours_of, escaped};
use crate::run::Record;
use crate::settings::theme::{Depth, Theme};
use crate::vocabulary::visible_text;

/// Room around everything.
const MARGIN: f32 = 24.0;
/// Size of most letters.
pub const LETTERS: f32 = 12.0;
/// Columns of the terminal that the prompt may take; a longer one is cut.
const LONGEST_PROMPT: usize = 110;
/// Where the drawing begins below title and prompt.
const HEAD: f32 = 58.0;
/// Height of scale and caption below the drawing.
const FOOT: f32 = 62.0;
/// The narrowest page, so that title and caption have room.
const NARROWEST: f32 = 560.0;

/// Grey text, as the style sheet has it.
const MUTED: Rgb = Rgb(0x66, 0x66, 0x66);
/// The paper.
const PAPER: Rgb = Rgb(0xff, 0xff, 0xff);

/// A figure without its paper: what is drawn, from the origin to the right and down.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    /// In user units.
    pub width: f32,
    /// In user units.
    pub height: f32,
    marks: String,
}

/// Where a text stands on its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// The looks of a text, by the names of the style sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Black.
    Plain,
    /// Black and bold.
    Strong,
    /// Grey.
    Muted,
}

impl Display for Face {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "ink",
            Self::Strong => "ink strong",
            Self::Muted => "muted",
        })
    }
}

impl Drawing {
    /// Adds whatever SVG there is.
    pub fn mark(&mut self, mark: impl Display) {
        // Writing to a string does not fail.
        let _ = writeln!(self.marks, "{mark}");
    }

    /// What was added, as SVG.
    pub fn marks(self) -> String {
        self.marks
    }

    /// A line of text whose baseline is at `y`.
    pub fn text(&mut self, (x, y): (f32, f32), anchor: Anchor, face: Face, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escaped(text);
        self.mark(format_args!(
            r#"<text class="{face}" x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>"#
        ));
    }

    /// A cell of a heat map; `words` are shown where the mouse stays on it.
    pub fn cell(&mut self, place: Area, cell_text: &CellText<'_>, words: &str, theme: &Theme) {
        let Area {
            x,
            y,
            width,
            height,
        } = place;
        let (ink, ground) = tone_colours(cell_text.tone, theme);
        let (words, text) = (escaped(words), escaped(cell_text.text));
        let strong = match cell_text.face {
            Face::Strong => r#" class="strong""#,
            Face::Plain | Face::Muted => "",
        };
        let (middle, base) = (x + width / 2.0, y + height / 2.0 + 4.0);
        self.mark(format_args!(
            r#"<g><title>{words}</title><rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{ground}" class="edge"/><text{strong} x="{middle}" y="{base}" text-anchor="middle" fill="{ink}">{text}</text></g>"#
        ));
    }
}

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellText<'s> {
    /// Its text.
    pub text: &'s str,
    /// Its colour.
    pub tone: Tone,
    /// How the text looks: strong where the token is on rank 1.
    pub face: Face,
}

/// How the text of a cell on that rank looks.
pub fn face_of(rank: u32) -> Face {
    match rank {
        1 => Face::Strong,
        _ => Face::Plain,
    }
}

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

/// Text and ground of a cell.
pub fn tone_colours(tone: Tone, theme: &Theme) -> (Rgb, Rgb) {
    if tone == Tone::Dimmed {
        return (MUTED, PAPER);
    }
    colours_of(Palette::new(theme, Depth::TrueColour).tone(tone))
}

/// The colour of a candidate's line.
pub fn line_colour(candidate: usize, theme: &Theme) -> Rgb {
    let style: Style = Palette::new(theme, Depth::TrueColour).line(candidate);
    colours_of(style).0
}

/// About how wide a text is; letters differ, and so do the reader's fonts.
pub fn width_of(label: &str) -> f32 {
    text::width(label) as f32 * LETTERS * 0.64
}

/// A whole figure.
#[derive(Clone, Debug)]
pub struct Page {
    /// What it shows.
    pub title: String,
    prompt: String,
    /// Model and lens.
    seen_with: Vec<String>,
    /// What cells say.
    cells: Option<String>,
    /// How tokens were drawn, and by which program.
    made_with: Vec<String>,
    drawing: Drawing,
    legend: String,
}

impl Page {
    /// The page around a drawing.
    pub fn new(title: String, record: &Record, drawing: Drawing) -> Self {
        let prompt = quoted(&record.prompt);
        Self {
            title,
            prompt: text::cut(&prompt, LONGEST_PROMPT).into_owned(),
            seen_with: seen_with(record),
            cells: None,
            made_with: made_with(record),
            legend: String::new(),
            drawing,
        }
    }

    /// With the steps of a scale below the drawing.
    pub fn with_legend(mut self, legend: &Legend, theme: &Theme) -> Self {
        self.legend = legend.drawn(theme, self.drawing.height);
        self
    }

    /// The caption names what cells say.
    pub fn with_cells(mut self, cells: &str) -> Self {
        self.cells = Some(format!("cells {cells}"));
        self
    }

    /// With the text up to a place instead of the prompt, and the token that stands there.
    pub fn up_to(mut self, before: &str, token: &str) -> Self {
        let mark = format!(" ▸ {token}");
        let room = LONGEST_PROMPT.saturating_sub(text::width(&mark));
        self.prompt = format!("{}{mark}", text::cut_left(&quoted(before), room));
        self
    }

    /// Width and height of the paper, in user units.
    pub fn size(&self) -> (f32, f32) {
        (
            self.drawing.width.max(NARROWEST).ceil() + 2.0 * MARGIN,
            self.drawing.height.ceil() + HEAD + FOOT + 2.0 * MARGIN,
        )
    }

    /// The figure as a whole SVG document.
    pub fn svg(&self) -> String {
        let (width, height) = self.size();
        let parts = self.seen_with.iter().chain(&self.cells);
        let parts: Vec<&str> = parts.chain(&self.made_with).map(String::as_str).collect();
        let caption = parts.join(" · ");
        let [title, prompt, caption] =
            [&self.title, &self.prompt, &caption].map(|text| escaped(text));
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">
<title>{title}</title>
<desc>{prompt}. {caption}</desc>
<style>
text {{ font-family: "DejaVu Sans", Verdana, "Helvetica Neue", Arial, sans-serif; font-size: {LETTERS}px; white-space: pre }}
.title {{ font-size: 17px; font-weight: 700 }}
.small {{ font-size: 10.5px }}
.strong {{ font-weight: 700 }}
.ink {{ fill: #1a1a1a }}
.muted {{ fill: #666666 }}
.paper {{ fill: #ffffff }}
.edge {{ stroke: #ffffff; stroke-width: 1 }}
.swatch {{ stroke: #b4b4b4; stroke-width: 1 }}
.guide {{ stroke: #d8d8d8; stroke-width: 1 }}
</style>
<rect class="paper" width="{width}" height="{height}"/>
<g transform="translate({MARGIN} {MARGIN})">
<text class="ink title" x="0" y="16">{title}</text>
<text class="muted" x="0" y="38">{prompt}</text>
<g transform="translate(0 {HEAD})">
{marks}{legend}<text class="muted small" x="0" y="{caption_at}">{caption}</text>
</g>
</g>
</svg>
"##,
            marks = self.drawing.marks,
            legend = self.legend,
            caption_at = self.drawing.height + FOOT - 4.0,
        )
    }
}

fn quoted(text: &str) -> String {
    let text = visible_text(text).replace('\n', "⏎");
    format!("“{text}”")
}

/// Model and lens.
fn seen_with(record: &Record) -> Vec<String> {
    let model = &record.model;
    let mut parts = vec![
        visible_text(&model.name),
        format!("{} layers", model.n_layers),
    ];
    // The catalog's names end in the type of the weights.
    if !model.name.ends_with(&model.weights) {
        parts.push(format!("weights {}", visible_text(&model.weights)));
    }
    parts.push(format!("lens {}", record.lens.in_words()));
    parts
}

/// Settings and the program's version.
fn made_with(record: &Record) -> Vec<String> {
    let sampling = &record.sampling;
    let mut parts = Vec::new();
    if sampling.temperature > 0.0 {
        parts.push(format!("temperature {}", sampling.temperature));
        parts.extend(sampling.top_k.map(|k| format!("top-k {k}")));
        parts.extend(sampling.top_p.map(|p| format!("top-p {p}")));
        parts.push(format!("seed {}", sampling.seed));
    } else {
        parts.push("greedy".into());
    }
    if sampling.repeat_penalty != 1.0 {
        parts.push(format!("repeat penalty {}", sampling.repeat_penalty));
    }
    parts.push(concat!("lenscape ", env!("CARGO_PKG_VERSION")).into());
    parts
}

/// A candidate's text as it is shown, cut where it is long.
pub fn candidate_label(text: &str) -> String {
    text::cut(&shown(text), 14).into_owned()
}

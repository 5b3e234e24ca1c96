//! The scale below a figure.

use super::page::{Anchor, Drawing, Face, tone_colours, width_of};
use crate::display::scale::{self, Tone};
use crate::export::svg::escaped;
use crate::run::Record;
use crate::settings::theme::Theme;

/// The steps of a scale.
#[derive(Clone, Debug)]
pub struct Legend {
    /// What they are steps of.
    pub name: &'static str,
    /// Each with what it holds.
    pub steps: Vec<(Tone, String)>,
    /// What is to be said beside them.
    pub note: Option<&'static str>,
}

impl Legend {
    /// The scale of ranks.
    pub fn of_ranks(record: &Record) -> Self {
        Self {
            name: "rank",
            steps: scale::ranks(record.model.vocab_size).legend(),
            note: None,
        }
    }

    /// The steps side by side, below `top`.
    pub fn drawn(&self, theme: &Theme, top: f32) -> String {
        let labels = self.steps.iter().map(|(_, label)| width_of(label));
        let width = labels.fold(46.0, f32::max);
        let mut drawing = Drawing::default();
        let base = top + 27.0;
        drawing.text((0.0, base), Anchor::Start, Face::Muted, self.name);
        let left = width_of(self.name) + 8.0;
        for (step, (tone, label)) in self.steps.iter().enumerate() {
            let x = left + step as f32 * width;
            let (ink, ground) = tone_colours(*tone, theme);
            drawing.mark(format_args!(
                r#"<rect x="{x}" y="{}" width="{width}" height="18" fill="{ground}" class="swatch"/><text class="small" x="{}" y="{base}" text-anchor="middle" fill="{ink}">{}</text>"#,
                top + 14.0,
                x + width / 2.0,
                escaped(label),
            ));
        }
        if let Some(note) = self.note {
            let x = left + self.steps.len() as f32 * width + 10.0;
            drawing.text((x, base), Anchor::Start, Face::Muted, note);
        }
        drawing.marks()
    }
}

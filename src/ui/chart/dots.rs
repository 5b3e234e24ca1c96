//! Lines as dots of Braille: solid ones with a mark at the layers, and, where there is no colour to
//! tell them apart, such of different strokes.

use super::Chart;

/// Which dots of each stretch of a line are drawn: lines, dashes and dots.
const STROKES: [&[u8]; 8] = [
    b"#",
    b"#####...",
    b"#..",
    b"#######..#..",
    b"##..",
    b"#####..#..#..",
    b"#....",
    b"########....",
];

/// The stroke of a candidate at a prompt. One prompt's candidates all differ, and so do three
/// prompts' first two.
fn stroke(candidate: usize, prompt: Option<usize>) -> &'static [u8] {
    STROKES[(candidate * 3 + prompt.unwrap_or(0)) % STROKES.len()]
}

/// So many dots apart, marks can be told from the line between them.
const APART: f64 = 5.0;

/// The canvas of dots, two by four to a character.
pub struct Dots {
    /// Width and height of a dot, in the units of the points.
    dot: (f64, f64),
    /// Each so many layers have a mark.
    every: f64,
    /// Dots from the upper edge of a line to its lower one.
    thickness: u8,
}

/// From so many rows on lines are two dots thick; in fewer they would hide each other.
const ROWS_OF_THICK: u16 = 14;

impl Dots {
    /// The dots of a chart.
    pub fn of(chart: &Chart<'_>) -> Self {
        let width = (chart.layers - 1) as f64 - chart.first;
        let height = chart.axis.high - chart.axis.low;
        Self::new((chart.plot.width, chart.plot.height), (width, height))
    }

    /// The dots of so many columns and rows of the screen, which are `width` × `height` in the units
    /// of the points.
    fn new((columns, rows): (u16, u16), (width, height): (f64, f64)) -> Self {
        let across = f64::from(columns * 2).max(2.0) - 1.0;
        let down = f64::from(rows * 4).max(2.0) - 1.0;
        let dot = (
            width.max(f64::MIN_POSITIVE) / across,
            height.max(f64::MIN_POSITIVE) / down,
        );
        let every = [1.0, 2.0, 5.0, 10.0, 20.0];
        let every = every.into_iter().find(|every| every / dot.0 >= APART);
        Self {
            dot,
            every: every.unwrap_or(50.0),
            thickness: if rows < ROWS_OF_THICK { 1 } else { 2 },
        }
    }

    /// A line with a mark at the layers.
    pub fn solid(&self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        let thin = self.drawn(points, b"#");
        let mut dots: Vec<(f64, f64)> = thin
            .iter()
            .flat_map(|(x, y)| {
                let down = (0..self.thickness).map(f64::from);
                down.map(move |down| (*x, y - down * self.dot.1))
            })
            .collect();
        let is_marked = |layer: f64| layer.fract() == 0.0 && layer % self.every == 0.0;
        for (x, y) in points.iter().filter(|(layer, _)| is_marked(*layer)) {
            for across in [-1.0, 0.0, 1.0] {
                for down in -1..=i8::try_from(self.thickness).unwrap_or(1) {
                    let down = f64::from(down) * self.dot.1;
                    dots.push((x + across * self.dot.0, y - down));
                }
            }
        }
        dots
    }

    /// A line with the stroke of its candidate and prompt.
    pub fn dashed(
        &self,
        points: &[(f64, f64)],
        candidate: usize,
        prompt: Option<usize>,
    ) -> Vec<(f64, f64)> {
        self.drawn(points, stroke(candidate, prompt))
    }

    fn drawn(&self, points: &[(f64, f64)], stroke: &[u8]) -> Vec<(f64, f64)> {
        let mut dots = Vec::new();
        let mut drawn = 0;
        for pair in points.windows(2) {
            let [(x1, y1), (x2, y2)] = *pair else {
                continue;
            };
            let steps = ((x2 - x1) / self.dot.0).abs();
            let steps = steps.max(((y2 - y1) / self.dot.1).abs());
            let steps = steps.ceil().max(1.0) as usize;
            for step in 0..steps {
                if stroke.get(drawn % stroke.len().max(1)) == Some(&b'#') {
                    let part = step as f64 / steps as f64;
                    dots.push((x1 + (x2 - x1) * part, y1 + (y2 - y1) * part));
                }
                drawn += 1;
            }
        }
        dots.extend(points.last());
        dots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_stand_together_have_different_strokes() {
        let mut of_one: Vec<_> = (0..8).map(|candidate| stroke(candidate, None)).collect();
        of_one.sort_unstable();
        of_one.dedup();
        assert_eq!(of_one.len(), 8);
        let mut of_three: Vec<_> = (0..3)
            .flat_map(|prompt| [stroke(0, Some(prompt)), stroke(1, Some(prompt))])
            .collect();
        of_three.sort_unstable();
        of_three.dedup();
        assert_eq!(of_three.len(), 6);
    }

    #[test]
    fn a_dashed_line_has_gaps_and_reaches_its_end() {
        let dots = Dots::new((10, 1), (19.0, 3.0));
        let points = [(0.0, 0.0), (19.0, 0.0)];
        let (whole, dashed) = (dots.drawn(&points, b"#"), dots.drawn(&points, b"#."));
        assert_eq!((whole.len(), dashed.len()), (20, 11));
        assert_eq!(dashed.last(), Some(&(19.0, 0.0)));
    }

    #[test]
    fn marks_stand_at_the_layers_that_there_is_room_for() {
        for (columns, every) in [(100, 1.0), (40, 2.0), (28, 5.0), (12, 10.0)] {
            let dots = Dots::new((columns, 20), (29.0, 3.0));
            assert_eq!(dots.every, every, "{columns}");
        }
    }
}

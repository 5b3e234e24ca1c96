//! Lines of different strokes, so that they are told apart without colour.

use ratatui::layout::Rect;

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
pub fn stroke(candidate: usize, prompt: Option<usize>) -> &'static [u8] {
    STROKES[(candidate * 3 + prompt.unwrap_or(0)) % STROKES.len()]
}

/// The dots of a line through `points`, in a canvas of Braille dots over `plot` with bounds
/// `width` × `height` in the units of the points.
pub fn dots(
    points: &[(f64, f64)],
    stroke: &[u8],
    plot: Rect,
    (width, height): (f64, f64),
) -> Vec<(f64, f64)> {
    let scale_x = f64::from(plot.width * 2) / width.max(f64::MIN_POSITIVE);
    let scale_y = f64::from(plot.height * 4) / height.max(f64::MIN_POSITIVE);
    let mut dots = Vec::new();
    let mut drawn = 0;
    for pair in points.windows(2) {
        let [(x1, y1), (x2, y2)] = *pair else {
            continue;
        };
        let steps = ((x2 - x1) * scale_x).abs().max(((y2 - y1) * scale_y).abs());
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
        let plot = Rect::new(0, 0, 10, 1);
        let points = [(0.0, 0.0), (20.0, 0.0)];
        let whole = dots(&points, b"#", plot, (20.0, 1.0));
        let dashed = dots(&points, b"#.", plot, (20.0, 1.0));
        assert_eq!((whole.len(), dashed.len()), (21, 11));
        assert_eq!(dashed.last(), Some(&(20.0, 0.0)));
    }
}

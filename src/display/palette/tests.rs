#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! Every theme can be read, keeps its order and tells its steps apart, whichever way its reader
//! sees colour.

use ratatui::style::Color;

use crate::display::palette::Palette;
use crate::display::palette::contrast::{contrast, ink_on, linear, luminance, rgb};
use crate::settings::theme::{Depth, STEPS, Shade, Theme, Themes};

const COLOURED: [Depth; 3] = [Depth::TrueColour, Depth::Indexed, Depth::Ansi];

fn themes() -> Vec<Theme> {
    let themes = Themes::embedded().unwrap();
    (0..themes.names().count())
        .map(|at| themes.get(at).unwrap().clone())
        .collect()
}

fn steps(theme: &Theme, depth: Depth) -> Vec<Color> {
    (0..STEPS)
        .map(|step| theme.ramp.at(step, depth).unwrap())
        .collect()
}

fn diverging(theme: &Theme, depth: Depth) -> Vec<Color> {
    (0..STEPS)
        .map(|step| theme.diverging.at(step, depth).unwrap())
        .collect()
}

#[test]
fn every_number_can_be_read_on_its_cell() {
    for theme in themes() {
        for depth in COLOURED {
            let grounds = [steps(&theme, depth), diverging(&theme, depth)].concat();
            for ground in grounds {
                let contrast = contrast(ink_on(ground), ground);
                assert!(
                    contrast >= 4.5,
                    "{} {depth:?} {ground}: {contrast:.1}",
                    theme.name
                );
            }
        }
    }
}

#[test]
fn the_selected_names_can_be_read_on_their_tint() {
    for theme in themes() {
        for depth in [Depth::TrueColour, Depth::Indexed] {
            let style = Palette::new(&theme, depth).selected_name();
            let (ink, tint) = (style.fg.unwrap(), style.bg.unwrap());
            let contrast = contrast(ink, tint);
            assert!(contrast >= 4.5, "{} {depth:?}: {contrast:.1}", theme.name);
        }
    }
}

#[test]
fn no_cell_looks_like_the_selected_one() {
    for theme in themes() {
        for depth in COLOURED {
            let selected = theme.selected.at(depth).unwrap();
            for step in steps(&theme, depth) {
                let distance = Sight::ALL[0].distance(selected, step);
                assert!(
                    distance >= 0.1,
                    "{} {depth:?} {step}: {distance:.3}",
                    theme.name
                );
            }
        }
    }
}

#[test]
fn lightness_goes_one_way() {
    for theme in themes() {
        for depth in COLOURED {
            let lightness: Vec<f64> = steps(&theme, depth)
                .iter()
                .map(|colour| luminance(rgb(*colour)))
                .collect();
            let down = lightness.is_sorted_by(|a, b| a > b);
            let up = lightness.is_sorted_by(|a, b| a < b);
            // Among 16 colours, neighbours may share one.
            let shared = depth == Depth::Ansi
                && (lightness.is_sorted() || lightness.iter().rev().is_sorted());
            assert!(
                down || up || shared,
                "{} {depth:?}: {lightness:?}",
                theme.name
            );
        }
    }
}

/// From the middle to either end, or, where there is no hue to tell the ends apart, from one end
/// to the other.
#[test]
fn lightness_of_a_diverging_scale_goes_one_way_on_either_side() {
    for theme in themes() {
        for depth in COLOURED {
            let colours = diverging(&theme, depth);
            let lightness: Vec<f64> = colours.iter().map(|c| luminance(rgb(*c))).collect();
            let (down, up) = (&lightness[..=STEPS / 2], &lightness[STEPS / 2..]);
            let falls = |side: &[f64]| side.is_sorted_by(|a, b| a >= b);
            let rises = |side: &[f64]| side.is_sorted_by(|a, b| a <= b);
            let both = falls(down) && rises(up) || rises(down) && falls(up);
            assert!(
                both || rises(&lightness),
                "{} {depth:?}: {lightness:?}",
                theme.name
            );
        }
    }
}

#[test]
fn more_and_less_can_be_told_apart_by_everybody() {
    for theme in themes() {
        for depth in COLOURED {
            let colours = diverging(&theme, depth);
            for sight in Sight::ALL {
                for step in 0..STEPS / 2 {
                    let pair = (colours[step], colours[STEPS - 1 - step]);
                    let distance = sight.distance(pair.0, pair.1);
                    assert!(
                        distance >= 0.12,
                        "{} {depth:?} {sight:?} {pair:?}: {distance:.3}",
                        theme.name
                    );
                }
            }
        }
    }
}

#[test]
fn neighbouring_steps_can_be_told_apart_by_everybody() {
    for theme in themes() {
        for depth in [Depth::TrueColour, Depth::Indexed] {
            for sight in Sight::ALL {
                let scales = [steps(&theme, depth), diverging(&theme, depth)];
                for pair in scales.iter().flat_map(|scale| scale.windows(2)) {
                    let distance = sight.distance(pair[0], pair[1]);
                    assert!(
                        distance >= 0.045,
                        "{} {depth:?} {sight:?} {pair:?}: {distance:.3}",
                        theme.name
                    );
                }
            }
        }
    }
}

#[test]
fn the_first_four_lines_can_be_told_apart_by_everybody() {
    for theme in themes() {
        for (at, line) in theme.lines.iter().enumerate().take(4) {
            for other in theme.lines.iter().take(at) {
                for sight in Sight::ALL {
                    let distance = sight.distance(line.indexed, other.indexed);
                    assert!(distance >= 0.12, "{} {sight:?}: {distance:.3}", theme.name);
                }
            }
        }
    }
}

#[test]
fn every_role_can_be_read_on_the_ground_it_is_made_for() {
    for theme in themes() {
        let ground = match theme.name.as_str() {
            "light" => Color::Rgb(255, 255, 255),
            _ => Color::Rgb(0, 0, 0),
        };
        let roles = [theme.accent, theme.muted, theme.warning, theme.error];
        for shade in roles.iter().chain(&theme.lines) {
            let Shade {
                truecolour,
                indexed,
                ..
            } = *shade;
            for colour in [truecolour, indexed] {
                let own = colour == Color::Reset;
                let contrast = contrast(colour, ground);
                assert!(
                    own || contrast >= 4.5,
                    "{} {colour}: {contrast:.1}",
                    theme.name
                );
            }
        }
    }
}

/// The colour in OKLab, as it is usually seen.
fn seen(colour: Color) -> [f64; 3] {
    oklab(rgb(colour).map(linear))
}

fn is_grey(colour: Color) -> bool {
    let [_, a, b] = seen(colour);
    a.hypot(b) < 0.01
}

/// Whether a scale with `other` at `step` instead would be as good as it is but for its distance
/// from the colours with 24 bits.
fn may_be(scale: &[Color], step: usize, other: Color, is_diverging: bool) -> bool {
    let lightness = |colour: Color| luminance(rgb(colour));
    let goes_on = |from: Color, to: Color, there: Color| {
        (lightness(to) - lightness(from)) * (lightness(there) - lightness(from)) > 0.0
    };
    let neighbours = [step.checked_sub(1), Some(step + 1)].into_iter().flatten();
    let mut neighbours = neighbours.filter_map(|at| scale.get(at));
    let in_order = neighbours.all(|&neighbour| {
        let told_apart = |sight: &Sight| sight.distance(neighbour, other) >= 0.045;
        goes_on(neighbour, scale[step], other) && Sight::ALL.iter().all(told_apart)
    });
    let mirrored = scale[STEPS - 1 - step];
    let from_mirrored = |sight: &Sight| sight.distance(mirrored, other) >= 0.12;
    let is_middle = step == STEPS / 2;
    in_order && (!is_diverging || is_middle || Sight::ALL.iter().all(from_mirrored))
}

/// Each step of 256 colours is near its colour with 24 bits, and no other entry is nearer that
/// keeps the order, and the neighbours apart for everybody.
#[test]
fn among_256_colours_each_step_is_the_nearest() {
    for theme in themes() {
        for (scale, is_diverging) in [(&theme.ramp, false), (&theme.diverging, true)] {
            for (step, (&wanted, &taken)) in scale.truecolour.iter().zip(&scale.indexed).enumerate()
            {
                let own = Sight::Usual.distance(wanted, taken);
                assert!(own < 0.11, "{} step {step}: {own:.3}", theme.name);
                for other in (16..=255).map(Color::Indexed) {
                    let distance = Sight::Usual.distance(wanted, other);
                    assert!(
                        distance > own - 1e-9 || !may_be(&scale.indexed, step, other, is_diverging),
                        "{} step {step}: {other} is nearer than {taken}, {distance:.3} < {own:.3}",
                        theme.name
                    );
                }
            }
        }
    }
}

/// The same among 16, where no more than two neighbours share a colour, and a scale of greys stays
/// one.
#[test]
fn among_16_colours_each_rank_is_the_nearest() {
    const NAMES: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    for theme in themes() {
        let (wanted, taken) = (&theme.ramp.truecolour, theme.ramp.ansi);
        let only_grey = wanted.iter().all(|colour| is_grey(*colour));
        let is_in_order = |scale: &[Color; STEPS]| {
            let lightness = scale.map(|colour| luminance(rgb(colour)));
            let shared = scale.windows(3).any(|three| three[0] == three[2]);
            !shared && (lightness.is_sorted() || lightness.iter().rev().is_sorted())
        };
        assert!(is_in_order(&taken), "{}", theme.name);
        for (step, &wanted) in wanted.iter().enumerate() {
            let own = Sight::Usual.distance(wanted, taken[step]);
            for other in NAMES {
                let mut scale = taken;
                scale[step] = other;
                let may_be = is_in_order(&scale) && (!only_grey || is_grey(other));
                let distance = Sight::Usual.distance(wanted, other);
                assert!(
                    distance > own - 1e-9 || !may_be,
                    "{} step {step}: {other} is nearer than {}",
                    theme.name,
                    taken[step]
                );
            }
        }
    }
}

/// How a reader sees colour.
#[derive(Clone, Copy, Debug)]
enum Sight {
    Usual,
    Protan,
    Deutan,
    Tritan,
}

impl Sight {
    const ALL: [Self; 4] = [Self::Usual, Self::Protan, Self::Deutan, Self::Tritan];

    /// From linear RGB to linear RGB, by Machado, Oliveira and Fernandes (2009), severity 1.
    fn matrix(self) -> [[f64; 3]; 3] {
        match self {
            Self::Usual => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            Self::Protan => [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
            Self::Deutan => [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
            Self::Tritan => [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        }
    }

    /// Distance in OKLab.
    fn distance(self, a: Color, b: Color) -> f64 {
        let [a, b] = [a, b].map(|colour| {
            let seen = times(self.matrix(), rgb(colour).map(linear));
            oklab(seen.map(|channel| channel.clamp(0.0, 1.0)))
        });
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - b).powi(2))
            .sum::<f64>()
            .sqrt()
    }
}

fn oklab(linear: [f64; 3]) -> [f64; 3] {
    let cones = times(
        [
            [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
            [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
            [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
        ],
        linear,
    );
    times(
        [
            [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
            [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
            [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
        ],
        cones.map(f64::cbrt),
    )
}

fn times(matrix: [[f64; 3]; 3], vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
}

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use super::*;
use crate::display::SubtractedRun;
use crate::display::scale::Tone;
use crate::export::svg;
use crate::run::RunId;
use crate::settings::{CellValue, GridOptions, Options};
use crate::testing;
use crate::trace::{Cell, TokenId};

fn theme() -> Theme {
    colours(&Themes::embedded().unwrap(), None).unwrap()
}

fn view(value: CellValue) -> GridView {
    let options = Options::embedded().unwrap().grid;
    GridView::of_steps(GridOptions { value, ..options })
}

fn grid(value: CellValue) -> FigureKind {
    FigureKind::Grid(view(value))
}

fn drawn(kind: FigureKind, format: &str, record: &Record) -> Vec<u8> {
    let drawn = draw(&kind, record, &theme());
    match format {
        "svg" => drawn.svg().into_bytes(),
        "png" => drawn.png().unwrap(),
        _ => drawn.html().into_bytes(),
    }
}

fn text(kind: FigureKind, format: &str) -> String {
    String::from_utf8(drawn(kind, format, &testing::record())).unwrap()
}

#[test]
fn the_grid_has_every_token_layer_and_rank() {
    let svg = text(grid(CellValue::Rank), "svg");
    for part in [">·is<", ">Layer 0<", ">Layer 2<", ">=5<", ">1<"] {
        assert!(svg.contains(part), "{part} in {svg}");
    }
    let cells = svg.matches("<g><title>").count();
    assert_eq!(cells, 2 * 3);
    assert!(svg.contains("L1, step 1: ·is has rank 2, p 0.1500; best: "));
}

#[test]
fn a_figure_says_what_it_was_made_from() {
    for kind in [
        grid(CellValue::Rank),
        FigureKind::Compare,
        FigureKind::Predictions(Step(0)),
    ] {
        let svg = text(kind, "svg");
        let version = env!("CARGO_PKG_VERSION");
        for part in [
            "“The \"keys\"⏎to",
            "Tiny · 3 layers · weights f32 · lens raw · ",
            "temperature 0.7 · top-k 40 · seed 18446744073709551615 · repeat penalty 1.1",
            &format!("lenscape {version}<"),
        ] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
    }
}

/// The sample's first cell: rank 5 of five, logit 5.1, p 0.06, and rank 2 one row further up.
#[test]
fn the_grid_says_any_value_in_its_own_format_and_names_it() {
    for (value, title, cell, step) in [
        (
            CellValue::Probability,
            "Probability of the chosen",
            ">0.060<",
            ">≥.5<",
        ),
        (
            CellValue::LogProbability,
            "Log-probability of",
            ">-6.20<",
            ">≥-0.5<",
        ),
        (CellValue::Logit, "Logit of the chosen", ">5.10<", ">≥9<"),
        (
            CellValue::LogitChange,
            "since the layer below",
            ">+3.00<",
            ">≥+0.5<",
        ),
        (
            CellValue::Entropy,
            "Entropy of each layer",
            ">6.70<",
            ">≤0.5<",
        ),
        (CellValue::Kl, "KL(final ‖ layer)", ">0.50<", ">≤0.1<"),
        (
            CellValue::TopToken,
            "Each layer's own top",
            ">·is<",
            ">the chosen token<",
        ),
    ] {
        let svg = text(grid(value), "svg");
        let caption = format!("lens raw · cells {} · temperature", value.name());
        for part in [title, cell, step, &caption] {
            assert!(svg.contains(part), "{value:?}: {part} in {svg}");
        }
        assert_eq!(svg.matches("<g><title>").count(), 2 * 3, "{value:?}");
    }
}

#[test]
fn a_figure_of_logit_changes_has_none_where_the_final_norm_stands_between() {
    let svg = text(grid(CellValue::LogitChange), "svg");
    assert_eq!(svg.matches(">·</text>").count(), 2, "one a step");
    assert!(svg.contains(">· final norm<"));
}

#[test]
fn the_prompts_own_columns_stand_before_the_steps() {
    let record = testing::record();
    let mut view = view(CellValue::Rank);
    view.prompt = vec![Arc::clone(&record.columns[1])];
    let svg = String::from_utf8(drawn(FigureKind::Grid(view), "svg", &record)).unwrap();
    assert_eq!(svg.matches("<g><title>").count(), 3 * 3);
    let place = |part: &str| svg.find(part).unwrap_or_else(|| panic!("{part} in {svg}"));
    assert!(place("L0, prompt 2: ") < place("L0, step 1: "));
}

#[test]
fn a_figure_of_a_difference_names_both_runs_and_what_cannot_be_compared() {
    let record = testing::record();
    let mut other = (*record.columns[1]).clone();
    other.token = TokenId(3);
    let mut view = view(CellValue::Probability);
    view.before = Some(SubtractedRun {
        from: RunId(2),
        run: RunId(1),
        prompt: Vec::new(),
        steps: vec![Arc::clone(&record.columns[0]), Arc::new(other)],
    });
    let svg = String::from_utf8(drawn(FigureKind::Grid(view), "svg", &record)).unwrap();
    assert!(svg.contains("Probability in #2 − probability in #1, before"));
    assert_eq!(svg.matches(">=</text>").count(), 3, "the same cells");
    assert_eq!(svg.matches(">·</text>").count(), 3, "of another token");
    assert!(svg.contains(">≥+.01<"));
}

#[test]
fn the_predictions_name_the_text_before_their_place() {
    let svg = text(FigureKind::Predictions(Step(1)), "svg");
    assert!(svg.contains("“The \"keys\"⏎to is” ▸ "), "{svg}");
}

#[test]
fn the_predictions_mark_the_chosen_token_wherever_it_is_listed() {
    let record = testing::record();
    let kind = FigureKind::Predictions(Step(0));
    let svg = text(kind.clone(), "svg");
    assert!(svg.contains("Best tokens of every layer at step 1: ·is"));
    let cells = || record.columns[0].layers.values();
    let best = |cell: &Cell| cell.best(predictions::BEST).collect::<Vec<_>>();
    let listed: usize = cells().map(|cell| best(cell).len()).sum();
    let chosen = cells().flat_map(best);
    let chosen = chosen.filter(|(token, _)| *token == record.columns[0].token);
    assert_eq!(svg.matches("rx=\"3\"").count(), chosen.count());
    assert_eq!(svg.matches("height=\"9\"").count(), listed, "a bar each");
    let (_, prob) = cells().flat_map(best).next().unwrap();
    // exp(8.7 - 11.3), from the sample's logit and log-sum-exp.
    assert!((prob - 0.0743).abs() < 1e-4, "{prob}");
    assert!(svg.contains(&format!(">{prob:.3}<")));
    let html = text(kind, "html");
    assert!(html.contains(&format!(" {prob:.4}</td>")));
}

#[test]
fn the_predictions_of_a_step_that_is_not_there_are_an_empty_page() {
    let svg = text(FigureKind::Predictions(Step(99)), "svg");
    assert_eq!(svg.matches("height=\"9\"").count(), 0);
}

#[test]
fn the_chart_has_a_line_and_a_row_for_each_candidate() {
    let svg = text(FigureKind::Compare, "svg");
    assert_eq!(svg.matches("class=\"line\"").count(), 2);
    assert_eq!(svg.matches("<g><title>").count(), 2 * 3);
    assert!(svg.contains("Rank of each candidate at step 2"));
    // Rank 1 is at the top, 10 at the bottom of this axis.
    for part in [">a ·is<", ">b ·are<", ">1<", ">10<"] {
        assert!(svg.contains(part), "{part} in {svg}");
    }
}

#[test]
fn candidates_that_end_on_one_rank_have_names_that_can_be_read() {
    let mut record = testing::record();
    record.watch.trajectories = vec![record.watch.trajectories[0].clone(); 3];
    let svg = String::from_utf8(drawn(FigureKind::Compare, "svg", &record)).unwrap();
    let heights: Vec<f32> = svg
        .lines()
        .filter(|line| line.contains("text-anchor=\"start\"") && line.contains("·is"))
        .map(|line| {
            let y = line.split("y=\"").nth(1).unwrap();
            y.split('"').next().unwrap().parse().unwrap()
        })
        .collect();
    assert_eq!(heights.len(), 3);
    assert!(
        heights.windows(2).all(|pair| pair[1] - pair[0] >= 12.0),
        "{heights:?}"
    );
}

#[test]
fn many_tokens_go_on_below() {
    let mut record = testing::record();
    record.columns = vec![Arc::clone(&record.columns[0]); 80];
    let svg = String::from_utf8(drawn(grid(CellValue::Rank), "svg", &record)).unwrap();
    assert!(svg.matches(">Layer 0<").count() > 1);
    assert_eq!(svg.matches("<g><title>").count(), 80 * 3);
}

#[test]
fn figures_are_well_formed_and_load_nothing() {
    for kind in [
        grid(CellValue::Rank),
        grid(CellValue::TopToken),
        FigureKind::Compare,
        FigureKind::Predictions(Step(1)),
    ] {
        for format in ["svg", "html"] {
            let text = text(kind.clone(), format);
            for word in [
                "<script",
                "href",
                "url(",
                "@import",
                "src=",
                "foreignObject",
            ] {
                assert!(!text.contains(word), "{word}");
            }
        }
        let svg = text(kind, "svg");
        resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
    }
}

#[test]
fn a_page_has_the_numbers_in_a_table() {
    let html = text(grid(CellValue::Rank), "html");
    assert!(html.starts_with("<!doctype html>"));
    assert!(html.contains("<th scope=\"row\">2</th><td>1</td><td>3</td>"));
    assert!(html.contains("prefers-color-scheme: dark"));
    let html = text(FigureKind::Compare, "html");
    assert!(html.contains("<th scope=\"row\">0</th><td>5</td><td>4</td>"));
}

#[test]
fn pixels_have_the_colours_of_the_scale_and_letters_of_a_font_that_is_there() {
    let png = drawn(grid(CellValue::Rank), "png", &testing::record());
    let pixmap = resvg::tiny_skia::Pixmap::decode_png(&png).unwrap();
    let has = |rgb: [u8; 3]| {
        let mut pixels = pixmap.pixels().iter();
        pixels.any(|p| [p.red(), p.green(), p.blue()] == rgb)
    };
    let svg::Rgb(red, green, blue) = page::tone_colours(Tone::Sequential(0), &theme()).1;
    assert!(has([red, green, blue]), "the ground of rank 1");
    assert!(has([0x1a, 0x1a, 0x1a]), "the ink of the title");
}

#[test]
fn a_figure_with_too_many_cells_for_pixels_is_refused() {
    let mut record = testing::record();
    record.columns = vec![Arc::clone(&record.columns[0]); 40_000];
    let kind = grid(CellValue::Rank);
    let drawn = draw(&kind, &record, &theme());
    let error = drawn.png().unwrap_err().to_string();
    assert!(error.contains(".svg"), "{error}");
}

#[test]
fn a_figure_of_nothing_is_a_page_without_cells() {
    let mut record = testing::record();
    record.columns.clear();
    record.watch.trajectories.clear();
    for kind in [grid(CellValue::Rank), FigureKind::Compare] {
        for format in ["svg", "png", "html"] {
            drawn(kind.clone(), format, &record);
        }
    }
}

#[test]
fn a_theme_is_known_by_its_name() {
    let themes = Themes::embedded().unwrap();
    let viridis = colours(&themes, Some("viridis")).unwrap();
    assert_ne!(viridis.ramp, theme().ramp);
    assert!(colours(&themes, Some("no-such-theme")).is_none());
}

#[test]
fn the_legend_of_top_tokens_says_which_of_them_have_a_colour() {
    let svg = text(grid(CellValue::TopToken), "svg");
    for part in [">top token<", ">the chosen token<", ">another<"] {
        assert!(svg.contains(part), "{part} in {svg}");
    }
}

#[test]
fn weights_that_the_models_name_says_are_not_said_again() {
    let mut record = testing::record();
    let mut model = (*record.model).clone();
    model.name = "Tiny, f32".into();
    record.model = Arc::new(model);
    let svg = String::from_utf8(drawn(grid(CellValue::Rank), "svg", &record)).unwrap();
    assert!(svg.contains("Tiny, f32 · 3 layers · lens"), "{svg}");
}

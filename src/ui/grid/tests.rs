#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! The heat map as whole buffers.

use std::sync::{Arc, LazyLock};

use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::Grid;
use crate::display::palette::Palette;
use crate::settings::theme::{Depth, Themes};
use crate::settings::{
    Arrows, CellColour, CellValue, Cells, GridOptions, ListedTokens, Options, Top, Visibility,
};
use crate::testing;
use crate::trace::{Cell, Column, Layer, Place, Position, Row, Score, Step, TokenId};
use crate::vocabulary::Vocabulary;

fn cell(rank: u32, ties: u32) -> Cell {
    Cell {
        score: Score {
            ties,
            logit: 0.0,
            prob: 1.0 / rank as f32,
            ..testing::score(rank)
        },
        entropy: 2.5,
        log_sum_exp: 0.0,
        ..testing::cell_of(rank, &[])
    }
}

/// A column of `token`, with `ranks` from the row `emb` to the last layer.
fn column(token: u32, ranks: [u32; 4]) -> Arc<Column> {
    let [embedding, layers @ ..] = ranks.map(|rank| cell(rank, 0));
    Arc::new(Column {
        embedding: Some(embedding),
        layers: layers.into(),
        ..testing::column(token, &[1])
    })
}

fn vocabulary() -> Vocabulary {
    testing::vocabulary(&[" are", "\n", " cabinets", "日本語"])
}

fn options(value: CellValue, cells: Cells) -> GridOptions {
    GridOptions {
        top: Top::FirstLayer,
        embedding: Visibility::Hidden,
        value,
        cells,
        arrows: Arrows::All,
        ..Options::embedded().unwrap().grid
    }
}

const ROWS: [Row; 4] = [
    Row::Embedding,
    Row::Layer(Layer(0)),
    Row::Layer(Layer(1)),
    Row::Layer(Layer(2)),
];

/// What is drawn, at a depth, into an area of that size.
fn drawn(width: u16, height: u16, depth: Depth, change: impl Fn(Grid<'_>) -> Grid<'_>) -> Buffer {
    let themes = Themes::embedded().unwrap();
    let palette = Palette::new(themes.get(0).unwrap(), depth);
    let columns = [
        column(0, [20_000, 943, 12, 1]),
        column(1, [7, 7, 9, 1]),
        column(2, [40_000, 49_152, 2, 3]),
        column(3, [5, 1, 1, 1]),
    ];
    let vocabulary = vocabulary();
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    let grid = Grid::new(&columns, &ROWS, &vocabulary, palette)
        .options(options(CellValue::Rank, Cells::Exact));
    change(grid).render(buffer.area, &mut buffer);
    buffer
}

fn lines(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width);
    buffer
        .content
        .chunks(width)
        .map(|line| {
            // What stands behind a wide character is not drawn.
            let shown = |at: usize| at == 0 || line[at - 1].symbol().cell_width() < 2;
            let cells = line.iter().enumerate().filter(|(at, _)| shown(*at));
            cells.map(|(_, cell)| cell.symbol()).collect::<String>()
        })
        .map(|line| line.trim_end().to_owned())
        .collect()
}

#[test]
fn ranks_stand_at_the_right_with_a_mark_of_how_they_changed() {
    let buffer = drawn(34, 5, Depth::TrueColour, |grid| grid);
    assert_eq!(
        lines(&buffer),
        [
            "       ·are      ⏎ ·cabi… 日本語",
            " emb  20000      7  40000      5",
            "  L0    943▴     7  49152▾     1▴",
            "  L1     12▴     9▾     2▴     1",
            "  L2      1▴     1▴     3▾     1",
        ]
    );
}

#[test]
fn a_rank_that_is_shared_is_marked() {
    let themes = Themes::embedded().unwrap();
    let palette = Palette::new(themes.get(0).unwrap(), Depth::TrueColour);
    let mut shared = (*column(0, [9, 9, 9, 9])).clone();
    shared.layers[1] = cell(9, 3);
    let (columns, vocabulary) = ([Arc::new(shared)], vocabulary());
    let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 5));
    Grid::new(&columns, &ROWS, &vocabulary, palette).render(buffer.area, &mut buffer);
    assert_eq!(lines(&buffer)[3], "  L1     =9");
}

#[test]
fn only_whole_cells_are_drawn_and_only_those_in_view() {
    let buffer = drawn(20, 3, Depth::TrueColour, |grid| grid.first(2, 1));
    assert_eq!(
        lines(&buffer),
        [
            "          ⏎ ·cabi…",
            "  L1      9▾     2▴",
            "  L2      1▴     3▾",
        ]
    );
}

#[test]
fn what_a_high_row_says_stands_in_one_of_its_lines_and_its_ground_in_all() {
    let high = |height, depth, cells| {
        drawn(20, 9, depth, |grid| {
            let grid = grid.options(options(CellValue::Rank, cells));
            let (row, step) = (Row::Layer(Layer(1)), Step(1));
            grid.row_height(height).first(2, 1).selected(row, step)
        })
    };
    let exact = high(3, Depth::TrueColour, Cells::Exact);
    assert_eq!(
        lines(&exact),
        [
            "          ⏎ ·cabi…",
            "",
            "  L1 ▸    9▾     2▴",
            "",
            "",
            "  L2      1▴     3▾",
            "",
            "",
            "",
        ]
    );
    for (top, x) in [(1, 5), (1, 12), (4, 5), (4, 12)] {
        let style = |y| exact[(x, y)].style();
        assert_eq!([style(top), style(top + 2)], [style(top + 1); 2]);
        assert_ne!(style(top), exact[(0, 8)].style());
    }
    // Two lines: no third row begins in what is left.
    let two = lines(&high(2, Depth::TrueColour, Cells::Exact));
    assert_eq!(
        two[1..5],
        ["  L1 ▸    9▾     2▴", "", "  L2      1▴     3▾", ""]
    );
    // Shades stand for colours: in each line.
    let shades = lines(&high(2, Depth::None, Cells::Shades));
    let cells = |line: &str| line.chars().skip(5).skip(2).take(2).collect::<String>();
    assert_eq!(cells(&shades[1]), cells(&shades[2]), "{shades:?}");
    assert_ne!(cells(&shades[1]).trim(), "");
}

#[test]
fn cells_become_shorter_and_then_shades() {
    let short = drawn(25, 3, Depth::TrueColour, |grid| {
        grid.options(options(CellValue::Rank, Cells::Short))
    });
    assert_eq!(
        lines(&short),
        [
            "     ·are    ⏎ ·ca…  日…",
            " emb  20k    7  40k    5",
            "  L0  943▴   7  49k▾   1▴",
        ]
    );
    let shades = drawn(25, 5, Depth::TrueColour, |grid| {
        grid.options(options(CellValue::Rank, Cells::Shades))
    });
    assert_eq!(
        lines(&shades),
        [
            "     a ⏎ c ·",
            " emb",
            "  L0        1",
            "  L1        1",
            "  L2  1 1   1"
        ]
    );
}

#[test]
fn other_values_have_no_mark() {
    let buffer = drawn(34, 3, Depth::TrueColour, |grid| {
        grid.options(options(CellValue::Probability, Cells::Exact))
    });
    assert_eq!(lines(&buffer)[2], "  L0  0.001  0.143   2e-5    1.0");
}

#[test]
fn changes_of_the_logit_have_signs_and_shades_on_either_side() {
    let mut moved = (*column(0, [9, 9, 9, 9])).clone();
    for (cell, logit) in moved.layers.values_mut().zip([6.0, 3.25, 3.25]) {
        cell.score.logit = logit;
    }
    let (columns, vocabulary) = ([Arc::new(moved)], vocabulary());
    let themes = Themes::embedded().unwrap();
    let palette = Palette::new(themes.get(0).unwrap(), Depth::None);
    let shown = |cells| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 5));
        Grid::new(&columns, &ROWS, &vocabulary, palette)
            .options(options(CellValue::LogitChange, cells))
            .render(buffer.area, &mut buffer);
        lines(&buffer)[1..].to_vec()
    };
    assert_eq!(
        shown(Cells::Exact),
        [" emb     ·", "  L0 +6.00 █", "  L1 -2.75 ▓", "  L2  0.00"]
    );
    assert_eq!(shown(Cells::Shades), [" emb", "  L0 +█", "  L1 -▓", "  L2"]);
}

/// Layer 0 says `⏎` first, then ` are`.
fn grid_of_top_tokens(tokens: ListedTokens, depth: Depth) -> Vec<String> {
    let mut said = (*column(0, [9, 9, 9, 9])).clone();
    said.layers[0].top = vec![(TokenId(1), -0.1), (TokenId(0), -3.0)];
    said.layers[1].top = vec![(TokenId(2), -0.1)];
    said.layers[2].top = vec![(TokenId(1), -0.1)];
    let (columns, vocabulary) = ([Arc::new(said)], vocabulary());
    let themes = Themes::embedded().unwrap();
    let palette = Palette::new(themes.get(0).unwrap(), depth);
    let mut buffer = Buffer::empty(Rect::new(0, 0, 13, 5));
    Grid::new(&columns, &ROWS, &vocabulary, palette)
        .options(GridOptions {
            tokens,
            ..options(CellValue::TopToken, Cells::Exact)
        })
        .render(buffer.area, &mut buffer);
    lines(&buffer)[2..].to_vec()
}

#[test]
fn top_tokens_stand_in_the_cells_as_text() {
    assert_eq!(
        grid_of_top_tokens(ListedTokens::All, Depth::TrueColour),
        ["  L0      ⏎", "  L1 ·cabi…", "  L2      ⏎"]
    );
    assert_eq!(
        grid_of_top_tokens(ListedTokens::All, Depth::None),
        ["  L0     ⏎", "  L1 ·cab…", "  L2     ⏎"]
    );
}

#[test]
fn a_word_that_stands_for_a_hidden_first_is_marked_and_without_a_word_the_first_stays() {
    assert_eq!(
        grid_of_top_tokens(ListedTokens::Words, Depth::TrueColour),
        ["  L0   ·are*", "  L1 ·cabi…", "  L2      ⏎"]
    );
}

#[test]
fn cells_can_be_coloured_by_another_value_than_the_shown_one() {
    let drawn_by = |colour| {
        drawn(34, 5, Depth::TrueColour, |grid| {
            grid.options(GridOptions {
                colour,
                ..options(CellValue::Probability, Cells::Exact)
            })
        })
    };
    let by_rank = drawn_by(CellColour::By(CellValue::Rank));
    let ranks = drawn(34, 5, Depth::TrueColour, |grid| {
        grid.options(options(CellValue::Rank, Cells::Exact))
    });
    let own = drawn_by(CellColour::Value);
    assert_eq!(lines(&by_rank), lines(&own));
    for y in 1..5 {
        for x in 5..33 {
            assert_eq!(by_rank[(x, y)].bg, ranks[(x, y)].bg);
        }
    }
    assert_ne!(by_rank, own);
}

#[test]
fn the_prompts_columns_come_first_and_those_still_to_come_are_empty() {
    static TOKENS: [TokenId; 2] = [TokenId(2), TokenId(3)];
    static PROMPT: LazyLock<[Arc<Column>; 1]> = LazyLock::new(|| [column(2, [9, 9, 8, 7])]);
    let buffer = drawn(34, 5, Depth::TrueColour, |grid| {
        grid.prompt(&TOKENS, &*PROMPT)
            .selected(Row::Layer(Layer(1)), Place::Prompt(Position(1)))
    });
    assert_eq!(
        lines(&buffer),
        [
            "     ·cabi… 日本語│  ·are      ⏎",
            " emb      9         20000      7",
            "  L0      9           943▴     7",
            "  L1 ▸    8▴           12▴     9▾",
            "  L2      7▴            1▴     1▴",
        ]
    );
    assert!(buffer[(8, 3)].modifier.contains(Modifier::REVERSED));
}

#[test]
fn without_colour_shades_stand_behind_the_numbers() {
    let buffer = drawn(34, 5, Depth::None, |grid| grid);
    assert_eq!(
        lines(&buffer)[1..],
        [
            " emb 20000      7 ▓40000      5 ▓",
            "  L0   943▴░    7 ▓49152▾     1▴█",
            "  L1    12▴▒    9▾▓    2▴▓    1 █",
            "  L2     1▴█    1▴█    3▾▓    1 █",
        ]
    );
}

#[test]
fn rank_one_is_bold_and_the_selected_cell_is_reversed() {
    let buffer = drawn(34, 5, Depth::TrueColour, |grid| {
        grid.selected(Row::Layer(Layer(1)), Step(1))
    });
    let modifiers = |x: u16, y: u16| buffer[(x, y)].modifier;
    assert_eq!(modifiers(10, 4), Modifier::BOLD);
    assert_eq!(modifiers(10, 3), Modifier::empty());
    assert!(modifiers(17, 3).contains(Modifier::REVERSED));
    let reversed = buffer
        .content
        .iter()
        .filter(|cell| cell.modifier.contains(Modifier::REVERSED));
    assert_eq!(reversed.count(), 7);
}

#[test]
fn better_ranks_have_other_colours_and_each_cell_paints_ground_and_text() {
    for depth in [Depth::TrueColour, Depth::Indexed, Depth::Ansi] {
        let buffer = drawn(34, 5, depth, |grid| grid);
        let ground = |x: u16, y: u16| buffer[(x, y)].bg;
        assert_ne!(ground(10, 2), ground(10, 4), "{depth:?}");
        assert_eq!(ground(10, 4), ground(17, 4), "{depth:?}");
        for x in 5..33 {
            let cell = &buffer[(x, 3)];
            assert_ne!(cell.bg, ratatui::style::Color::Reset, "{depth:?} {x}");
            assert_ne!(cell.fg, ratatui::style::Color::Reset, "{depth:?} {x}");
        }
    }
}

/// The selected cell is on the accent's ground, with a mark where its number leaves room; the names
/// of its row and column are on a tint of it, and no other cell is on either.
#[test]
fn the_selected_cell_stands_out_at_every_depth() {
    let themes = Themes::embedded().unwrap();
    for depth in [Depth::TrueColour, Depth::Indexed, Depth::Ansi, Depth::None] {
        let palette = Palette::new(themes.get(0).unwrap(), depth);
        let buffer = drawn(40, 5, depth, |grid| {
            grid.selected(Row::Layer(Layer(1)), Step(1))
        });
        let selected = palette.selected_cell();
        let reversed: Vec<(u16, u16)> = buffer
            .area
            .positions()
            .filter(|at| buffer[*at].modifier.contains(Modifier::REVERSED))
            .map(|at| (at.x, at.y))
            .collect();
        let cell: Vec<(u16, u16)> = (12..19).map(|x| (x, 3)).collect();
        assert_eq!(reversed, cell, "{depth:?}");
        assert_eq!(buffer[(12, 3)].symbol(), "▸", "{depth:?}");
        assert_eq!(buffer[(12, 3)].fg, selected.fg.unwrap_or_default());
        let name = palette.selected_name();
        for at in [(2, 3), (17, 0)] {
            assert_eq!(buffer[at].bg, name.bg.unwrap_or_default(), "{depth:?}");
            assert!(buffer[at].modifier.contains(Modifier::BOLD), "{depth:?}");
        }
    }
}

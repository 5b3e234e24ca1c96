//! Tokens of any kind break no column: all those of the default model, and made-up ones.

use std::num::NonZero;
use std::sync::{Arc, LazyLock};

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use lenscape::app::{Message, PaneAreas, update};
use lenscape::catalog::{Catalog, CheckpointFiles, ModelRef, ModelSources, fetch};
use lenscape::engine::Event;
use lenscape::model::tokenizer::Tokenizer;
use lenscape::model::weights::Gguf;
use lenscape::run::ModelInfo;
use lenscape::trace::{Column, TokenId};
use lenscape::vocabulary::{Piece, Vocabulary};
use proptest::prelude::*;
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::layout::Rect;
use tokio_util::sync::CancellationToken;

use super::golden::{Case, VOCAB_SIZE, model};
use super::scene::Scene;

/// As many layers as stand in 60 lines.
const LAYERS: usize = 50;
const WIDE: (u16, u16) = (200, 60);

/// The default model's own tokens; its file is fetched once and stays in the store.
static VOCABULARY: LazyLock<Arc<Vocabulary>> = LazyLock::new(|| {
    let catalog = Catalog::built_in().unwrap();
    let checkpoint = fetch(
        &ModelRef::Entry(catalog.default_name().to_owned()),
        &catalog,
        &ModelSources::from_env().unwrap(),
        &|event| eprintln!("{event:?}"),
        &CancellationToken::new(),
    )
    .unwrap_or_else(|error| panic!("the tests need the default model: {error}"));
    let CheckpointFiles::Gguf(path) = checkpoint.files else {
        panic!("the default model is one file");
    };
    let file = Gguf::open(&path).unwrap();
    let tokenizer = Tokenizer::from_gguf_file(&path, file.metadata()).unwrap();
    Arc::new(tokenizer.vocabulary(VOCAB_SIZE))
});

/// A finished run of these columns by the default model, with so many layers.
fn run(columns: &[Arc<Column>], layers: usize) -> Scene {
    Scene::start(WIDE.0, WIDE.1)
        .of_layers(layers)
        .hears(Event::Ready(Arc::new(ModelInfo {
            n_layers: layers,
            vocabulary: Arc::clone(&VOCABULARY),
            ..(*model()).clone()
        })))
        .types("x")
        .press("enter")
        .of_columns(columns)
        .press("home")
}

/// A column of the first token, whose layers have all of `tokens` as their best ones, each layer
/// in another order.
fn column(tokens: &[TokenId], layers: usize) -> Arc<Column> {
    let golden = &Case::cabinet().columns()[0];
    let cells: Vec<_> = golden.layers.values().collect();
    let cells = cells.into_iter().cycle().enumerate();
    let cells = cells.take(layers).map(|(layer, cell)| {
        let mut cell = cell.clone();
        let tokens = tokens.iter().cycle().skip(layer).take(tokens.len());
        cell.top = tokens.map(|token| (*token, cell.score.logit)).collect();
        cell
    });
    Arc::new(Column {
        token: tokens[0],
        layers: cells.collect(),
        ..(**golden).clone()
    })
}

fn all_tokens() -> Vec<TokenId> {
    let count = u32::try_from(VOCABULARY.len()).unwrap();
    (0..count).map(TokenId).collect()
}

/// What is wrong with a screen, if anything.
fn check(scene: &Scene) -> Result<(), String> {
    let screen = scene.screen();
    is_in_columns(&screen)?;
    has_borders(scene, &screen)?;
    is_shown(&screen)
}

/// Each line takes exactly its columns, and no character steers a terminal or the direction of
/// text.
fn is_in_columns(screen: &Buffer) -> Result<(), String> {
    let category = CodePointMapData::<GeneralCategory>::new();
    for y in screen.area.top()..screen.area.bottom() {
        let mut x = screen.area.left();
        while x < screen.area.right() {
            let symbol = screen[(x, y)].symbol();
            let steers = |c| {
                matches!(
                    category.get(c),
                    GeneralCategory::Control | GeneralCategory::Format
                )
            };
            if symbol.is_empty() || symbol.contains(steers) {
                return Err(format!("{x},{y}: {symbol:?}"));
            }
            x += symbol.cell_width().max(1);
        }
        if x != screen.area.right() {
            return Err(format!("line {y} takes {x} columns"));
        }
    }
    Ok(())
}

/// Each pane has its sides in all of its lines.
fn has_borders(scene: &Scene, screen: &Buffer) -> Result<(), String> {
    let places = PaneAreas::of(&scene.state).unwrap();
    let panes = match (&scene.state.page, &scene.state.compare) {
        (Some(_), _) => vec![places.body],
        (None, Some(_)) => vec![places.candidates, places.table, places.chart],
        (None, None) => vec![places.prompt, places.grid, places.cell, places.log],
    };
    for pane in panes.into_iter().filter(|pane| !pane.is_empty()) {
        for y in pane.top() + 1..pane.bottom() - 1 {
            for x in [pane.left(), pane.right() - 1] {
                let symbol = screen[(x, y)].symbol();
                if symbol != "│" {
                    return Err(format!("{x},{y}: {symbol:?} in the border"));
                }
            }
        }
    }
    Ok(())
}

/// A terminal that gets the screen shows the same.
fn is_shown(screen: &Buffer) -> Result<(), String> {
    let mut bytes = Vec::new();
    let mut screen = screen.clone();
    for cell in &mut screen.content {
        // The parser takes this one for what it is made of where bytes are no character.
        if cell.symbol().contains('\u{FFFD}') {
            cell.set_symbol("x");
        }
    }
    let screen = &screen;
    let blank = Buffer::empty(screen.area);
    let changes = blank.diff(screen);
    CrosstermBackend::new(&mut bytes)
        .draw(changes.into_iter())
        .unwrap();
    let Rect { width, height, .. } = screen.area;
    let [rows, columns] = [height, width].map(|length| NonZero::new(length).unwrap());
    let mut parser = vt100::Parser::new(rows, columns, 0);
    parser.process(&bytes);
    for y in 0..height {
        let mut x = 0;
        while x < width {
            let symbol = screen[(x, y)].symbol();
            let end = x + symbol.cell_width().max(1);
            // The parser gives each character that is not a mark a place of its own.
            let cells = (x..end).filter_map(|x| parser.screen().cell(y, x));
            let shown: String = cells.map(vt100::Cell::contents).collect();
            if shown.trim_end() != symbol.trim_end() {
                let next = screen.cell((end, y)).map(Cell::symbol);
                return Err(format!(
                    "{x},{y}: {symbol:?} before {next:?} is shown as {shown:?}"
                ));
            }
            x = end;
        }
    }
    Ok(())
}

fn assert_sound(scene: &Scene) {
    if let Err(why) = check(scene) {
        panic!("{why}\n{}", super::styled::text(&scene.screen()));
    }
}

#[test]
fn every_token_of_the_default_model_fits_the_grid() {
    let tokens = all_tokens();
    // A cell for each layer of as many steps as stand side by side.
    for tokens in tokens.chunks(LAYERS * 27) {
        let columns: Vec<_> = tokens
            .chunks(LAYERS)
            .map(|tokens| column(tokens, LAYERS))
            .collect();
        let scene = run(&columns, LAYERS).presses(&["shift-v", "z", "g"]);
        let all_in_view = lenscape::app::GridRoom::of(&scene.state);
        assert!(
            all_in_view.columns >= columns.len() && all_in_view.rows >= LAYERS,
            "{all_in_view:?}"
        );
        assert_sound(&scene);
        assert_sound(&scene.press("s"));
    }
}

#[test]
fn every_token_of_the_default_model_fits_the_cell_and_the_predictions() {
    let tokens = all_tokens();
    for tokens in tokens.chunks(LAYERS * 27) {
        let columns: Vec<_> = tokens
            .chunks(LAYERS)
            .map(|tokens| column(tokens, LAYERS))
            .collect();
        let mut cell = run(&columns, LAYERS).presses(&["tab", "z"]);
        let mut predictions = run(&columns, LAYERS).press("shift-p");
        for _ in &columns {
            assert_sound(&cell);
            assert_sound(&predictions);
            cell = cell.press("right");
            predictions = predictions.press("right");
        }
    }
}

#[test]
fn every_token_of_the_default_model_fits_the_log_and_above_the_grid() {
    let tokens = all_tokens();
    // As many steps as the log lists at once.
    for tokens in tokens.chunks(40) {
        let columns: Vec<_> = tokens.iter().map(|token| column(&[*token], 2)).collect();
        let scene = run(&columns, 2);
        assert_sound(&scene);
        let shades = scene.presses(&["s", "s", "z"]);
        assert_sound(&shades);
        let log = shades.presses(&["z", "backtab", "z", "end"]);
        assert_sound(&log);
    }
}

/// Bytes that are hard to show: wide and joined, marks, right to left, what steers a terminal,
/// white space, and what is no character.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "日本語",
        "한",
        "ｆ",
        "👩\u{200D}👩\u{200D}👧",
        "👍\u{1F3FD}",
        "🏳\u{FE0F}\u{200D}🌈",
        "🇩🇪",
        "❤\u{FE0F}",
        "e\u{301}",
        "\u{301}",
        "ก\u{E33}",
        "क्षि",
        "\u{1100}\u{1161}\u{11A8}",
        "\u{FE0F}",
        "\u{200D}",
        "שלום",
        "مرحبا",
        "\u{202E}",
        "\u{2066}",
        "\u{200F}",
        "\u{1B}[2J",
        "\u{9B}31m",
        "\u{7}",
        "\u{7F}",
        "\0",
        "\u{90}",
        "\u{AD}",
        "\u{FEFF}",
        "\t",
        "\n",
        "\r\n",
        "\u{B}",
        "\u{A0}",
        "\u{3000}",
        "\u{2028}",
        " ",
        "x",
        "─",
        "│",
        "…",
        "\u{FDFD}",
        "\u{2E3B}",
        "\u{1F1E6}",
        "\u{E000}",
        "\u{10FFFF}",
    ]);
    let broken = prop::sample::select(vec![
        &b"\xE2\x82"[..],
        b"\xFF",
        b"\xF0\x9F",
        b"\x80",
        b"\xC0\xAF",
    ]);
    let part = prop_oneof![
        4 => pieces.prop_map(|text| text.as_bytes().to_vec()),
        1 => broken.prop_map(<[u8]>::to_vec),
        1 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    /// Whatever stands in the tokens, the prompt and the candidates.
    #[test]
    fn hostile_tokens_break_no_column(
        tokens in prop::collection::vec(bytes(), 1..6),
        text in bytes(),
        large in any::<bool>(),
    ) {
        let (columns, rows) = if large { (120, 40) } else { (80, 24) };
        let mut scene = Scene::start(columns, rows).of_tokens(tokens.into_iter().map(Piece::Bytes));
        let text = String::from_utf8_lossy(&text).into_owned();
        update(&mut scene.state, Message::Paste(text.clone()));
        let scene = scene.types("x").press("enter").steps(12).presses(&["tab", "home"]);
        let walks: [&[&str]; 9] = [
            &[],
            &["s"],
            &["s", "s"],
            &["s", "s", "s"],
            &["shift-v"],
            &["backtab", "backtab"],
            &["shift-p"],
            &["shift-a"],
            &["shift-e"],
        ];
        for keys in walks {
            let walked = scene.clone().presses(keys);
            prop_assert_eq!(check(&walked), Ok(()), "{:?}", keys);
        }
        let mut compare = scene.press("c");
        update(&mut compare.state, Message::Paste(text));
        prop_assert_eq!(check(&compare), Ok(()));
    }
}

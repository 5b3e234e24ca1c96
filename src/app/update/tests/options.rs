//! Options set at the command line, beside those that keys have changed.

use super::candidates::questions;
use super::*;
use crate::app::Capture;
use crate::settings::{
    Arrows, CellColour, CellValue, Cells, ListedTokens, PredictionOptions, SamplingOptions, Top,
    Visibility,
};

fn set(state: &mut State, option: &str) -> Vec<Effect> {
    if state.view.focus == Pane::Prompt {
        press(state, "tab");
    }
    press(state, ":");
    type_text(state, &format!("set {option}"));
    press(state, "enter")
}

#[test]
fn what_keys_have_changed_stays() {
    let (mut state, _) = with_steps(2);
    press(&mut state, "tab");
    for key in ["v", "shift-l", "a"] {
        press(&mut state, key);
    }
    let effects = set(&mut state, "theme light");
    assert_eq!(effects, []);
    let theme = state.settings.themes.position("light").unwrap();
    assert_eq!(state.theme(), state.settings.themes.get(theme));
    assert_eq!(state.settings.options.grid.value, CellValue::Probability);
    assert_eq!(state.settings.options.lens, LensKind::Raw);
    assert_eq!(state.settings.options.cell.attribution, Visibility::Shown);
}

#[test]
fn an_option_that_is_shown_is_changed_at_once() {
    let (mut state, run) = with_steps(2);
    press(&mut state, "tab");
    assert_eq!(set(&mut state, "lens raw"), [relens(run, LensKind::Raw)]);
    set(&mut state, "cell.attribution shown");
    assert_eq!(state.settings.options.cell.attribution, Visibility::Shown);
    set(&mut state, "predictions.top_k 9");
    assert_eq!(state.settings.options.predictions.top_k, 9);
}

fn notice(state: &State) -> &str {
    &state.notice.as_ref().unwrap().text
}

/// Whether an option has taken effect, by the state and what is to be done.
type Effective = fn(&State, &[Effect]) -> bool;

fn load_of(dtype: Dtype, devices: WantedDevices) -> Effect {
    let model = "tiny".into();
    Effect::Engine(Command::Load {
        model,
        dtype,
        devices,
    })
}

/// A value of each option that is not its default, and what shows that it has taken effect. An
/// option without a place here is an error.
fn has_taken_effect(name: &str) -> (&'static str, Effective) {
    match name {
        "model" => ("other", |_, effects| effects == [load("other")]),
        "dtype" => ("bf16", |_, effects| {
            effects == [load_of(Dtype::Bf16, WantedDevices::default())]
        }),
        "device" => ("cuda:1", |_, effects| {
            let devices = WantedDevices {
                choice: "cuda:1".parse().unwrap(),
                gpu_layers: None,
            };
            effects == [load_of(Dtype::Auto, devices)]
        }),
        "gpu_layers" => ("3", |_, effects| {
            let devices = WantedDevices {
                gpu_layers: Some(3),
                ..WantedDevices::default()
            };
            effects == [load_of(Dtype::Auto, devices)]
        }),
        "max_tokens" => ("7", |state, _| state.settings.options.max_tokens == 7),
        "lens" => ("raw", |state, effects| {
            state.settings.options.lens == LensKind::Raw && effects.len() == 1
        }),
        "theme" => ("grey", |state, _| state.theme().unwrap().name == "grey"),
        "colour" => ("16", |state, _| state.depth() == Depth::Ansi),
        "charset" => ("ascii", |state, _| state.charset() == Charset::Ascii),
        "mouse" => ("on", |_, effects| {
            effects == [Effect::CaptureMouse(Capture::On)]
        }),
        "chat.template" => ("on", |state, _| state.chat().is_some()),
        "chat.system" => ("Be brief.", |state, _| {
            state.settings.options.chat.system == "Be brief."
        }),
        "sampling.temperature" => ("0.5", |state, _| state.sampling().temperature == 0.5),
        "sampling.top_k" => ("40", |state, _| state.sampling().top_k == Some(40)),
        "sampling.top_p" => ("0.5", |state, _| state.sampling().top_p == Some(0.5)),
        "sampling.repeat_penalty" => ("2", |state, _| state.sampling().repeat_penalty == 2.0),
        "sampling.seed" => ("9", |state, _| state.sampling().seed == 9),
        "grid.top" => ("last-layer", |state, _| {
            state.settings.options.grid.top == Top::LastLayer
        }),
        "grid.embedding" => ("shown", |state, _| state.rows().contains(&Row::Embedding)),
        "grid.rows" => ("sublayers", |state, effects| {
            let question = &questions(effects)[0];
            let inside = Row::Inside(Layer(0), PartialSum::AfterAttention);
            question.ask == Ask::Relens
                && question.rows == Rows::Sublayers
                && state.rows()[..2] == [inside, Row::Layer(Layer(0))]
        }),
        "grid.prompt" => ("shown", |state, _| {
            state.settings.options.grid.prompt == Visibility::Shown
        }),
        "grid.value" => ("kl", |state, _| {
            state.settings.options.grid.value == CellValue::Kl
        }),
        "grid.colour" => ("kl", |state, _| {
            state.settings.options.grid.colour == CellColour::By(CellValue::Kl)
        }),
        "grid.tokens" => ("words", |state, _| {
            state.settings.options.grid.tokens == ListedTokens::Words
        }),
        "grid.cells" => ("short", |state, _| {
            state.settings.options.grid.cells == Cells::Short
        }),
        "grid.arrows" => ("all", |state, _| {
            state.settings.options.grid.arrows == Arrows::All
        }),
        "cell.attribution" => ("shown", |_, effects| {
            matches!(questions(effects)[0].ask, Ask::Attribution { .. })
        }),
        "predictions.top_k" => ("9", |state, _| {
            state.settings.options.predictions.top_k == 9
        }),
        other => panic!("nothing shows that {other} takes effect"),
    }
}

#[test]
fn every_option_takes_effect() {
    let names = Settings::embedded().unwrap().options.by_name();
    for (name, before) in names {
        let (mut state, run) = with_steps(2);
        finish(&mut state, run);
        press(&mut state, "tab");
        let (value, shows) = has_taken_effect(&name);
        assert_ne!(value, before, "{name}");
        let effects = set(&mut state, &format!("{name} {value}"));
        assert!(shows(&state, &effects), "{name}: {effects:?}");
        let said = notice(&state);
        assert!(said.starts_with(&name) || name == "mouse", "{said}");
        // What the list of options says of it now is the new value.
        let now = state.settings.options.by_name();
        let (_, now) = now.iter().find(|(known, _)| *known == name).unwrap();
        assert_eq!(now.parse::<f64>().ok(), value.parse::<f64>().ok(), "{name}");
        assert!(now == value || now.parse::<f64>().is_ok(), "{name}: {now}");
    }
}

#[test]
fn what_the_command_line_asked_for_stays() {
    let sampling = Sampling {
        temperature: 0.5,
        top_k: Some(40),
        seed: 3,
        ..Sampling::default()
    };
    let mut settings = settings();
    settings.options.max_tokens = 20;
    settings.options.sampling = SamplingOptions::from(&sampling);
    let (mut state, _) = State::new(settings, Start::on((120, 40)));
    assert_eq!(set(&mut state, "theme light"), []);
    assert_eq!(state.settings.options.max_tokens, 20);
    assert_eq!(state.sampling(), sampling);
    assert_eq!(state.settings.options.model, "tiny");
}

#[test]
fn a_model_that_was_left_can_be_set_again() {
    let (mut state, _) = with_steps(1);
    let first = state.settings.options.model.clone();
    assert_eq!(set(&mut state, "model other"), [load("other")]);
    assert_eq!(set(&mut state, &format!("model {first}")), [load(&first)]);
}

#[test]
fn the_terminal_has_its_own_colours_back() {
    let (mut state, _) = with_steps(1);
    for (choice, depth) in [
        ("16", Depth::Ansi),
        ("auto", Depth::TrueColour),
        ("256", Depth::Indexed),
        ("none", Depth::None),
        ("auto", Depth::TrueColour),
    ] {
        set(&mut state, &format!("colour {choice}"));
        assert_eq!(state.depth(), depth, "{choice}");
    }
}

#[test]
fn numbers_that_mean_nothing_are_refused() {
    let (mut state, _) = with_steps(1);
    let before = state.settings.options.clone();
    let too_many = PredictionOptions::MOST_TOKENS + 1;
    for (option, why) in [
        ("sampling.temperature nan", "must be 0 or more"),
        ("sampling.temperature -1", "must be 0 or more"),
        ("sampling.top_p 0", "must be more than 0 and at most 1"),
        ("sampling.top_p 1.5", "must be more than 0 and at most 1"),
        ("sampling.repeat_penalty 0", "must be more than 0"),
        ("sampling.repeat_penalty inf", "must be more than 0"),
        ("predictions.top_k 0", "must be 1 to"),
        (&format!("predictions.top_k {too_many}"), "must be 1 to"),
    ] {
        assert_eq!(set(&mut state, option), [], "{option}");
        assert!(notice(&state).contains(why), "{}", notice(&state));
        assert_eq!(state.settings.options, before);
    }
}

#[test]
fn what_comes_later_says_so() {
    let (mut state, _) = with_steps(1);
    set(&mut state, "max_tokens 7");
    assert_eq!(notice(&state), "max_tokens = 7: from the next run on");
    set(&mut state, "dtype f16");
    assert_eq!(notice(&state), "dtype = f16: the model is loaded anew");
}

#[test]
fn a_saved_trace_is_left_alone_by_the_type_of_the_next_model() {
    let mut state = saving::reopened();
    assert_eq!(set(&mut state, "dtype bf16"), []);
    let said = "dtype = bf16: for the next model that is loaded";
    assert_eq!(notice(&state), said);
    let load = load_of(Dtype::Bf16, WantedDevices::default());
    assert_eq!(set(&mut state, "model tiny"), [load]);
}

#[test]
fn a_step_or_layer_that_is_not_there_is_told() {
    let (mut state, run) = with_steps(2);
    finish(&mut state, run);
    press(&mut state, "tab");
    for (line, told) in [
        ("step 999", "There is no step 999: the last one is 2."),
        ("layer 99", "There is no L99: the last one is L2."),
    ] {
        let before = (state.cursor.step, state.cursor.row);
        press(&mut state, ":");
        type_text(&mut state, line);
        press(&mut state, "enter");
        assert_eq!(notice(&state), told);
        assert_eq!((state.cursor.step, state.cursor.row), before);
    }
}

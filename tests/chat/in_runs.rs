//! Runs of a conversation: `trace`, `compare` and `verify` give the model what `chat --render` prints.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;
use tempfile::TempDir;

/// Short, as the model can attend to few tokens.
const TEMPLATE: &str = "{{ bos_token }}{% for m in messages %}{{ m.role[0] }}:{{ m.content }}\
                        <|endoftext|>{% endfor %}{% if add_generation_prompt %}a:{% endif %}";

/// A whole tiny model with this template, and some messages.
fn folder(template: Option<&str>) -> TempDir {
    let folder = TempDir::new().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/llama");
    for entry in fs::read_dir(fixture).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let path = folder.path().join("tokenizer_config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    config["chat_template"] = serde_json::json!(template);
    fs::write(&path, config.to_string()).unwrap();
    let messages = r#"[{"role": "user", "content": "The keys"},
                       {"role": "assistant", "content": " to<|endoftext|>"}]"#;
    fs::write(folder.path().join("talk.json"), messages).unwrap();
    folder
}

fn lenscape(folder: &TempDir, command: &str, more: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("lenscape")
        .unwrap()
        .env("LENSCAPE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .current_dir(folder.path())
        .args([command, "--model", "."])
        .args(more)
        .assert()
}

fn json(run: assert_cmd::assert::Assert) -> Value {
    serde_json::from_slice(&run.success().get_output().stdout).unwrap()
}

fn text(run: assert_cmd::assert::Assert) -> String {
    String::from_utf8(run.success().get_output().stdout.clone()).unwrap()
}

#[test]
fn a_run_of_a_conversation_has_the_text_and_the_ids_that_chat_prints() {
    let folder = folder(Some(TEMPLATE));
    for said in [
        &["the cabinet", "--chat"][..],
        &["the cabinet", "--system", "Be brief."],
        &["the cabinet", "--messages", "talk.json"],
        &["--messages", "talk.json"],
        &[
            "the cabinet",
            "--messages",
            "talk.json",
            "--system",
            "Be brief.",
        ],
    ] {
        let trace = [said, &["--format", "json", "-n", "2"]].concat();
        let traced = json(lenscape(&folder, "trace", &trace));
        let said: Vec<&str> = said
            .iter()
            .copied()
            .filter(|arg| *arg != "--chat")
            .collect();
        let rendered = text(lenscape(
            &folder,
            "chat",
            &[&said[..], &["--render"]].concat(),
        ));
        let ids = json(lenscape(
            &folder,
            "chat",
            &[&said[..], &["--render", "--ids"]].concat(),
        ));
        assert_eq!(traced["prompt"], rendered, "{said:?}");
        assert_eq!(traced["prompt_ids"], ids, "{said:?}");
        let typed = said.first().filter(|first| !first.starts_with('-'));
        assert_eq!(traced["chat"]["prompt"], *typed.unwrap_or(&""));
        let system = said.contains(&"--system").then_some("Be brief.");
        assert_eq!(traced["chat"]["system"].as_str(), system);
    }
}

#[test]
fn without_chat_a_prompt_is_given_as_it_is() {
    let folder = folder(Some(TEMPLATE));
    let traced = json(lenscape(
        &folder,
        "trace",
        &["The keys", "--format", "json", "-n", "1"],
    ));
    assert_eq!(traced["prompt"], "The keys");
    assert_eq!(traced["chat"], Value::Null);
}

#[test]
fn candidates_are_compared_behind_a_conversation() {
    let folder = folder(Some(TEMPLATE));
    let said = [
        "the cabinet",
        "--chat",
        "--tokens",
        " is",
        "#7",
        "--format",
        "json",
    ];
    let compared = json(lenscape(&folder, "compare", &said));
    let rendered = text(lenscape(&folder, "chat", &["the cabinet", "--render"]));
    let prompt = &compared["prompts"][0];
    assert_eq!(prompt["prompt"], rendered, "{compared}");
    // The same figures as when the same tokens are watched in a run.
    let said = [
        "the cabinet",
        "--chat",
        "--watch",
        " is",
        "--watch",
        "#7",
        "-n",
        "1",
    ];
    let traced = json(lenscape(
        &folder,
        "trace",
        &[&said[..], &["--format", "json"]].concat(),
    ));
    let layers = |of: &Value| -> Vec<Value> {
        let layers = of["layers"].as_array().unwrap().iter();
        layers.map(|layer| layer["rank"].clone()).collect()
    };
    for at in [0, 1] {
        let compared = layers(&prompt["candidates"][at]);
        assert_eq!(compared, layers(&traced["watch"][at]));
        assert_eq!(compared.len(), 4);
    }
}

#[test]
fn a_conversation_passes_the_checks_of_any_text() {
    let folder = folder(Some(TEMPLATE));
    let said = ["--prompt", "the cabinet", "--chat", "-n", "2"];
    lenscape(&folder, "verify", &said).success();
}

#[test]
fn what_cannot_be_said_is_one_line() {
    let line = |told: &'static str| {
        contains(told).and(predicate::function(|text: &str| text.lines().count() == 1))
    };
    let without = folder(None);
    for (command, said) in [
        ("trace", &["Hi", "--chat"][..]),
        ("compare", &["Hi", "--chat", "--tokens", " is"]),
        ("verify", &["--prompt", "Hi", "--system", "Be brief."]),
        ("trace", &["Hi", "--chat", "--follow"]),
    ] {
        lenscape(&without, command, said)
            .code(1)
            .stderr(line("the model has no chat template"));
    }
    let refuses = folder(Some("{{ raise_exception('not so') }}"));
    lenscape(&refuses, "trace", &["Hi", "--chat"])
        .code(1)
        .stderr(line("refuses this conversation: not so"));
    let there = folder(Some(TEMPLATE));
    lenscape(&there, "trace", &["", "--chat"])
        .code(1)
        .stderr(line("nothing is said"));
    let system = r#"[{"role": "system", "content": "S"}]"#;
    fs::write(there.path().join("talk.json"), system).unwrap();
    lenscape(
        &there,
        "trace",
        &["--messages", "talk.json", "--system", "T"],
    )
    .code(1)
    .stderr(line("talk.json: the messages have a system prompt already"));
    fs::write(there.path().join("talk.json"), "[1]").unwrap();
    lenscape(&there, "trace", &["--messages", "talk.json"])
        .code(1)
        .stderr(line("talk.json: the messages cannot be used"));
    // A template that cannot be read does not keep anybody from plain prompts.
    let broken = folder(Some("{% if %}"));
    lenscape(
        &broken,
        "trace",
        &["The keys", "-n", "1", "--format", "json"],
    )
    .success();
    lenscape(&broken, "trace", &["The keys", "--chat"])
        .code(1)
        .stderr(line("the chat template cannot be read"));
}

//! `lenscape chat --render` prints what is sent, from the files of the tokenizer alone.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use tempfile::TempDir;

const TEMPLATE: &str = "{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content | trim }}\n\
                        {% endfor %}{% if tools %}{{ tools | tojson }}{% endif %}\
                        {% if add_generation_prompt %}assistant:{% endif %}";

/// A folder with a tokenizer, a template and some messages, and nothing else.
fn folder(template: Option<&str>) -> TempDir {
    let folder = TempDir::new().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/llama");
    fs::copy(
        fixture.join("tokenizer.json"),
        folder.path().join("tokenizer.json"),
    )
    .unwrap();
    let config = serde_json::json!({
        "bos_token": "<|endoftext|>",
        "eos_token": "<|endoftext|>",
        "tokenizer_class": "TokenizersBackend",
        "chat_template": template,
    });
    fs::write(
        folder.path().join("tokenizer_config.json"),
        config.to_string(),
    )
    .unwrap();
    let messages =
        r#"[{"role": "system", "content": "Be brief."}, {"role": "user", "content": " Hi "}]"#;
    fs::write(folder.path().join("talk.json"), messages).unwrap();
    folder
}

fn chat(folder: &TempDir, more: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("lenscape").unwrap();
    let messages = folder.path().join("talk.json");
    command.env("LENSCAPE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command.arg("chat").arg("--model").arg(folder.path());
    command
        .arg("--messages")
        .arg(messages)
        .arg("--render")
        .args(more)
        .assert()
}

#[test]
fn the_text_is_printed_exactly() {
    let folder = folder(Some(TEMPLATE));
    let turns = "<|endoftext|>system: Be brief.\nuser: Hi\n";
    chat(&folder, &[])
        .success()
        .stdout(format!("{turns}assistant:"));
    chat(&folder, &["--no-generation-prompt"])
        .success()
        .stdout(turns);
    let open = "<|endoftext|>system: Be brief.\nuser: Hi";
    chat(&folder, &["--continue-final"]).success().stdout(open);
    let tools = folder.path().join("tools.json");
    fs::write(&tools, r#"[{"b": "<é>", "a": 1}]"#).unwrap();
    chat(&folder, &["--tools", tools.to_str().unwrap()])
        .success()
        .stdout(format!("{turns}[{{\"b\": \"<é>\", \"a\": 1}}]assistant:"));
}

#[test]
fn the_ids_are_those_of_the_text_and_nothing_around_it() {
    let folder = folder(Some(
        "{{ bos_token }}{{ messages[1].content }}<|endoftext|>",
    ));
    let printed = chat(&folder, &["--ids"]).success();
    let ids: Vec<u32> = serde_json::from_slice(&printed.get_output().stdout).unwrap();
    let tokenizer = tokenizers::Tokenizer::from_file(folder.path().join("tokenizer.json")).unwrap();
    let expected = tokenizer
        .encode("<|endoftext|> Hi <|endoftext|>", false)
        .unwrap();
    assert_eq!(ids, expected.get_ids());
    assert_eq!((ids.first(), ids.last()), (Some(&0), Some(&0)));
}

#[test]
fn what_cannot_be_rendered_is_one_line() {
    let line = |told: &'static str| {
        contains(told).and(predicate::function(|text: &str| text.lines().count() == 1))
    };
    let without = folder(None);
    chat(&without, &[])
        .code(1)
        .stdout("")
        .stderr(line("the model has no chat template"));
    let refuses = folder(Some("{{ raise_exception('not so') }}"));
    chat(&refuses, &[])
        .code(1)
        .stdout("")
        .stderr(line("refuses this conversation: not so"));
    let broken = folder(Some("{% if %}"));
    chat(&broken, &[])
        .code(1)
        .stdout("")
        .stderr(line("the chat template cannot be read"));
    let bad = folder(Some(TEMPLATE));
    fs::write(bad.path().join("talk.json"), "[1]").unwrap();
    chat(&bad, &[])
        .code(1)
        .stdout("")
        .stderr(line("talk.json: the messages cannot be used"));
    fs::remove_file(bad.path().join("talk.json")).unwrap();
    chat(&bad, &[])
        .code(1)
        .stdout("")
        .stderr(line("cannot read "));
}

//! Every command takes the model of the user's settings where none is named.

use assert_cmd::Command;
use predicates::str::contains;

#[test]
fn without_model_each_command_takes_that_of_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "model = \"./no-such.gguf\"\n";
    std::fs::write(folder.path().join("config.toml"), settings).unwrap();
    for arguments in [&["trace", "Once"][..], &["verify"], &["bench"]] {
        Command::cargo_bin("lenscape")
            .unwrap()
            .env("LENSCAPE_CONFIG", folder.path())
            .env("LENSCAPE_HOME", folder.path())
            .args(arguments)
            .assert()
            .failure()
            .stderr(contains("no model at ./no-such.gguf"));
    }
}

//! `lenscape play`: a script writes beside itself or below `--output`, and replaces only what a
//! play has made. Scripts come from anywhere.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use predicates::prelude::*;
use predicates::str::contains;
use tempfile::TempDir;

/// A folder with a script in `scripts`, and beside that what is nobody's business.
struct Scripts(TempDir);

impl Scripts {
    fn new(script: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::create_dir(folder.path("scripts")).unwrap();
        fs::write(folder.path("scripts/s.toml"), script).unwrap();
        fs::write(folder.path("other.cast"), "mine").unwrap();
        fs::write(folder.path("other.svg"), "mine").unwrap();
        fs::write(folder.path(".bashrc"), "mine").unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn play(&self, arguments: &[&str]) -> Assert {
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gpt2");
        Command::cargo_bin("lenscape")
            .unwrap()
            .env("LENSCAPE_HOME", self.path("home"))
            .env("XDG_STATE_HOME", self.path("home"))
            .env("HOME", self.0.path())
            .current_dir(self.0.path())
            .args(["play", "scripts/s.toml", "--model"])
            .arg(model)
            .args(arguments)
            .assert()
    }

    /// Nothing of the user's is another than before, and nothing new lies beside it.
    fn assert_untouched(&self) {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.0.path()).unwrap() {
            names.push(entry.unwrap().file_name().into_string().unwrap());
        }
        names.sort();
        names.retain(|name| name != "home");
        assert_eq!(names, [".bashrc", "other.cast", "other.svg", "scripts"]);
        for name in [".bashrc", "other.cast", "other.svg"] {
            assert_eq!(fs::read_to_string(self.path(name)).unwrap(), "mine");
        }
    }
}

fn one_line() -> impl Predicate<str> {
    predicate::function(|text: &str| text.lines().count() == 1 && text.starts_with("lenscape: "))
}

#[test]
fn a_script_names_nothing_outside_of_its_folder() {
    let absolute = Scripts::new("");
    for record in ["../other.cast", "../.bashrc", "../new.cast", ".bashrc"] {
        let scripts = Scripts::new(&format!(
            "record = {record:?}\ntitle = \"$(touch made)\"\nsteps = [{{ wait = \"ready\" }}]"
        ));
        scripts.play(&[]).code(1).stderr(one_line());
        scripts.assert_untouched();
    }
    for name in ["../other.svg", "../new.png", "a/../../new.svg"] {
        let picture = Scripts::new(&format!("steps = [{{ screenshot = {name:?} }}]"));
        for more in [&[][..], &["--output", "scripts/out"]] {
            let told = contains("leads out of the script's folder");
            picture.play(more).code(1).stderr(one_line().and(told));
        }
        picture.assert_untouched();
    }
    for name in ["new.cast", "other.cast"] {
        let path = absolute.path(name);
        let script = format!("record = {path:?}\nsteps = []");
        fs::write(absolute.path("scripts/s.toml"), script).unwrap();
        absolute.play(&[]).code(1).stderr(one_line());
        absolute.assert_untouched();
    }
}

#[cfg(unix)]
#[test]
fn no_link_beside_a_script_leads_it_elsewhere() {
    for (link, target) in [
        ("out", ".."),
        ("new.svg", "../made.svg"),
        ("new.cast", "../other.cast"),
    ] {
        let script = match link {
            "out" => "steps = [{ screenshot = \"out/made.svg\" }]",
            "new.svg" => "steps = [{ screenshot = \"new.svg\" }]",
            _ => "record = \"new.cast\"\nsteps = []",
        };
        let scripts = Scripts::new(script);
        std::os::unix::fs::symlink(target, scripts.path("scripts").join(link)).unwrap();
        scripts.play(&[]).code(1).stderr(one_line());
        scripts.assert_untouched();
    }
}

#[test]
fn only_what_a_play_made_is_replaced_unless_the_command_line_names_it() {
    let scripts = Scripts::new(
        "record = \"a.cast\"\nsteps = [{ screenshot = \"b/a.svg\" }, { screenshot = \"a.png\" }]",
    );
    let made = ["a.cast", "b/a.svg", "a.png"].map(|name| scripts.path("scripts").join(name));
    for _ in 0..2 {
        scripts.play(&[]).success();
        for path in &made {
            assert!(fs::metadata(path).unwrap().len() > 100);
        }
    }
    for path in &made {
        let before = fs::read(path).unwrap();
        fs::write(path, "mine").unwrap();
        let told = contains("was not made by `lenscape play`").and(contains("--output"));
        scripts.play(&[]).code(1).stderr(one_line().and(told));
        assert_eq!(fs::read(path).unwrap(), b"mine");
        fs::write(path, before).unwrap();
    }
    let named = scripts.path("scripts/mine");
    let (cast, picture) = (named.with_extension("cast"), named.with_extension("svg"));
    for path in [&cast, &picture] {
        fs::write(path, "mine").unwrap();
    }
    let (record, screenshot) = (cast.to_str().unwrap(), picture.to_str().unwrap());
    scripts
        .play(&["--record", record, "--screenshot", screenshot])
        .success();
    for path in [&cast, &picture] {
        assert!(fs::metadata(path).unwrap().len() > 100);
    }
}

#[test]
fn what_a_script_saves_or_records_by_keys_stays_there_too() {
    let absolute = tempfile::tempdir().unwrap();
    let elsewhere = absolute.path().join("made.screen.svg");
    for (name, is_saved) in [
        ("made.screen.svg", true),
        ("../made.screen.svg", false),
        ("~/made.screen.svg", false),
        (elsewhere.to_str().unwrap(), false),
    ] {
        let says = if is_saved { "Saved" } else { "leads out" };
        let scripts = Scripts::new(&format!(
            "steps = [{{ wait = \"ready\" }}, {{ press = \"ctrl-s\" }}, {{ press = \"ctrl-u\" }}, \
             {{ type = {name:?} }}, {{ press = \"enter\" }}, \
             {{ wait = {{ text = {says:?} }}, timeout = 20 }}]"
        ));
        scripts.play(&[]).success();
        assert_eq!(scripts.path("scripts/made.screen.svg").exists(), is_saved);
        scripts.assert_untouched();
        assert!(!elsewhere.exists());
    }
}

#[test]
fn a_script_asks_for_no_more_than_there_can_be() {
    for script in [
        "size = [65535, 65535]\nsteps = []",
        "steps = [{ resize = [65535, 65535] }]",
        "steps = [{ press = \"x\", times = 9223372036854775807 }]",
        "steps = [{ sleep = 1e19 }]",
    ] {
        let scripts = Scripts::new(script);
        scripts.play(&[]).code(1).stderr(one_line());
    }
}

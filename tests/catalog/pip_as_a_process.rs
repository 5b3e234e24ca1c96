//! The program's own way to pip: where Python is started, and that it does not outlive us.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The catalog's model that a Python package has, too.
const MODEL: &str = "smollm2-135m";

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A user's folder that the program is started in, away from the user's own files. No network is
/// asked: neither the hub nor pip's index is there.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::create_dir(folder.path("bin")).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `python3` is this shell script; `$here` is the user's folder.
    fn with_python(self, script: &str) -> Self {
        let here = self.0.path().display();
        let python = self.path("bin/python3");
        fs::write(&python, format!("#!/bin/sh\nhere='{here}'\n{script}\n")).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn pull(&self) -> Command {
        let usual = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lenscape"));
        command
            .args(["models", "pull", MODEL])
            .current_dir(self.0.path())
            .env("PATH", format!("{}:{usual}", self.path("bin").display()))
            .env("HOME", self.0.path())
            // Not absolute, as a user may write it.
            .env("LENSCAPE_HOME", "home")
            .env("HF_HUB_OFFLINE", "1")
            .env("PIP_CONFIG_FILE", "/dev/null")
            .env("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
            .env_remove("PIP_EXTRA_INDEX_URL")
            .env_remove("PYTHONPATH")
            .env_remove("PYTHONSAFEPATH")
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    /// The program, once the script has told `$here/started` its process and that of its child.
    fn pulling(&self) -> (Child, Vec<Pid>) {
        let mut pull = self.pull();
        // Whoever runs the tests may want the hang-up ignored, as `nohup` does.
        // SAFETY: `signal` is one of the functions that a child may call before it starts.
        unsafe {
            pull.pre_exec(|| {
                libc::signal(libc::SIGHUP, libc::SIG_DFL);
                Ok(())
            });
        }
        let pulling = pull.spawn().unwrap();
        let told = || fs::read_to_string(self.path("started")).unwrap_or_default();
        wait_until("python3 has been started", || told().lines().count() == 2);
        let ids = told();
        let ids = ids.lines().map(|id| Pid::from_raw(id.parse().unwrap()));
        (pulling, ids.map(Option::unwrap).collect())
    }

    fn unfinished(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("home/models").join(MODEL)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(".unf")).collect()
    }
}

/// Starts a process of its own, as a wrapper of Python may, and waits for it.
const WRAPPER: &str = r#"sleep 600 & printf '%s\n' $$ $! > "$here/begun"
mv "$here/begun" "$here/started"; wait"#;

fn wait_until(what: &str, come: impl Fn() -> bool) {
    let begun = Instant::now();
    while !come() {
        assert!(begun.elapsed() < PATIENCE, "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A process that nobody has waited for yet has ended all the same.
fn has_ended(process: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    stat.map_or(true, |stat| {
        let state = stat
            .rsplit_once(") ")
            .map(|(_, rest)| rest.starts_with('Z'));
        state.unwrap_or(true)
    })
}

#[test]
fn a_pip_in_the_users_folder_is_not_run() {
    for module in ["pip.py", "pip/__main__.py", "pip/__init__.py"] {
        let folder = Folder::new();
        let file = folder.path(module);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        if module == "pip/__main__.py" {
            fs::write(folder.path("pip/__init__.py"), "").unwrap();
        }
        let was_run = folder.path("was-run");
        fs::write(&file, format!("open({:?}, 'w')\n", was_run.display())).unwrap();
        let output = folder.pull().output().unwrap();
        assert!(!output.status.success());
        assert!(!was_run.exists(), "{module} was run");
    }
}

#[test]
fn python_is_started_in_an_empty_folder_and_told_absolute_paths() {
    let folder = Folder::new().with_python(
        r#"{ pwd; ls -A | wc -l; echo "$PYTHONSAFEPATH"; echo "$TMPDIR"
        while [ "$1" != --dest ]; do shift; done; echo "$2"; } > "$here/told"; exit 1"#,
    );
    folder.pull().output().unwrap();
    let told = fs::read_to_string(folder.path("told")).unwrap();
    let told: Vec<&str> = told.lines().collect();
    let [started_in, files, safe_path, temporary, wheel] = told[..] else {
        panic!("{told:?}");
    };
    assert_eq!((files.trim(), safe_path), ("0", "1"));
    let models = folder.0.path().canonicalize().unwrap().join("home/models");
    for path in [started_in, temporary, wheel] {
        let path = Path::new(path);
        let at = path.canonicalize();
        // They are gone by now.
        assert!(at.is_err() && path.is_absolute(), "{told:?}");
    }
    assert!(Path::new(started_in).starts_with(&models), "{told:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_pip_with_all_that_it_started_and_cleans_up() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        let folder = Folder::new().with_python(WRAPPER);
        let (mut pulling, processes) = folder.pulling();
        let sent = Instant::now();
        let us = Pid::from_raw(pulling.id().try_into().unwrap()).unwrap();
        kill_process(us, signal).unwrap();
        let status = pulling.wait().unwrap();
        assert!(sent.elapsed() < Duration::from_secs(60), "{signal:?}");
        assert_eq!(status.signal(), Some(signal.as_raw()), "{signal:?}");
        for process in processes {
            wait_until("pip's processes have ended", || has_ended(process));
        }
        assert!(folder.unfinished().is_empty(), "{:?}", folder.unfinished());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn pip_does_not_outlive_a_program_that_was_killed() {
    let folder = Folder::new().with_python(
        r#"printf '%s\n' $$ $$ > "$here/begun"
        mv "$here/begun" "$here/started"; exec sleep 600"#,
    );
    let (mut pulling, processes) = folder.pulling();
    pulling.kill().unwrap();
    pulling.wait().unwrap();
    wait_until("pip has ended", || has_ended(processes[0]));
}

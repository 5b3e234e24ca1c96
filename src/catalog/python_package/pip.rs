//! pip as a child process, which downloads a wheel and does nothing else.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use super::child::{kill_group, tie_to_us};
use super::complaint::Complaint;
use super::{Package, SOURCE};
use crate::catalog::SourceError;
use crate::catalog::errand::{EntryFile, Errand};
use crate::catalog::progress::Meter;

/// How often the growing files are looked at.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// pip gives up by itself after our patience; this is for a pip that does not.
const PATIENCE_WITH_PIP: u32 = 2;

/// How long killed processes are waited for.
const GRACE: Duration = Duration::from_secs(2);

/// How pip is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pip {
    /// The program.
    pub program: OsString,
    /// What comes before pip's own arguments.
    pub arguments: Vec<OsString>,
}

impl Default for Pip {
    /// `python3 -m pip`.
    fn default() -> Self {
        Self {
            program: "python3".into(),
            arguments: vec!["-m".into(), "pip".into()],
        }
    }
}

impl Pip {
    fn shown(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    /// pip, told to put the wheel into `room` and all else beside it.
    fn command(&self, requirement: &str, room: &Room, patience: Duration) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            // Wheels only: of a source package pip would run code to learn its metadata.
            .args(["download", "--no-deps", "--only-binary=:all:"])
            .args(["--no-cache-dir", "--no-input"])
            .arg("--disable-pip-version-check")
            // Two attempts, which share our patience.
            .arg("--retries=1")
            .arg(format!("--timeout={}", (patience.as_secs() / 2).max(1)))
            .arg("--dest")
            .args([room.wheel.as_os_str(), requirement.as_ref()])
            .env("TMPDIR", &room.scratch)
            // Python looks for modules where it is started, before anywhere else: a `pip.py` in
            // the user's folder would be run in pip's place. In an empty folder there is none, and
            // from Python 3.11 on it is told not to look. `-I` would lose a pip of the user's own.
            .current_dir(&room.empty)
            .env("PYTHONSAFEPATH", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        tie_to_us(&mut command);
        command
    }

    fn not_started(&self, why: io::Error) -> SourceError {
        if why.kind() == io::ErrorKind::NotFound {
            let program = self.shown();
            return SourceError::NoPython { program };
        }
        SourceError::Io {
            folder: PathBuf::from(&self.program),
            why,
        }
    }
}

/// Where pip works: absolute paths, as it is not started where we are.
struct Room {
    /// All of it.
    scratch: PathBuf,
    /// For the wheel, and nothing else.
    wheel: PathBuf,
    /// For nothing: pip is started here.
    empty: PathBuf,
}

impl Room {
    fn below(scratch: &Path) -> io::Result<Self> {
        let scratch = std::path::absolute(scratch)?;
        let room = Self {
            wheel: scratch.join("wheel"),
            empty: scratch.join("empty"),
            scratch,
        };
        fs::create_dir(&room.wheel)?;
        fs::create_dir(&room.empty)?;
        Ok(room)
    }
}

/// Download the package's wheel into `scratch`; what pip needs besides goes there, too.
///
/// pip reads its own configuration, so that a site's mirror is used.
pub(super) async fn download(
    errand: &Errand<'_>,
    package: &Package<'_>,
    wanted: EntryFile<'_>,
    scratch: &Path,
) -> Result<PathBuf, SourceError> {
    let disk = |why| SourceError::in_store(why, wanted, errand.places);
    let room = Room::below(scratch).map_err(disk)?;
    let pip = &errand.places.pip;
    let patience = errand.places.patience;
    let mut command = pip.command(&package.requirement, &room, patience);
    let child = command.spawn().map_err(|why| pip.not_started(why))?;
    let requirement = package.requirement.clone();
    let total = Some(package.wheel_bytes);
    let mut meter = Meter::start(errand.report, SOURCE, requirement, total);
    let (status, errors) = watch(errand, child, scratch, &mut meter).await?;
    if !status.success() {
        let requirement = package.requirement.clone();
        return Err(Complaint::find(&errors).explain(pip.shown(), requirement, disk));
    }
    wheel_in(&room.wheel).ok_or_else(|| SourceError::Pip {
        requirement: package.requirement.clone(),
        why: "it reported success but left no wheel".to_owned(),
    })
}

/// Wait for pip's end while telling how the files below `scratch` grow: what it ended with, and
/// what it wrote to stderr.
async fn watch(
    errand: &Errand<'_>,
    mut child: Child,
    scratch: &Path,
    meter: &mut Meter<'_>,
) -> Result<(ExitStatus, String), SourceError> {
    let leader = child.id();
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let mut end = std::pin::pin!(async { tokio::join!(child.wait(), read(output), read(errors)) });
    let patience = errand.places.patience * PATIENCE_WITH_PIP;
    let (mut largest, mut grew) = (0, Instant::now());
    let reason = loop {
        tokio::select! {
            biased;
            () = errand.cancel.cancelled() => break SourceError::Cancelled,
            (status, _, errors) = &mut end => {
                let folder = scratch.to_owned();
                let status = status.map_err(|why| SourceError::Io { folder, why })?;
                return Ok((status, errors));
            }
            () = tokio::time::sleep(BETWEEN_LOOKS) => {}
        }
        let size = largest_file(scratch);
        if size > largest {
            (largest, grew) = (size, Instant::now());
            meter.at(size);
        } else if grew.elapsed() > patience {
            break SourceError::Stalled {
                who: "pip".to_owned(),
                seconds: patience.as_secs_f64(),
            };
        }
    };
    kill_group(leader);
    // The pipes end with the last of its processes; then nobody writes into the scratch folder.
    let _ = tokio::time::timeout(GRACE, end).await;
    Err(reason)
}

async fn read(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // A broken pipe ends the text; the exit status says the rest.
        let _ = pipe.read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The size of the largest file in `folder` or one level below: pip downloads to a temporary
/// folder first, and copies the wheel from there.
fn largest_file(folder: &Path) -> u64 {
    let list = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    list(folder)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .flat_map(|entry| list(&entry.path()))
        .filter_map(|entry| entry.metadata().ok())
        .map(|metadata| metadata.len())
        .max()
        .unwrap_or(0)
}

fn wheel_in(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files = entries.map(|entry| entry.path());
    files.find(|path| path.extension().is_some_and(|extension| extension == "whl"))
}

//! The memory that this process may still take, and what bounds it: the machine, the control
//! groups that the process is in, or its own limits.

use std::fs;
use std::path::{Component, Path, PathBuf};

use rustix::process::{Resource, getrlimit};
use sysinfo::{MemoryRefreshKind, System};

use super::in_words;

/// How many bytes may still be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Available {
    /// The bytes.
    pub bytes: u64,
    /// Why not more.
    pub bound: Bound,
}

/// What it is that bounds the memory of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// What the machine has free without swapping.
    Machine,
    /// The limit of a control group, as of a container or a batch job.
    ControlGroup,
    /// The limit on the addresses of this process, `ulimit -v`.
    AddressSpace,
    /// The limit on the data of this process, `ulimit -d`.
    Data,
    /// What a system that never promises more than it has may still promise.
    Commitment,
}

impl Available {
    /// What is left and what to do where that is too little, as the second half of a sentence.
    #[must_use]
    pub fn too_little(self) -> String {
        let bytes = in_words(self.bytes);
        match self.bound {
            Bound::Machine => {
                format!("{bytes} are free; choose a smaller model or close other programs")
            }
            Bound::ControlGroup => format!(
                "{bytes} are left within the memory limit of its control group; choose a smaller \
                 model or raise that limit"
            ),
            Bound::AddressSpace => format!(
                "{bytes} are left within the limit on addresses; choose a smaller model or raise \
                 it with `ulimit -v`"
            ),
            Bound::Data => format!(
                "{bytes} are left within the limit on data; choose a smaller model or raise it \
                 with `ulimit -d`"
            ),
            Bound::Commitment => format!(
                "{bytes} are all that the system promises (vm.overcommit_memory is 2); choose a \
                 smaller model or close other programs"
            ),
        }
    }
}

/// What can be taken without swapping, within the limits that this process has; `None` where the
/// system does not say.
#[must_use]
pub fn available() -> Option<Available> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let bounds = [
        (Bound::Machine, machine()),
        (
            Bound::ControlGroup,
            left_in_groups(&groups, Path::new("/sys/fs/cgroup")),
        ),
        (
            Bound::AddressSpace,
            left_of(Resource::As, kilobytes(&status, "VmSize")),
        ),
        (
            Bound::Data,
            left_of(Resource::Data, kilobytes(&status, "VmData")),
        ),
        (Bound::Commitment, left_to_promise()),
    ];
    let bounds = bounds.into_iter().filter_map(|(bound, bytes)| {
        let bytes = bytes?;
        Some(Available { bytes, bound })
    });
    bounds.min_by_key(|available| available.bytes)
}

fn machine() -> Option<u64> {
    let mut system = System::new();
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    Some(system.available_memory()).filter(|bytes| *bytes > 0)
}

/// What a limit of the process leaves when `used` bytes of it are in use.
fn left_of(limit: Resource, used: Option<u64>) -> Option<u64> {
    let limit = getrlimit(limit).current?;
    Some(limit.saturating_sub(used?))
}

/// What is left to be promised where the system promises no more than it has.
fn left_to_promise() -> Option<u64> {
    let policy = fs::read_to_string("/proc/sys/vm/overcommit_memory").ok()?;
    let memory = fs::read_to_string("/proc/meminfo").ok()?;
    left_by_policy(&policy, &memory)
}

fn left_by_policy(policy: &str, memory: &str) -> Option<u64> {
    /// Never more than there is.
    const STRICT: &str = "2";
    if policy.trim() != STRICT {
        return None;
    }
    let limit = kilobytes(memory, "CommitLimit")?;
    Some(limit.saturating_sub(kilobytes(memory, "Committed_AS")?))
}

/// A value of a table such as `/proc/meminfo`, in bytes.
fn kilobytes(table: &str, name: &str) -> Option<u64> {
    let value = table
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let number = value.trim().strip_suffix("kB")?.trim_end();
    number.parse::<u64>().ok()?.checked_mul(1024)
}

/// The files of a control group that tell of memory, in one version of the interface.
struct Interface {
    /// Where its groups may be, within the folder of all.
    mounts: &'static [&'static str],
    limit: &'static str,
    usage: &'static str,
    /// What of the usage is pages of files, among the statistics.
    files: [&'static str; 2],
}

const FIRST: Interface = Interface {
    mounts: &["memory"],
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    files: ["total_inactive_file", "total_active_file"],
};

const SECOND: Interface = Interface {
    mounts: &["", "unified"],
    limit: "memory.max",
    usage: "memory.current",
    files: ["inactive_file", "active_file"],
};

/// The least that the control groups of a process leave it, each within the next. `groups` is what
/// its `/proc/self/cgroup` says, `root` the folder of all control groups.
fn left_in_groups(groups: &str, root: &Path) -> Option<u64> {
    let left = groups.lines().filter_map(|line| {
        let (interface, group) = memory_group(line)?;
        let mounts = interface.mounts.iter().map(|mount| root.join(mount));
        let left = mounts.filter_map(|mount| {
            // Within a container its own group is the root, whatever it is called outside.
            let folders = group.ancestors().map(|folder| mount.join(folder));
            folders
                .filter_map(|folder| interface.left_in(&folder))
                .min()
        });
        left.min()
    });
    left.min()
}

/// The group that a line such as `4:memory:/a/b` or `0::/a/b` tells of, relative to the root.
fn memory_group(line: &str) -> Option<(&'static Interface, PathBuf)> {
    let (_, rest) = line.split_once(':')?;
    let (controllers, group) = rest.split_once(':')?;
    let interface = match controllers {
        "" => &SECOND,
        names if names.split(',').any(|name| name == "memory") => &FIRST,
        _ => return None,
    };
    let parts = Path::new(group).components();
    let group = parts.filter(|part| matches!(part, Component::Normal(_)));
    Some((interface, group.collect()))
}

impl Interface {
    /// What a group leaves; `None` where it is not there or has no limit.
    fn left_in(&self, group: &Path) -> Option<u64> {
        let number = |name: &str| -> Option<u64> {
            let text = fs::read_to_string(group.join(name)).ok()?;
            text.trim().parse().ok()
        };
        let limit = number(self.limit)?;
        let used = number(self.usage)?;
        let statistics = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
        // A group counts the files that it has read as used; the system takes that memory back
        // when it is needed.
        let files = self.files.iter().filter_map(|name| {
            let mut lines = statistics.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
        });
        let files = files.fold(0, u64::saturating_add);
        Some(limit.saturating_sub(used.saturating_sub(files)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Makes a control group of files.
    fn group(folder: &Path, files: &[(&str, &str)]) {
        fs::create_dir_all(folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
    }

    #[test]
    fn this_machine_has_some_memory_left() {
        assert!(available().is_none_or(|available| available.bytes > 0));
    }

    #[test]
    fn a_group_of_the_second_version_leaves_its_limit_without_what_is_used_but_for_files() {
        let root = tempfile::tempdir().unwrap();
        group(
            &root.path().join("user.slice/job"),
            &[
                ("memory.max", "1000000\n"),
                ("memory.current", "700000\n"),
                (
                    "memory.stat",
                    "anon 300000\ninactive_file 100000\nactive_file 200000\nfile 390000\n",
                ),
            ],
        );
        assert_eq!(
            left_in_groups("0::/user.slice/job\n", root.path()),
            Some(600_000)
        );
        assert_eq!(left_in_groups("0::/user.slice\n", root.path()), None);
    }

    #[test]
    fn the_tightest_of_the_groups_around_a_process_counts() {
        let root = tempfile::tempdir().unwrap();
        let files = |limit| [("memory.max", limit), ("memory.current", "100\n")];
        group(&root.path().join("a"), &files("500\n"));
        group(&root.path().join("a/b"), &files("max\n"));
        group(&root.path().join("a/b/c"), &files("900\n"));
        assert_eq!(left_in_groups("0::/a/b/c\n", root.path()), Some(400));
    }

    #[test]
    fn a_group_of_the_first_version_counts_by_its_totals() {
        let root = tempfile::tempdir().unwrap();
        let files = [
            ("memory.limit_in_bytes", "1000000\n"),
            ("memory.usage_in_bytes", "900000\n"),
            (
                "memory.stat",
                "inactive_file 1\ntotal_inactive_file 300000\ntotal_active_file 100000\n",
            ),
        ];
        group(&root.path().join("memory/docker/4f"), &files);
        let groups = "9:name=systemd:/\n4:hugetlb,memory:/docker/4f\n3:cpuset:/\n0::/\n";
        assert_eq!(left_in_groups(groups, root.path()), Some(500_000));
    }

    #[test]
    fn within_a_container_the_group_is_the_root() {
        let root = tempfile::tempdir().unwrap();
        let files = [("memory.max", "300"), ("memory.current", "100")];
        group(root.path(), &files);
        for line in ["0::/not/to/be/seen", "0::/", "0::/../.."] {
            assert_eq!(left_in_groups(line, root.path()), Some(200), "{line}");
        }
    }

    #[test]
    fn only_a_system_that_never_promises_too_much_has_an_end_of_promises() {
        let memory = "MemTotal: 9000 kB\nCommitLimit:       5000 kB\nCommitted_AS:     2000 kB\n";
        assert_eq!(left_by_policy("2\n", memory), Some(3000 * 1024));
        assert_eq!(left_by_policy("0\n", memory), None);
        assert_eq!(left_by_policy("1\n", memory), None);
    }

    #[test]
    fn what_is_too_little_says_by_which_limit() {
        for (bound, part) in [
            (Bound::Machine, "close other programs"),
            (Bound::ControlGroup, "control group"),
            (Bound::AddressSpace, "`ulimit -v`"),
            (Bound::Data, "`ulimit -d`"),
            (Bound::Commitment, "vm.overcommit_memory"),
        ] {
            let bytes = 300_000_000;
            let told = Available { bytes, bound }.too_little();
            assert!(told.starts_with("300 MB are "), "{told}");
            assert!(told.contains(part), "{told}");
        }
    }
}

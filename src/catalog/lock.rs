//! A lock between processes, so that two of them never write the same file.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::regular_file;

/// How often a held lock is tried again.
const BETWEEN_TRIES: Duration = Duration::from_millis(200);

/// The lock on a file; given back when dropped, or by the system when the process ends.
pub(super) struct Lock {
    _file: File,
}

/// What came of trying a lock.
enum LockAttempt {
    Locked(Lock),
    Held,
    /// This file system knows no locks.
    Unsupported,
}

/// Take the lock on the file at `path`, which is made where it is missing, and left behind: were
/// it removed, two processes could each hold a lock on "the" file. While another process holds
/// the lock it is waited for, after `on_wait` has been called once.
///
/// `None` on a file system without locks.
pub(super) async fn wait_for(path: &Path, on_wait: impl FnOnce()) -> io::Result<Option<Lock>> {
    let mut on_wait = Some(on_wait);
    loop {
        match try_once(path)? {
            LockAttempt::Locked(lock) => return Ok(Some(lock)),
            LockAttempt::Unsupported => return Ok(None),
            LockAttempt::Held => {
                if let Some(on_wait) = on_wait.take() {
                    on_wait();
                }
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
        }
    }
}

/// Take the lock if that is possible at once.
pub(super) fn if_free(path: &Path) -> Option<Lock> {
    match try_once(path) {
        Ok(LockAttempt::Locked(lock)) => Some(lock),
        Ok(LockAttempt::Held | LockAttempt::Unsupported) | Err(_) => None,
    }
}

fn try_once(path: &Path) -> io::Result<LockAttempt> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    let file = regular_file::open_with(&mut options, path)?;
    match file.try_lock() {
        Ok(()) => Ok(LockAttempt::Locked(Lock { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(LockAttempt::Held),
        Err(TryLockError::Error(_)) => Ok(LockAttempt::Unsupported),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_lock_is_held_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        let lock = if_free(&path);
        assert!(lock.is_some());
        assert!(if_free(&path).is_none());
        drop(lock);
        assert!(if_free(&path).is_some());
    }

    #[tokio::test]
    async fn a_held_lock_is_waited_for_and_said_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        let lock = if_free(&path).unwrap();
        let waits = Cell::new(0);
        let (taken, ()) = tokio::join!(wait_for(&path, || waits.set(waits.get() + 1)), async {
            while waits.get() == 0 {
                tokio::task::yield_now().await;
            }
            drop(lock);
        });
        assert!(taken.unwrap().is_some());
        assert_eq!(waits.get(), 1);
    }
}

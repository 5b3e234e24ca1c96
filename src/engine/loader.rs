//! A load under way, on a thread of its own, so that the model that is there stays usable.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread::{Builder, JoinHandle};

use tokio_util::sync::CancellationToken;

use super::{OpenError, Opener, Session};
use crate::catalog::FetchEvent;
use crate::model::Dtype;
use crate::model::device::WantedDevices;

/// What is told while a load goes on.
pub(super) enum News {
    /// Of the files.
    Fetch(FetchEvent),
    /// `done` of `total` tensors were read.
    Tensors {
        /// Tensors so far.
        done: usize,
        /// Tensors in all.
        total: usize,
    },
}

/// What is to be loaded.
pub(super) struct Wanted {
    /// A catalog name, hub id, `.gguf` file or folder.
    pub model: String,
    /// How it is held and computed with.
    pub dtype: Dtype,
    /// Where it runs.
    pub devices: WantedDevices,
}

/// A load under way.
pub(super) struct Loader {
    /// What was asked for.
    pub model: String,
    outcome: Receiver<Result<Session, OpenError>>,
    thread: JoinHandle<()>,
}

/// How a load ended.
pub(super) enum Outcome {
    /// The model.
    Loaded(Box<Session>),
    /// What was wrong with the files, or what was short.
    Failed(OpenError),
    /// It panicked.
    Panicked,
}

impl Loader {
    /// Begins to load what is wanted, after the load `before` has given up its memory.
    pub fn begin(
        opener: Arc<Opener>,
        wanted: Wanted,
        before: Option<Self>,
        cancel: CancellationToken,
        tell: impl Fn(News) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (sender, outcome) = channel();
        let model = wanted.model.clone();
        let thread = Builder::new().name("loader".into()).spawn(move || {
            if let Some(before) = before {
                drop(before.outcome);
                // That it panicked is no news: nobody waits for it any more.
                let _ = before.thread.join();
            }
            let tell = |news| {
                if !cancel.is_cancelled() {
                    tell(news);
                }
            };
            let session = opener.open_as(
                &wanted.model,
                wanted.dtype,
                &wanted.devices,
                &|event| tell(News::Fetch(event)),
                &|done, total| tell(News::Tensors { done, total }),
                &cancel,
            );
            // Where nobody waits for it any more, it is dropped.
            let _ = sender.send(session);
        })?;
        Ok(Self {
            model,
            outcome,
            thread,
        })
    }

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<Outcome> {
        match self.outcome.try_recv() {
            Ok(Ok(session)) => Some(Outcome::Loaded(Box::new(session))),
            Ok(Err(error)) => Some(Outcome::Failed(error)),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Outcome::Panicked),
        }
    }
}

//! Saves files beside the loop: a slow disk keeps nobody waiting.

use std::path::Path;
use std::thread::{Builder, JoinHandle};

use ratatui::buffer::Buffer;
use tokio::sync::mpsc;

use super::Keeper;
use crate::app::{Message, Save, SaveNews, State, What};
use crate::export::file::{self, Existing};
use crate::export::{Content, ScreenFormat};
use crate::settings::Charset;
use crate::settings::theme::Ground;
use crate::ui;

/// Saves files, each on a thread of its own.
pub struct Saver {
    news: mpsc::UnboundedSender<Message>,
    keeper: Keeper,
    under_way: Vec<JoinHandle<()>>,
}

/// The screen: as text in the characters that the terminal shows, as a picture in all.
fn screen(state: &State, format: ScreenFormat) -> Buffer {
    let charset = match format {
        ScreenFormat::Ansi | ScreenFormat::Plain => state.charset(),
        ScreenFormat::Svg => Charset::Unicode,
    };
    ui::picture(state, charset)
}

impl Saver {
    /// A saver that tells `news`, and `keeper` of the traces that are saved.
    pub fn new(news: mpsc::UnboundedSender<Message>, keeper: Keeper) -> Self {
        Self {
            news,
            keeper,
            under_way: Vec::new(),
        }
    }

    /// Begins to save; returns at once. A file that is there is not replaced.
    pub fn begin(&mut self, save: Save, state: &State) {
        let content = match save.what {
            What::Content(content) => content,
            What::Screen(format) => {
                let ground = state.theme().map_or(Ground::Dark, |theme| theme.ground);
                Content::Screen(screen(state, format), format, ground)
            }
        };
        let (news, keeper, path) = (self.news.clone(), self.keeper.clone(), save.path);
        let thread = Builder::new().name("save".into()).spawn(move || {
            let done = write(&path, &content);
            if let (SaveNews::Saved(_), Content::Json(record) | Content::Tensors(record, _)) =
                (&done, &content)
            {
                keeper.saved(record);
            }
            // Nobody listens any more only when the program ends.
            let _ = news.send(Message::Saved(done));
        });
        match thread {
            Ok(thread) => {
                self.under_way.retain(|thread| !thread.is_finished());
                self.under_way.push(thread);
            }
            Err(error) => {
                let why = format!("cannot save: no thread to do it on: {error}");
                let _ = self.news.send(Message::Saved(SaveNews::Failed(why)));
            }
        }
    }

    /// Waits until everything is saved.
    pub fn finish(self) {
        for thread in self.under_way {
            // A panic has been reported by the hook.
            let _ = thread.join();
        }
    }
}

fn write(path: &Path, content: &Content) -> SaveNews {
    let bytes = match content.bytes() {
        Ok(bytes) => bytes,
        Err(error) => return SaveNews::Failed(error.to_string()),
    };
    match file::save(path, &bytes, Existing::Keep) {
        Ok(path) => SaveNews::Saved(path),
        Err(error) => SaveNews::Failed(error.to_string()),
    }
}

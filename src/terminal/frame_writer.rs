//! One frame, one write: collects what a frame draws and sends it in one piece, inside one
//! synchronized update (DEC mode 2026).
//!
//! A terminal at the end of a slow line may not take all of it at once. What it has not taken is
//! kept here, and [`FrameWriter::catch_up`] sends it when there is room: nobody waits for it.
//!
//! ratatui flushes twice a frame, and knows nothing of synchronized updates. So its backend
//! writes to a `FrameBuffer`, whose `flush` does nothing, and [`FrameWriter::frame`] decides
//! what leaves and when. A terminal that does not know mode 2026 ignores its brackets.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Opens a synchronized update: the terminal holds back what follows.
pub const BEGIN_UPDATE: &[u8] = b"\x1b[?2026h";
/// Closes a synchronized update: the terminal shows all of it at once.
pub const END_UPDATE: &[u8] = b"\x1b[?2026l";

/// A whole frame of 120×40 cells in true colour takes about 22 kB.
const USUAL_FRAME: usize = 64 * 1024;

/// Where the frame under way collects its bytes; clones share them.
#[derive(Clone, Debug, Default)]
pub struct FrameBuffer(Rc<RefCell<Vec<u8>>>);

impl FrameBuffer {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.borrow_mut())
    }
}

impl Write for FrameBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Does nothing: only a whole frame leaves.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What sending a frame cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameCost {
    /// Bytes, brackets included; 0 when nothing had changed.
    pub bytes: usize,
    /// How long the terminal took to accept them, or as much of them as it had room for.
    pub took: Duration,
}

/// Is shown every piece that was sent.
type Observer = Box<dyn FnMut(&[u8])>;

/// Sends frames to `output`, one write each.
pub struct FrameWriter<W> {
    frame: FrameBuffer,
    output: W,
    /// What `output` had no room for.
    unsent: Vec<u8>,
    observer: Option<Observer>,
}

impl<W: Write> FrameWriter<W> {
    /// A writer of frames to `output`, which should not hold bytes back itself. It may say that it
    /// [would block](io::ErrorKind::WouldBlock).
    #[must_use]
    pub fn new(output: W) -> Self {
        Self {
            frame: FrameBuffer::default(),
            output,
            unsent: Vec::new(),
            observer: None,
        }
    }

    /// The buffer that a backend draws into.
    #[must_use]
    pub fn buffer(&self) -> FrameBuffer {
        self.frame.clone()
    }

    /// Where the frames go.
    #[must_use]
    pub fn output(&self) -> &W {
        &self.output
    }

    /// Show `observer` every piece that is sent from now on, after it was sent: one call a frame,
    /// with balanced brackets. This is where a recording listens.
    pub fn on_commit(&mut self, observer: impl FnMut(&[u8]) + 'static) {
        self.observer = Some(Box::new(observer));
    }

    /// Send as one write what `draw` puts into the `FrameBuffer`. Nothing is sent when it puts
    /// nothing there.
    ///
    /// # Errors
    ///
    /// What `draw` returns (then nothing of the frame is sent, so that no bracket stays open), or
    /// what `output` returns.
    pub fn frame(&mut self, draw: impl FnOnce() -> io::Result<()>) -> io::Result<FrameCost> {
        let mut bytes = self.frame.take();
        bytes.clear();
        bytes.reserve(USUAL_FRAME);
        bytes.extend_from_slice(BEGIN_UPDATE);
        self.frame.0.replace(bytes);

        let drawn = draw();

        let mut bytes = self.frame.take();
        drawn?;
        let sent = if bytes.len() == BEGIN_UPDATE.len() {
            Ok(FrameCost::default())
        } else {
            bytes.extend_from_slice(END_UPDATE);
            self.commit(&bytes)
        };
        // The room is used again for the next frame.
        self.frame.0.replace(bytes);
        sent
    }

    /// Send more of what the output had no room for; the number of bytes that it still has none
    /// for.
    ///
    /// # Errors
    ///
    /// What `output` returns.
    pub fn catch_up(&mut self) -> io::Result<usize> {
        let mut sent = 0;
        let done = loop {
            let rest = &self.unsent[sent..];
            if rest.is_empty() {
                break self.output.flush();
            }
            match self.output.write(rest) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => sent += count,
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => break Ok(()),
                    _ => break Err(error),
                },
            }
        };
        self.unsent.drain(..sent);
        done.map(|()| self.unsent.len())
    }

    /// Drop what the output had no room for: somebody else has the terminal by now.
    pub fn forget(&mut self) {
        self.unsent.clear();
    }

    /// Send `bytes` as they are, unseen by whoever records: nothing that shows.
    ///
    /// # Errors
    ///
    /// What `output` returns.
    pub fn commit_unobserved(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.unsent.extend_from_slice(bytes);
        self.catch_up()?;
        Ok(())
    }

    /// Send `bytes` as they are, as one write. For switching terminal modes between frames.
    ///
    /// # Errors
    ///
    /// What `output` returns.
    pub fn commit(&mut self, bytes: &[u8]) -> io::Result<FrameCost> {
        let start = Instant::now();
        self.commit_unobserved(bytes)?;
        let took = start.elapsed();
        if let Some(observer) = &mut self.observer {
            observer(bytes);
        }
        Ok(FrameCost {
            bytes: bytes.len(),
            took,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Remembers each write apart.
    #[derive(Default)]
    struct Writes(Vec<Vec<u8>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_frame_is_one_write_inside_one_pair_of_brackets() {
        let mut writer = FrameWriter::new(Writes::default());
        let mut buffer = writer.buffer();
        let sent = writer
            .frame(|| {
                buffer.write_all(b"cells")?;
                buffer.flush()?;
                buffer.write_all(b"cursor")?;
                buffer.flush()
            })
            .unwrap();
        assert_eq!(
            writer.output().0,
            [b"\x1b[?2026hcellscursor\x1b[?2026l".to_vec()]
        );
        assert_eq!(sent.bytes, 8 + 5 + 6 + 8);
    }

    #[test]
    fn nothing_is_sent_when_nothing_was_drawn() {
        let mut writer = FrameWriter::new(Writes::default());
        let sent = writer.frame(|| Ok(())).unwrap();
        assert_eq!(sent, FrameCost::default());
        assert!(writer.output().0.is_empty());
    }

    #[test]
    fn a_frame_that_fails_half_way_leaves_no_bracket_open() {
        let mut writer = FrameWriter::new(Writes::default());
        let mut buffer = writer.buffer();
        let failed = writer.frame(|| {
            buffer.write_all(b"half")?;
            Err(io::Error::other("no"))
        });
        assert!(failed.is_err());
        assert!(writer.output().0.is_empty());

        writer.frame(|| buffer.write_all(b"whole")).unwrap();
        assert_eq!(
            writer.output().0,
            [b"\x1b[?2026hwhole\x1b[?2026l".to_vec()],
            "nothing of the failed frame comes with the next one"
        );
    }

    /// Has room for so many bytes.
    struct Narrow {
        room: usize,
        taken: Vec<u8>,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.room);
            if count == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.room -= count;
            self.taken.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_there_is_no_room_for_follows_in_order() {
        let mut writer = FrameWriter::new(Narrow {
            room: 4,
            taken: Vec::new(),
        });
        writer.commit(b"first, ").unwrap();
        writer.commit(b"second").unwrap();
        assert_eq!(writer.output().taken, b"firs");
        assert_eq!(writer.catch_up().unwrap(), 9);
        writer.output.room = 5;
        assert_eq!(writer.catch_up().unwrap(), 4);
        writer.output.room = 50;
        assert_eq!(writer.catch_up().unwrap(), 0);
        assert_eq!(writer.output().taken, b"first, second");
    }

    #[test]
    fn what_is_forgotten_is_never_sent() {
        let mut writer = FrameWriter::new(Narrow {
            room: 2,
            taken: Vec::new(),
        });
        writer.commit(b"a frame").unwrap();
        writer.forget();
        writer.output.room = 50;
        writer.commit(b"!").unwrap();
        assert_eq!(writer.output().taken, b"a !");
    }

    #[test]
    fn an_observer_sees_each_frame_once() {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let sink = Rc::clone(&seen);
        let mut writer = FrameWriter::new(Writes::default());
        writer.on_commit(move |bytes| sink.borrow_mut().push(bytes.to_vec()));
        let mut buffer = writer.buffer();
        for text in [b"one", b"two"] {
            writer.frame(|| buffer.write_all(text)).unwrap();
        }
        writer.frame(|| Ok(())).unwrap();
        assert_eq!(*seen.borrow(), writer.output().0);
        assert_eq!(seen.borrow().len(), 2);
    }
}

//! Kinds that this program was built without.

use super::{About, Kind, Support};

/// A kind in whose place there is only how to build the program with it.
#[derive(Debug)]
pub(super) struct Absent {
    pub(super) name: &'static str,
    /// See [`Support::Absent`].
    pub(super) feature: &'static str,
    /// See [`Support::Absent`].
    pub(super) needs: &'static str,
}

impl Kind for Absent {
    fn name(&self) -> &'static str {
        self.name
    }

    fn support(&self) -> Support {
        Support::Absent {
            feature: self.feature,
            needs: self.needs,
        }
    }

    fn count(&self) -> Result<usize, String> {
        Ok(0)
    }

    fn open(&self, _: usize) -> Result<candle_core::Device, String> {
        Err("not compiled in".to_owned())
    }

    fn about(&self, _: usize) -> About {
        About::default()
    }
}

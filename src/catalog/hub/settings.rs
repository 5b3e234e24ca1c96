//! The hub's environment variables, the same as those of its own tools.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::catalog::FetchError;

/// The variable that moves the hub cache.
pub(super) const CACHE_VARIABLE: &str = "HF_HOME";
const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// Where the hub and its cache are.
#[derive(Clone, PartialEq, Eq)]
pub struct HubSettings {
    /// The hub's address.
    pub endpoint: String,
    /// The token to log in with; `None` is whatever the hub's own tools would use (`HF_TOKEN`,
    /// `HF_TOKEN_PATH`, the file that their login wrote).
    pub token: Option<String>,
    /// The folder of the hub cache.
    pub cache: PathBuf,
    /// The network must not be used.
    pub offline: bool,
}

impl HubSettings {
    /// As the environment says: `HF_ENDPOINT`; `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `HF_HOME`
    /// or `XDG_CACHE_HOME`; `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE`.
    ///
    /// # Errors
    /// [`FetchError::NoHome`] when no variable says where the cache is and the home folder is not
    /// known.
    pub fn from_env() -> Result<Self, FetchError> {
        let home = etcetera::home_dir().ok();
        Self::from_variables(|name| std::env::var_os(name), home)
    }

    fn from_variables(
        variable: impl Fn(&str) -> Option<OsString>,
        home: Option<PathBuf>,
    ) -> Result<Self, FetchError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let folder = |name: &str| set(name).map(PathBuf::from);
        let cache = folder("HF_HUB_CACHE")
            .or_else(|| folder("HUGGINGFACE_HUB_CACHE"))
            .or_else(|| Some(folder("HF_HOME")?.join("hub")))
            .or_else(|| Some(folder("XDG_CACHE_HOME")?.join("huggingface/hub")))
            .or_else(|| Some(home?.join(".cache/huggingface/hub")))
            .ok_or(FetchError::NoHome)?;
        let is_on = |name: &str| {
            set(name).is_some_and(|value| {
                let value = value.to_string_lossy().to_uppercase();
                ["1", "ON", "YES", "TRUE"].contains(&value.as_str())
            })
        };
        let endpoint = set("HF_ENDPOINT").map_or(DEFAULT_ENDPOINT.into(), |endpoint| {
            endpoint.to_string_lossy().trim_end_matches('/').to_owned()
        });
        Ok(Self {
            endpoint,
            token: None,
            cache,
            offline: is_on("HF_HUB_OFFLINE") || is_on("TRANSFORMERS_OFFLINE"),
        })
    }
}

/// Shows everything but the token.
impl std::fmt::Debug for HubSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubSettings")
            .field("endpoint", &self.endpoint)
            .field("cache", &self.cache)
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> HubSettings {
        let find = |name: &str| {
            let mut variables = variables.iter();
            variables
                .find(|(other, _)| *other == name)
                .map(|(_, value)| value.into())
        };
        HubSettings::from_variables(find, Some("/home/u".into())).unwrap()
    }

    #[test]
    fn an_empty_environment_means_the_public_hub_and_the_usual_cache() {
        let plain = settings(&[]);
        assert_eq!(plain.endpoint, "https://huggingface.co");
        assert_eq!(plain.cache, PathBuf::from("/home/u/.cache/huggingface/hub"));
        assert!(!plain.offline);
        assert_eq!(settings(&[("HF_ENDPOINT", ""), ("HF_HOME", "")]), plain);
    }

    #[test]
    fn the_most_precise_variable_says_where_the_cache_is() {
        let mut variables = vec![("XDG_CACHE_HOME", "/xdg")];
        assert_eq!(
            settings(&variables).cache,
            PathBuf::from("/xdg/huggingface/hub")
        );
        variables.push(("HF_HOME", "/hf"));
        assert_eq!(settings(&variables).cache, PathBuf::from("/hf/hub"));
        variables.push(("HUGGINGFACE_HUB_CACHE", "/old"));
        assert_eq!(settings(&variables).cache, PathBuf::from("/old"));
        variables.push(("HF_HUB_CACHE", "/cache"));
        assert_eq!(settings(&variables).cache, PathBuf::from("/cache"));
    }

    #[test]
    fn offline_is_said_by_either_variable() {
        assert!(settings(&[("HF_HUB_OFFLINE", "1")]).offline);
        assert!(settings(&[("TRANSFORMERS_OFFLINE", "yes")]).offline);
        assert!(!settings(&[("HF_HUB_OFFLINE", "0")]).offline);
    }

    #[test]
    fn the_endpoint_loses_a_slash_at_its_end() {
        let mirror = settings(&[("HF_ENDPOINT", "https://mirror.example/")]);
        assert_eq!(mirror.endpoint, "https://mirror.example");
    }
}

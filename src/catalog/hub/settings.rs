//! The hub's environment variables, the same as those of its own tools.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::catalog::FetchError;
use crate::catalog::expansion::expanded;
use crate::regular_file;

/// The variable that moves the hub cache.
pub(super) const CACHE_VARIABLE: &str = "HF_HOME";
/// Stands for a login that is not shown.
const HIDDEN: &str = "***@";
const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// Where the hub and its cache are.
#[derive(Clone, PartialEq, Eq)]
pub struct HubSettings {
    /// The hub's address.
    pub endpoint: String,
    /// The token to log in with.
    pub token: Option<String>,
    /// The folder of the hub cache.
    pub cache: PathBuf,
    /// The network must not be used.
    pub offline: bool,
}

impl HubSettings {
    /// As the environment says: `HF_ENDPOINT`; `HF_TOKEN`, `HF_TOKEN_PATH`, or the file that the
    /// hub's own login writes; `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `HF_HOME` or
    /// `XDG_CACHE_HOME`; `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE`. A `~` or `$NAME` in those of
    /// folders means what it means to the hub's own tools.
    ///
    /// # Errors
    /// [`FetchError::NoHome`] when no variable says where the cache is and the home folder is not
    /// known.
    pub fn from_env() -> Result<Self, FetchError> {
        let home = etcetera::home_dir().ok();
        Self::from_variables(|name| std::env::var_os(name), home)
    }

    /// The hub's address as it may be shown: without a name or a password to log in with.
    #[must_use]
    pub fn shown_endpoint(&self) -> String {
        match self.login() {
            Some(login) => self.endpoint.replacen(&login, HIDDEN, 1),
            None => self.endpoint.clone(),
        }
    }

    /// `text`, which may quote the address, without the login.
    pub(super) fn without_login(&self, text: &str) -> String {
        match self.login() {
            Some(login) => text.replace(&login, HIDDEN),
            None => text.to_owned(),
        }
    }

    /// What stands before the host in the address, up to its `@`.
    fn login(&self) -> Option<String> {
        let (_, rest) = self
            .endpoint
            .split_once("//")
            .unwrap_or(("", &self.endpoint));
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // A password that is not written as it should be may hold any of these, too.
        let (login, _) = host.rsplit_once('@').or_else(|| rest.rsplit_once('@'))?;
        Some(format!("{login}@"))
    }

    fn from_variables(
        variable: impl Fn(&str) -> Option<OsString>,
        home: Option<PathBuf>,
    ) -> Result<Self, FetchError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let folder = |name: &str| {
            let text = set(name)?;
            Some(expanded(&text, home.as_deref(), &variable))
        };
        let hub_home = folder("HF_HOME")
            .or_else(|| Some(folder("XDG_CACHE_HOME")?.join("huggingface")))
            .or_else(|| Some(home.as_ref()?.join(".cache/huggingface")));
        let cache = folder("HF_HUB_CACHE")
            .or_else(|| folder("HUGGINGFACE_HUB_CACHE"))
            .or_else(|| Some(hub_home.as_ref()?.join("hub")))
            .ok_or(FetchError::NoHome)?;
        let token = set("HF_TOKEN")
            .map(|token| token.to_string_lossy().into_owned())
            .or_else(|| token_in(&folder("HF_TOKEN_PATH")?))
            .or_else(|| token_in(&hub_home?.join("token")))
            .filter(|_| set("HF_HUB_DISABLE_IMPLICIT_TOKEN").is_none());
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
            token,
            cache,
            offline: is_on("HF_HUB_OFFLINE") || is_on("TRANSFORMERS_OFFLINE"),
        })
    }
}

fn token_in(file: &Path) -> Option<String> {
    let text = regular_file::read_to_string(file, regular_file::WRITTEN_BY_HAND).ok()?;
    Some(text.trim().to_owned()).filter(|token| !token.is_empty())
}

/// Shows everything but the token and the login.
impl std::fmt::Debug for HubSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubSettings")
            .field("endpoint", &self.shown_endpoint())
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
    fn a_folder_may_be_named_by_the_home_folder() {
        for name in ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"] {
            for value in ["~/hub", "$HOME/hub", "${HOME}/hub"] {
                let found = settings(&[("HOME", "/home/u"), (name, value)]).cache;
                assert_eq!(found, PathBuf::from("/home/u/hub"), "{name}={value}");
            }
        }
        let cache = |name, value| settings(&[("HOME", "/home/u"), (name, value)]).cache;
        assert_eq!(
            cache("HF_HOME", "$HOME/hf"),
            PathBuf::from("/home/u/hf/hub")
        );
        assert_eq!(
            cache("XDG_CACHE_HOME", "~/xdg"),
            PathBuf::from("/home/u/xdg/huggingface/hub")
        );
    }

    #[test]
    fn the_token_is_in_a_variable_or_in_a_file() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("token");
        std::fs::write(&file, "hf_file\n").unwrap();
        let home = home.path().to_str().unwrap();
        let token = |variables: &[(&str, &str)]| settings(variables).token;
        assert_eq!(token(&[("HF_HOME", "/nowhere")]), None);
        assert_eq!(token(&[("HF_HOME", home)]).unwrap(), "hf_file");
        let path = file.to_str().unwrap();
        assert_eq!(token(&[("HF_TOKEN_PATH", path)]).unwrap(), "hf_file");
        let mut both = vec![("HF_HOME", home), ("HF_TOKEN", "hf_variable")];
        assert_eq!(token(&both).unwrap(), "hf_variable");
        assert!(!format!("{:?}", settings(&both)).contains("hf_variable"));
        both.push(("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"));
        assert_eq!(token(&both), None);
    }

    #[test]
    fn offline_is_said_by_either_variable() {
        assert!(settings(&[("HF_HUB_OFFLINE", "1")]).offline);
        assert!(settings(&[("TRANSFORMERS_OFFLINE", "yes")]).offline);
        assert!(!settings(&[("HF_HUB_OFFLINE", "0")]).offline);
    }

    #[test]
    fn a_login_in_the_address_is_never_shown() {
        for (endpoint, shown) in [
            ("http://user:s3cret@host:80/a", "http://***@host:80/a"),
            ("http://s3cret@host", "http://***@host"),
            ("user:s3cret@host", "***@host"),
            ("http://user:s3/cr@et@host", "http://***@host"),
            ("http://host/a@b", "http://***@b"),
            ("http://host", "http://host"),
        ] {
            let settings = settings(&[("HF_ENDPOINT", endpoint)]);
            assert_eq!(settings.shown_endpoint(), shown);
            assert!(!format!("{settings:?}").contains("s3cret"));
            let quoted = settings.without_login(&format!("no `{endpoint}`"));
            assert_eq!(quoted, format!("no `{shown}`"));
        }
    }

    #[test]
    fn the_endpoint_loses_a_slash_at_its_end() {
        let mirror = settings(&[("HF_ENDPOINT", "https://mirror.example/")]);
        assert_eq!(mirror.endpoint, "https://mirror.example");
    }
}

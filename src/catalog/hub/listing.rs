//! What a repository holds at a revision.
//!
//! Asked for by a request of our own: the `hf-hub` client does not ask for the checksums of large
//! files, by which they are checked, and named in the cache.

use reqwest::{Response, Url};
use serde::Deserialize;

use super::{Visit, failure};
use crate::catalog::entry::is_commit;
use crate::catalog::{Sha256Sum, SourceError};

/// The longest answer that is taken in, in bytes: more than a hundred thousand files make.
const LONGEST: usize = 32 << 20;

/// A file of a repository.
#[derive(Clone, Debug)]
pub(super) struct RemoteFile {
    /// Its path in the repository.
    pub(super) path: String,
    /// Its size in bytes.
    pub(super) size: u64,
    /// What its content is called in the cache.
    pub(super) etag: String,
    /// Its checksum, which the hub knows of large files only.
    pub(super) sha256: Option<Sha256Sum>,
}

impl RemoteFile {
    /// A large file whose checksum is known: its etag is the same.
    pub(super) fn pinned(path: &str, size: u64, sha256: Sha256Sum) -> Self {
        Self {
            path: path.to_owned(),
            size,
            etag: sha256.to_string(),
            sha256: Some(sha256),
        }
    }
}

/// What a repository holds at a revision.
pub(super) struct Listing {
    /// The commit that the revision stands for.
    pub(super) commit: String,
    files: Vec<RemoteFile>,
}

/// The hub's answer, as far as it is of use.
#[derive(Deserialize)]
struct Answer {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sibling {
    rfilename: String,
    size: u64,
    blob_id: String,
    lfs: Option<LargeFile>,
}

#[derive(Deserialize)]
struct LargeFile {
    sha256: Sha256Sum,
}

impl Listing {
    /// The paths of all files.
    pub(super) fn names(&self) -> Vec<String> {
        self.files.iter().map(|file| file.path.clone()).collect()
    }

    /// The file at `path`.
    pub(super) fn file(&self, path: &str) -> Option<&RemoteFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// `None` if the answer names a commit or a file that could lie outside the cache.
    fn from(answer: Answer) -> Option<Self> {
        let files = answer.siblings.into_iter().map(|sibling| {
            let is_inside = sibling
                .rfilename
                .split('/')
                .all(|part| !["", ".", ".."].contains(&part));
            match sibling.lfs {
                _ if !is_inside => None,
                Some(LargeFile { sha256 }) => {
                    Some(RemoteFile::pinned(&sibling.rfilename, sibling.size, sha256))
                }
                None => is_commit(&sibling.blob_id).then_some(RemoteFile {
                    path: sibling.rfilename,
                    size: sibling.size,
                    etag: sibling.blob_id,
                    sha256: None,
                }),
            }
        });
        let files = files.collect::<Option<Vec<_>>>()?;
        is_commit(&answer.sha).then_some(Self {
            commit: answer.sha,
            files,
        })
    }
}

/// The whole body, or `None` where it is longer than any listing.
async fn body_of(mut response: Response) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        body.extend_from_slice(&piece);
        if body.len() > LONGEST {
            return Ok(None);
        }
    }
    Ok(Some(body))
}

impl Visit<'_> {
    /// Ask the hub what the repository holds.
    pub(super) async fn list(&self) -> Result<Listing, SourceError> {
        let mut request = self.http.get(self.listing_address()?);
        if let Some(token) = &self.errand.places.hub.token {
            request = request.bearer_auth(token);
        }
        let response = self.answer(None, request.send()).await?;
        if !response.status().is_success() {
            return Err(failure::explain_response(&response, &self.asked(None)));
        }
        let body = self.answer(None, body_of(response)).await?;
        let body = body.ok_or_else(|| {
            self.not_understood(format!("it is longer than {} MB", LONGEST >> 20))
        })?;
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|why| self.not_understood(why.to_string()))?;
        Listing::from(answer).ok_or_else(|| {
            self.not_understood("it names a commit or a file in an impossible way".to_owned())
        })
    }

    fn listing_address(&self) -> Result<Url, SourceError> {
        let hub = &self.errand.places.hub;
        let wrong = |why: &str| SourceError::Endpoint {
            endpoint: hub.shown_endpoint(),
            why: why.to_owned(),
        };
        let mut url = Url::parse(&hub.endpoint).map_err(|error| wrong(&error.to_string()))?;
        url.path_segments_mut()
            .map_err(|()| wrong("it has no path"))?
            .pop_if_empty()
            .extend(["api", self.kind.plural()])
            .extend(self.id.repo.split('/'))
            .extend(["revision", &self.id.revision]);
        url.set_query(Some("blobs=true"));
        Ok(url)
    }
}

//! What the hub client's errors mean for a user.

use std::error::Error;

use hf_hub::HFError;
use reqwest::Response;

use crate::catalog::{HubSettings, SourceError};

/// What the hub was asked for.
#[derive(Clone, Copy)]
pub(super) struct HubRequest<'a> {
    pub(super) hub: &'a HubSettings,
    pub(super) repo: &'a str,
    pub(super) revision: &'a str,
    pub(super) file: Option<&'a str>,
}

/// An error of the hub client in a user's terms.
pub(super) fn explain(error: &HFError, asked: &HubRequest<'_>) -> SourceError {
    if let HFError::RateLimited { retry_after, .. } = error {
        return asked.rate_limited(retry_after.map(|wait| wait.as_secs()));
    }
    if let Some((status, code)) = answer(error) {
        return asked.explain_status(status, code);
    }
    let endpoint = asked.hub.shown_endpoint();
    match error {
        HFError::Request { source, .. } if !source.is_decode() => SourceError::Unreachable {
            endpoint,
            why: asked.hub.without_login(&innermost(source)),
        },
        other => SourceError::Answer {
            endpoint,
            why: asked.hub.without_login(&innermost(other)),
        },
    }
}

/// An answer other than success in a user's terms.
pub(super) fn explain_response(response: &Response, asked: &HubRequest<'_>) -> SourceError {
    let header = |name: &str| response.headers().get(name)?.to_str().ok();
    match response.status().as_u16() {
        429 => asked.rate_limited(header("retry-after").and_then(|wait| wait.parse().ok())),
        status => asked.explain_status(status, header("x-error-code")),
    }
}

/// The HTTP status of an error, and the hub's own code for it.
fn answer(error: &HFError) -> Option<(u16, Option<&str>)> {
    let context = match error {
        HFError::Http { context }
        | HFError::AuthRequired { context }
        | HFError::Forbidden { context }
        | HFError::Conflict { context } => Some(context),
        HFError::RepoNotFound { context, .. }
        | HFError::RevisionNotFound { context, .. }
        | HFError::EntryNotFound { context, .. } => context.as_ref(),
        _ => None,
    }?;
    Some((context.status.as_u16(), context.error_code.as_deref()))
}

impl HubRequest<'_> {
    fn explain_status(&self, status: u16, code: Option<&str>) -> SourceError {
        let endpoint = self.hub.shown_endpoint();
        let repo = self.repo.to_owned();
        let revision = self.revision.to_owned();
        match (status, code, self.file) {
            (401 | 403, Some("GatedRepo"), _) => SourceError::Gated { endpoint, repo },
            // To those who are not logged in the hub does not say which of the two it is.
            (401 | 404, Some("RepoNotFound"), _) => SourceError::NoRepository { endpoint, repo },
            (401 | 403, _, _) => SourceError::NoAccess {
                endpoint,
                repo,
                status,
            },
            (404, Some("RevisionNotFound"), _) => SourceError::NoRevision { repo, revision },
            (404, _, Some(file)) => SourceError::NoFile {
                repo,
                revision,
                file: file.to_owned(),
            },
            (404, _, None) => SourceError::NoRepository { endpoint, repo },
            _ => SourceError::Status { endpoint, status },
        }
    }

    fn rate_limited(&self, seconds: Option<u64>) -> SourceError {
        SourceError::RateLimited {
            endpoint: self.hub.shown_endpoint(),
            seconds,
        }
    }
}

/// The innermost cause, which names what the system said; the outer ones repeat the address.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string().replace('\n', " ")
}

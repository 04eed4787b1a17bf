//! Which limit a request of somebody signed in counts for.
//!
//! By method and path, since a limit decides before anything is routed. A path in another spelling
//! (`%73ocial`) meets no route, so none escapes its limit that way.

use poem::http::Method;

use super::routes::API;
use crate::limit::Policy;

/// The policy of a request.
pub(super) fn policy_of(method: &Method, path: &str) -> Policy {
    let operation = path.strip_prefix(API).unwrap_or(path);
    if *method == Method::POST && operation == "/social/logs" {
        return Policy::Ingest;
    }
    let backups = operation.strip_prefix("/backups").is_some_and(|rest| {
        // The list is short; taking one and sending one read every page there is.
        *method == Method::POST || rest.len() > 1
    });
    let of_a_person = operation == "/me/export"
        || (operation.starts_with("/users/") && operation.ends_with("/export"));
    if backups || of_a_person || operation == "/audit/verification" {
        return Policy::Export;
    }
    Policy::SignedIn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_machines_hand_in_and_whole_files_have_limits_of_their_own() {
        let policy = |method, path: &str| policy_of(&method, &format!("/api/v1{path}"));
        assert_eq!(policy(Method::POST, "/social/logs"), Policy::Ingest);
        for path in [
            "/backups/appliance-2026.tar.zst",
            "/audit/verification",
            "/me/export",
            "/users/7/export",
        ] {
            assert_eq!(policy(Method::GET, path), Policy::Export, "{path}");
        }
        assert_eq!(policy(Method::POST, "/backups"), Policy::Export);
        for path in ["/social/logs", "/backups", "/me", "/audit", "/events/corso-2026/attendance"] {
            assert_eq!(policy(Method::GET, path), Policy::SignedIn, "{path}");
        }
        assert_eq!(policy(Method::POST, "/scans"), Policy::SignedIn);
    }
}

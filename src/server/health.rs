//! Whether the process lives, and whether it should be asked anything.

use poem::{IntoResponse, Response, http::StatusCode};
use serde_json::json;
use tokio::sync::watch;

use super::domains::Domains;
use crate::{store::DiskLevel, telemetry::CertificateState};

/// `/livez`: it answers, so it lives. Nothing is checked, so that a sick disk does not make an
/// orchestrator kill what could still say so.
pub(super) fn live() -> Response {
    poem::web::Json(json!({ "status": "alive" })).into_response()
}

/// `/readyz`: every file is in order, and the server is not on its way out. On a disk that is nearly full
/// it stays ready, because reading goes on and another start would change nothing, and says so. The same
/// goes for a backup that is missing or failed, and for a certificate that has ended or could not be renewed: whoever checks it is turned away by it
/// already, and taking the appliance out of service or starting it anew would only make that everybody.
pub(super) fn ready(domains: &Domains, draining: &watch::Receiver<bool>) -> Response {
    let draining = *draining.borrow();
    let stores: serde_json::Map<_, _> = domains
        .stores()
        .map(|(name, store)| (name.to_owned(), store.is_healthy().into()))
        .into_iter()
        .collect();
    let healthy = !draining && stores.values().all(|healthy| healthy == true);
    let status = if healthy { "ready" } else { "not ready" };
    let space = match domains.disk_level() {
        DiskLevel::Ample => "ample",
        DiskLevel::Reserve => "low",
        DiskLevel::None => "none",
    };
    let body = json!({
        "status": status, "stores": stores, "draining": draining,
        "space": space, "writes": if space == "ample" { "accepted" } else { "refused" },
        "certificate": certificate(domains),
        "backup": backup(domains),
    });
    let code = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    poem::web::Json(body).with_status(code).into_response()
}

/// What is known of backups; why one failed is told to the appliance's owner alone.
fn backup(domains: &Domains) -> serde_json::Value {
    let facts = domains.metrics.backups.facts();
    let state = if facts.is_overdue(domains.clock.now()) {
        "overdue"
    } else if facts.failure.is_some() {
        "failed"
    } else if facts.last_success.is_some() {
        "current"
    } else {
        "none"
    };
    json!({
        "state": state,
        "last_at": facts.last_success.map(|time| time.to_string()),
        "failed_at": facts.failure.map(|failure| failure.at.to_string()),
        "from_the_future": facts.from_the_future,
    })
}

/// What is served to whoever opens a TLS connection; why it is so is told to the appliance's owner alone.
fn certificate(domains: &Domains) -> Option<serde_json::Value> {
    let served = domains.metrics.certificates.served()?;
    let state = match served.state {
        _ if served.not_after <= domains.clock.now() => "expired",
        CertificateState::Current => "current",
        CertificateState::Kept => "kept",
        CertificateState::Provisional => "provisional",
    };
    Some(json!({ "state": state, "expires_at": served.not_after.to_string() }))
}

/// `/health`, in the words of the Go stack.
pub(super) fn health(domains: &Domains) -> Response {
    let healthy = domains.stores().iter().all(|(_, store)| store.is_healthy());
    let body = json!({
        "status": if healthy { "healthy" } else { "unhealthy" },
        "service": "gateway",
        "timestamp": domains.clock.now().to_string(),
        "version": env!("CARGO_PKG_VERSION"),
    });
    let code = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    poem::web::Json(body).with_status(code).into_response()
}

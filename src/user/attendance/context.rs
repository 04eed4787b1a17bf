//! Where a scan comes from.

use super::super::{codes::BrowserId, records::ChangeOrigin};
use crate::{
    http::{ClientNetwork, RequestContext},
    ids::RandomId,
};

/// The request that a scan came with, for the rule and for the log of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ScanContext {
    /// The network of the client.
    pub(super) network: ClientNetwork,
    /// The browser, when it has a cookie of ours.
    pub(super) device: Option<BrowserId>,
    /// What names the request in the log and in the answer.
    pub(super) request_id: RandomId,
}

impl ScanContext {
    /// That of a request from `device`.
    pub(super) const fn of(request: &RequestContext, device: Option<BrowserId>) -> Self {
        Self { network: request.network, device, request_id: request.id }
    }

    /// What the log of changes keeps of it.
    pub(super) fn origin(&self) -> ChangeOrigin {
        ChangeOrigin {
            network: self.network.to_string(),
            device: self.device.map(|BrowserId(hash)| hash),
            request_id: self.request_id,
        }
    }
}

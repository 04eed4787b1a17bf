//! Sessions: logging in, refreshing, authenticating, ending.

mod api;
mod authenticate;
mod cache;
mod device;
mod dto;
mod ending;
mod login;
mod model;
mod refresh;
mod refresh_token;
mod rules;
mod signed_text;
mod throttle;

pub use api::SessionsApi;
pub(super) use authenticate::principal_of;
pub(super) use cache::SessionCache;
pub use ending::OpenSession;
pub use login::{LoggedIn, Login};
pub(super) use model::{Identifier, IssuedSession};
pub(super) use rules::SessionLimits;
pub(super) use throttle::Throttle;

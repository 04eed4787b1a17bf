//! What every handler shares: the error body, the caller, request bodies, pages, replies, streams
//! of events (`sse`) and files (`download`).
//!
//! The gateway fills a request with what it knows (`context`, `principal`), handlers take it out by
//! type (`permission`), and whatever goes wrong leaves as a [`Problem`]. Nothing here knows a domain.

mod body;
mod budget;
mod context;
mod cookie;
mod download;
mod dto;
mod followers;
mod network;
mod page;
mod permission;
mod principal;
mod problem;
mod reply;
mod schema;
mod sse;
mod tags;
mod timestamp;

pub use body::{Body, BodyBytes, media_type, parse_json, read_body, too_large};
pub use budget::BodyBudget;
pub use context::{BodyLimits, ClientAddress, RequestContext};
pub use cookie::{cookie_of, set_cookie};
pub use download::{Download, DownloadKind, Spool, SpoolFile};
pub use dto::{RoleBody, UserBody, UserStatusBody};
pub use followers::{FollowerPlace, Followers};
pub use network::{ClientConnection, ClientNetwork, NetworkGroup, TurnTaker};
pub use page::{Cursors, PageQuery};
pub use permission::{
    Admin, Enrolling, Permission, ReadAttendance, ReadSocial, Screen, SignedIn, Staff,
    StaffOrDisplay, UserOrKey, WriteAttendance, WriteSocial, person_or_key,
};
pub use principal::{Authenticator, Caller, Credential, Display, Principal};
pub use problem::{Problem, SecretKind};
pub use reply::{Accepted, Created, NoContent};
pub use sse::{
    EVENT_STREAM, FollowRequest, StreamEvent, StreamSettings, StreamSource, stream_answer,
};
pub use tags::Tag;
pub use timestamp::Timestamp;

//! What anyone may know of this appliance: what the web app asks before anybody is signed in.

use poem_openapi::{Object, OpenApi, payload::Json};

use crate::{
    auth::AuthService,
    http::{Problem, Tag},
};

/// The appliance itself.
pub(super) struct InstanceApi {
    pub(super) auth: AuthService,
    pub(super) name: String,
    pub(super) password_mail: bool,
}

/// What anyone may know.
#[derive(Object)]
struct Instance {
    /// The configured name.
    name: String,
    /// Who may register: `open` (anyone), `invite` (whoever has an invitation) or `closed` (nobody).
    registration: String,
    /// Whether there is no administrator yet.
    setup_required: bool,
    /// Whether a link for a forgotten password can be mailed.
    password_mail: bool,
    /// The version of the appliance.
    version: String,
}

#[OpenApi(tag = "Tag::Instance")]
impl InstanceApi {
    /// About this appliance
    ///
    /// For anyone, signed in or not.
    #[oai(path = "/instance", method = "get", operation_id = "getInstance")]
    async fn instance(&self) -> Result<Json<Instance>, Problem> {
        Ok(Json(Instance {
            name: self.name.clone(),
            registration: self.auth.registration().as_str().to_owned(),
            setup_required: self.auth.is_setup_required()?,
            password_mail: self.password_mail,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }))
    }
}

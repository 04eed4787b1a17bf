//! `appliance invite`: what people register with, by the running appliance or on the data directory of a
//! stopped one.

use clap::{Args, Subcommand};

use super::{
    Failure, Global,
    on_accounts::{Answer, Place},
    print,
};
use crate::{
    auth::NewInvitation,
    control::{InvitationLine, InvitationMade, InvitationRequest, Request, execute_on_invitations},
    ids::Role,
};

/// Makes, lists and revokes invitations.
#[derive(Debug, Subcommand)]
pub(super) enum Invite {
    /// Make an invitation, and print its code and its link: this once.
    Create(CreateInvitationArgs),
    /// List invitations that have not ended, the oldest first.
    List,
    /// Revoke an invitation.
    Revoke(RevokeInvitationArgs),
}

/// Makes an invitation.
#[derive(Debug, Args)]
pub(super) struct CreateInvitationArgs {
    /// How many accounts it makes: 1 to 10000.
    #[arg(long, default_value_t = NewInvitation::USES)]
    uses: u32,
    /// What those who come with it may do: user or staff.
    #[arg(long, default_value = "user")]
    role: Role,
    /// Days that it is good for: 1 to 365.
    #[arg(long, value_name = "DAYS", default_value_t = NewInvitation::DAYS)]
    expires_in_days: u32,
    /// What for.
    #[arg(long, default_value = "")]
    note: String,
}

/// Revokes an invitation.
#[derive(Debug, Args)]
pub(super) struct RevokeInvitationArgs {
    /// Its id, as `invite list` shows it.
    id: String,
}

impl Invite {
    pub(super) fn run(self, global: &Global) -> Result<(), Failure> {
        let place = Place::of(global)?;
        match self {
            Self::Create(create) => create.run(global, &place),
            Self::List => list(global, execute(&place, InvitationRequest::List)?),
            Self::Revoke(RevokeInvitationArgs { id }) => {
                execute(&place, InvitationRequest::Revoke { id: id.clone() })?;
                global.say(format_args!("revoked {id}"));
                Ok(())
            }
        }
    }
}

impl CreateInvitationArgs {
    fn run(self, global: &Global, place: &Place<'_>) -> Result<(), Failure> {
        let Self { uses, role, expires_in_days, note } = self;
        let request = InvitationRequest::Create { note, role, uses, expires_in_days };
        let result = execute(place, request)?.result;
        if global.json {
            return print(serde_json::to_string_pretty(&result)?);
        }
        let InvitationMade { invitation, code } = serde_json::from_value(result)?;
        let InvitationLine { id, role, uses, expires_at, .. } = invitation;
        global.say(format_args!("made invitation {id}: {uses} × {role}, until {expires_at}"));
        global.say("this is its code, and a link with it; nothing will ever show them again:");
        let origin = place.config.server.public_url.origin();
        print(format_args!("{code}\t{origin}/app/register#{code}"))
    }
}

fn execute(place: &Place<'_>, request: InvitationRequest) -> Result<Answer, Failure> {
    let asked = Request::Invitation(request.clone());
    place.execute(&asked, |people, lines| {
        Box::pin(execute_on_invitations(&people.auth, request, lines))
    })
}

fn list(global: &Global, answer: Answer) -> Result<(), Failure> {
    let mut invitations = Vec::with_capacity(answer.items.len());
    for item in answer.items {
        invitations.push(serde_json::from_value::<InvitationLine>(item)?);
    }
    invitations.sort_by(|a, b| (&a.created_at, &a.id).cmp(&(&b.created_at, &b.id)));
    if global.json {
        return print(serde_json::to_string_pretty(&invitations)?);
    }
    invitations.iter().try_for_each(|invitation| print(as_line(invitation)))
}

fn as_line(invitation: &InvitationLine) -> String {
    let InvitationLine { id, role, uses, uses_left, expires_at, note, .. } = invitation;
    format!("{id}\t{role}\t{uses_left}/{uses}\t{expires_at}\t{note}")
}

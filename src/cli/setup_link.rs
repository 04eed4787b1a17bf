//! `appliance setup-link`: another link that makes the first administrator, of the running appliance: a
//! start makes one anyway, and voids those from before.

use super::{Failure, Global, print};
use crate::control::{Request, SetupLink};

pub(super) fn run(global: &Global) -> Result<(), Failure> {
    let answer = global.ask_running(&Request::SetupLink)?;
    if global.json {
        return print(serde_json::to_string_pretty(&answer)?);
    }
    let link: SetupLink = serde_json::from_value(answer)?;
    global.say("open it once to become the first administrator; links from before are void");
    print(link.url)
}

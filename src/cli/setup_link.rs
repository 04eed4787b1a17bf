//! `appliance setup-link`: another link that makes the first administrator, of the running appliance: a
//! start makes one anyway, and voids those from before.

use super::{Failure, Global, print};
use crate::{
    control::{self, Request, SetupLink},
    paths::DataDir,
};

pub(super) fn run(global: &Global) -> Result<(), Failure> {
    let config = global.load(&[])?;
    let data = DataDir::new(&config.data.directory);
    global.say(format_args!("data directory: {}", data.root().display()));
    let socket = config.server.control_socket_or(data.control_socket());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(control::ask(&socket, &Request::SetupLink, |_| {}))?;
    if global.json {
        return print(serde_json::to_string_pretty(&answer)?);
    }
    let link: SetupLink = serde_json::from_value(answer)?;
    global.say("open it once to become the first administrator; links from before are void");
    print(link.url)
}

//! What the verbs share that act on the accounts: the running appliance does it, or it is done here on the
//! data directory of a stopped one.

use std::{future::Future, pin::Pin};

use serde_json::Value;

use super::{Failure, Global};
use crate::{
    auth::AuthService,
    clock::Clock,
    config::Config,
    control::{self, AskError, Line, Lines, Refused, Request},
    paths::DataDir,
    server::{existing_data, open_auth},
};

/// What came back.
pub(super) struct Answer {
    pub(super) result: Value,
    pub(super) items: Vec<Value>,
}

/// Where a verb acts.
pub(super) struct Place {
    pub(super) config: Config,
    data: DataDir,
}

/// A verb's doing, on files that are open.
type Doing<'a> = Pin<Box<dyn Future<Output = Result<Value, Refused>> + 'a>>;

impl Place {
    /// The configured data directory, which it says.
    pub(super) fn of(global: &Global) -> Result<Self, Failure> {
        let config = global.load(&[])?;
        let data = DataDir::new(&config.data.directory);
        global.say(format_args!("data directory: {}", data.root().display()));
        Ok(Self { config, data })
    }

    /// Asks the appliance that runs, and does it here when none does. `here` is what the request asks for.
    pub(super) fn perform(
        &self,
        request: &Request,
        here: impl for<'a> FnOnce(&'a AuthService, &'a Lines) -> Doing<'a>,
    ) -> Result<Answer, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let socket = self.config.server.control_socket_or(self.data.control_socket());
            let mut items = Vec::new();
            let mut keep = |line| {
                if let Line::Item(item) = line {
                    items.push(item);
                }
            };
            let result = match control::ask(&socket, request, &mut keep).await {
                Ok(result) => result,
                Err(AskError::NotRunning) => self.perform_here(here, keep).await?,
                Err(error) => return Err(error.into()),
            };
            Ok(Answer { result, items })
        })
    }

    async fn perform_here(
        &self,
        here: impl for<'a> FnOnce(&'a AuthService, &'a Lines) -> Doing<'a>,
        mut keep: impl FnMut(Line),
    ) -> Result<Value, Failure> {
        let data = existing_data(&self.config)?;
        let auth = open_auth(&self.config, &data, Clock::system())?;
        let (lines, mut coming) = Lines::channel();
        let done = async {
            let done = here(&auth, &lines).await;
            drop(lines);
            done
        };
        let kept = async {
            while let Some(line) = coming.recv().await {
                keep(line);
            }
        };
        let (done, ()) = tokio::join!(done, kept);
        auth.store().close();
        Ok(done?)
    }
}

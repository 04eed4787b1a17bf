//! What the verbs share that act on people and their accounts: the running appliance does it, or it is done
//! here on the data directory of a stopped one.

use std::{future::Future, pin::Pin};

use serde_json::Value;

use super::{Failure, Global};
use crate::{
    clock::Clock,
    config::Config,
    control::{
        self, AccountRequest, AccountView, AskError, Frame, Refused, Request, ResponseStream,
        UserCommands,
    },
    server::{OfflineUsers, existing_data, prepare_data},
};

/// What came back.
pub(super) struct Answer {
    pub(super) result: Value,
    pub(super) items: Vec<Value>,
}

impl Answer {
    /// The one account that it is about.
    pub(super) fn account(self) -> Result<AccountView, Failure> {
        Ok(serde_json::from_value(self.result)?)
    }
}

/// Where a verb acts.
pub(super) struct Place<'g> {
    pub(super) config: Config,
    global: &'g Global,
}

/// A verb's doing, on files that are open.
type Doing<'a> = Pin<Box<dyn Future<Output = Result<Value, Refused>> + 'a>>;

impl<'g> Place<'g> {
    /// The configured data directory, which nobody looks at yet: what a verb is to read is read first, as
    /// whoever runs it.
    pub(super) fn of(global: &'g Global) -> Result<Self, Failure> {
        Ok(Self { config: global.load(&[])?, global })
    }

    /// Asks the appliance that runs, and does it here when none does. `here` is what the request asks for.
    pub(super) fn execute(
        &self,
        request: &Request,
        here: impl for<'a> FnOnce(&'a UserCommands, &'a ResponseStream) -> Doing<'a>,
    ) -> Result<Answer, Failure> {
        let mut items = Vec::new();
        let result = self.perform_telling(request, here, |item| items.push(item))?;
        Ok(Answer { result, items })
    }

    /// The same, telling of each thing of many as it comes instead of keeping them.
    pub(super) fn perform_telling(
        &self,
        request: &Request,
        here: impl for<'a> FnOnce(&'a UserCommands, &'a ResponseStream) -> Doing<'a>,
        mut tell: impl FnMut(Value),
    ) -> Result<Value, Failure> {
        let data = self.global.enter(&self.config.data.directory)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let socket = self.config.server.control_socket_or(data.control_socket());
            let mut hear = |line| {
                if let Frame::Item(item) = line {
                    tell(item);
                }
            };
            match control::ask(&socket, request, &mut hear).await {
                Ok(result) => Ok(result),
                Err(AskError::NotRunning) => self.perform_here(request, here, hear).await,
                Err(error) => Err(error.into()),
            }
        })
    }

    async fn perform_here(
        &self,
        request: &Request,
        here: impl for<'a> FnOnce(&'a UserCommands, &'a ResponseStream) -> Doing<'a>,
        mut keep: impl FnMut(Frame),
    ) -> Result<Value, Failure> {
        let data = match request {
            // The first account is made before anything else is there.
            Request::Account(AccountRequest::Create(_)) => prepare_data(&self.config)?,
            _ => existing_data(&self.config)?,
        };
        let clock = Clock::system();
        let at_rest = match request {
            Request::Account(request) if !request.needs_only_accounts() => {
                OfflineUsers::open(&self.config, &data, clock).await?
            }
            Request::Social(_) => OfflineUsers::open(&self.config, &data, clock).await?,
            _ => OfflineUsers::open_accounts(&self.config, &data, clock).await?,
        };
        let (lines, mut coming) = ResponseStream::channel();
        let done = async {
            let done = here(at_rest.user_commands(), &lines).await;
            drop(lines);
            done
        };
        let kept = async {
            while let Some(line) = coming.recv().await {
                keep(line);
            }
        };
        let (done, ()) = tokio::join!(done, kept);
        at_rest.close();
        Ok(done?)
    }
}

//! The document for the command line: its lists thing by thing, since a line has a bound and they have none.

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::{
    Exporting,
    document::{EarlyEnd, Sink},
};
use crate::{
    audit_event::AuditContext,
    control::{Exports, Refused, ResponseStream},
    ids::UserId,
    server::domains::Domains,
};

/// A document on its way to the command line.
struct ByLine<'a> {
    lines: &'a ResponseStream,
    document: Map<String, Value>,
    list: &'static str,
}

impl Sink for ByLine<'_> {
    fn field(&mut self, name: &'static str, value: Value) -> BoxFuture<'_, Result<(), EarlyEnd>> {
        self.document.insert(name.to_owned(), value);
        Box::pin(async { Ok(()) })
    }

    fn list(&mut self, name: &'static str) -> BoxFuture<'_, Result<(), EarlyEnd>> {
        self.list = name;
        self.document.insert(name.to_owned(), Value::Array(Vec::new()));
        Box::pin(async { Ok(()) })
    }

    fn items(&mut self, things: Vec<Value>) -> BoxFuture<'_, Result<(), EarlyEnd>> {
        let (lines, list) = (self.lines, self.list);
        Box::pin(async move {
            for thing in things {
                lines.item((list, thing)).await.map_err(|_| EarlyEnd::Left)?;
            }
            Ok(())
        })
    }

    fn list_end(&mut self) -> BoxFuture<'_, Result<(), EarlyEnd>> {
        Box::pin(async { Ok(()) })
    }
}

impl Exports for Domains {
    fn export<'a>(
        &'a self,
        id: UserId,
        from: AuditContext,
        lines: &'a ResponseStream,
    ) -> BoxFuture<'a, Result<Value, Refused>> {
        Box::pin(async move {
            let _place = self.place_for(Exporting::CommandLine)?;
            let begun = self.begin_export(id, from).await?;
            let mut sink = ByLine { lines, document: Map::new(), list: "" };
            match self.write_export(begun, &mut sink).await {
                Ok(()) => Ok(Value::Object(sink.document)),
                Err(EarlyEnd::Failed(problem)) => Err(problem.into()),
                Err(EarlyEnd::Left | EarlyEnd::Slow) => Err(Refused::left()),
            }
        })
    }
}

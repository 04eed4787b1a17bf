//! The tasks that live as long as the server, by name: a server that has lost one does not go on without it.

use std::future::Future;

use tokio::sync::mpsc;

/// Hears when a task ends that was not told to.
pub(super) struct Tasks {
    ended: mpsc::UnboundedSender<&'static str>,
    endings: mpsc::UnboundedReceiver<&'static str>,
    /// The task that is to panic.
    #[cfg(test)]
    broken: Option<&'static str>,
}

/// Says that a task has ended, however it did, unless that was expected.
struct Ending {
    name: &'static str,
    ended: mpsc::UnboundedSender<&'static str>,
    expected: bool,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.expected {
            // During a stop nobody listens any more.
            let _ = self.ended.send(self.name);
        }
    }
}

impl Tasks {
    pub(super) fn new() -> Self {
        let (ended, endings) = mpsc::unbounded_channel();
        Self {
            ended,
            endings,
            #[cfg(test)]
            broken: None,
        }
    }

    /// The same, of which one task panics at once.
    #[cfg(test)]
    pub(super) fn with_broken(self, name: Option<&'static str>) -> Self {
        Self { broken: name, ..self }
    }

    /// A task that goes on until the server stops.
    pub(super) fn lasting(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        self.watched(name, task, false)
    }

    /// A task that may come to its end by itself, and is not to panic before.
    pub(super) fn finite(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        self.watched(name, task, true)
    }

    fn watched(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
        may_end: bool,
    ) -> impl Future<Output = ()> + Send + 'static {
        let ending = Ending { name, ended: self.ended.clone(), expected: false };
        #[cfg(test)]
        let broken = self.broken == Some(name);
        async move {
            // All of it, or it would end here and now.
            let mut ending = ending;
            #[cfg(test)]
            assert!(!broken, "broken on purpose");
            task.await;
            ending.expected = may_end;
        }
    }

    /// Returns the name of the first that ended unexpectedly.
    pub(super) async fn first_to_end(&mut self) -> &'static str {
        match self.endings.recv().await {
            Some(name) => name,
            // Never: this is a sender itself.
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_or_panics_is_told_by_its_name() {
        let mut tasks = Tasks::new();
        let _ = tokio::spawn(tasks.lasting("ends", async {})).await;
        assert_eq!(tasks.first_to_end().await, "ends");
        for name in ["lasting", "finite"] {
            let mut tasks = Tasks::new().with_broken(Some(name));
            let _ = tokio::spawn(tasks.lasting("lasting", std::future::pending())).now_or_never();
            let _ = tokio::spawn(tasks.finite("finite", async {})).await;
            assert_eq!(tasks.first_to_end().await, name);
        }
    }

    #[tokio::test]
    async fn a_task_that_goes_on_or_comes_to_its_end_is_not_told() {
        let mut tasks = Tasks::new();
        let going = tokio::spawn(tasks.lasting("lasting", std::future::pending()));
        tokio::spawn(tasks.finite("finite", async {})).await.unwrap();
        assert!(tasks.first_to_end().now_or_never().is_none());
        going.abort();
        assert_eq!(tasks.first_to_end().await, "lasting");
    }
}

//! What is due when, without a socket.

use std::sync::Arc;

use super::*;
use crate::{
    config::{Config, ConfigSources},
    server::connection::exchange::RequestGuard,
};

fn timers(flags: &[(&str, &str)]) -> Arc<ConnectionTimers> {
    let flags = flags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let config = Config::load(&ConfigSources { flags, ..ConfigSources::default() }).unwrap();
    Arc::new(ConnectionTimers::new(config.limits))
}

fn speaking(protocol: Protocol) -> Arc<ConnectionTimers> {
    let timers = timers(&[("limits.h2_resets", "2")]);
    timers.set_protocol(protocol);
    timers
}

fn due(timers: &ConnectionTimers) -> Deadline {
    timers.deadline(None).0
}

#[test]
fn until_something_is_asked_the_first_request_is_due_and_after_its_answer_the_connection_is_idle() {
    let timers = timers(&[("limits.idle_seconds", "1"), ("limits.first_request_seconds", "1")]);
    timers.set_protocol(Protocol::Http2);
    assert_eq!(due(&timers), Deadline::FirstRequest);
    let request = RequestGuard::start(&timers);
    assert_eq!(due(&timers), Deadline::Later, "the client waits for us");
    let answer = request.answered(false);
    assert_eq!(due(&timers), Deadline::Later, "it has longer to read than to be idle");
    drop(answer);
    assert_eq!(due(&timers), Deadline::Idle);
}

#[test]
fn the_bytes_of_a_head_start_its_clock_and_the_request_stops_it() {
    let timers = timers(&[("limits.head_seconds", "1")]);
    timers.received(1).unwrap();
    assert_ne!(due(&timers), Deadline::Head, "a handshake has a clock of its own");
    timers.set_protocol(Protocol::Http1);
    timers.received(1).unwrap();
    assert_eq!(due(&timers), Deadline::Head);
    let request = RequestGuard::start(&timers);
    timers.received(1).unwrap();
    assert_eq!(due(&timers), Deadline::Later, "that was a body");
    drop(request);
}

#[test]
fn a_body_that_nobody_wants_is_no_head() {
    let timers = timers(&[("limits.head_seconds", "1")]);
    timers.set_protocol(Protocol::Http1);
    timers.discard(1);
    timers.received(1).unwrap();
    assert_ne!(due(&timers), Deadline::Head);
    timers.discard(-1);
    timers.received(1).unwrap();
    assert_eq!(due(&timers), Deadline::Head);
}

#[test]
fn what_the_socket_does_not_take_is_due_until_it_has_taken_enough_or_all() {
    let timers = timers(&[("limits.write_stall_seconds", "1")]);
    timers.set_protocol(Protocol::Http2);
    let _request = RequestGuard::start(&timers);
    timers.blocked();
    assert_eq!(due(&timers), Deadline::WriteStall);
    let since =
        |timers: &ConnectionTimers| timers.state().unsent.as_ref().map(|unsent| unsent.since);
    let began = since(&timers);
    timers.sent(LEAST_PROGRESS - 1);
    assert_eq!(since(&timers), began, "a trickle is no progress");
    timers.sent(1);
    assert!(since(&timers) > began);
    timers.flushed();
    assert_eq!(due(&timers), Deadline::Later);
}

#[test]
fn much_that_asks_nothing_ends_a_connection_and_a_body_does_not() {
    let timers = speaking(Protocol::Http2);
    assert!(timers.received(MOST_UNASKED).is_ok());
    assert!(timers.received(1).is_err());
    let request = RequestGuard::start(&timers);
    assert!(timers.received(2 * MOST_UNASKED).is_ok());
    drop(request);
}

#[test]
fn requests_that_are_taken_back_end_a_connection_unless_as_many_are_answered() {
    let timers = speaking(Protocol::Http2);
    for _ in 0..10 {
        drop(RequestGuard::start(&timers));
        RequestGuard::start(&timers).answered(false).wanted();
    }
    assert!(timers.received(1).is_ok());
    drop(RequestGuard::start(&timers));
    drop(RequestGuard::start(&timers));
    drop(RequestGuard::start(&timers).answered(false));
    assert!(timers.received(1).is_err());
}

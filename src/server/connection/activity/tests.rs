//! What is due when, without a socket.

use std::sync::Arc;

use super::*;
use crate::{
    config::{Config, Sources},
    server::connection::exchange::Requested,
};

fn activity(flags: &[(&str, &str)]) -> Arc<Activity> {
    let flags = flags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let config = Config::load(&Sources { flags, ..Sources::default() }).unwrap();
    Arc::new(Activity::new(config.limits))
}

fn speaking(protocol: Protocol) -> Arc<Activity> {
    let activity = activity(&[("limits.h2_resets", "2")]);
    activity.speaks(protocol);
    activity
}

fn due(activity: &Activity) -> Limit {
    activity.deadline(None).0
}

#[test]
fn until_something_is_asked_the_first_request_is_due_and_after_its_answer_the_connection_is_idle() {
    let activity = activity(&[("limits.idle_seconds", "1"), ("limits.first_request_seconds", "1")]);
    activity.speaks(Protocol::Http2);
    assert_eq!(due(&activity), Limit::FirstRequest);
    let request = Requested::begin(&activity);
    assert_eq!(due(&activity), Limit::Later, "the client waits for us");
    let answer = request.answered(false);
    assert_eq!(due(&activity), Limit::Later, "it has longer to read than to be idle");
    drop(answer);
    assert_eq!(due(&activity), Limit::Idle);
}

#[test]
fn the_bytes_of_a_head_start_its_clock_and_the_request_stops_it() {
    let activity = activity(&[("limits.head_seconds", "1")]);
    activity.received(1).unwrap();
    assert_ne!(due(&activity), Limit::Head, "a handshake has a clock of its own");
    activity.speaks(Protocol::Http1);
    activity.received(1).unwrap();
    assert_eq!(due(&activity), Limit::Head);
    let request = Requested::begin(&activity);
    activity.received(1).unwrap();
    assert_eq!(due(&activity), Limit::Later, "that was a body");
    drop(request);
}

#[test]
fn a_body_that_nobody_wants_is_no_head() {
    let activity = activity(&[("limits.head_seconds", "1")]);
    activity.speaks(Protocol::Http1);
    activity.discard(1);
    activity.received(1).unwrap();
    assert_ne!(due(&activity), Limit::Head);
    activity.discard(-1);
    activity.received(1).unwrap();
    assert_eq!(due(&activity), Limit::Head);
}

#[test]
fn what_the_socket_does_not_take_is_due_until_it_has_taken_enough_or_all() {
    let activity = activity(&[("limits.write_stall_seconds", "1")]);
    activity.speaks(Protocol::Http2);
    let _request = Requested::begin(&activity);
    activity.blocked();
    assert_eq!(due(&activity), Limit::WriteStall);
    let since = |activity: &Activity| activity.state().unsent.as_ref().map(|unsent| unsent.since);
    let began = since(&activity);
    activity.sent(LEAST_PROGRESS - 1);
    assert_eq!(since(&activity), began, "a trickle is no progress");
    activity.sent(1);
    assert!(since(&activity) > began);
    activity.flushed();
    assert_eq!(due(&activity), Limit::Later);
}

#[test]
fn much_that_asks_nothing_ends_a_connection_and_a_body_does_not() {
    let activity = speaking(Protocol::Http2);
    assert!(activity.received(MOST_UNASKED).is_ok());
    assert!(activity.received(1).is_err());
    let request = Requested::begin(&activity);
    assert!(activity.received(2 * MOST_UNASKED).is_ok());
    drop(request);
}

#[test]
fn requests_that_are_taken_back_end_a_connection_unless_as_many_are_answered() {
    let activity = speaking(Protocol::Http2);
    for _ in 0..10 {
        drop(Requested::begin(&activity));
        Requested::begin(&activity).answered(false).begin();
    }
    assert!(activity.received(1).is_ok());
    drop(Requested::begin(&activity));
    drop(Requested::begin(&activity));
    drop(Requested::begin(&activity).answered(false));
    assert!(activity.received(1).is_err());
}

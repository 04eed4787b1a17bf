//! One directory and one address for one server.

use std::{fs, net::TcpListener};

use crate::{
    program::{Home, finish},
    running::{Running, serve},
};

const ADVICE: [&str; 3] = ["auth.redb", "is in use", "stop the running appliance first"];

#[test]
fn a_verb_on_the_data_of_a_server_that_cannot_be_asked_is_refused() {
    let home = Home::default();
    let _running = Running::start(&home);
    fs::remove_file(home.data().join("control.sock")).unwrap();
    home.run(&["user", "list"]).expect_error(4, &ADVICE);
    home.run(&["compact"]).expect_error(4, &ADVICE);
    home.create_user("ada", "user").expect_error(4, &ADVICE);
    home.run(&["user", "set-role", "1", "admin"]).expect_error(4, &ADVICE);
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let home = Home::default();
    let _running = Running::start(&home);
    finish(home.command(&serve(&[]))).expect_error(4, &ADVICE);
}

#[test]
fn a_second_server_that_is_refused_leaves_the_first_its_certificate() {
    let home = Home::default();
    let _running = Running::start(&home);
    let files = ["tls/self-signed.pem", "tls/self-signed.key"].map(|name| home.data().join(name));
    let before = files.each_ref().map(|file| fs::read(file).unwrap());
    finish(home.command(&serve(&["tls.names=['other.example.org']"]))).expect_error(4, &ADVICE);
    assert_eq!(files.each_ref().map(|file| fs::read(file).unwrap()), before);
}

#[test]
fn the_data_is_free_once_its_server_has_ended() {
    let home = Home::default();
    Running::start(&home).kill();
    home.run(&["user", "list"]).expect(0);
}

#[test]
fn an_address_in_use_is_named_with_what_to_do() {
    let home = Home::default();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let second = finish(home.command(&serve(&[&format!("server.redirect_listen={address}")])));
    second.expect_error(4, &[&address, "is in use"]);
    let second = home.run(&["serve", "--listen", &address]);
    second.expect_error(4, &[&address, "is in use", "set server.listen"]);
    // A start that found no address has made no database.
    assert!(!home.data().join("auth.redb").exists());
}

//! What a later start finds, against the ledger of what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    load::{ADMIN, Outcome, PEOPLE, Round, name_of},
    program::Home,
    running::Running,
    site::Site,
    support::Person,
};

/// Somebody who looks: the administrator and the people of the test, logged in anew.
pub struct Observer {
    pub site: Site,
    pub admin: Person,
    people: Vec<Person>,
}

impl Observer {
    pub async fn of(home: &Home, running: &Running) -> Self {
        let site = Site::of(home, running);
        let admin = site.login(ADMIN).await;
        let mut people = Vec::new();
        for person in 0..PEOPLE {
            people.push(site.login(&name_of(person)).await);
        }
        Self { site, admin, people }
    }

    /// Checks everything of these rounds and everything of the whole appliance.
    pub async fn find_all(&self, rounds: &[Round]) {
        let histories = self.histories().await;
        for round in rounds {
            self.find_scans(round, &histories).await;
            self.find_registrations(round).await;
        }
        self.find_trail().await;
    }

    /// Who was where by the histories of all, each row once.
    async fn histories(&self) -> BTreeSet<(u64, String)> {
        let mut histories = BTreeSet::new();
        for person in &self.people {
            for row in self.site.all("/me/attendance", person).await {
                let event = row["event_id"].as_str().unwrap().to_owned();
                assert!(histories.insert((person.id, event)), "twice in a history: {row}");
            }
        }
        histories
    }

    /// Every acknowledged scan is there once; lists, figures and histories agree on it and on every scan
    /// whose answer never came.
    async fn find_scans(&self, round: &Round, histories: &BTreeSet<(u64, String)>) {
        let mut in_lists = BTreeSet::new();
        for (event, _) in &round.events {
            let rows = self.rows_of(event).await;
            for scan in round.scans.iter().filter(|scan| scan.event == *event) {
                let row = rows.get(&self.people[scan.person].id);
                if let Some(answer) = scan.outcome.acknowledged() {
                    let row = row.unwrap_or_else(|| panic!("lost: {answer}"));
                    assert_eq!(row["scanned_at"], answer["scanned_at"]);
                    assert_eq!(row["status"], answer["status"]);
                    assert_eq!(row["source"], "scan");
                }
            }
            for id in rows.keys() {
                let sent = |person: usize| self.people[person].id == *id;
                let scan =
                    round.scans.iter().find(|scan| scan.event == *event && sent(scan.person));
                assert!(scan.is_some(), "nobody sent what {event} holds of {id}");
            }
            in_lists.extend(rows.keys().map(|id| (*id, event.clone())));
        }
        let of_round = |event: &String| round.events.iter().any(|(id, _)| id == event);
        let in_histories: BTreeSet<_> =
            histories.iter().filter(|(_, event)| of_round(event)).cloned().collect();
        assert_eq!(in_lists, in_histories, "lists and histories differ");
    }

    /// Checks that all of this is of one moment, whichever it was: whoever attended has an account, lists
    /// and histories agree, and the trail tells of everything once. Gives how many scans and registrations
    /// of the load there are.
    pub async fn find_one_moment(&self, events: &[(String, String)]) -> usize {
        let users = self.site.all("/users", &self.admin).await;
        let accounts: BTreeSet<_> = users.iter().map(|user| user["id"].as_u64().unwrap()).collect();
        let known = self.site.all("/events", &self.admin).await;
        let known: BTreeSet<_> =
            known.iter().map(|event| event["event_id"].as_str().unwrap()).collect();
        let mut in_lists = BTreeSet::new();
        for (event, _) in events.iter().filter(|(event, _)| known.contains(event.as_str())) {
            for id in self.rows_of(event).await.into_keys() {
                assert!(accounts.contains(&id), "{id} was at {event} and has no account");
                in_lists.insert((id, event.clone()));
            }
        }
        let in_histories = self.histories().await;
        assert_eq!(in_lists, in_histories, "lists and histories differ");
        self.find_trail().await;
        in_lists.len() + accounts.len() - 1 - PEOPLE
    }

    /// The attendance of an event by person, after checking that its figures count it right.
    async fn rows_of(&self, event: &str) -> BTreeMap<u64, Value> {
        let path = format!("/events/{event}/attendance");
        let listed = self.site.all(&path, &self.admin).await;
        let count = listed.len();
        let rows: BTreeMap<_, _> =
            listed.into_iter().map(|row| (row["user_id"].as_u64().unwrap(), row)).collect();
        assert_eq!(rows.len(), count, "somebody is there twice");
        let figures = self.site.get(&format!("/events/{event}/statistics"), &self.admin).await;
        assert_eq!(figures["recorded"], count);
        assert_eq!(figures["present"], count);
        let page = self.site.get(&path, &self.admin).await;
        assert_eq!(page["statistics"], figures);
        rows
    }

    /// Everybody whose registration was acknowledged can log in and has their profile; whoever's was not
    /// has all of an account or none.
    async fn find_registrations(&self, round: &Round) {
        for registration in &round.registrations {
            let name = &registration.name;
            match (self.site.try_login(name).await, &registration.outcome) {
                (Ok(person), outcome) => {
                    if let Outcome::Acknowledged(answer) = outcome {
                        assert_eq!(answer["id"], person.id);
                    }
                    let me = self.site.get("/me", &person).await;
                    assert_eq!((&me["name"], &me["surname"]), (&name[..].into(), &"Prova".into()));
                }
                (Err(problem), Outcome::Acknowledged(answer)) => {
                    panic!("lost: {answer}: {}", problem.text());
                }
                (Err(problem), _) => {
                    problem.expect_problem(401, "INVALID_CREDENTIALS");
                }
            }
        }
    }

    /// The chain is whole and tells of every account and every event once.
    async fn find_trail(&self) {
        let mut accounts = BTreeSet::new();
        for user in self.site.all("/users", &self.admin).await {
            let id = user["id"].as_u64().unwrap();
            let name = user["email"].as_str().unwrap().split('@').next().unwrap();
            assert_eq!(
                (&user["name"], &user["surname"]),
                (&name.into(), &"Prova".into()),
                "{user}"
            );
            assert!(accounts.insert(format!("user:{id}")), "{id} is there twice");
        }
        let created = self.targets("user.created", 1).await;
        assert_eq!(created, [format!("user:{}", self.admin.id)]);
        let registered = self.targets("user.registered", accounts.len() - 1).await;
        accounts.remove(&created[0]);
        assert_eq!(registered, accounts.into_iter().collect::<Vec<_>>());
        let events = self.site.all("/events", &self.admin).await;
        let target = |event: &Value| format!("event:{}", event["event_id"].as_str().unwrap());
        let mut events: Vec<_> = events.iter().map(target).collect();
        events.sort();
        assert_eq!(self.targets("event.created", events.len()).await, events);
        let verdict = self.site.get("/audit/verification", &self.admin).await;
        assert_eq!(verdict["ok"], true, "{verdict}");
        self.site.outboxes_empty().await;
    }

    /// What the chain says that `action` was done to, in order, once it says it `count` times.
    async fn targets(&self, action: &str, count: usize) -> Vec<String> {
        let entries = self.site.audit(&self.admin, action, count).await;
        let target = |entry: &Value| entry["target"].as_str().unwrap().to_owned();
        let mut targets: Vec<_> = entries.iter().map(target).collect();
        targets.sort();
        targets
    }

    /// Sends every scan of a round again, as phones do that never got an answer: whoever got one gets the
    /// same, and from now on everybody has one.
    pub async fn scan_again(&self, round: &mut Round) {
        for scan in &mut round.scans {
            let session = &self.people[scan.person];
            let answer = self.site.post("/scans", Some(session), scan.body()).await.expect(201);
            if let Some(first) = scan.outcome.acknowledged() {
                assert_eq!(answer, *first);
            }
            scan.outcome = Outcome::Acknowledged(answer);
        }
    }
}

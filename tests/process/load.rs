//! Many people at once, and the ledger of what was acknowledged to them.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};

use crate::{
    program::Home,
    running::Running,
    site::Site,
    support::{Answer, PASSWORD, Person},
};

/// How many people scan, each over a connection of their own.
pub const PEOPLE: usize = 16;
/// How many events they scan the codes of in one round; every scan is somebody's first at its event,
/// and so a write.
pub const EVENTS: usize = 8;
/// How many clients register new people meanwhile, and how many each.
const REGISTRARS: usize = 3;
const REGISTRATIONS: usize = 6;

/// One round of load, as its clients saw it.
#[derive(Default)]
pub struct Round {
    /// Ids and codes.
    pub events: Vec<(String, String)>,
    pub scans: Vec<Scan>,
    pub registrations: Vec<Registration>,
}

/// A scan that was sent.
#[derive(Clone)]
pub struct Scan {
    /// The place among the people of the test.
    pub person: usize,
    pub event: String,
    pub code: String,
    pub nonce: String,
    pub outcome: Outcome,
}

/// A registration that was sent.
pub struct Registration {
    pub name: String,
    pub outcome: Outcome,
}

/// What a client learnt of its request.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// 201 and a body: it is on the disk.
    Acknowledged(Value),
    /// Another status and a body.
    Refused(u16, Value),
    /// Nothing: the server went away.
    Unknown,
}

impl Outcome {
    fn of(answer: Option<&Answer>) -> Self {
        match answer {
            Some(answer) if answer.status == 201 => Self::Acknowledged(answer.json()),
            Some(answer) => Self::Refused(answer.status.as_u16(), answer.json()),
            None => Self::Unknown,
        }
    }

    /// The body of an acknowledgement.
    pub fn acknowledged(&self) -> Option<&Value> {
        match self {
            Self::Acknowledged(body) => Some(body),
            _ => None,
        }
    }
}

impl Scan {
    /// The body that was sent, or is sent again.
    pub fn body(&self) -> Value {
        json!({ "code": self.code, "nonce": self.nonce })
    }
}

impl Round {
    /// The outcomes of everything that was sent.
    pub fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        let scans = self.scans.iter().map(|scan| &scan.outcome);
        scans.chain(self.registrations.iter().map(|registration| &registration.outcome))
    }

    pub fn acknowledged(&self) -> usize {
        self.outcomes().filter(|outcome| outcome.acknowledged().is_some()).count()
    }
}

/// The administrator's name; the account is made on the command line.
pub const ADMIN: &str = "capo";

/// The name of a person of the test.
pub fn name_of(person: usize) -> String {
    format!("persona{person}")
}

/// Registers the people of the test.
pub async fn register_people(site: &Site) {
    for person in 0..PEOPLE {
        let outcome = register(site, &name_of(person)).await;
        assert!(outcome.acknowledged().is_some(), "{outcome:?}");
    }
}

/// Makes what a round needs, with a server that is stopped again; gives the round.
pub async fn prepare(home: &Home, name: &str) -> Plan {
    home.create_user(ADMIN, "admin").expect(0);
    let running = Running::start(home);
    let site = Site::of(home, &running);
    register_people(&site).await;
    let plan = Plan::of(&site, name).await;
    running.stop();
    plan
}

/// Registers `name@example.org`, of that given name.
async fn register(site: &Site, name: &str) -> Outcome {
    let body = json!({
        "email": format!("{name}@example.org"), "password": PASSWORD,
        "name": name, "surname": "Prova",
    });
    Outcome::of(site.try_post("/auth/register", None, &body).await.as_ref())
}

/// What a round needs: made while nothing is in its way yet, and good for a later start of the server.
pub struct Plan {
    name: String,
    pub events: Vec<(String, String)>,
    pub sessions: Vec<Person>,
}

impl Plan {
    /// Makes the events and logs everybody in. `name` names the round.
    pub async fn of(site: &Site, name: &str) -> Self {
        let staff = site.login(ADMIN).await;
        let (mut events, mut sessions) = (Vec::new(), Vec::new());
        for event in 0..EVENTS {
            events.push(site.event(&staff, &format!("{name} {event}")).await);
        }
        for person in 0..PEOPLE {
            sessions.push(site.login(&name_of(person)).await);
        }
        Self { name: name.to_owned(), events, sessions }
    }
}

/// A round in progress.
pub struct Load {
    round: Round,
    scanning: JoinSet<Vec<Scan>>,
    registering: JoinSet<Vec<Registration>>,
    acknowledged: watch::Receiver<usize>,
}

impl Load {
    /// Lets everybody scan and register until they are done or the server no longer says yes.
    pub fn begin(home: &Home, running: &Running, plan: Plan) -> Self {
        let Plan { name, events, sessions } = plan;
        let (count, acknowledged) = watch::channel(0);
        let count = Arc::new(count);
        let mut scanning = JoinSet::new();
        for (person, session) in sessions.into_iter().enumerate() {
            let (site, scans) = (Site::of(home, running), scans_of(person, &events, &name));
            scanning.spawn(scan_all(site, session, scans, Arc::clone(&count)));
        }
        let mut registering = JoinSet::new();
        for registrar in 0..REGISTRARS {
            let (site, name) = (Site::of(home, running), format!("{name}-{registrar}"));
            registering.spawn(register_all(site, name, Arc::clone(&count)));
        }
        let round = Round { events, ..Round::default() };
        Self { round, scanning, registering, acknowledged }
    }

    /// Waits until so many requests are acknowledged, or all that will be.
    pub async fn acknowledged(&mut self, count: usize) {
        let _ = self.acknowledged.wait_for(|so_far| *so_far >= count).await;
    }

    /// How many are acknowledged.
    pub fn acknowledged_so_far(&self) -> usize {
        *self.acknowledged.borrow()
    }

    /// Waits until everybody is done, and gives the ledger.
    pub async fn end(self) -> Round {
        let Self { mut round, scanning, registering, .. } = self;
        round.scans = scanning.join_all().await.concat();
        round.registrations = registering.join_all().await.into_iter().flatten().collect();
        round
    }
}

/// A person's scans, each person beginning with another event.
fn scans_of(person: usize, events: &[(String, String)], round: &str) -> Vec<Scan> {
    let mut events = events.to_vec();
    events.rotate_left(person % EVENTS);
    let scan = |(event, code): (String, String)| Scan {
        person,
        nonce: format!("{round}-{person}-{event}"),
        event,
        code,
        outcome: Outcome::Unknown,
    };
    events.into_iter().map(scan).collect()
}

/// Sends scans until one is not acknowledged; gives those that were sent.
async fn scan_all(
    site: Site,
    session: Person,
    mut scans: Vec<Scan>,
    count: Arc<watch::Sender<usize>>,
) -> Vec<Scan> {
    for sent in 0..scans.len() {
        let answer = site.try_post("/scans", Some(&session), &scans[sent].body()).await;
        scans[sent].outcome = Outcome::of(answer.as_ref());
        if scans[sent].outcome.acknowledged().is_none() {
            scans.truncate(sent + 1);
            break;
        }
        count.send_modify(|count| *count += 1);
    }
    scans
}

async fn register_all(
    site: Site,
    name: String,
    count: Arc<watch::Sender<usize>>,
) -> Vec<Registration> {
    let mut sent = Vec::new();
    for number in 0..REGISTRATIONS {
        let name = format!("{name}-{number}");
        let outcome = register(&site, &name).await;
        let acknowledged = outcome.acknowledged().is_some();
        sent.push(Registration { name, outcome });
        if !acknowledged {
            break;
        }
        count.send_modify(|count| *count += 1);
    }
    sent
}

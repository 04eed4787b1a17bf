//! One order at a directory, from the account to the chain (RFC 8555 §7).
//!
//! A directory may refuse any request for its nonce, for no fault of ours (§6.5); `instant-acme` asks three
//! times. [`insist!`] asks again after that, for as long as it is only the nonce.

use std::{fs, io, net::IpAddr, time::Duration};

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error, Identifier, Key, NewOrder, Order,
    OrderStatus,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};

use super::{
    ca::{AcmeCa, identifier},
    client::{AcmeHttpClient, is_unreachable},
};
use crate::{
    config::AcmeChallenge,
    paths::write_atomically,
    server::tls::{CertificateInfo, Challenges},
};

const NONCE_REFUSED: &str = "urn:ietf:params:acme:error:badNonce";
const OVER_A_LIMIT: &str = "urn:ietf:params:acme:error:rateLimited";
/// How often a request is made again for its nonce, each time with three tries.
const NONCE_TRIES: u32 = 12;
/// How long a directory may take to look at the proofs, and to sign.
const PATIENCE: Duration = Duration::from_mins(2);
const FIRST_LOOK: Duration = Duration::from_millis(250);
const SLOWEST_LOOK: Duration = Duration::from_secs(5);

/// Why there is no certificate.
#[derive(Debug)]
pub(in crate::server) struct OrderError {
    /// In words, for whoever runs the appliance.
    pub(in crate::server) reason: String,
    /// Whether the directory got to know of the try, and may count it.
    pub(super) is_counted: bool,
    /// Whether it was refused for being one too many.
    pub(super) is_over_a_limit: bool,
}

impl OrderError {
    /// One of ours, which the directory knows nothing of.
    pub(super) fn here(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_counted: false, is_over_a_limit: false }
    }

    /// One that the directory may count.
    pub(super) fn there(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_counted: true, is_over_a_limit: false }
    }
}

impl From<Error> for OrderError {
    fn from(error: Error) -> Self {
        let is_over_a_limit = is_problem(&error, OVER_A_LIMIT);
        Self { reason: error.to_string(), is_counted: !is_unreachable(&error), is_over_a_limit }
    }
}

fn is_problem(error: &Error, kind: &str) -> bool {
    matches!(error, Error::Api(problem) if problem.r#type.as_deref() == Some(kind))
}

/// Does it again while the directory refuses only the nonce.
macro_rules! insist {
    ($step:expr) => {{
        let mut tries = 1;
        loop {
            match $step.await {
                Err(error) if tries < NONCE_TRIES && is_problem(&error, NONCE_REFUSED) => {
                    tries += 1;
                }
                done => break done,
            }
        }
    }};
}

/// The account at a directory. Its key is made once and kept; whoever has it gets the same account again
/// (RFC 8555 §7.3.1), so nothing else need be kept, and an answer that is lost makes no second one.
pub(super) async fn account(
    directory: &AcmeCa,
    client: &AcmeHttpClient,
) -> Result<Account, OrderError> {
    let key = account_key(directory)?;
    let made = insist!(async {
        let pair = (Key::from_pkcs8_der(key.clone_key())?, PrivateKeyDer::from(key.clone_key()));
        let builder = Account::builder_with_http(Box::new(client.clone()));
        builder.create_from_key(pair, directory.url.clone()).await
    });
    let (account, _) = made?;
    if !directory.contact.is_empty() {
        let contact = format!("mailto:{}", directory.contact);
        let told = insist!(account.update_contacts(&[&contact]));
        if let Err(error) = told {
            // Certificates do not depend on it.
            tracing::warn!(%error, "the directory did not take the contact address");
        }
    }
    Ok(account)
}

/// The account as far as it can be had without asking for it: for what a directory tells anybody.
pub(super) async fn visitor(
    directory: &AcmeCa,
    client: &AcmeHttpClient,
) -> Result<Account, OrderError> {
    let key = account_key(directory)?;
    let builder = Account::builder_with_http(Box::new(client.clone()));
    Ok(builder.from_parts(String::new(), key, directory.url.clone()).await?)
}

fn account_key(directory: &AcmeCa) -> Result<PrivatePkcs8KeyDer<'static>, OrderError> {
    let path = &directory.account_key;
    let failed = |error: &dyn std::fmt::Display| {
        OrderError::here(format!("the account key {} cannot be used: {error}", path.display()))
    };
    match fs::read(path) {
        Ok(pem) => PrivatePkcs8KeyDer::from_pem_slice(&pem).map_err(|error| failed(&error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = new_key()?;
            write_atomically(path, key.serialize_pem().as_bytes(), 0o600)
                .map_err(|error| failed(&error))?;
            Ok(PrivatePkcs8KeyDer::from(key.serialize_der()))
        }
        Err(error) => Err(failed(&error)),
    }
}

fn new_key() -> Result<rcgen::KeyPair, OrderError> {
    rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)
        .map_err(|error| OrderError::here(format!("cannot make a key: {error}")))
}

/// Gets a certificate for the names of the directory and gives it with its key, in PEM. `replaced` is the one
/// whose place it takes, which a directory may be glad to know (RFC 9773 §5).
pub(super) async fn order(
    directory: &AcmeCa,
    client: &AcmeHttpClient,
    challenges: &Challenges,
    replaced: Option<&CertificateInfo>,
) -> Result<String, OrderError> {
    let account = account(directory, client).await?;
    let mut order = new_order(&account, &directory.names, replaced).await?;
    prove(&mut order, directory.challenge, challenges).await?;
    if until(&mut order, |status| status != OrderStatus::Pending).await? == OrderStatus::Invalid {
        return Err(why_invalid(&mut order).await);
    }
    let key = new_key()?;
    let request = rcgen::CertificateParams::new(directory.names.clone()).and_then(|mut params| {
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.serialize_request(&key)
    });
    let request =
        request.map_err(|error| OrderError::here(format!("cannot make a request: {error}")))?;
    if order.state().status == OrderStatus::Ready {
        insist!(order.finalize_csr(request.der()))?;
    }
    let signed = |status| matches!(status, OrderStatus::Valid | OrderStatus::Invalid);
    if until(&mut order, signed).await? == OrderStatus::Invalid {
        return Err(why_invalid(&mut order).await);
    }
    let chain = insist!(order.certificate())?;
    let chain =
        chain.ok_or_else(|| OrderError::there("the directory signed and gave no certificate"))?;
    Ok(format!("{}{chain}", key.serialize_pem()))
}

async fn new_order(
    account: &Account,
    names: &[String],
    replaced: Option<&CertificateInfo>,
) -> Result<Order, OrderError> {
    let identifiers: Vec<_> = names
        .iter()
        .map(|name| match name.parse::<IpAddr>() {
            Ok(address) => Identifier::Ip(address),
            Err(_) => Identifier::Dns(name.clone()),
        })
        .collect();
    if let Some(replaced) = replaced.and_then(identifier) {
        let order = NewOrder::new(&identifiers).replaces(replaced);
        match insist!(account.new_order(&order)) {
            Err(error) if is_unreachable(&error) || is_problem(&error, OVER_A_LIMIT) => {
                return Err(error.into());
            }
            // It knows nothing of replacing, or of what is replaced: then it is an order like any other.
            Err(error) => {
                tracing::debug!(%error, "the directory takes no word of what is replaced");
            }
            Ok(order) => return Ok(order),
        }
    }
    Ok(insist!(account.new_order(&NewOrder::new(&identifiers)))?)
}

/// Sets an answer for every name that is not proven yet, and asks the directory to look.
async fn prove(
    order: &mut Order,
    kind: AcmeChallenge,
    challenges: &Challenges,
) -> Result<(), OrderError> {
    let mut told = Vec::new();
    for _ in 0..NONCE_TRIES {
        match prove_each(order, kind, challenges, &mut told).await {
            Err(Proving::Again) => {}
            Err(Proving::Failed(fault)) => return Err(fault),
            Ok(()) => return Ok(()),
        }
    }
    Err(OrderError::there("the directory refuses every nonce that it gives"))
}

/// Why names were not offered for proof.
enum Proving {
    /// A nonce was refused half way; those names that the directory was told of stay told.
    Again,
    Failed(OrderError),
}

impl From<Error> for Proving {
    fn from(error: Error) -> Self {
        if is_problem(&error, NONCE_REFUSED) { Self::Again } else { Self::Failed(error.into()) }
    }
}

async fn prove_each(
    order: &mut Order,
    kind: AcmeChallenge,
    challenges: &Challenges,
    told: &mut Vec<String>,
) -> Result<(), Proving> {
    let (kind, word) = match kind {
        AcmeChallenge::Http01 => (ChallengeType::Http01, "http-01"),
        AcmeChallenge::TlsAlpn01 => (ChallengeType::TlsAlpn01, "tls-alpn-01"),
    };
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let (status, url) = (authorization.status, authorization.url().to_owned());
        if status == AuthorizationStatus::Valid || told.contains(&url) {
            continue;
        }
        let name = authorization.identifier().to_string();
        let failed =
            |reason: String| Proving::Failed(OrderError::there(format!("{name}: {reason}")));
        if status != AuthorizationStatus::Pending {
            return Err(failed(format!("its authorization is {status:?}")));
        }
        let challenge = authorization.challenge(kind.clone());
        let mut challenge =
            challenge.ok_or_else(|| failed(format!("the directory does not offer {word}")))?;
        let answer = challenge.key_authorization();
        match kind {
            ChallengeType::Http01 => challenges.answer_http(&challenge.token, answer.as_str()),
            _ => challenges.answer_tls(&name, answer.digest().as_ref()).map_err(failed)?,
        }
        challenge.set_ready().await?;
        told.push(url);
    }
    Ok(())
}

/// Looks until the order's status is `enough`, and gives it.
async fn until(
    order: &mut Order,
    enough: impl Fn(OrderStatus) -> bool,
) -> Result<OrderStatus, OrderError> {
    let looking = async {
        let mut pause = FIRST_LOOK;
        loop {
            let status = order.state().status;
            if enough(status) {
                return Ok(status);
            }
            tokio::time::sleep(pause).await;
            pause = pause.mul_f32(1.5).min(SLOWEST_LOOK);
            insist!(async { order.refresh().await.map(|_| ()) })?;
        }
    };
    let late = || OrderError::there("the directory took too long over the order");
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| Err(late()))
}

/// Why an order failed: what the directory says of it and of each name.
async fn why_invalid(order: &mut Order) -> OrderError {
    let mut reasons = Vec::new();
    if let Some(error) = &order.state().error {
        reasons.push(error.to_string());
    }
    reasons.extend(insist!(reasons_by_name(order)).unwrap_or_default());
    if reasons.is_empty() {
        reasons.push("it does not say why".to_owned());
    }
    OrderError::there(format!("the directory did not accept the proof: {}", reasons.join("; ")))
}

/// What the directory says of each name that it did not accept. It may say that the order failed a moment before
/// it says so of a name.
async fn reasons_by_name(order: &mut Order) -> Result<Vec<String>, Error> {
    let mut reasons = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let name = authorization.identifier().to_string();
        authorization.refresh().await?;
        let before = reasons.len();
        let errors = authorization.challenges.iter().filter_map(|it| it.error.as_ref());
        reasons.extend(errors.map(|error| format!("{name}: {error}")));
        if reasons.len() == before && authorization.status != AuthorizationStatus::Valid {
            reasons.push(name);
        }
    }
    Ok(reasons)
}

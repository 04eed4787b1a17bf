//! The header of an age file: who can open it, and how the file key is wrapped for them.

use std::io::{self, BufRead, Read};

use super::{
    base64::{decode, encode},
    error::AgeError,
    recipient::{FileKey, Identity, Recipient},
};
use crate::crypto::{
    self, ChaCha20Poly1305, hkdf_sha256, hmac_sha256, x25519_public, x25519_shared,
};

const VERSION: &str = "age-encryption.org/v1";
const X25519: &str = "age-encryption.org/v1/X25519";
const SCRYPT: &str = "age-encryption.org/v1/scrypt";
/// The cost of a passphrase: 32 MiB of memory for a moment.
const LOG_N: u8 = 15;
/// The highest cost that is paid for a file that somebody else wrote: 256 MiB.
const MAX_LOG_N: u8 = 18;
/// How long a header may be, in bytes, whoever writes it: some three hundred recipients.
const MAX_BYTES: u64 = 32 << 10;
/// How long a wrapped file key is, in bytes.
const WRAPPED_BYTES: usize = 16 + ChaCha20Poly1305::TAG_BYTES;
/// How long the code at the end of a header is, in bytes.
const MAC_BYTES: usize = 32;
/// How many letters a line of a stanza's body has, but for the last.
const COLUMNS: usize = 64;

/// A header that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    stanzas: Vec<Stanza>,
    /// What was read, as far as the code at its end covers it.
    authenticated: String,
    mac: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Stanza {
    arguments: Vec<String>,
    body: Vec<u8>,
}

impl Header {
    /// As it is written.
    #[cfg(test)]
    pub(super) fn text(&self) -> String {
        format!("{} {}\n", authenticated(&self.stanzas), encode(&self.mac))
    }
}

/// Writes the header of a file that these can open.
pub(super) fn write(file_key: &FileKey, recipient: &Recipient) -> Result<String, AgeError> {
    let stanzas = match recipient {
        Recipient::Passphrase(passphrase) => vec![wrap_with_passphrase(file_key, passphrase)?],
        Recipient::Keys(keys) => {
            keys.iter().map(|key| wrap_to_key(file_key, key)).collect::<Result<_, _>>()?
        }
    };
    let header = authenticated(&stanzas);
    let mac = encode(&mac(file_key, &header));
    let header = header + &format!(" {mac}\n");
    if header.len() as u64 > MAX_BYTES {
        return Err(AgeError::TooManyRecipients);
    }
    Ok(header)
}

/// The text of a header up to its code.
fn authenticated(stanzas: &[Stanza]) -> String {
    let mut lines = vec![VERSION.to_owned()];
    for Stanza { arguments, body } in stanzas {
        lines.push(format!("-> {}", arguments.join(" ")));
        let body = encode(body);
        let mut rest = body.as_str();
        // A body ends with the first line that is not full, and so with an empty one after full ones.
        loop {
            let (line, after) = rest.split_at(rest.len().min(COLUMNS));
            lines.push(line.to_owned());
            if line.len() < COLUMNS {
                break;
            }
            rest = after;
        }
    }
    lines.join("\n") + "\n---"
}

/// Reads a header and finds its file key.
pub(super) fn read(input: &mut impl BufRead, identity: &Identity) -> Result<FileKey, AgeError> {
    let header = parse(input)?;
    let file_key = unwrap(&header.stanzas, identity)?;
    if crypto::equal(&mac(&file_key, &header.authenticated), &header.mac) {
        Ok(file_key)
    } else {
        Err(AgeError::HeaderAltered)
    }
}

/// Reads a header, and no byte after it. Only what [`Header::text`] would write is one.
pub(super) fn parse(input: &mut impl BufRead) -> Result<Header, AgeError> {
    let mut input = input.take(MAX_BYTES);
    if next_line(&mut input)? != VERSION {
        return Err(AgeError::Malformed);
    }
    let mut lines = vec![VERSION.to_owned()];
    let mut stanzas = Vec::new();
    let mac = loop {
        let line = next_line(&mut input)?;
        if let Some(mac) = line.strip_prefix("--- ") {
            let mac = decode(mac).filter(|mac| mac.len() == MAC_BYTES);
            break mac.ok_or(AgeError::Malformed)?;
        }
        let arguments = line.strip_prefix("-> ").ok_or(AgeError::Malformed)?;
        let arguments: Vec<_> = arguments.split(' ').map(str::to_owned).collect();
        if !arguments.iter().all(|argument| is_argument(argument)) {
            return Err(AgeError::Malformed);
        }
        lines.push(line);
        let mut body = String::new();
        loop {
            let line = next_line(&mut input)?;
            body += &line;
            let length = line.len();
            lines.push(line);
            if length > COLUMNS {
                return Err(AgeError::Malformed);
            }
            if length < COLUMNS {
                break;
            }
        }
        stanzas.push(Stanza { arguments, body: decode(&body).ok_or(AgeError::Malformed)? });
    };
    if stanzas.is_empty() {
        return Err(AgeError::Malformed);
    }
    Ok(Header { stanzas, authenticated: lines.join("\n") + "\n---", mac })
}

/// One or more visible characters of ASCII.
fn is_argument(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn next_line(input: &mut impl BufRead) -> Result<String, AgeError> {
    let mut line = String::new();
    match input.read_line(&mut line) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(AgeError::Malformed);
        }
        Err(error) => return Err(AgeError::Io(error)),
    }
    let line = line.strip_suffix('\n').ok_or(AgeError::Malformed)?;
    Ok(line.to_owned())
}

fn mac(file_key: &FileKey, header: &str) -> [u8; 32] {
    hmac_sha256(&hkdf_sha256(file_key, &[], b"header"), &[header.as_bytes()])
}

fn wrap_to_key(file_key: &FileKey, recipient: &[u8; 32]) -> Result<Stanza, AgeError> {
    let ephemeral = crypto::random::<32>()?;
    let share = x25519_public(&ephemeral).ok_or(AgeError::Crypto)?;
    let shared = x25519_shared(&ephemeral, recipient).ok_or(AgeError::Crypto)?;
    let key = hkdf_sha256(&shared, &[share, *recipient].concat(), X25519.as_bytes());
    let body = wrap(&key, file_key)?;
    Ok(Stanza { arguments: vec!["X25519".to_owned(), encode(&share)], body })
}

fn wrap_with_passphrase(file_key: &FileKey, passphrase: &str) -> Result<Stanza, AgeError> {
    let salt = crypto::random::<16>()?;
    let key = passphrase_key(passphrase, &salt, LOG_N)?;
    let body = wrap(&key, file_key)?;
    let arguments = vec!["scrypt".to_owned(), encode(&salt), LOG_N.to_string()];
    Ok(Stanza { arguments, body })
}

fn passphrase_key(passphrase: &str, salt: &[u8], log_n: u8) -> Result<[u8; 32], AgeError> {
    let salt = [SCRYPT.as_bytes(), salt].concat();
    crypto::scrypt(passphrase.as_bytes(), &salt, log_n).ok_or(AgeError::Crypto)
}

fn wrap(key: &[u8; 32], file_key: &FileKey) -> Result<Vec<u8>, AgeError> {
    let mut body = file_key.to_vec();
    // Every key wraps once, so one nonce does for all.
    let sealed = ChaCha20Poly1305::new(key).is_some_and(|key| key.seal([0; 12], &mut body));
    if sealed { Ok(body) } else { Err(AgeError::Crypto) }
}

fn unwrap(stanzas: &[Stanza], identity: &Identity) -> Result<FileKey, AgeError> {
    let of_kind = |kind: &'static str| {
        stanzas.iter().filter(move |stanza| stanza.arguments.first().is_some_and(|own| own == kind))
    };
    // Whoever can open a file by a passphrase could have made it: so such a file has nobody else.
    if of_kind("scrypt").next().is_some() && stanzas.len() > 1 {
        return Err(AgeError::Malformed);
    }
    match identity {
        Identity::Writer(file_key) => Ok(*file_key),
        Identity::Passphrase(passphrase) => {
            let stanza = of_kind("scrypt").next().ok_or(AgeError::NeedsKey)?;
            unwrap_with_passphrase(stanza, passphrase)
        }
        Identity::Keys(secrets) => {
            if of_kind("scrypt").next().is_some() {
                return Err(AgeError::NeedsPassphrase);
            }
            // All are looked at: one that is malformed makes the header so, also behind one that fits.
            let mut found = None;
            for (stanza, secret) in
                of_kind("X25519").flat_map(|stanza| secrets.iter().map(move |key| (stanza, key)))
            {
                found = found.or(unwrap_with_key(stanza, secret)?);
            }
            found.ok_or(AgeError::WrongKey)
        }
    }
}

fn unwrap_with_key(stanza: &Stanza, secret: &[u8; 32]) -> Result<Option<FileKey>, AgeError> {
    let [_, share] = stanza.arguments.as_slice() else { return Err(AgeError::Malformed) };
    let share = decode(share).and_then(|share| <[u8; 32]>::try_from(share).ok());
    let share = share.ok_or(AgeError::Malformed)?;
    let own = x25519_public(secret).ok_or(AgeError::Crypto)?;
    let shared = x25519_shared(secret, &share).ok_or(AgeError::Malformed)?;
    let key = hkdf_sha256(&shared, &[share, own].concat(), X25519.as_bytes());
    unwrap_body(&key, &stanza.body)
}

fn unwrap_with_passphrase(stanza: &Stanza, passphrase: &str) -> Result<FileKey, AgeError> {
    let [_, salt, log_n] = stanza.arguments.as_slice() else { return Err(AgeError::Malformed) };
    let salt = decode(salt).filter(|salt| salt.len() == 16).ok_or(AgeError::Malformed)?;
    let cost = log_n.parse::<u8>().ok().filter(|cost| cost.to_string() == *log_n && *cost > 0);
    let cost = cost.ok_or(AgeError::Malformed)?;
    if cost > MAX_LOG_N {
        return Err(AgeError::TooCostly);
    }
    if stanza.body.len() != WRAPPED_BYTES {
        return Err(AgeError::Malformed);
    }
    let key = passphrase_key(passphrase, &salt, cost)?;
    unwrap_body(&key, &stanza.body)?.ok_or(AgeError::WrongKey)
}

/// The file key in a body; nothing when it was wrapped with another key.
fn unwrap_body(key: &[u8; 32], body: &[u8]) -> Result<Option<FileKey>, AgeError> {
    // Before it is tried: of two keys that both open it, only one would be looked at.
    if body.len() != WRAPPED_BYTES {
        return Err(AgeError::Malformed);
    }
    let mut body = body.to_vec();
    let key = ChaCha20Poly1305::new(key).ok_or(AgeError::Crypto)?;
    Ok(key.open([0; 12], &mut body).and_then(|opened| FileKey::try_from(&*opened).ok()))
}

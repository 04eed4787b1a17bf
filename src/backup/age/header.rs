//! The header of an age file: who can open it, and how the file key is wrapped for them.

use std::io::{self, BufRead, Read};

use super::{
    AgeError, Identity, Recipient,
    base64::{decode, encode},
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
/// How long a header may be, in bytes: some hundred recipients.
const MAX_BYTES: u64 = 32 << 10;
/// How many letters a line of a stanza's body has, but for the last.
const COLUMNS: usize = 64;

/// What every other key of a file is made of.
pub(super) type FileKey = [u8; 16];

struct Stanza {
    arguments: Vec<String>,
    body: Vec<u8>,
}

/// Writes the header of a file that these can open.
pub(super) fn write(file_key: &FileKey, recipient: &Recipient) -> Result<String, AgeError> {
    let mut lines = vec![VERSION.to_owned()];
    let stanzas = match recipient {
        Recipient::Passphrase(passphrase) => vec![wrap_with_passphrase(file_key, passphrase)?],
        Recipient::Keys(keys) => {
            keys.iter().map(|key| wrap_to_key(file_key, key)).collect::<Result<_, _>>()?
        }
    };
    for Stanza { arguments, body } in stanzas {
        lines.push(format!("-> {}", arguments.join(" ")));
        let body = encode(&body);
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
    let header = lines.join("\n") + "\n---";
    let mac = encode(&mac(file_key, &header));
    Ok(header + &format!(" {mac}\n"))
}

/// Reads a header and finds its file key.
pub(super) fn read(input: &mut impl BufRead, identity: &Identity) -> Result<FileKey, AgeError> {
    let mut input = input.take(MAX_BYTES);
    if next_line(&mut input)? != VERSION {
        return Err(AgeError::Malformed);
    }
    let mut lines = vec![VERSION.to_owned()];
    let mut stanzas = Vec::new();
    let due = loop {
        let line = next_line(&mut input)?;
        if let Some(mac) = line.strip_prefix("--- ") {
            break decode(mac).ok_or(AgeError::Malformed)?;
        }
        let arguments = line.strip_prefix("-> ").ok_or(AgeError::Malformed)?;
        let arguments = arguments.split(' ').map(str::to_owned).collect();
        lines.push(line);
        let mut body = String::new();
        loop {
            let line = next_line(&mut input)?;
            body += &line;
            let is_full = line.len() == COLUMNS;
            lines.push(line);
            if !is_full {
                break;
            }
        }
        stanzas.push(Stanza { arguments, body: decode(&body).ok_or(AgeError::Malformed)? });
    };
    let authenticated = lines.join("\n") + "\n---";
    let file_key = unwrap(&stanzas, identity)?;
    if crypto::equal(&mac(&file_key, &authenticated), &due) {
        Ok(file_key)
    } else {
        Err(AgeError::Malformed)
    }
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
        Identity::Passphrase(passphrase) => {
            let stanza = of_kind("scrypt").next().ok_or(AgeError::NeedsKey)?;
            unwrap_with_passphrase(stanza, passphrase)
        }
        Identity::Keys(secrets) => {
            if of_kind("scrypt").next().is_some() {
                return Err(AgeError::NeedsPassphrase);
            }
            for (stanza, secret) in
                of_kind("X25519").flat_map(|stanza| secrets.iter().map(move |key| (stanza, key)))
            {
                if let Some(file_key) = unwrap_with_key(stanza, secret)? {
                    return Ok(file_key);
                }
            }
            Err(AgeError::WrongKey)
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
    Ok(unwrap_body(&key, &stanza.body))
}

fn unwrap_with_passphrase(stanza: &Stanza, passphrase: &str) -> Result<FileKey, AgeError> {
    let [_, salt, log_n] = stanza.arguments.as_slice() else { return Err(AgeError::Malformed) };
    let salt = decode(salt).filter(|salt| salt.len() == 16).ok_or(AgeError::Malformed)?;
    let cost = log_n.parse::<u8>().ok().filter(|cost| cost.to_string() == *log_n && *cost > 0);
    let cost = cost.ok_or(AgeError::Malformed)?;
    if cost > MAX_LOG_N {
        return Err(AgeError::TooCostly);
    }
    let key = passphrase_key(passphrase, &salt, cost)?;
    unwrap_body(&key, &stanza.body).ok_or(AgeError::WrongKey)
}

fn unwrap_body(key: &[u8; 32], body: &[u8]) -> Option<FileKey> {
    let mut body = body.to_vec();
    let opened = ChaCha20Poly1305::new(key)?.open([0; 12], &mut body)?;
    FileKey::try_from(&*opened).ok()
}

//! The header with which a TCP load balancer says whose connection it passes on: the PROXY protocol, versions
//! 1 and 2 (`proxy-protocol.txt` of `HAProxy`).
//!
//! [`read`] is pure: it says what the bytes so far are, or how many more there are at least. So a header is
//! read to its end and not a byte of what follows it, which is the client's.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use tokio::io::{AsyncRead, AsyncReadExt};

/// How version 1 begins (§2.1).
const TEXT: &[u8] = b"PROXY ";
/// The longest line of version 1 with its end (§2.1).
const LONGEST_LINE: usize = 107;
/// How version 2 begins (§2.2).
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// The bytes of version 2 before its addresses.
const FIXED_BYTES: usize = 16;
/// The most that may follow them. Those of balancers have some hundred bytes; what a certificate of a client
/// says may be among them.
const MOST_FOLLOWING: usize = 4_096;
/// The type of the field that holds a checksum of the header (§2.2.3).
const CHECKSUM: u8 = 0x03;
/// What stands before the value of a field: its type, and its length in two bytes.
const FIELD_HEAD: usize = 3;

/// Whose connection it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum ProxyHeader {
    /// The balancer's own, or that of somebody whom it does not know by an address.
    Own,
    /// That of a client, from its address to the one that it connected to.
    Client { source: SocketAddr, destination: SocketAddr },
}

/// Why there is no header.
#[derive(Debug)]
pub(in crate::server) enum Unreadable {
    /// The other end left, or never said a word.
    Gone(io::Error),
    /// What came is none.
    ProxyHeaderError(ProxyHeaderError),
}

/// What is wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum ProxyHeaderError {
    /// It begins otherwise.
    NoHeader,
    /// Its version or command is of the future.
    Version,
    /// It is longer than any that is taken.
    TooLong,
    /// Addresses or fields are not as they must be.
    Malformed,
    /// Its checksum is that of another.
    Checksum,
}

impl fmt::Display for ProxyHeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHeader => "the connection begins with something else",
            Self::Version => "unknown version or command",
            Self::TooLong => "too long",
            Self::Malformed => "malformed",
            Self::Checksum => "wrong checksum",
        })
    }
}

/// What bytes are, as far as they go.
#[derive(Debug, PartialEq, Eq)]
enum Reading {
    /// The beginning of a header, of which so many bytes are still to come at least.
    Lacks(usize),
    /// All of it.
    Whole(ProxyHeader),
}

/// Receives a header, and nothing of what comes after it.
pub(in crate::server) async fn receive(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<ProxyHeader, Unreadable> {
    let mut bytes = Vec::with_capacity(LONGEST_LINE);
    loop {
        match read(&bytes).map_err(Unreadable::ProxyHeaderError)? {
            Reading::Whole(header) => return Ok(header),
            Reading::Lacks(lacking) => {
                let lacking = u64::try_from(lacking).unwrap_or(u64::MAX);
                let read = (&mut *stream).take(lacking).read_to_end(&mut bytes).await;
                let read = read.map_err(Unreadable::Gone)?;
                if u64::try_from(read).is_ok_and(|read| read < lacking) {
                    return Err(Unreadable::Gone(io::ErrorKind::UnexpectedEof.into()));
                }
            }
        }
    }
}

/// Reads as much of a header as there is.
fn read(bytes: &[u8]) -> Result<Reading, ProxyHeaderError> {
    if begins(bytes, TEXT) {
        return read_line(bytes);
    }
    if begins(bytes, SIGNATURE) {
        return read_binary(bytes);
    }
    Err(ProxyHeaderError::NoHeader)
}

/// Whether bytes begin so, as far as they go. Of none yet either version is thought.
fn begins(bytes: &[u8], beginning: &[u8]) -> bool {
    bytes.iter().zip(beginning).all(|(byte, expected)| byte == expected)
}

/// Version 1: `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443`, or `PROXY UNKNOWN` and anything.
fn read_line(bytes: &[u8]) -> Result<Reading, ProxyHeaderError> {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        if bytes.len() >= LONGEST_LINE {
            return Err(ProxyHeaderError::TooLong);
        }
        // Until it is known that this is version 1, no more than what both begin with; then the end at least.
        return Ok(Reading::Lacks(match bytes.len() {
            length if length < TEXT.len() => TEXT.len() - length,
            _ if bytes.ends_with(b"\r") => 1,
            length if length + 1 < LONGEST_LINE => 2,
            _ => 1,
        }));
    };
    if end >= LONGEST_LINE {
        return Err(ProxyHeaderError::TooLong);
    }
    let line = bytes.get(TEXT.len()..end).and_then(|line| line.strip_suffix(b"\r"));
    let line =
        line.and_then(|line| std::str::from_utf8(line).ok()).ok_or(ProxyHeaderError::Malformed)?;
    let (family, addresses) = line.split_once(' ').unwrap_or((line, ""));
    let header = match family {
        "UNKNOWN" => Some(ProxyHeader::Own),
        "TCP4" => ends::<Ipv4Addr>(addresses),
        "TCP6" => ends::<Ipv6Addr>(addresses),
        _ => None,
    };
    header.map(Reading::Whole).ok_or(ProxyHeaderError::Malformed)
}

/// Source, destination and their ports, one space between any two.
fn ends<A: std::str::FromStr + Into<IpAddr>>(text: &str) -> Option<ProxyHeader> {
    let mut parts = text.split(' ');
    let source: IpAddr = parts.next()?.parse::<A>().ok()?.into();
    let destination: IpAddr = parts.next()?.parse::<A>().ok()?.into();
    let source = SocketAddr::new(source, port(parts.next()?)?);
    let destination = SocketAddr::new(destination, port(parts.next()?)?);
    parts.next().is_none().then_some(ProxyHeader::Client { source, destination })
}

/// A port in decimal, without a sign or zeros before it.
fn port(text: &str) -> Option<u16> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_shortest = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain && is_shortest)
}

/// Version 2: signature, version and command, family, a length, and so many bytes.
fn read_binary(bytes: &[u8]) -> Result<Reading, ProxyHeaderError> {
    let Some((fixed, following)) = bytes.split_first_chunk::<FIXED_BYTES>() else {
        return Ok(Reading::Lacks(FIXED_BYTES - bytes.len()));
    };
    let [.., version_and_command, family, high, low] = *fixed;
    let is_local = match version_and_command {
        0x20 => true,
        0x21 => false,
        _ => return Err(ProxyHeaderError::Version),
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > MOST_FOLLOWING {
        return Err(ProxyHeaderError::TooLong);
    }
    if following.len() < length {
        return Ok(Reading::Lacks(length - following.len()));
    }
    let (header, addresses) = match family {
        _ if is_local => (ProxyHeader::Own, 0),
        0x11 => of_addresses::<4>(following)?,
        0x21 => of_addresses::<16>(following)?,
        // Without an address that can be used: unspecified, datagrams, Unix sockets, and what is to come.
        _ => (ProxyHeader::Own, 0),
    };
    if addresses > 0 {
        check_fields(bytes, FIXED_BYTES + addresses)?;
    }
    Ok(Reading::Whole(header))
}

/// Two addresses of so many bytes and two ports; gives how long they are together.
fn of_addresses<const N: usize>(bytes: &[u8]) -> Result<(ProxyHeader, usize), ProxyHeaderError>
where
    IpAddr: From<[u8; N]>,
{
    let read = || {
        let (source, rest) = bytes.split_first_chunk::<N>()?;
        let (destination, rest) = rest.split_first_chunk::<N>()?;
        let (source_port, rest) = rest.split_first_chunk::<2>()?;
        let (destination_port, _) = rest.split_first_chunk::<2>()?;
        let end = |address: [u8; N], port| {
            SocketAddr::new(IpAddr::from(address), u16::from_be_bytes(port))
        };
        Some(ProxyHeader::Client {
            source: end(*source, *source_port),
            destination: end(*destination, *destination_port),
        })
    };
    Ok((read().ok_or(ProxyHeaderError::Malformed)?, 2 * N + 4))
}

/// Skips the fields behind the addresses, and checks the checksum if there is one.
fn check_fields(header: &[u8], mut at: usize) -> Result<(), ProxyHeaderError> {
    while let Some(rest) = header.get(at..).filter(|rest| !rest.is_empty()) {
        let (head, rest) =
            rest.split_first_chunk::<FIELD_HEAD>().ok_or(ProxyHeaderError::Malformed)?;
        let [kind, high, low] = *head;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let value = rest.get(..length).ok_or(ProxyHeaderError::Malformed)?;
        at += FIELD_HEAD;
        if kind == CHECKSUM {
            let expected =
                u32::from_be_bytes(value.try_into().map_err(|_| ProxyHeaderError::Malformed)?);
            let before = header.get(..at).unwrap_or_default().iter();
            let after = header.get(at + length..).unwrap_or_default().iter();
            if crc32c(before.chain(&[0; 4]).chain(after)) != expected {
                return Err(ProxyHeaderError::Checksum);
            }
        }
        at += length;
    }
    Ok(())
}

/// CRC-32C (RFC 9260, appendix A).
fn crc32c<'b>(bytes: impl Iterator<Item = &'b u8>) -> u32 {
    const REVERSED_POLYNOMIAL: u32 = 0x82F6_3B78;
    !bytes.fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ if sum & 1 == 1 { REVERSED_POLYNOMIAL } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests;

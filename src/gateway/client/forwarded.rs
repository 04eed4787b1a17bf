//! Reads what proxies say they ask for: `Forwarded` (RFC 7239) and `X-Forwarded-For`, from the right.
//!
//! From the right because only what the last proxy wrote is known to be well-formed. Read from the left,
//! a quote that a client opens and never closes would swallow what the proxies added.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The hops of a line, the last first: an address, or nothing for what is none.
pub(super) type Hops<'h> = Box<dyn Iterator<Item = Option<IpAddr>> + 'h>;

/// The hops of a line of `Forwarded`.
pub(super) fn hops(line: &[u8]) -> Hops<'_> {
    Box::new(Elements { rest: Some(line) }.map(|element| forwarded_for(text(element)?)))
}

/// The hops of a line of `X-Forwarded-For`: addresses, with or without a port.
pub(super) fn hops_of_addresses(line: &[u8]) -> Hops<'_> {
    Box::new(line.rsplit(|byte| *byte == b',').map(|element| {
        let element = text(element)?;
        element.parse::<Ipv6Addr>().map(IpAddr::from).ok().or_else(|| node(element))
    }))
}

fn text(element: &[u8]) -> Option<&str> {
    std::str::from_utf8(element.trim_ascii()).ok()
}

/// The elements of a list, the last first, split at commas outside of quoted strings.
struct Elements<'l> {
    rest: Option<&'l [u8]>,
}

impl<'l> Iterator for Elements<'l> {
    type Item = &'l [u8];

    fn next(&mut self) -> Option<&'l [u8]> {
        let rest = self.rest.take()?;
        let mut quoted = false;
        for (at, byte) in rest.iter().enumerate().rev() {
            let (before, from_here) = rest.split_at_checked(at)?;
            match byte {
                b'"' => {
                    let backslashes =
                        before.iter().rev().take_while(|byte| **byte == b'\\').count();
                    quoted ^= backslashes % 2 == 0;
                }
                b',' if !quoted => {
                    self.rest = Some(before);
                    return from_here.get(1..);
                }
                _ => {}
            }
        }
        Some(rest)
    }
}

/// The address of an element's `for` (§5.2), of which there must be one.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut found = None;
    let mut rest = element;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = value(after)?;
        if name.trim_ascii().eq_ignore_ascii_case("for") && found.replace(value).is_some() {
            return None;
        }
        let after = after.trim_ascii_start();
        if after.is_empty() {
            return node(&found?);
        }
        rest = after.strip_prefix(';')?;
    }
}

/// A token or quoted string, without its quotes, and what comes after it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', '"', ' ', '\t', '\\']).unwrap_or(text.len());
        let (token, after) = text.split_at_checked(end)?;
        return Some((token.to_owned(), after));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// The address of a node (§6): `192.0.2.43`, `192.0.2.43:47011`, `[2001:db8::17]:_port`. Nothing for
/// `unknown` and for names that hide one (`_secret`).
fn node(node: &str) -> Option<IpAddr> {
    let (address, port): (IpAddr, _) = if let Some(rest) = node.strip_prefix('[') {
        let (address, after) = rest.split_once(']')?;
        (address.parse::<Ipv6Addr>().ok()?.into(), after)
    } else {
        let end = node.find(':').unwrap_or(node.len());
        let (address, after) = node.split_at_checked(end)?;
        (address.parse::<Ipv4Addr>().ok()?.into(), after)
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let is_port = match port.strip_prefix(':') {
        Some(port) => !port.is_empty() && port.bytes().all(plain),
        None => port.is_empty(),
    };
    is_port.then(|| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_7239_are_read() {
        let read = |line: &str| hops(line.as_bytes()).collect::<Vec<_>>();
        let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        assert_eq!(read("for=\"_gazonk\""), [None]);
        assert_eq!(read("For=\"[2001:db8:cafe::17]:4711\""), [address("2001:db8:cafe::17")]);
        assert_eq!(read("for=192.0.2.60;proto=http;by=203.0.113.43"), [address("192.0.2.60")]);
        assert_eq!(
            read("for=192.0.2.43, for=198.51.100.17"),
            [address("198.51.100.17"), address("192.0.2.43")]
        );
        assert_eq!(read("for=192.0.2.43, for=unknown"), [None, address("192.0.2.43")]);
    }

    #[test]
    fn a_comma_in_a_quoted_string_divides_nothing() {
        let line = r#"for=192.0.2.1;host="a\",b,\\", for="192.0.2.2";x="" "#;
        let hops: Vec<_> = hops(line.as_bytes()).flatten().map(|hop| hop.to_string()).collect();
        assert_eq!(hops, ["192.0.2.2", "192.0.2.1"]);
    }
}

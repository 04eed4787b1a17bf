//! Headers of the specification, and what is none.

use proptest::{collection::vec, prelude::*};

use super::*;

/// Version 2: `command` and `family` as bytes, and what follows.
fn binary(command: u8, family: u8, following: &[u8]) -> Vec<u8> {
    let mut header = SIGNATURE.to_vec();
    header.extend([command, family]);
    header.extend(u16::try_from(following.len()).unwrap().to_be_bytes());
    header.extend(following);
    header
}

/// Two addresses of IPv4 with ports, and fields behind them.
fn over_ipv4(fields: &[u8]) -> Vec<u8> {
    let addresses = [192, 0, 2, 1, 198, 51, 100, 2, 0xDC, 0x04, 0x01, 0xBB];
    binary(0x21, 0x11, &[&addresses, fields].concat())
}

fn client(source: &str, destination: &str) -> ProxyHeader {
    ProxyHeader::Client {
        source: source.parse().unwrap(),
        destination: destination.parse().unwrap(),
    }
}

async fn received(mut bytes: &[u8]) -> (Result<ProxyHeader, Option<ProxyHeaderError>>, Vec<u8>) {
    let header = receive(&mut bytes).await.map_err(|unreadable| match unreadable {
        Unreadable::Gone(_) => None,
        Unreadable::ProxyHeaderError(fault) => Some(fault),
    });
    (header, bytes.to_vec())
}

#[tokio::test]
async fn the_lines_of_version_1_are_read_and_nothing_behind_them() {
    let all_ones = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    let worst = format!("PROXY UNKNOWN {all_ones} {all_ones} 65535 65535\r\n");
    assert_eq!(worst.len(), LONGEST_LINE);
    let ipv6 = format!("PROXY TCP6 {all_ones} {all_ones} 65535 65535\r\n");
    let all_ones = format!("[{all_ones}]:65535");
    for (line, header) in [
        (
            "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
            client("255.255.255.255:65535", "255.255.255.255:65535"),
        ),
        (
            "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
            client("192.168.0.1:56324", "192.168.0.11:443"),
        ),
        (ipv6.as_str(), client(&all_ones, &all_ones)),
        ("PROXY TCP6 2001:db8::1 ::1 0 443\r\n", client("[2001:db8::1]:0", "[::1]:443")),
        ("PROXY UNKNOWN\r\n", ProxyHeader::Own),
        ("PROXY UNKNOWN whatever it may be\r\n", ProxyHeader::Own),
        (worst.as_str(), ProxyHeader::Own),
    ] {
        for rest in ["", "\x16\x03\x01", "\r\n", "PROXY UNKNOWN\r\n"] {
            let bytes = format!("{line}{rest}").into_bytes();
            assert_eq!(received(&bytes).await, (Ok(header), rest.as_bytes().to_vec()), "{line}");
        }
    }
}

#[tokio::test]
async fn the_headers_of_version_2_are_read_and_nothing_behind_them() {
    let mut over_ipv6 = Vec::new();
    over_ipv6.extend("2001:db8::1".parse::<Ipv6Addr>().unwrap().octets());
    over_ipv6.extend("2001:db8::2".parse::<Ipv6Addr>().unwrap().octets());
    over_ipv6.extend([0xDC, 0x04, 0x01, 0xBB]);
    let ipv4 = client("192.0.2.1:56324", "198.51.100.2:443");
    for (bytes, header) in [
        (over_ipv4(&[]), ipv4),
        (binary(0x21, 0x21, &over_ipv6), client("[2001:db8::1]:56324", "[2001:db8::2]:443")),
        (binary(0x20, 0x00, &[]), ProxyHeader::Own),
        (binary(0x20, 0x11, &[0; 12]), ProxyHeader::Own),
        (binary(0x20, 0xFF, &[0; 3]), ProxyHeader::Own),
        (binary(0x21, 0x00, &[1, 2, 3]), ProxyHeader::Own),
        (binary(0x21, 0x31, &[0; 216]), ProxyHeader::Own),
        (binary(0x21, 0x12, &[0; 12]), ProxyHeader::Own),
        (over_ipv4(&[0x04, 0, 0]), ipv4),
        (over_ipv4(&[0x01, 0, 2, b'h', b'2', 0xEA, 0, 1, 7]), ipv4),
        (over_ipv4(&[[0x04, 0x0F, 0x00].as_slice(), &[0; 0x0F00]].concat()), ipv4),
    ] {
        for rest in [&b""[..], b"\x16\x03\x01", SIGNATURE] {
            let whole = [&bytes, rest].concat();
            assert_eq!(received(&whole).await, (Ok(header), rest.to_vec()), "{bytes:02x?}");
        }
    }
}

#[tokio::test]
async fn what_is_no_header_is_refused_as_soon_as_that_is_seen() {
    use ProxyHeaderError::{Malformed, NoHeader, TooLong, Version};
    let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LONGEST_LINE));
    let cut = |family, length| binary(0x21, family, &vec![0; length]);
    for (bytes, fault) in [
        (b"\x16\x03\x01\x02\x00\x01".to_vec(), NoHeader),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), NoHeader),
        (b"PROXX TCP4".to_vec(), NoHeader),
        (b"proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n".to_vec(), NoHeader),
        (b"\r\n\r\n\0\r\nQUIX\n\x21\x11\0\0".to_vec(), NoHeader),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n\x16\x03".to_vec(), Malformed),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n".to_vec(), Malformed),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n".to_vec(), Malformed),
        (b"PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n".to_vec(), Malformed),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n".to_vec(), Malformed),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n".to_vec(), Malformed),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n".to_vec(), Malformed),
        (b"PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n".to_vec(), Malformed),
        (b"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n".to_vec(), Malformed),
        (b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n".to_vec(), Malformed),
        (b"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n".to_vec(), Malformed),
        (b"PROXY \r\n".to_vec(), Malformed),
        (b"PROXY TCP4 \xff\r\n".to_vec(), Malformed),
        (long.into_bytes(), TooLong),
        (binary(0x11, 0x11, &[0; 12]), Version),
        (binary(0x31, 0x11, &[0; 12]), Version),
        (binary(0x22, 0x11, &[0; 12]), Version),
        (cut(0x11, 11), Malformed),
        (cut(0x21, 35), Malformed),
        (cut(0x11, MOST_FOLLOWING + 1), TooLong),
        (over_ipv4(&[0x04]), Malformed),
        (over_ipv4(&[0x04, 0]), Malformed),
        (over_ipv4(&[0x04, 0, 1]), Malformed),
        (over_ipv4(&[CHECKSUM, 0, 3, 0, 0, 0]), Malformed),
    ] {
        assert_eq!(received(&bytes).await.0, Err(Some(fault)), "{bytes:02x?}");
    }
}

#[tokio::test]
async fn whoever_leaves_within_a_header_has_sent_none() {
    for whole in [b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n".to_vec(), over_ipv4(&[4, 0, 1, 0])] {
        for length in 0..whole.len() {
            assert_eq!(received(&whole[..length]).await.0, Err(None), "{length}");
        }
    }
}

#[tokio::test]
async fn a_checksum_is_held_against_the_header() {
    assert_eq!(crc32c(b"123456789".iter()), 0xE306_9283, "the check value of CRC-32C");
    let fields = |sum: [u8; 4]| [[0x04, 0, 1, 7, CHECKSUM, 0, 4].as_slice(), &sum].concat();
    let sum = crc32c(over_ipv4(&fields([0; 4])).iter()).to_be_bytes();
    let mut header = over_ipv4(&fields(sum));
    assert!(received(&header).await.0.is_ok());
    header[FIXED_BYTES] ^= 1;
    assert_eq!(received(&header).await.0, Err(Some(ProxyHeaderError::Checksum)));
}

proptest! {
    #[test]
    fn whatever_comes_is_judged_and_no_byte_behind_a_header_is_asked_for(
        beginning in prop_oneof![
            Just(TEXT.to_vec()),
            Just(b"PROXY TCP4 ".to_vec()),
            Just(b"PROXY UNKNOWN".to_vec()),
            Just(SIGNATURE.to_vec()),
            Just(over_ipv4(&[])),
            Just(binary(0x21, 0x11, &[])[..15].to_vec()),
            Just(Vec::new()),
        ],
        rest in vec(prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(0)], 0..200),
    ) {
        let bytes = [beginning, rest].concat();
        let mut length = 0;
        loop {
            match read(&bytes[..length]) {
                Err(_) => break,
                Ok(Reading::Whole(_)) => {
                    // It is one at this length and at none before, so nothing was taken of what follows.
                    for shorter in 0..length {
                        prop_assert!(matches!(read(&bytes[..shorter]), Ok(Reading::Lacks(_))));
                    }
                    break;
                }
                Ok(Reading::Lacks(lacking)) => {
                    prop_assert!(lacking > 0);
                    length += lacking;
                    prop_assert!(length <= FIXED_BYTES + MOST_FOLLOWING);
                    if length > bytes.len() {
                        break;
                    }
                }
            }
        }
    }
}

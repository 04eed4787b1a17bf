//! Which of several certificates suits a client: a decision, without the certificates themselves.

use std::cmp::Reverse;

/// What the decision needs to know of a certificate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    /// The names that it is for.
    pub(super) names: &'a [String],
    /// Whether its key is RSA: larger and slower to sign with than any other.
    pub(super) is_rsa: bool,
    /// Whether the client knows a kind of signature that the key makes.
    pub(super) can_sign: bool,
}

/// How well a certificate goes with a name; what is better comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    None,
    Wildcard,
    Exact,
}

/// The place of the certificate that suits a client which asks for `name`, if it does.
///
/// One that the client can check comes before one that it cannot, then the one for the name (itself before
/// a wildcard), then one that is not RSA, then the order of the configuration. A name that none is for
/// gets the first that the client can check: it is told whose certificate it sees, and decides for itself.
pub(super) fn choose<'a>(
    candidates: impl Iterator<Item = Candidate<'a>>,
    name: Option<&str>,
) -> Option<usize> {
    let suits = |(place, candidate): &(usize, Candidate<'_>)| {
        let fits = name.map_or(Match::None, |name| best_match(candidate.names, name));
        (candidate.can_sign, fits, !candidate.is_rsa, Reverse(*place))
    };
    candidates.enumerate().max_by_key(suits).map(|(place, _)| place)
}

fn best_match(names: &[String], host: &str) -> Match {
    let one = |name: &String| match (name.eq_ignore_ascii_case(host), covers(name, host)) {
        (true, _) => Match::Exact,
        (false, true) => Match::Wildcard,
        (false, false) => Match::None,
    };
    names.iter().map(one).max().unwrap_or(Match::None)
}

/// Whether a name in a certificate stands for a host: itself, or one label in the place of a leading
/// `*` (RFC 9525 §6.3).
pub fn covers(name: &str, host: &str) -> bool {
    let wildcard =
        name.strip_prefix("*.").zip(host.split_once('.')).is_some_and(|(domain, (label, rest))| {
            !label.is_empty() && rest.eq_ignore_ascii_case(domain)
        });
    wildcard || name.eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place that is chosen among certificates of names, kind, and whether the client knows the kind.
    fn chosen(certificates: &[(&[&str], bool, bool)], name: Option<&str>) -> Option<usize> {
        let owned: Vec<(Vec<String>, bool, bool)> = certificates
            .iter()
            .map(|(names, is_rsa, can_sign)| {
                (names.iter().map(|name| (*name).to_owned()).collect(), *is_rsa, *can_sign)
            })
            .collect();
        let candidates = owned.iter().map(|(names, is_rsa, can_sign)| Candidate {
            names,
            is_rsa: *is_rsa,
            can_sign: *can_sign,
        });
        choose(candidates, name)
    }

    const RSA: bool = true;
    const ECDSA: bool = false;

    #[test]
    fn the_certificate_for_the_name_is_chosen_and_itself_before_a_wildcard() {
        let all: [(&[&str], _, _); 3] = [
            (&["a.example.org"], ECDSA, true),
            (&["*.example.org"], ECDSA, true),
            (&["b.example.org"], ECDSA, true),
        ];
        assert_eq!(chosen(&all, Some("a.example.org")), Some(0));
        assert_eq!(chosen(&all, Some("B.Example.org")), Some(2));
        assert_eq!(chosen(&all, Some("c.example.org")), Some(1));
    }

    #[test]
    fn ecdsa_is_chosen_for_whoever_knows_it_and_rsa_for_the_others() {
        let name: &[&str] = &["example.org"];
        assert_eq!(chosen(&[(name, RSA, true), (name, ECDSA, true)], Some("example.org")), Some(1));
        assert_eq!(
            chosen(&[(name, ECDSA, false), (name, RSA, true)], Some("example.org")),
            Some(1)
        );
    }

    #[test]
    fn the_name_matters_more_than_the_kind() {
        let all: [(&[&str], _, _); 2] =
            [(&["other.example"], ECDSA, true), (&["example.org"], RSA, true)];
        assert_eq!(chosen(&all, Some("example.org")), Some(1));
    }

    #[test]
    fn whoever_names_nobody_or_somebody_else_gets_the_first() {
        let all: [(&[&str], _, _); 2] =
            [(&["a.example"], ECDSA, true), (&["b.example"], ECDSA, true)];
        assert_eq!(chosen(&all, None), Some(0));
        assert_eq!(chosen(&all, Some("c.example")), Some(0));
        assert_eq!(chosen(&[], None), None);
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        for (host, good) in [
            ("presenze.example.org", true),
            ("PRESENZE.Example.org", true),
            ("example.org", false),
            ("a.b.example.org", false),
            (".example.org", false),
        ] {
            assert_eq!(covers("*.example.org", host), good, "{host}");
        }
        assert!(covers("192.0.2.1", "192.0.2.1"));
    }
}

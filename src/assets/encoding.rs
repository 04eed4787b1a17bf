//! Which form of a file a client gets, by its `Accept-Encoding` (RFC 9110 §12.5.3).

use poem::http::{HeaderMap, header};

/// A form in which a file is kept, the ones that are smaller later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Encoding {
    /// As it is.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
}

impl Encoding {
    /// What `Content-Encoding` calls it.
    pub(super) const fn token(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    fn is_named(self, name: &str) -> bool {
        let names: &[&str] = match self {
            Self::Identity => &["identity"],
            Self::Gzip => &["gzip", "x-gzip"],
            Self::Brotli => &["br"],
        };
        names.iter().any(|own| name.eq_ignore_ascii_case(own))
    }
}

/// The form that the client likes best, the smallest of several. The file as it is when it likes none:
/// better an answer that can be read than none (§12.4.1).
pub(super) fn negotiate(asked: &HeaderMap, offered: &[Encoding]) -> Encoding {
    let lines = asked.get_all(header::ACCEPT_ENCODING).into_iter();
    let text: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
    let wanted: Vec<_> = text.iter().flat_map(|line| line.split(',')).filter_map(weighed).collect();
    let weight = |encoding: Encoding| {
        let named = wanted.iter().find(|(name, _)| encoding.is_named(name));
        let any = || wanted.iter().find(|(name, _)| *name == "*");
        match (named.or_else(any), encoding) {
            (Some((_, weight)), _) => *weight,
            // Not named, it is acceptable, and liked less than whatever is.
            (None, Encoding::Identity) => 1,
            (None, _) => 0,
        }
    };
    let liked = offered.iter().copied().filter(|encoding| weight(*encoding) > 0);
    liked.max_by_key(|encoding| (weight(*encoding), *encoding)).unwrap_or(Encoding::Identity)
}

/// A coding and its weight in thousandths (§12.4.2); nothing for what is none.
fn weighed(item: &str) -> Option<(&str, u32)> {
    let (name, parameter) = item.split_once(';').unwrap_or((item, "q=1"));
    let (q, weight) = parameter.trim().split_once('=')?;
    if !q.trim_end().eq_ignore_ascii_case("q") {
        return None;
    }
    let weight: f32 = weight.trim().parse().ok()?;
    // Within 0 and 1000, so nothing is lost; whatever is no number from 0 to 1 is no weight.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be in range"
    )]
    (0.0..=1.0).contains(&weight).then(|| (name.trim(), (weight * 1_000.0).round() as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_gets_what_it_likes_best() {
        use Encoding::{Brotli, Gzip, Identity};
        let cases: [(&[&str], Encoding); 18] = [
            (&[], Identity),
            (&[""], Identity),
            (&["gzip, deflate, br, zstd"], Brotli),
            (&["gzip", "br"], Brotli),
            (&["gzip"], Gzip),
            (&["X-GZIP"], Gzip),
            (&["br;q=0.5, gzip;q=0.8"], Gzip),
            (&["br;q=0, gzip"], Gzip),
            (&["br; Q = 0.001"], Brotli),
            (&["gzip;q=0.000"], Identity),
            (&["*"], Brotli),
            (&["*;q=0, gzip"], Gzip),
            (&["*;q=0"], Identity),
            (&["identity, br;q=0.9"], Identity),
            (&["identity;q=0, gzip;q=0.1"], Gzip),
            (&["gzip;q=2, br;q=-1"], Identity),
            (&["gzip;q=nan, br;level=4"], Identity),
            (&["deflate, zstd"], Identity),
        ];
        for (lines, expected) in cases {
            let mut asked = HeaderMap::new();
            for line in lines {
                asked.append(header::ACCEPT_ENCODING, line.parse().unwrap());
            }
            let all = [Identity, Gzip, Brotli];
            assert_eq!(negotiate(&asked, &all), expected, "{lines:?}");
            assert_eq!(negotiate(&asked, &[Identity]), Identity);
        }
    }
}

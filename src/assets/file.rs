//! A file in its three forms, and the answer with the one that suits: whether it may be kept, whether
//! the client has it already.

use std::{
    borrow::Cow,
    io::{Read as _, Write as _},
    sync::OnceLock,
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use hyper::body::Bytes;
use poem::{
    IntoResponse, Response,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};

use super::encoding::{Encoding, negotiate};

/// For how long a browser may take its copy for the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// Until it has asked whether there is another; mostly there is none, and an upgrade is seen at once.
    Revalidated,
    /// A year (RFC 8246): another file has another name.
    Immutable,
}

/// A file that anybody may have: nothing in it depends on who asks.
#[derive(Debug, Clone)]
pub struct File {
    /// Its media type.
    pub content_type: &'static str,
    /// Tells it from every other version of itself.
    pub hash: Cow<'static, str>,
    /// As it is.
    pub plain: Plain,
    /// By gzip, if that is smaller.
    pub gzip: Option<Bytes>,
    /// By brotli, if that is smaller.
    pub brotli: Option<Bytes>,
    /// The content security policy that it is under, unless that of the API.
    pub policy: Option<&'static str>,
}

/// A file as it is.
#[derive(Debug, Clone)]
pub enum Plain {
    /// Kept so.
    Kept(Bytes),
    /// Made of the form by gzip for the first client that takes neither form, and kept here for the others.
    InGzip(&'static OnceLock<Bytes>),
}

impl File {
    /// A file that is known only while the appliance runs, compressed here and now.
    pub fn made(content_type: &'static str, text: String, policy: Option<&'static str>) -> Self {
        let plain = text.into_bytes();
        let hash = crate::crypto::sha256(&plain);
        let hash =
            hash.iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        let gzip = gzip.write_all(&plain).and_then(|()| gzip.finish()).ok();
        let gzip = gzip.filter(|gzip| gzip.len() < plain.len());
        Self {
            content_type,
            hash: hash.into(),
            plain: Plain::Kept(plain.into()),
            gzip: gzip.map(Into::into),
            brotli: None,
            policy,
        }
    }

    /// The form that suits the client, or 304 when it has it already.
    pub fn answer(&self, asked: &HeaderMap, keeping: Keeping) -> Response {
        let mut offered = vec![Encoding::Identity];
        offered.extend(self.gzip.as_ref().map(|_| Encoding::Gzip));
        offered.extend(self.brotli.as_ref().map(|_| Encoding::Brotli));
        let varies = offered.len() > 1;
        let encoding = negotiate(asked, &offered);

        let etag = match encoding.token() {
            Some(token) => format!("\"{}-{token}\"", self.hash),
            None => format!("\"{}\"", self.hash),
        };
        let has_it = has_already(asked, &etag);
        let mut response = if has_it {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            self.form(encoding).with_content_type(self.content_type).into_response()
        };
        let mut put = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        };
        put(header::ETAG, &etag);
        put(header::CACHE_CONTROL, keeping.cache_control());
        if let Some(policy) = self.policy {
            put(header::CONTENT_SECURITY_POLICY, policy);
        }
        if varies {
            put(header::VARY, "Accept-Encoding");
        }
        if let Some(token) = encoding.token().filter(|_| !has_it) {
            put(header::CONTENT_ENCODING, token);
        }
        response
    }

    /// The file as it is when there is no such form.
    fn form(&self, encoding: Encoding) -> Bytes {
        let form = match encoding {
            Encoding::Identity => None,
            Encoding::Gzip => self.gzip.clone(),
            Encoding::Brotli => self.brotli.clone(),
        };
        form.unwrap_or_else(|| match &self.plain {
            Plain::Kept(bytes) => bytes.clone(),
            Plain::InGzip(bytes) => bytes.get_or_init(|| inflate(self.gzip.as_deref())).clone(),
        })
    }
}

/// What we compressed ourselves opens whole.
fn inflate(gzip: Option<&[u8]>) -> Bytes {
    let mut bytes = Vec::new();
    let _ = GzDecoder::new(gzip.unwrap_or_default()).read_to_end(&mut bytes);
    bytes.into()
}

impl Keeping {
    const fn cache_control(self) -> &'static str {
        match self {
            Self::Revalidated => "no-cache",
            Self::Immutable => "public, max-age=31536000, immutable",
        }
    }
}

/// `If-None-Match` (RFC 9110 §13.1.2): any of the listed tags, weakly compared.
fn has_already(asked: &HeaderMap, etag: &str) -> bool {
    let lines = asked.get_all(header::IF_NONE_MATCH).into_iter();
    let tags = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    tags.map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> File {
        File::made("text/plain", "words, words, words. ".repeat(100), None)
    }

    fn asking(lines: &[(HeaderName, &str)]) -> HeaderMap {
        let lines = lines.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        lines.collect()
    }

    #[test]
    fn each_form_has_a_tag_of_its_own_and_a_second_visit_costs_nothing() {
        let plain = file().answer(&HeaderMap::new(), Keeping::Revalidated);
        let gzip = asking(&[(header::ACCEPT_ENCODING, "gzip")]);
        let gzip = file().answer(&gzip, Keeping::Revalidated);
        let tag = |response: &Response| response.header(header::ETAG).unwrap().to_owned();
        assert_ne!(tag(&plain), tag(&gzip));
        for response in [&plain, &gzip] {
            assert_eq!(response.header(header::VARY), Some("Accept-Encoding"));
        }
        let again = |accept: &str, tag: &str| {
            let lines = [(header::ACCEPT_ENCODING, accept), (header::IF_NONE_MATCH, tag)];
            file().answer(&asking(&lines), Keeping::Revalidated).status()
        };
        assert_eq!(again("gzip", &tag(&gzip)), StatusCode::NOT_MODIFIED);
        assert_eq!(again("identity", &tag(&plain)), StatusCode::NOT_MODIFIED);
        assert_eq!(again("identity", &tag(&gzip)), StatusCode::OK);
        assert_eq!(again("gzip", "\"other\""), StatusCode::OK);
    }
}

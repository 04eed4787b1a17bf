//! Project Wycheproof's vectors for JSON Web Signatures, where their file lies beside the project.
//!
//! None is a token of ours, so none may pass. That alone would say little, because each would already
//! fail for its header: so the half that checks signatures is asked by itself as well, with the key of the
//! vector, and must know the valid from the invalid.

use jsonwebtoken::{Algorithm, crypto};
use serde::Deserialize;

use super::*;

const FILE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/json_web_signature_test.json");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors {
    number_of_tests: usize,
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    private: Option<Key>,
    public: Option<Key>,
    tests: Vec<Vector>,
}

#[derive(Deserialize)]
struct Key {
    kid: Option<String>,
    /// Of symmetric keys alone.
    k: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    tc_id: u32,
    comment: String,
    /// A text, or in some an object: JWS has a form in JSON as well.
    jws: serde_json::Value,
    result: String,
}

impl Vector {
    fn text(&self) -> String {
        self.jws.as_str().map_or_else(|| self.jws.to_string(), str::to_owned)
    }
}

impl Group {
    /// The key of the group as one of ours: its own when it is 256 bits that can be shared, else some
    /// other under its name.
    fn key(&self) -> (SigningKey, bool) {
        let key = self.private.as_ref().or(self.public.as_ref()).unwrap();
        let secret = key.k.as_ref().and_then(|k| from_base64url(k)?.try_into().ok());
        let kid = key.kid.clone().unwrap_or_default();
        (SigningKey::new(kid, &secret.unwrap_or([7; 32])), secret.is_some())
    }
}

fn vectors() -> Option<Vectors> {
    let Ok(text) = std::fs::read_to_string(FILE) else {
        eprintln!("Wycheproof's vectors are not beside the project, so they are left out: {FILE}");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn no_vector_passes_for_a_token() {
    let Some(vectors) = vectors() else { return };
    let mut asked = 0;
    for group in &vectors.test_groups {
        let (key, _) = group.key();
        for vector in &group.tests {
            let verified = verify(&[super::key("a", 1), key.clone()], &vector.text(), NOW);
            assert_eq!(verified, Err(TokenError::Invalid), "{}", vector.tc_id);
            asked += 1;
        }
    }
    assert_eq!(asked, vectors.number_of_tests);
}

/// Whether a signature holds, as `verify` finds out, without what it asks of the header and the claims.
fn holds(text: &str, key: &SigningKey) -> bool {
    let Some((message, signature)) = text.rsplit_once('.') else { return false };
    let payload = message.rsplit('.').next().unwrap_or_default();
    jsonwebtoken::decode_header(text).is_ok_and(|header| header.alg == Algorithm::HS256)
        && from_base64url(payload).is_some()
        && crypto::verify(signature, message.as_bytes(), &key.decoding, Algorithm::HS256)
            .unwrap_or(false)
}

#[test]
fn signatures_are_told_apart_as_the_vectors_say() {
    let Some(vectors) = vectors() else { return };
    let (mut valid, mut invalid, mut contradicted) = (0, 0, Vec::new());
    for group in &vectors.test_groups {
        let (key, is_its_own) = group.key();
        let is_called_valid = |text: &str| {
            group.tests.iter().any(|other| other.result == "valid" && other.text() == text)
        };
        for vector in group.tests.iter().filter(|_| is_its_own) {
            let Vector { tc_id, comment, result, .. } = vector;
            let (text, is_valid) = (vector.text(), result == "valid");
            if !is_valid && is_called_valid(&text) {
                contradicted.push(*tc_id);
            } else if is_valid && !comment.starts_with("InvalidCharacterInserted") {
                assert!(holds(&text, &key), "{tc_id} {comment}");
                valid += 1;
            } else {
                // Also what is valid only for a reader that skips what is no base64. We are none.
                assert!(!holds(&text, &key), "{tc_id} {comment}");
                invalid += 1;
            }
        }
    }
    assert_eq!((valid, invalid), (8, 30));
    // To the letter what another vector of the same key calls valid: the padding that they are about is
    // not in them. `forgeries` has tokens that do have it.
    assert_eq!(contradicted, [367, 370]);
}

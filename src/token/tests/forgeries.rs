//! Tokens that are signed with our own key and still none of ours, and tokens with the parts of one.

use jsonwebtoken::crypto;

use super::*;

const HEADER: &str = r#"{"typ":"at+jwt","alg":"HS256","kid":"a"}"#;
const SUBJECT: &str = r#""sub":"7""#;
const END: &str = r#""exp":1800000600"#;

fn claims() -> String {
    let sid = "09".repeat(16);
    format!(
        r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}",{SUBJECT},"sid":"{sid}","iat":1800000000,{END}}}"#
    )
}

/// Signs two texts, whatever they are, with the key that is in force.
fn signed(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
    sealed(&format!("{}.{}", base64url(header), base64url(claims)), Algorithm::HS256)
}

/// A message, and its signature by that algorithm.
fn sealed(message: &str, algorithm: Algorithm) -> String {
    let signature = crypto::sign(message.as_bytes(), &key("a", 1).encoding, algorithm).unwrap();
    format!("{message}.{signature}")
}

fn verified(token: &str) -> Result<Access, TokenError> {
    verify(&[key("a", 1)], token, NOW).map(|(access, _)| access)
}

#[track_caller]
fn assert_invalid(what: &str, token: &str) {
    assert_eq!(verified(token), Err(TokenError::Invalid), "{what}");
}

#[test]
fn the_token_that_all_others_here_differ_from_is_good() {
    assert_eq!(verified(&signed(HEADER, claims())), Ok(access()));
    let spaced = HEADER.replace(',', " ,\n\t").replace(':', " : ");
    assert_eq!(verified(&signed(spaced, claims())), Ok(access()), "space in JSON is no difference");
}

#[test]
fn no_algorithm_but_one_is_taken_whatever_the_signature_is() {
    for name in [
        "none", "None", "NONE", "nOnE", "", "hs256", "HS256 ", "HS384", "HS512", "RS256", "RS384",
        "PS256", "ES256", "EdDSA", "HMAC", "dir",
    ] {
        let header = HEADER.replace("HS256", name);
        let token = signed(&header, claims());
        assert_invalid(name, &token);
        let (message, _) = token.rsplit_once('.').unwrap();
        assert_invalid(name, &format!("{message}."));
        assert_invalid(name, message);
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            assert_invalid(name, &sealed(message, algorithm));
        }
    }
    for header in [r#"{"typ":"at+jwt","kid":"a"}"#, r#"{"typ":"at+jwt","alg":null,"kid":"a"}"#] {
        assert_invalid(header, &signed(header, claims()));
    }
}

#[test]
fn a_signature_that_is_cut_changed_or_followed_by_more_is_none() {
    let token = signed(HEADER, claims());
    let (message, signature) = token.rsplit_once('.').unwrap();
    for length in 0..signature.len() {
        assert_invalid("cut", &format!("{message}.{}", &signature[..length]));
    }
    for more in ["A", "=", "==", ".", ".A", " ", "\n", "\0", "%00", "?", "\u{feff}"] {
        assert_invalid(more, &format!("{token}{more}"));
        assert_invalid(more, &format!("{more}{token}"));
    }
    // The last of 43 digits has two bits that are no part of the signature: only one of four is good.
    let good = DIGITS
        .iter()
        .map(|digit| char::from(*digit))
        .filter(|digit| verified(&format!("{message}.{}{digit}", &signature[..42])).is_ok());
    assert_eq!(good.count(), 1);
    assert_invalid("of other claims", &format!("{}.{signature}", message.replace("eyJ", "eyI")));
}

#[test]
fn nothing_is_read_that_is_not_base64_for_urls() {
    let good = base64url(claims());
    for (what, header, claims) in [
        ("padding of the header", base64url(HEADER) + "==", good.clone()),
        ("padding of the claims", base64url(HEADER), good.clone() + "="),
        ("space", base64url(HEADER), format!(" {good}")),
        ("a line", base64url(HEADER), format!("{good}\n")),
        ("no base64", HEADER.to_owned(), good.clone()),
        ("no encoding of the claims", base64url(HEADER), claims()),
        ("nothing", String::new(), String::new()),
    ] {
        assert_invalid(what, &sealed(&format!("{header}.{claims}"), Algorithm::HS256));
    }
    let in_digits_of_urls = (0..100)
        .map(|issued| signed(HEADER, claims().replace("1800000000", &issued.to_string())))
        .find(|token| token.contains('-') && token.contains('_'))
        .unwrap();
    assert_eq!(verified(&in_digits_of_urls), Ok(access()));
    assert_invalid("the other alphabet", &in_digits_of_urls.replace('-', "+").replace('_', "/"));
    let (bom, zero) = ("\u{feff}", "\0");
    assert_invalid("a byte order mark", &signed(format!("{bom}{HEADER}"), claims()));
    assert_invalid("a byte order mark", &signed(HEADER, format!("{bom}{}", claims())));
    assert_invalid("more", &signed(HEADER, format!("{}{zero}", claims())));
    assert_invalid("two", &signed(HEADER, claims() + &claims()));
    assert_invalid("no UTF-8", &signed(HEADER, b"\xff\xfe{}"));
    let wide: Vec<u8> = claims().encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_invalid("UTF-16", &signed(HEADER, wide));
}

#[test]
fn a_header_that_says_more_or_other_than_ours_is_refused() {
    for more in [
        r#""crit":["b64"],"b64":false"#,
        r#""crit":["exp"]"#,
        r#""crit":[]"#,
        r#""b64":false"#,
        r#""b64":true"#,
        r#""jku":"https://example.org/keys""#,
        r#""jwk":{"kty":"oct","k":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"}"#,
        r#""x5u":"https://example.org/cert""#,
        r#""x5c":["AAAA"]"#,
        r#""cty":"JWT""#,
        r#""zip":"DEF""#,
        r#""anything":1"#,
        r#""alg":"HS256""#,
        r#""kid":"a""#,
        r#""typ":"at+jwt""#,
    ] {
        let header = HEADER.replace('}', &format!(",{more}}}"));
        assert_invalid(more, &signed(&header, claims()));
        let header = HEADER.replace('{', &format!("{{{more},"));
        assert_invalid(more, &signed(&header, claims()));
    }
    for typ in ["JWT", "at+JWT", "AT+JWT", "application/at+jwt", "at+jwt ", ""] {
        assert_invalid(typ, &signed(HEADER.replace("at+jwt", typ), claims()));
    }
    for header in ["{}", "[]", "null", "\"at+jwt\"", "7", "", &"[".repeat(100_000)] {
        assert_invalid(&header[..header.len().min(20)], &signed(header, claims()));
    }
}

#[test]
fn a_key_is_found_by_its_whole_name_alone() {
    let long = "a".repeat(100_000);
    for name in [
        "b",
        "A",
        "",
        " a",
        "a ",
        "../a",
        "/dev/null",
        "a\\u0000",
        "' OR 1=1 --",
        "a/../a",
        "*",
        &long,
    ] {
        let header = HEADER.replace(r#""a""#, &format!("\"{name}\""));
        assert_invalid(&name[..name.len().min(20)], &signed(header, claims()));
    }
    for kid in ["7", "null", "true", "[\"a\"]", "{}"] {
        assert_invalid(kid, &signed(HEADER.replace(r#""a""#, kid), claims()));
    }
    assert_invalid("none", &signed(r#"{"typ":"at+jwt","alg":"HS256"}"#, claims()));
}

#[test]
fn each_claim_has_one_form() {
    let change = |from: &str, to: &str| signed(HEADER, claims().replace(from, to));
    for end in [
        r#""exp":"1800000600""#,
        r#""exp":1800000600.0"#,
        r#""exp":1.8e9"#,
        r#""exp":null"#,
        r#""exp":true"#,
        r#""exp":[1800000600]"#,
        r#""exp":9223372036854775808"#,
        r#""exp":1e300"#,
        r#""exp":1800000600,"exp":1900000000"#,
        r#""exp":1800000600,"nbf":1800000300"#,
        r#""exp":1800000600,"nbf":1700000000"#,
        r#""exp":1800000600,"role":"admin""#,
        r#""end":1800000600"#,
    ] {
        assert_invalid(end, &change(END, end));
    }
    for subject in [
        r#""sub":"-7""#,
        r#""sub":-7"#,
        r#""sub":7"#,
        r#""sub":"7.0""#,
        r#""sub":"0x7""#,
        r#""sub":" 7""#,
        r#""sub":"18446744073709551616""#,
        r#""sub":"""#,
        r#""sub":null"#,
        r#""sub":["7"]"#,
        r#""sub":"7","sub":"8""#,
    ] {
        assert_invalid(subject, &change(SUBJECT, subject));
    }
    for audience in
        ["[\"appliance-api\"]", "[\"appliance-api\",\"x\"]", "\"\"", "\"Appliance-Api\"", "null"]
    {
        assert_invalid(audience, &change("\"appliance-api\"", audience));
    }
    for issuer in ["\"other\"", "\"https://appliance\"", "[\"appliance\"]", "null", "\"\""] {
        assert_invalid(issuer, &change("\"appliance\"", issuer));
    }
    for session in ["", "09", &"0g".repeat(16), &"09".repeat(17), "../09"] {
        assert_invalid(session, &change(&"09".repeat(16), session));
    }
    for claims in ["{}", "[]", "null", "\"\"", "7"] {
        assert_invalid(claims, &signed(HEADER, claims));
    }
}

#[test]
fn an_end_before_all_time_has_passed_and_one_after_it_overflows_nothing() {
    let ending = |end: i64| signed(HEADER, claims().replace("1800000600", &end.to_string()));
    for end in [0, 1, 1_799_999_994] {
        assert_eq!(verified(&ending(end)), Err(TokenError::Expired), "{end}");
    }
    for end in [-1, i64::MIN] {
        assert_invalid("before 1970", &ending(end));
    }
    assert_eq!(verified(&ending(i64::MAX)), Ok(access()), "nobody but us could have signed it");
}

#[test]
fn the_other_forms_of_a_signature_are_none() {
    let token = signed(HEADER, claims());
    let parts: Vec<_> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("{token}") };
    for form in [
        serde_json::json!({ "protected": header, "payload": payload, "signature": signature }),
        serde_json::json!({
            "payload": payload, "signatures": [{ "protected": header, "signature": signature }],
        }),
    ] {
        assert_invalid("JSON", &form.to_string());
    }
    assert_invalid("detached", &format!("{header}..{signature}"));
    assert_invalid("encrypted", &format!("{header}.{payload}.{payload}.{payload}.{signature}"));
    for text in ["", ".", "..", "...", "....", &".".repeat(100_000), "Bearer", &"é.".repeat(3)] {
        assert_invalid("nothing", text);
    }
}

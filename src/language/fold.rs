//! Letters without their accents: what slugs are made of, and how a search finds `José` as `jose`.
//!
//! A table of the Latin letters of European languages, since no name here needs more: all of Unicode's
//! decompositions would be a crate and its tables. What the table does not know is compared as it is.

/// A text for comparing: lower case, without accents, whichever of Unicode's forms it came in.
pub fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars().flat_map(char::to_lowercase) {
        if is_combining_mark(character) {
            continue;
        }
        match plain(character) {
            "" => folded.push(character),
            letters => folded.push_str(letters),
        }
    }
    folded
}

/// An accent that stands apart from its letter (Unicode normal form D) leaves the letter whole.
pub fn is_combining_mark(character: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&character)
}

/// The ASCII letters or digit of a lower-case character; nothing for what has none.
pub fn plain(character: char) -> &'static str {
    const PLAIN: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
    if let Some(position) = PLAIN.find(character) {
        return PLAIN.get(position..=position).unwrap_or_default();
    }
    match character {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì' | 'í' | 'î' | 'ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'º' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'þ' => "th",
        'ù' | 'ú' | 'û' | 'ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_case_make_no_difference_in_either_form_of_unicode() {
        for text in ["José Ångström", "JOSE\u{301} A\u{30a}ngstro\u{308}m", "jose angstrom"] {
            assert_eq!(folded(text), "jose angstrom", "{text:?}");
        }
    }

    #[test]
    fn what_has_no_plain_letter_stays_as_it_is_in_lower_case() {
        assert_eq!(folded("ДАРЬЯ o'Neill@b.it"), "дарья o'neill@b.it");
    }
}

//! How soon a new password would be guessed (zxcvbn), and in words why.
//!
//! There are no rules of composition: they make people write `Password1!`. A password is judged by how many
//! guesses somebody needs who knows the common passwords, words, names, dates and keyboard rows, and also
//! the person: their address and names, the name of this appliance, and what its configuration adds.

use zxcvbn::{Score, feedback::Warning, zxcvbn};

use super::model::NewPassword;
use crate::{field::FieldError, language::Text};

/// Of a longer password only so many characters are judged. The time grows with the square of the length,
/// and on purpose a stranger could have us think for seconds; what is good so far is not made worse by
/// what follows.
const JUDGED_CHARACTERS: usize = 100;
/// Shorter parts of a name are in half of all words.
const SHORTEST_WORD: usize = 3;
/// A word that is said to be the reason is at least this long: one of three letters is there by chance.
const SHORTEST_REASON: usize = 4;

/// What is left of a password without such words must be longer than a year with two signs around it.
const LEAST_BESIDES: usize = 7;

/// What somebody would try first who guesses the password of one person here. In lower case.
pub(in crate::auth) struct UserInputs {
    own: Vec<String>,
    of_this_place: Vec<String>,
}

impl UserInputs {
    /// The words of `own` (address, username, names) and of `of_this_place`, whole and in parts.
    pub(in crate::auth) fn new<'t>(
        own: impl IntoIterator<Item = &'t str>,
        of_this_place: impl IntoIterator<Item = &'t str>,
    ) -> Self {
        Self { own: words(own), of_this_place: words(of_this_place) }
    }

    /// Refuses a password that would be guessed with fewer than 10^8 guesses.
    ///
    /// # Errors
    /// The fault of its field, which says what makes it easy.
    pub(super) fn judge(&self, password: &NewPassword) -> Result<(), FieldError> {
        let judged: String = password.reveal().chars().take(JUDGED_CHARACTERS).collect();
        let words = self.own.iter().chain(&self.of_this_place);
        let entropy = zxcvbn(&judged, &words.map(String::as_str).collect::<Vec<_>>());
        let lower = judged.to_lowercase();
        if entropy.score() >= Score::Three && !self.is_little_more(&lower) {
            return Ok(());
        }
        let warning = entropy.feedback().and_then(zxcvbn::feedback::Feedback::warning);
        let (en, it) = self.reason(&lower, warning);
        let message = Text::made(
            format!(
                "is too easy to guess: {en}; a few words that nobody would put together are good"
            ),
            format!(
                "è troppo facile da indovinare: {it}; vanno bene alcune parole che nessuno metterebbe insieme"
            ),
        );
        Err(FieldError { field: password.field().into(), message })
    }

    /// Whether hardly anything is left without the words that somebody would try first. zxcvbn knows them,
    /// but thinks that nobody tries three of them in a row.
    fn is_little_more(&self, judged: &str) -> bool {
        let mut words: Vec<_> = self.own.iter().chain(&self.of_this_place).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let left = words.into_iter().fold(judged.to_owned(), |left, word| left.replace(word, ""));
        left.len() < judged.len() && left.chars().count() < LEAST_BESIDES
    }

    /// What makes a password easy, as a main clause in each language.
    fn reason(&self, judged: &str, warning: Option<Warning>) -> (&'static str, &'static str) {
        let has = |words: &[String]| {
            let long = |word: &&String| word.chars().count() >= SHORTEST_REASON;
            words.iter().filter(long).any(|word| judged.contains(word.as_str()))
        };
        if has(&self.own) {
            return (
                "it has your name or your address in it",
                "contiene il tuo nome o il tuo indirizzo",
            );
        }
        if has(&self.of_this_place) {
            return (
                "it has a word in it that everybody here would try",
                "contiene una parola che qui chiunque proverebbe",
            );
        }
        warning
            .map_or(("it is too short or too simple", "è troppo corta o troppo semplice"), in_words)
    }
}

const fn in_words(warning: Warning) -> (&'static str, &'static str) {
    match warning {
        Warning::StraightRowsOfKeysAreEasyToGuess => {
            ("it follows a row of keys", "segue una fila di tasti")
        }
        Warning::ShortKeyboardPatternsAreEasyToGuess => {
            ("it is a short path on the keyboard", "è un breve percorso sulla tastiera")
        }
        Warning::RepeatsLikeAaaAreEasyToGuess => {
            ("it repeats one character", "ripete un solo carattere")
        }
        Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => {
            ("it repeats the same few characters", "ripete gli stessi pochi caratteri")
        }
        Warning::ThisIsATop10Password => {
            ("it is one of the ten most common passwords", "è una delle dieci password più comuni")
        }
        Warning::ThisIsATop100Password => (
            "it is one of the hundred most common passwords",
            "è una delle cento password più comuni",
        ),
        Warning::ThisIsACommonPassword => {
            ("it is a very common password", "è una password molto comune")
        }
        Warning::ThisIsSimilarToACommonlyUsedPassword => {
            ("it is much like a common password", "somiglia molto a una password comune")
        }
        Warning::SequencesLikeAbcAreEasyToGuess => {
            ("it is a sequence such as abc or 6543", "è una sequenza come abc o 6543")
        }
        Warning::RecentYearsAreEasyToGuess => ("it is a year", "è un anno"),
        Warning::AWordByItselfIsEasyToGuess => ("it is a single word", "è una sola parola"),
        Warning::DatesAreOftenEasyToGuess => ("it is a date", "è una data"),
        Warning::NamesAndSurnamesByThemselvesAreEasyToGuess => {
            ("it is a name", "è un nome di persona")
        }
        Warning::CommonNamesAndSurnamesAreEasyToGuess => {
            ("it is made of common names", "è fatta di nomi comuni di persona")
        }
    }
}

/// Texts in lower case, and the parts that they are made of, each once.
fn words<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut add = |word: String| {
        if word.chars().count() >= SHORTEST_WORD && !words.contains(&word) {
            words.push(word);
        }
    };
    for text in texts {
        let text = text.trim().to_lowercase();
        let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
        add(parts.clone().collect());
        parts.for_each(|part| add(part.to_owned()));
        add(text);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: [&str; 4] = ["mario.rossetti@example.org", "mrossetti", "Mario", "Rossetti"];

    fn judge(password: &str) -> Result<(), Text> {
        let guesses = UserInputs::new(OWN, ["Liceo Volta", "appliance", "campanile"]);
        let password = NewPassword::parse("password", password.to_owned(), &[]).unwrap();
        guesses.judge(&password).map_err(|fault| fault.message)
    }

    #[track_caller]
    fn assert_refused(password: &str, words: &str) {
        let message = judge(password).expect_err(password);
        assert!(message.en.contains(words), "{password}: {}", message.en);
        assert!(message.it.starts_with("è troppo facile da indovinare: "), "{}", message.it);
    }

    #[test]
    fn the_most_common_passwords_are_refused() {
        for common in [
            "password",
            "12345678",
            "123456789",
            "1234567890",
            "baseball",
            "football",
            "princess",
            "sunshine",
            "iloveyou",
            "qwertyuiop",
            "superman",
            "trustno1",
            "password1",
            "passw0rd",
            "Password1!",
            "P@ssw0rd",
            "michelle",
            "jennifer",
            "computer",
            "starwars",
            "whatever",
            "11111111",
            "88888888",
            "87654321",
            "letmein1",
            "welcome1",
            "admin123",
            "administrator",
            "qwerty123",
            "1q2w3e4r",
            "1qaz2wsx",
            "q1w2e3r4",
            "abcd1234",
            "asdfghjkl",
            "zxcvbnm123",
            "juventus",
            "ferrari1",
            "alessandro",
            "francesco1",
            "ciaociao",
            "ciaociaociao",
            "amoremio",
            "01011990",
            "24/12/1985",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "monkey123",
            "dragon123",
        ] {
            assert!(judge(common).is_err(), "{common}");
        }
    }

    #[test]
    fn what_makes_it_easy_is_said() {
        assert_refused("password", "one of the ten most common");
        assert_refused("sunshine", "common password");
        assert_refused("p4ssw0rd", "much like a common password");
        assert_refused("qwertyuiop[]", "row of keys");
        assert_refused("aaaaaaaaaa", "repeats one character");
        assert_refused("abcdefghij", "sequence");
        assert_refused("19/04/1987", "date");
        assert_refused("xk8Qp2zv", "too short or too simple");
    }

    #[test]
    fn what_everybody_knows_of_a_person_is_no_password() {
        for own in [
            "Rossetti1987",
            "mario.rossetti",
            "Mario_Rossetti_2009",
            "rossetti.mario.87",
            "mariorossetti",
            "MRossetti!",
            "mario-example",
        ] {
            assert_refused(own, "your name or your address");
        }
    }

    #[test]
    fn what_everybody_here_thinks_of_is_no_password() {
        for place in ["liceovolta", "LiceoVolta26", "Appliance12", "campanile"] {
            assert_refused(place, "everybody here");
        }
    }

    #[test]
    fn a_few_words_of_any_script_are_good_without_a_digit_or_a_capital() {
        for good in [
            "corretto cavallo batteria",
            "correct horse battery",
            "giraffa sul termosifone",
            "виноград стучит тихо",
            "xk8Qp2zvT4",
        ] {
            assert_eq!(judge(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn whatever_is_sent_is_judged_in_little_time() {
        let mut hardest = std::time::Duration::ZERO;
        for text in [
            "4@8({[<361!|1705$+7%2".repeat(48),
            "a".repeat(1_024),
            "ab1".repeat(300),
            "password".repeat(128),
            "qwertyuiop".repeat(100),
            "01/02/2003".repeat(100),
            "aA1!".repeat(256),
        ] {
            let start = std::time::Instant::now();
            let _ = judge(&text);
            hardest = hardest.max(start.elapsed());
        }
        assert!(hardest < std::time::Duration::from_secs(5), "{hardest:?}");
    }
}

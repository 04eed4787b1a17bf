//! Reading a file of people: RFC 4180, separated by commas or, as spreadsheets of half of Europe write it,
//! by semicolons.

use std::collections::HashMap;

use csv::{ReaderBuilder, StringRecord};

use crate::{
    auth::{
        accounts::users::{NewUser, UserForm},
        passwords::imported_hash,
    },
    field::{FieldError, FieldErrors},
    ids::Role,
    language::{Language, Text},
};

/// The longest file, in bytes.
pub(super) const MOST_BYTES: usize = 1 << 20;
/// The most rows below the header.
const MOST_ROWS: usize = 5_000;
/// The longest address that is repeated in a report, in characters.
const LONGEST_REPEATED: usize = 254;

const REQUIRED: [&str; 3] = ["email", "name", "surname"];
const OPTIONAL: [&str; 4] = ["username", "role", "language", "password_hash"];

/// A file of people, read.
#[derive(Debug)]
pub struct Csv {
    pub(super) rows: Vec<Row>,
}

/// One row.
#[derive(Debug)]
pub(super) struct Row {
    /// Where it begins in the file, from 1, which is the header's.
    pub(super) line: u64,
    /// The address as typed, cut.
    pub(super) email: String,
    /// Who it is, with the hash of their password when it came with one; or all that is wrong with it.
    pub(super) read: Result<(NewUser, Option<String>), Vec<FieldError>>,
}

/// What is wrong with a file as a whole: by column, or by `file`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvFault(pub Vec<FieldError>);

impl CsvFault {
    fn new(field: &str, en: impl Into<String>, it: impl Into<String>) -> Self {
        Self(vec![FieldError {
            field: field.to_owned().into(),
            message: Text::made(en.into(), it.into()),
        }])
    }
}

impl Csv {
    /// Reads a file. Rows that do not hold are kept with what is wrong with them; whoever says nothing of
    /// a language reads `language`.
    ///
    /// # Errors
    /// [`CsvFault`] when the file as a whole cannot be understood.
    pub fn read(bytes: &[u8], language: Language) -> Result<Self, CsvFault> {
        if bytes.len() > MOST_BYTES {
            return Err(CsvFault::new(
                "file",
                "must have at most 1 MiB",
                "può avere al massimo 1 MiB",
            ));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| {
            CsvFault::new(
                "file",
                "must be UTF-8 text; save it as CSV UTF-8",
                "dev'essere testo UTF-8; salvalo come CSV UTF-8",
            )
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter(text))
            .flexible(true)
            .has_headers(false)
            .from_reader(text.as_bytes());
        let mut records = reader.records();
        let header = records.next().and_then(Result::ok).unwrap_or_default();
        let columns = columns(&header)?;
        let (mut rows, mut known) = (Vec::new(), HashMap::new());
        let mut lines = Lines { text: text.as_bytes(), at: 0, line: 1 };
        for record in records {
            // Text of UTF-8 in rows of any length always reads.
            let Ok(record) = record else { continue };
            if record.iter().all(|field| field.trim().is_empty()) {
                continue;
            }
            if rows.len() == MOST_ROWS {
                return Err(CsvFault::new(
                    "file",
                    "must have at most 5,000 rows",
                    "può avere al massimo 5.000 righe",
                ));
            }
            let line = lines.line_of(&record);
            let row = row(&record, line, &columns, header.len(), language);
            rows.push(once(row, &mut known));
        }
        Ok(Self { rows })
    }
}

/// Counts lines. The reader's own count is off by the ends of lines and the empty ones that it passes over
/// before a record.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line on which a record begins, which is behind the one asked about before.
    fn line_of(&mut self, record: &StringRecord) -> u64 {
        let begins = record.position().map_or(0, csv::Position::byte);
        let begins = usize::try_from(begins).unwrap_or(usize::MAX);
        let rest = self.text.get(begins..).unwrap_or_default();
        let passed_over = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let to = begins.saturating_add(passed_over);
        let between = self.text.get(self.at..to).unwrap_or_default();
        let ends = between.split(|byte| *byte == b'\n').count().saturating_sub(1);
        self.line += u64::try_from(ends).unwrap_or(u64::MAX);
        self.at = to;
        self.line
    }
}

/// The separator: of comma and semicolon the one that the header has more of.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator| header.matches(separator).count();
    if count(';') > count(',') { b';' } else { b',' }
}

/// Where each column is. Case does not matter; a column that nobody knows is refused, since a slip in its
/// name would lose what is in it.
fn columns(header: &StringRecord) -> Result<HashMap<String, usize>, CsvFault> {
    let (mut columns, mut faults) = (HashMap::new(), Vec::new());
    let mut fault = |field: &str, en, it| {
        faults.push(FieldError { field: field.to_owned().into(), message: Text::fixed(en, it) });
    };
    for (index, name) in header.iter().enumerate() {
        let name = name.trim().to_lowercase();
        if !REQUIRED.contains(&&*name) && !OPTIONAL.contains(&&*name) {
            fault(&name, "is not a known column", "non è una colonna nota");
        } else if columns.insert(name.clone(), index).is_some() {
            fault(&name, "is a column twice", "è una colonna ripetuta");
        }
    }
    for name in REQUIRED.iter().filter(|name| !columns.contains_key(**name)) {
        fault(name, "is a column that must be there", "è una colonna obbligatoria");
    }
    if faults.is_empty() { Ok(columns) } else { Err(CsvFault(faults)) }
}

fn row(
    record: &StringRecord,
    line: u64,
    columns: &HashMap<String, usize>,
    width: usize,
    language: Language,
) -> Row {
    let field = |name: &str| columns.get(name).and_then(|index| record.get(*index)).map(str::trim);
    let filled = |name: &str| field(name).filter(|text| !text.is_empty());
    let email = field("email").unwrap_or_default();
    let read = || {
        if record.len() != width {
            let (found, wanted) = (record.len(), width);
            let message = Text::made(
                format!("has {found} fields, and the header {wanted}"),
                format!("ha {found} campi, e l'intestazione {wanted}"),
            );
            return Err(vec![FieldError { field: "line".into(), message }]);
        }
        let mut faults = FieldErrors::default();
        let role = faults.check(filled("role").map(read_role).transpose());
        let spoken = faults.check(filled("language").map(read_language).transpose());
        let hash = faults.check(filled("password_hash").map(imported_hash).transpose());
        let person = UserForm {
            email: email.to_owned(),
            name: field("name").unwrap_or_default().to_owned(),
            surname: field("surname").unwrap_or_default().to_owned(),
            username: filled("username").map(str::to_owned),
            role: role.flatten(),
            language: spoken.flatten(),
        };
        match (person.check(language, &mut faults), role, spoken, hash) {
            (Some(person), Some(_), Some(_), Some(hash)) => Ok((person, hash)),
            _ => Err(faults.into_vec()),
        }
    };
    Row { line, email: email.chars().take(LONGEST_REPEATED).collect(), read: read() }
}

fn read_role(text: &str) -> Result<Role, FieldError> {
    let unknown = |_| {
        FieldError::new("role", "must be user, staff or admin", "dev'essere user, staff o admin")
    };
    text.to_lowercase().parse().map_err(unknown)
}

fn read_language(text: &str) -> Result<Language, FieldError> {
    let unknown = || FieldError::new("language", "must be en or it", "dev'essere en o it");
    Language::from_code(text).ok_or_else(unknown)
}

/// Refuses an address that an earlier row has: which of the two is meant, only a person knows.
fn once(row: Row, known: &mut HashMap<String, u64>) -> Row {
    let Ok((person, _)) = &row.read else { return row };
    let Some(first) = known.get(&person.email.key()) else {
        known.insert(person.email.key(), row.line);
        return row;
    };
    let message =
        Text::made(format!("is on line {first} already"), format!("è già alla riga {first}"));
    Row { read: Err(vec![FieldError { field: "email".into(), message }]), ..row }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<Row> {
        Csv::read(text.as_bytes(), Language::Italian).unwrap().rows
    }

    fn fields(row: &Row) -> Vec<&str> {
        row.read.as_ref().unwrap_err().iter().map(|fault| fault.field.as_ref()).collect()
    }

    fn file_faults(bytes: &[u8]) -> Vec<(String, String)> {
        let fault = Csv::read(bytes, Language::English).unwrap_err();
        fault
            .0
            .into_iter()
            .map(|one| (one.field.into_owned(), one.message.en.into_owned()))
            .collect()
    }

    #[test]
    fn both_separators_a_mark_quotes_and_any_order_of_columns_are_read() {
        let commas = "\u{feff}surname,EMAIL, name\r\n\"Neri, d'Este\",a@b.it,\"Ann\"\"a\"\r\n";
        let semicolons = "email;name;surname\na@b.it;Ann\"a;Neri, d'Este\n";
        for text in [commas, semicolons] {
            let rows = read(text);
            let (person, hash) = rows[0].read.as_ref().unwrap();
            let names = (person.name.as_str(), person.surname.as_str());
            assert_eq!(names, ("Ann\"a", "Neri, d'Este"));
            assert_eq!((person.role, person.language), (Role::User, Language::Italian));
            assert_eq!((rows[0].line, hash), (2, &None));
        }
    }

    #[test]
    fn a_row_says_where_it_is_even_behind_one_of_several_lines() {
        let rows = read("email,name,surname\nx,\"a\nb\",c\n\n,,\nb@b.it,B,B\n");
        let lines: Vec<_> = rows.iter().map(|row| row.line).collect();
        assert_eq!(lines, [2, 6]);
        assert_eq!(fields(&rows[0]), ["email", "name"]);
        let rows = read("\r\nemail;name;surname\r\na@b.it;A;A\r\n\r\nb@b.it;B;B");
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [3, 5]);
    }

    #[test]
    fn every_fault_of_a_row_is_told_at_once() {
        let header = "email,name,surname,username,role,language,password_hash\n";
        let rows = read(&format!("{header}x,,\u{7}a,a b,king,de,secret\na@b.it,A\n"));
        let all = ["role", "language", "password_hash", "email", "username", "name", "surname"];
        assert_eq!(fields(&rows[0]), all);
        assert_eq!(fields(&rows[1]), ["line"]);
    }

    #[test]
    fn an_address_counts_once_whatever_its_case() {
        let rows = read("email,name,surname\na@b.it,A,A\nA@B.it,B,B\n");
        assert!(rows[0].read.is_ok());
        let faults = rows[1].read.as_ref().unwrap_err();
        assert_eq!(faults[0].message.it, "è già alla riga 2");
    }

    #[test]
    fn a_header_must_have_its_columns_and_no_others() {
        let found = file_faults(b"email,nome,email\n");
        let fields: Vec<_> = found.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["nome", "email", "name", "surname"]);
        assert_eq!(file_faults(b"").len(), 3);
    }

    #[test]
    fn a_file_that_is_no_text_or_too_long_is_refused_as_a_whole() {
        assert!(file_faults(b"email,name,surname\n\xff,a,b")[0].1.contains("UTF-8"));
        let header = "email,name,surname\n";
        let many = |rows: usize| format!("{header}{}", "a@b.it,A,A\n".repeat(rows));
        assert_eq!(read(&many(5_000)).len(), 5_000);
        assert!(file_faults(many(5_001).as_bytes())[0].1.contains("5,000"));
        assert!(file_faults(&vec![b'a'; MOST_BYTES + 1])[0].1.contains("1 MiB"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes: Vec<u8>, text in "[\\PC;,\"\n]{0,200}") {
            let _ = Csv::read(&bytes, Language::English);
            let _ = Csv::read(format!("email;name;surname\n{text}").as_bytes(), Language::English);
        }
    }
}

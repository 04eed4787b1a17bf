//! An import on the wire: a table on the way in, a report on the way out.

use poem::{Request, RequestBody, http::StatusCode};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, Enum, ExtractParamOptions, Object,
    registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry},
};
use serde_json::json;

use super::{
    rows::{Csv, CsvFault, MOST_BYTES},
    service::{ImportOutcome, ImportReport, ImportedRow},
};
use crate::{
    http::{Problem, RequestContext, media_type, read_body, too_large},
    language::Language,
};

/// What a file looks like, for whoever reads the document.
const EXAMPLE: &str = "email;name;surname;role\nada@example.org;Ada;Lovelace;staff\n";

/// The body of an import: a file of people, read.
pub(super) struct UserFile(pub(super) Csv);

impl<'a> ApiExtractor<'a> for UserFile {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(_: &mut Registry) {}

    fn request_meta() -> Option<MetaRequest> {
        let schema = MetaSchema { example: Some(json!(EXAMPLE)), ..MetaSchema::new("string") };
        Some(MetaRequest {
            description: Some(
                "A header row and up to 5,000 rows, at most 1 MiB of UTF-8, separated by `,` or `;`.",
            ),
            content: vec![MetaMediaType {
                content_type: "text/csv",
                schema: MetaSchemaRef::Inline(Box::new(schema)),
            }],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        if media_type(request) != "text/csv" {
            return Err(unsupported().into());
        }
        let context = RequestContext::of(request)?;
        let bytes = read_body(request, body, &context.body).await?;
        if bytes.len() > MOST_BYTES {
            return Err(too_large().into());
        }
        Ok(Self(Csv::read(&bytes, context.language).map_err(Problem::from)?))
    }
}

impl From<CsvFault> for Problem {
    fn from(CsvFault(faults): CsvFault) -> Self {
        Self::invalid(faults)
    }
}

const fn unsupported() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        "Send the file as text/csv.",
        "Invia il file come text/csv.",
    )
}

/// What became of a file of people.
#[derive(Debug, Object)]
#[oai(rename = "UserImport")]
pub(super) struct ImportBody {
    /// Whether nothing was written.
    dry_run: bool,
    /// Every row, in the order of the file.
    rows: Vec<RowBody>,
    /// How many people were added; of a dry run, how many would be.
    created: u32,
    /// How many rows were refused.
    refused: u32,
    /// How many rows are of people who were there already.
    existing: u32,
}

/// What became of a row.
#[derive(Debug, Object)]
#[oai(rename = "UserImportRow")]
struct RowBody {
    /// Where it begins in the file; the header is line 1.
    line: u64,
    /// What became of it.
    outcome: OutcomeBody,
    /// The address, as typed.
    email: String,
    /// The person, when there is one.
    user_id: Option<u64>,
    /// Why it was refused.
    errors: Vec<RowFaultBody>,
}

/// What is wrong with a field of a row.
#[derive(Debug, Object)]
#[oai(rename = "UserImportFault")]
struct RowFaultBody {
    /// The column, or `line` for the row as a whole.
    field: String,
    /// What is wrong with it, in the asked language.
    message: String,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "UserImportOutcome", rename_all = "snake_case")]
enum OutcomeBody {
    /// There is an account now.
    Created,
    /// There would be one, had this been no trial.
    WouldCreate,
    /// It was not taken.
    Refused,
    /// The address had an account, which was left as it is.
    Exists,
}

impl From<ImportOutcome> for OutcomeBody {
    fn from(outcome: ImportOutcome) -> Self {
        match outcome {
            ImportOutcome::Created => Self::Created,
            ImportOutcome::WouldCreate => Self::WouldCreate,
            ImportOutcome::Refused => Self::Refused,
            ImportOutcome::Exists => Self::Exists,
        }
    }
}

impl ImportBody {
    /// A report in the language of whoever asked.
    pub(super) fn new(import: ImportReport, language: Language) -> Self {
        let count = |outcome| u32::try_from(import.count(outcome)).unwrap_or(u32::MAX);
        let created = count(ImportOutcome::Created) + count(ImportOutcome::WouldCreate);
        let (refused, existing) = (count(ImportOutcome::Refused), count(ImportOutcome::Exists));
        let rows = import.rows.into_iter().map(|row| RowBody::new(row, language)).collect();
        Self { dry_run: import.dry_run, rows, created, refused, existing }
    }
}

impl RowBody {
    fn new(row: ImportedRow, language: Language) -> Self {
        let errors = row.faults.into_iter().map(|fault| RowFaultBody {
            field: fault.field.into_owned(),
            message: fault.message.in_language(language).to_owned(),
        });
        Self {
            line: row.line,
            outcome: row.outcome.into(),
            email: row.email,
            user_id: row.user.map(|id| id.0),
            errors: errors.collect(),
        }
    }
}

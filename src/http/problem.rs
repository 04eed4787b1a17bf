//! The one error body: `application/problem+json` (RFC 9457).
//!
//! Handlers and the gateway speak of a [`Problem`]; only `gateway/problem` turns it into a response,
//! because only there the request's id and language are at hand. What a client sees never holds the
//! text of an internal error: that goes to the log, under the same request id.

use std::{borrow::Cow, fmt};

use poem::{error::ResponseError, http::StatusCode};
use poem_openapi::{
    ApiResponse, Object,
    payload::{Json, Payload},
    registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};
use serde::Serialize;

use crate::{
    field::FieldError,
    language::{Language, Text},
    limit::Policy,
    store::StoreError,
};

/// A refusal or failure, on its way to the client.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// What clients decide by: stable, upper snake case.
    pub code: &'static str,
    /// What a person reads.
    pub detail: Text,
    /// The fields at fault, when the body is.
    pub errors: Vec<FieldError>,
    /// Seconds after which a second try makes sense (`Retry-After`).
    pub retry_after: Option<u64>,
    /// Which limit was exceeded, when one was.
    pub exceeded: Option<Policy>,
    /// Which secret was tried and was not right, when one was.
    pub wrong: Option<SecretKind>,
    /// What the log gets and the client does not.
    pub cause: Option<String>,
}

/// What somebody may guess at; wrong ones of each kind are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// A password at login, or the second factor beside it.
    Password,
    /// A refresh token that was never given out.
    RefreshToken,
    /// What is sent as `Authorization`: an access token, an API key, a display token.
    Bearer,
    /// The set-up link, or a link for a forgotten password.
    Link,
    /// The code of an invitation.
    Invitation,
    /// The code of an event.
    Code,
}

impl SecretKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Password,
        Self::RefreshToken,
        Self::Bearer,
        Self::Link,
        Self::Invitation,
        Self::Code,
    ];
}

impl Problem {
    /// A problem with a message that is known when the program is written.
    pub const fn new(
        status: StatusCode,
        code: &'static str,
        en: &'static str,
        it: &'static str,
    ) -> Self {
        Self::with_text(status, code, Text::fixed(en, it))
    }

    /// A problem with values in its message.
    pub const fn with_text(status: StatusCode, code: &'static str, detail: Text) -> Self {
        Self {
            status,
            code,
            detail,
            errors: Vec::new(),
            retry_after: None,
            exceeded: None,
            wrong: None,
            cause: None,
        }
    }

    /// 422: the body was understood, but these fields do not hold what they must.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "VALIDATION_FAILED",
            "Some fields need another value.",
            "Alcuni campi richiedono un altro valore.",
        );
        Self { errors, ..problem }
    }

    /// 422 for a single field.
    pub fn invalid_field(field: impl Into<Cow<'static, str>>, message: Text) -> Self {
        Self::invalid(vec![FieldError { field: field.into(), message }])
    }

    /// 500: a fault of ours. The client learns the request's id and nothing else.
    pub fn internal(cause: impl fmt::Display) -> Self {
        let problem = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "Something went wrong on our side. Nothing you sent is at fault.",
            "Qualcosa è andato storto da parte nostra. Non dipende da ciò che hai inviato.",
        );
        Self { cause: Some(cause.to_string()), ..problem }
    }

    /// 404 for a path or a thing that is not there.
    pub const fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "There is nothing at this address.",
            "Non c'è nulla a questo indirizzo.",
        )
    }

    /// 503 with the time after which to come back.
    pub fn busy() -> Self {
        let problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "BUSY",
            "The server is busy. Please try again in a moment.",
            "Il server è occupato. Riprova tra un momento.",
        );
        problem.retry_after(1)
    }

    /// The same, for a secret that was tried and was not right. Such refusals are counted for strangers.
    #[must_use]
    pub fn for_wrong(self, secret: SecretKind) -> Self {
        Self { wrong: Some(secret), ..self }
    }

    /// 507 (RFC 4918 §11.5): the disk is nearly full. Without `Retry-After`: somebody has to make space
    /// first, and nobody knows when.
    pub const fn insufficient_storage() -> Self {
        Self::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "INSUFFICIENT_STORAGE",
            "The server's disk is nearly full, so nothing new can be saved. Nothing was lost.",
            "Il disco del server è quasi pieno, quindi non si può salvare nulla di nuovo. Nulla è andato \
             perso.",
        )
    }

    /// Adds `Retry-After`.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// Says which limit was exceeded, and after how many seconds it is no more.
    #[must_use]
    pub fn exceeds(self, policy: Policy, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), exceeded: Some(policy), ..self }
    }

    /// The body as the client gets it.
    pub fn to_body(&self, language: Language, instance: &str, request_id: &str) -> ProblemBody {
        let detail = self.detail.in_language(language).to_owned();
        let errors = self.errors.iter().map(|error| FieldErrorBody {
            field: error.field.clone().into_owned(),
            message: error.message.in_language(language).to_owned(),
        });
        ProblemBody {
            kind: format!("urn:appliance:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            error: detail.clone(),
            detail,
            instance: instance.to_owned(),
            code: self.code.to_owned(),
            request_id: request_id.to_owned(),
            errors: errors.collect(),
        }
    }
}

/// The error body, as JSON.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "Problem")]
pub struct ProblemBody {
    /// A URI for this kind of problem; it holds the code.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, in the asked language.
    pub detail: String,
    /// The path that was asked for.
    pub instance: String,
    /// What happened, for programs: stable, upper snake case.
    pub code: String,
    /// The same as `detail`, for clients of the Go stack.
    pub error: String,
    /// Names this request in the log.
    pub request_id: String,
    /// The fields at fault, when the body is.
    pub errors: Vec<FieldErrorBody>,
}

/// One field at fault.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "ProblemField")]
pub struct FieldErrorBody {
    /// The field's name.
    pub field: String,
    /// What is wrong with it, in the asked language.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.code)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        self.status
    }
}

/// In the OpenAPI document every operation has these beside its good answer: 429, of which more is said,
/// and `default` for all others.
impl ApiResponse for Problem {
    fn meta() -> MetaResponses {
        let answer = |description, status, headers| MetaResponse {
            description,
            status,
            status_range: None,
            content: vec![MetaMediaType {
                content_type: "application/problem+json",
                schema: <Json<ProblemBody> as Payload>::schema_ref(),
            }],
            headers,
        };
        let text = |name: &str, required, description: &str| MetaHeader {
            name: name.to_owned(),
            description: Some(description.to_owned()),
            required,
            deprecated: false,
            schema: String::schema_ref(),
        };
        let limits = vec![
            text("Retry-After", true, "Seconds after which to come back."),
            text("RateLimit", false, "The limit that was exceeded, as `\"name\";r=0;t=seconds`."),
            text("RateLimit-Policy", false, "Its quota, as `\"name\";q=quota;w=seconds`."),
        ];
        MetaResponses {
            responses: vec![
                answer("Asked too often; `code` says of what.", Some(429), limits),
                answer("Any refusal or failure; `code` says which.", None, vec![]),
            ],
        }
    }

    fn register(registry: &mut Registry) {
        <ProblemBody as Type>::register(registry);
    }
}

/// A store that cannot take the write is 503, to be tried again; anything else is ours to mend.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::busy(),
            StoreError::NoSpace => Self::insufficient_storage(),
            StoreError::Stopped | StoreError::Io(_) => Self {
                cause: Some(error.to_string()),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "STORE_STOPPED",
                    "The server cannot write to its disk and is restarting.",
                    "Il server non riesce a scrivere sul disco e si sta riavviando.",
                )
            }
            .retry_after(5),
            other => Self::internal(other),
        }
    }
}

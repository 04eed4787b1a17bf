//! JSON request bodies: capped, timed, and refused in our own words.
//!
//! poem-openapi's `Json` answers every fault with 400 and serde's text, and reads without a bound.
//! [`Body`] takes its place in handlers: 415 for another content type, 413 past the cap, 408 past the
//! deadline, 503 past the memory for all bodies, 400 for what is not JSON, and 422 with the field's name for what does not fit.

use futures_util::StreamExt;
use poem::{
    FromRequest, Request, RequestBody,
    http::{StatusCode, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaRequest, Registry},
    types::ParseFromJSON,
};

use super::{BodyLimits, Problem, RequestContext, budget::BodyShare, schema};
use crate::language::Text;

/// A JSON body that was read as `T`.
pub struct Body<T>(pub T);

impl<'a, T: ParseFromJSON + 'static> ApiExtractor<'a> for Body<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <Json<T> as Payload>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType {
                content_type: "application/json",
                schema: <Json<T> as Payload>::schema_ref(),
            }],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        require_json(request)?;
        let limits = &RequestContext::of(request)?.body;
        let bytes = read_body(request, body, limits).await?;
        Ok(Self(parse_json(&bytes)?))
    }
}

/// Reads a JSON text as `T`.
///
/// # Errors
/// 400 for what is not JSON, 422 with the fields' names for what does not fit.
pub fn parse_json<T: ParseFromJSON + 'static>(bytes: &[u8]) -> Result<T, Problem> {
    let value = serde_json::from_slice::<serde_json::Value>(bytes).map_err(|error| Problem {
        cause: Some(error.to_string()),
        ..Problem::new(
            StatusCode::BAD_REQUEST,
            "MALFORMED_JSON",
            "The body is not valid JSON.",
            "Il corpo della richiesta non è JSON valido.",
        )
    })?;
    if let Some(field) = field_with_nul(&value) {
        return Err(nul_refused(&field));
    }
    let faults = schema::faults::<T>(&value);
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    T::parse_from_json(Some(value)).map_err(|_| Problem::invalid(vec![schema::unnamed_fault()]))
}

/// The media type that a body is sent as, in lower case and without parameters; empty without one.
pub fn media_type(request: &Request) -> String {
    let content_type = request.header(header::CONTENT_TYPE).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn require_json(request: &Request) -> Result<(), Problem> {
    if media_type(request) == "application/json" {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        "Send the body as application/json.",
        "Invia il corpo come application/json.",
    ))
}

/// Reads a whole body within the limits.
///
/// # Errors
/// 413 when it is too large, 408 when it takes too long, 400 when it breaks off, 503 when all bodies
/// together would take more memory than they may.
pub async fn read_body(
    request: &Request,
    body: &mut RequestBody,
    limits: &BodyLimits,
) -> Result<BodyBytes, Problem> {
    let body = <poem::Body as FromRequest>::from_request(request, body)
        .await
        .map_err(Problem::internal)?;
    match tokio::time::timeout(limits.time, collect(body, limits)).await {
        Ok(read) => read,
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "BODY_TIMEOUT",
            "The body took too long to arrive.",
            "Il corpo della richiesta ha impiegato troppo tempo ad arrivare.",
        )),
    }
}

/// Takes from the budget what has arrived and no more: a client that announces much and sends little
/// takes room from nobody.
async fn collect(body: poem::Body, limits: &BodyLimits) -> Result<BodyBytes, Problem> {
    let mut parts = std::pin::pin!(body.into_bytes_stream());
    let mut read = BodyBytes { bytes: Vec::new(), share: limits.budget.share() };
    while let Some(part) = parts.next().await {
        let part = part.map_err(|error| Problem {
            cause: Some(error.to_string()),
            ..Problem::new(
                StatusCode::BAD_REQUEST,
                "BODY_INCOMPLETE",
                "The body broke off before its end.",
                "Il corpo della richiesta si è interrotto prima della fine.",
            )
        })?;
        let length = read.bytes.len() + part.len();
        if length > limits.bytes {
            return Err(too_large());
        }
        if !read.share.grow_to(length) {
            return Err(Problem::busy());
        }
        read.bytes.extend_from_slice(&part);
    }
    Ok(read)
}

/// A body that was read, and its share of the memory for bodies until it is dropped: hold it no longer
/// than it takes to parse.
pub struct BodyBytes {
    bytes: Vec<u8>,
    share: BodyShare,
}

impl std::ops::Deref for BodyBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// 413, also given by the gateway when the announced length is already too much.
pub const fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "BODY_TOO_LARGE",
        "The body is larger than allowed.",
        "Il corpo della richiesta è più grande del consentito.",
    )
}

/// The first field whose text holds a NUL, which no text of a person does.
fn field_with_nul(value: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    let holds_nul = |value: &Value| match value {
        Value::String(text) => text.contains('\0'),
        other => field_with_nul(other).is_some(),
    };
    match value {
        Value::Object(fields) => {
            let found = fields.iter().find(|(name, value)| name.contains('\0') || holds_nul(value));
            found.map(|(name, _)| name.replace('\0', ""))
        }
        Value::Array(items) => items.iter().any(holds_nul).then(String::new),
        Value::String(text) => text.contains('\0').then(String::new),
        _ => None,
    }
}

fn nul_refused(field: &str) -> Problem {
    Problem::invalid_field(
        field.to_owned(),
        Text::fixed("must not contain NUL characters", "non deve contenere caratteri NUL"),
    )
}

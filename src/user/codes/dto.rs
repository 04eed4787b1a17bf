//! Codes on the wire: JSON, or a picture when the client would rather have one.

use poem::{FromRequest, IntoResponse, Request, RequestBody, Response, http::header};
use poem_openapi::{
    ApiResponse, Object,
    payload::{Binary, Json, Payload},
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::{Example, Type},
};

use super::{super::error::UserError, format::CodeFormat, service::ShownCode};
use crate::http::Timestamp;

const SVG: &str = "image/svg+xml";
const PNG: &str = "image/png";

/// The code that an event shows now.
#[derive(Debug, Object)]
#[oai(rename = "EventCode", example)]
pub(super) struct CodeBody {
    /// The link in the picture, upper-case.
    url: String,
    /// The last segment of `url`.
    code: String,
    /// The same for those who type: 8 digits.
    typed_code: String,
    /// Since when this code is shown.
    window_started_at: Timestamp,
    /// Until when it is shown. A rotating code is taken for one more window.
    window_ends_at: Timestamp,
    /// Milliseconds until the next code; for a static code until the event closes.
    next_in_ms: u64,
    /// The server's time of this answer.
    server_time: Timestamp,
}

impl Example for CodeBody {
    fn example() -> Self {
        let time = crate::clock::Time::from_millis(1_795_420_805_000);
        let code = "000001R749JR13SHR9F0FPAAPSQ16";
        Self {
            url: format!("HTTPS://LOCALHOST:8443/S/{code}"),
            code: code.to_owned(),
            typed_code: "04839175".to_owned(),
            window_started_at: time.plus_seconds(-5).into(),
            window_ends_at: time.plus_seconds(10).into(),
            next_in_ms: 10_000,
            server_time: time.into(),
        }
    }
}

impl From<ShownCode> for CodeBody {
    fn from(shown: ShownCode) -> Self {
        Self {
            url: shown.url,
            code: shown.code,
            typed_code: shown.typed_code,
            window_started_at: shown.shown_from.into(),
            window_ends_at: shown.shown_until.into(),
            next_in_ms: u64::try_from(shown.shown_until.millis_since(shown.now)).unwrap_or(0),
            server_time: shown.now.into(),
        }
    }
}

impl<'a> FromRequest<'a> for CodeFormat {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self::negotiate(request.header(header::ACCEPT).unwrap_or_default()))
    }
}

/// A code in the form that the client prefers.
pub(super) enum CodeReply {
    /// Everything about it.
    Json(CodeBody),
    /// A picture that scales.
    Svg(String),
    /// A picture of pixels.
    Png(Vec<u8>),
}

impl CodeReply {
    /// The code in a form.
    pub(super) fn of(shown: ShownCode, format: CodeFormat) -> Result<Self, UserError> {
        Ok(match format {
            CodeFormat::Json => Self::Json(shown.into()),
            CodeFormat::Svg => Self::Svg(shown.svg()?),
            CodeFormat::Png => Self::Png(shown.png()?),
        })
    }
}

impl IntoResponse for CodeReply {
    fn into_response(self) -> Response {
        let response = match self {
            Self::Json(body) => Json(body).into_response(),
            Self::Svg(picture) => picture.with_content_type(SVG).into_response(),
            Self::Png(picture) => picture.with_content_type(PNG).into_response(),
        };
        response.with_header(header::VARY, "Accept").into_response()
    }
}

impl ApiResponse for CodeReply {
    fn meta() -> MetaResponses {
        let content = vec![
            MetaMediaType {
                content_type: <Json<CodeBody> as Payload>::CONTENT_TYPE,
                schema: <Json<CodeBody> as Payload>::schema_ref(),
            },
            MetaMediaType { content_type: SVG, schema: String::schema_ref() },
            MetaMediaType { content_type: PNG, schema: <Binary<Vec<u8>> as Payload>::schema_ref() },
        ];
        let response = MetaResponse {
            description: "The code, in the form that `Accept` prefers.",
            status: Some(200),
            status_range: None,
            content,
            headers: vec![],
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        <CodeBody as Type>::register(registry);
    }
}

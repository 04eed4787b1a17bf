//! Good answers that are not a plain 200 with a body.

use poem::{IntoResponse, Response, http::StatusCode};
use poem_openapi::{
    ApiResponse,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::ToJSON,
};

/// 201 with what was made.
pub struct Created<T>(pub T);

impl<T: ToJSON> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        Json(self.0).with_status(StatusCode::CREATED).into_response()
    }
}

impl<T: ToJSON> ApiResponse for Created<T> {
    fn meta() -> MetaResponses {
        one(
            201,
            "Made.",
            vec![MetaMediaType {
                content_type: <Json<T> as Payload>::CONTENT_TYPE,
                schema: <Json<T> as Payload>::schema_ref(),
            }],
        )
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// 204: done, and there is nothing to say.
pub struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl ApiResponse for NoContent {
    fn meta() -> MetaResponses {
        one(204, "Done.", vec![])
    }

    fn register(_: &mut Registry) {}
}

/// 202: it will be seen to, and there is nothing to say.
pub struct Accepted;

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        StatusCode::ACCEPTED.into_response()
    }
}

impl ApiResponse for Accepted {
    fn meta() -> MetaResponses {
        one(202, "It will be seen to.", vec![])
    }

    fn register(_: &mut Registry) {}
}

fn one(status: u16, description: &'static str, content: Vec<MetaMediaType>) -> MetaResponses {
    let response = MetaResponse {
        description,
        status: Some(status),
        status_range: None,
        content,
        headers: vec![],
    };
    MetaResponses { responses: vec![response] }
}

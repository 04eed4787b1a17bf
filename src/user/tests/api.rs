//! The routes, called without a server: what the gateway would have put on a request is put on it
//! here.

use poem::{
    Endpoint, EndpointExt, Request, Response,
    endpoint::BoxEndpoint,
    http::{Method, StatusCode, header},
};
use poem_openapi::OpenApiService;
use serde_json::{Value, json};

use super::{House, context};
use crate::{
    clock::Time,
    http::{Caller, Credential, Principal, Problem},
    ids::{RandomId, Role, UserId},
    user::apis,
};

fn caller(id: u64, role: Role) -> Caller {
    let principal = Principal {
        id: UserId(id),
        role,
        credential: Credential::Session(RandomId([0; 16])),
        needs_second_factor: false,
        email: "ada@example.org".to_owned(),
        username: "ada".to_owned(),
        created_at: Time::EPOCH,
        last_login_at: None,
    };
    Caller::SignedIn(principal.into())
}

fn routes(house: &House) -> BoxEndpoint<'static> {
    OpenApiService::new(apis(house.users.clone()), "test", "1").boxed()
}

fn request(method: Method, path: &str, caller: Caller, body: Option<&Value>) -> Request {
    let mut request = Request::builder()
        .method(method)
        .uri_str(path)
        .header(header::AUTHORIZATION, "Bearer token")
        .content_type("application/json")
        .body(body.map(Value::to_string).unwrap_or_default());
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(context());
    request
}

async fn body(response: Response) -> Value {
    serde_json::from_slice(&response.into_body().into_vec().await.unwrap()).unwrap()
}

async fn refusal(routes: &BoxEndpoint<'static>, request: Request) -> Problem {
    routes.call(request).await.unwrap_err().downcast::<Problem>().unwrap()
}

fn lesson() -> Value {
    json!({
        "name": "Corso di Rust",
        "date": "2026-11-23",
        "starts_at": "2026-11-23T09:00:00+01:00",
    })
}

#[tokio::test]
async fn an_event_is_made_with_201_and_answers_in_its_whole_shape() {
    let house = House::new();
    let staff = caller(1, Role::Staff);
    let response =
        routes(&house).call(request(Method::POST, "/events", staff, Some(&lesson()))).await;
    let response = response.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    let statistics = json!({
        "expected": null, "recorded": 0, "present": 0, "late": 0, "excused": 0,
        "not_registered": 0, "attendance_rate": null,
        "rate_formula": "(present + late) / expected",
        "by_status": [
            {"status": "present", "count": 0}, {"status": "late", "count": 0},
            {"status": "hospital", "count": 0}, {"status": "family", "count": 0},
            {"status": "emergency", "count": 0}, {"status": "vacancy", "count": 0},
            {"status": "personal", "count": 0}, {"status": "not_registered", "count": 0},
        ],
    });
    assert_eq!(
        body(response).await,
        json!({
            "event_id": "corso-di-rust-2026-11-23", "name": "Corso di Rust",
            "date": "2026-11-23", "timezone": "Europe/Rome",
            "starts_at": "2026-11-23T08:00:00.000Z", "ends_at": null,
            "opens_at": "2026-11-23T07:45:00.000Z", "late_after": "2026-11-23T08:10:00.000Z",
            "closes_at": "2026-11-23T23:00:00.000Z", "mode": "rotating", "rotation_seconds": 15,
            "expected": null, "is_active": true, "created_by": 1,
            "created_at": "2026-11-23T07:50:00.000Z", "statistics": statistics,
        })
    );
}

#[tokio::test]
async fn whoever_may_not_is_refused_before_the_body_is_read() {
    let house = House::new();
    let routes = routes(&house);
    let nonsense = json!(["no event"]);
    let student = request(Method::POST, "/events", caller(1, Role::User), Some(&nonsense));
    assert_eq!(refusal(&routes, student).await.code, "FORBIDDEN");
    let nobody = request(Method::GET, "/me", Caller::Anonymous, None);
    assert_eq!(refusal(&routes, nobody).await.code, "TOKEN_MISSING");
}

#[tokio::test]
async fn fields_at_fault_are_named_with_422() {
    let house = House::new();
    let wrong = json!({"name": " ", "date": "23.11.2026"});
    let request = request(Method::POST, "/events", caller(1, Role::Staff), Some(&wrong));
    let problem = refusal(&routes(&house), request).await;
    assert_eq!(problem.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields: Vec<_> = problem.errors.iter().map(|error| error.field.as_ref()).collect();
    assert_eq!(fields, ["name", "date"]);
}

#[tokio::test]
async fn a_code_comes_in_the_form_that_accept_prefers() {
    let house = House::new();
    let (routes, id) = (routes(&house), house.lesson().await);
    let get = async |accept: &'static str| {
        let path = format!("/events/{id}/code");
        let mut request = request(Method::GET, &path, caller(1, Role::Staff), None);
        request.headers_mut().insert(header::ACCEPT, accept.parse().unwrap());
        routes.call(request).await.unwrap()
    };
    for (accept, given) in [("image/svg+xml", "image/svg+xml"), ("image/png", "image/png")] {
        let response = get(accept).await;
        assert_eq!(
            (response.content_type(), &response.headers()["vary"]),
            (Some(given), &"Accept".parse().unwrap())
        );
    }
    let shown = body(get("*/*").await).await;
    assert_eq!(shown["next_in_ms"], 15_000);
    assert_eq!(shown["window_ends_at"], "2026-11-23T07:50:15.000Z");
}

#[tokio::test]
async fn a_first_scan_is_201_a_second_200_and_a_refusal_has_its_code() {
    let house = House::new();
    let (routes, id) = (routes(&house), house.lesson().await);
    let scan = |code: String, nonce: &str| {
        let scan = json!({"code": code, "nonce": nonce});
        request(Method::POST, "/scans", caller(2, Role::User), Some(&scan))
    };
    let first = routes.call(scan(house.code(&id), "nonce-0001")).await.unwrap();
    assert_eq!(first.status(), StatusCode::CREATED);
    let second = routes.call(scan(house.code(&id), "nonce-0002")).await.unwrap();
    assert_eq!(second.status(), StatusCode::OK);
    assert_eq!(
        body(second).await,
        json!({
            "outcome": "already_recorded", "event_id": id, "event_name": "Corso di Rust",
            "status": "present", "minutes_late": null, "scanned_at": "2026-11-23T07:50:00.000Z",
        })
    );
    let invalid = refusal(&routes, scan("nothing".to_owned(), "nonce-0003")).await;
    assert_eq!((invalid.status, invalid.code), (StatusCode::NOT_FOUND, "CODE_INVALID"));
}

#[tokio::test]
async fn a_hold_needs_no_account_and_a_page_ends_with_a_cursor() {
    let house = House::new();
    let (routes, id) = (routes(&house), house.lesson().await);
    let code = json!({"code": house.code(&id)});
    let hold = request(Method::POST, "/scans/holds", Caller::Anonymous, Some(&code));
    assert_eq!(routes.call(hold).await.unwrap().status(), StatusCode::CREATED);

    house.create(super::EventInput { name: "Altro".to_owned(), ..super::lesson() }).await.unwrap();
    let list = |query: &str| {
        request(Method::GET, &format!("/events?limit=1{query}"), caller(1, Role::Staff), None)
    };
    let page = body(routes.call(list("")).await.unwrap()).await;
    assert_eq!(page["items"][0]["name"], "Altro");
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = body(routes.call(list(&format!("&cursor={cursor}"))).await.unwrap()).await;
    assert_eq!((&rest["items"][0]["event_id"], &rest["next_cursor"]), (&json!(id), &Value::Null));
}

#[tokio::test]
async fn a_profile_is_read_and_changed_in_the_shape_of_a_user() {
    let house = House::new();
    let changes = json!({"surname": "Lovelace", "username": "lady", "language": "en"});
    let request = request(Method::PATCH, "/me", caller(1, Role::User), Some(&changes));
    let person = body(routes(&house).call(request).await.unwrap()).await;
    assert_eq!(
        person,
        json!({
            "id": 1, "email": "ada@example.org", "username": "lady", "name": "Name 1",
            "surname": "Lovelace", "role": "user", "status": "active", "language": "en",
            "created_at": "1970-01-01T00:00:00.000Z", "last_login_at": null,
        })
    );
}

#[test]
fn every_operation_of_the_domain_has_its_place_in_the_document() {
    let house = House::new();
    let apis = apis(house.users.clone());
    let document = OpenApiService::new(apis, "test", "1").spec();
    for operation in [
        "getMe",
        "updateMe",
        "createEvent",
        "listEvents",
        "getEvent",
        "updateEvent",
        "deleteEvent",
        "getEventCode",
        "createScan",
        "createHold",
        "listMyAttendance",
        "listMyAttendanceToday",
        "listEventAttendance",
        "getEventStatistics",
    ] {
        assert!(document.contains(&format!("\"operationId\": \"{operation}\"")), "{operation}");
    }
    assert!(document.contains("image/svg+xml") && document.contains("image/png"));
}

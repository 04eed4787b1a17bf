//! The OpenAPI document, made as true as the API is strict.
//!
//! poem-openapi leaves out of it what holds here everywhere: that a field which may be missing may also be
//! null, that a body may not have fields of its own, and which numbers fit a type. It is completed once,
//! when the routes are built; `http/schema` holds bodies against the same rules.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use crate::{
    gateway::{DescribedRoute, OpenOperation},
    server::StartError,
};

/// Where the document keeps its named schemas.
const SCHEMAS: &str = "/components/schemas";

/// Reads the document that poem-openapi generates, and completes it.
pub(super) fn complete(spec: &str) -> Result<Value, StartError> {
    let mut document: Value =
        serde_json::from_str(spec).map_err(|error| StartError::Internal(error.to_string()))?;
    let closed = schemas_of_bodies(&document);
    let named = document.pointer_mut(SCHEMAS).and_then(Value::as_object_mut);
    for (name, schema) in named.into_iter().flatten() {
        allow_null(schema);
        if closed.contains(name) && schema.get("properties").is_some() {
            insert(schema, "additionalProperties", json!(false));
        }
    }
    bound_numbers(&mut document);
    Ok(document)
}

/// What is not required may be null, in bodies and in answers.
fn allow_null(schema: &mut Value) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required =
        |name: &str| required.as_array().is_some_and(|names| names.iter().any(|one| one == name));
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        if is_required(name) {
            continue;
        }
        // Nothing may stand beside a reference (OpenAPI 3.0.3, Reference Object).
        if property.get("$ref").is_some() {
            *property = json!({ "allOf": [property.take()] });
        }
        if property.get("type").is_some() || property.get("allOf").is_some() {
            insert(property, "nullable", json!(true));
        }
    }
}

/// States the bounds of every integer type.
fn bound_numbers(value: &mut Value) {
    let bounds = match value.get("format").and_then(Value::as_str) {
        Some("uint8") => Some(u64::from(u8::MAX)),
        Some("uint16") => Some(u64::from(u16::MAX)),
        Some("uint32") => Some(u64::from(u32::MAX)),
        Some("uint64") => Some(u64::MAX),
        _ => None,
    };
    if let Some(most) = bounds {
        insert(value, "minimum", json!(0));
        insert(value, "maximum", json!(most));
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(bound_numbers),
        Value::Array(items) => items.iter_mut().for_each(bound_numbers),
        _ => {}
    }
}

/// The names of the schemas that bodies are made of.
fn schemas_of_bodies(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for operation in operations(document) {
        if let Some(body) = operation.get("requestBody") {
            follow(document, body, &mut found);
        }
    }
    found
}

fn operations(document: &Value) -> impl Iterator<Item = &Value> {
    let paths = document.get("paths").and_then(Value::as_object);
    paths.into_iter().flat_map(Map::values).filter_map(Value::as_object).flat_map(Map::values)
}

fn follow(document: &Value, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str).unwrap_or_default();
            let name = reference.rsplit('/').next().unwrap_or_default();
            if !name.is_empty() && found.insert(name.to_owned()) {
                let schema = document.pointer(&format!("{SCHEMAS}/{name}"));
                follow(document, schema.unwrap_or_default(), found);
            }
            members.values().for_each(|value| follow(document, value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| follow(document, value, found)),
        _ => {}
    }
}

fn insert(value: &mut Value, key: &str, member: Value) {
    if let Some(members) = value.as_object_mut() {
        members.insert(key.to_owned(), member);
    }
}

/// Every route of the API as the document describes it, by the template that the router has for it.
pub(super) fn described(document: &Value) -> HashMap<String, DescribedRoute> {
    let paths = document.get("paths").and_then(Value::as_object);
    let paths = paths.into_iter().flatten().filter_map(|(path, operations)| {
        let mut methods: Vec<_> =
            operations.as_object()?.keys().map(|method| method.to_uppercase()).collect();
        // What answers GET answers HEAD, and the document does not say so.
        if let Some(get) = methods.iter().position(|method| method == "GET") {
            methods.insert(get + 1, "HEAD".to_owned());
        }
        let template = path.replace('{', ":").replace('}', "");
        let route = DescribedRoute { template, allow: methods.join(", ") };
        Some((router_template(path), route))
    });
    paths.collect()
}

/// The operations that ask for no credentials.
pub(super) fn open_operations(document: &Value) -> Vec<OpenOperation> {
    let asks_for_none = |operation: &Value| {
        let security = operation.get("security").and_then(Value::as_array);
        security.is_none_or(|ways| {
            ways.is_empty() || ways.iter().any(|way| way.as_object().is_some_and(Map::is_empty))
        })
    };
    let mut open = Vec::new();
    let paths = document.get("paths").and_then(Value::as_object);
    for (path, operations) in paths.into_iter().flatten() {
        let operations = operations.as_object().into_iter().flatten();
        for (method, _) in operations.filter(|(_, operation)| asks_for_none(operation)) {
            if let Ok(method) = method.to_uppercase().parse() {
                open.push((method, router_template(path)));
            }
        }
    }
    open
}

/// poem-openapi numbers the parameters of a path, whatever their names.
fn router_template(path: &str) -> String {
    let mut number = 0_u32..;
    let segments = path.split('/').map(|segment| match segment.strip_prefix('{') {
        Some(_) => format!(":param{}", number.next().unwrap_or_default()),
        None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed() -> Value {
        let spec = json!({
            "paths": { "/bookings": { "post": {
                "parameters": [{ "schema": { "type": "integer", "format": "uint8" } }],
                "requestBody": { "content": { "application/json": {
                    "schema": { "$ref": "#/components/schemas/Booking" } } } },
            } } },
            "components": { "schemas": {
                "Booking": {
                    "required": ["seat", "class"],
                    "properties": {
                        "seat": { "$ref": "#/components/schemas/Seat" },
                        "class": { "type": "string" },
                        "note": { "type": "string" },
                        "second_seat": { "$ref": "#/components/schemas/Seat" },
                        "anything": {},
                    },
                },
                "Seat": { "properties": { "row": { "type": "integer", "format": "uint64" } } },
                "Receipt": { "properties": { "total": { "type": "number" } } },
            } },
        });
        complete(&spec.to_string()).unwrap()
    }

    #[test]
    fn what_may_be_missing_may_be_null_and_nothing_else() {
        let document = completed();
        let booking = &document["components"]["schemas"]["Booking"]["properties"];
        assert_eq!(booking["note"]["nullable"], true);
        let seat = json!({ "allOf": [{ "$ref": "#/components/schemas/Seat" }], "nullable": true });
        assert_eq!(booking["second_seat"], seat);
        assert_eq!(booking["class"], json!({ "type": "string" }));
        assert_eq!(booking["seat"], json!({ "$ref": "#/components/schemas/Seat" }));
        assert_eq!(booking["anything"], json!({}), "no type, so null is one of its values");
    }

    #[test]
    fn bodies_are_closed_with_all_that_they_are_made_of_and_answers_are_open() {
        let document = completed();
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["Booking"]["additionalProperties"], false);
        assert_eq!(schemas["Seat"]["additionalProperties"], false);
        assert!(schemas["Receipt"].get("additionalProperties").is_none());
    }

    #[test]
    fn numbers_have_the_bounds_of_their_types_wherever_they_stand() {
        let document = completed();
        let parameter = &document["paths"]["/bookings"]["post"]["parameters"][0]["schema"];
        assert_eq!((&parameter["minimum"], &parameter["maximum"]), (&json!(0), &json!(255)));
        let row = &document["components"]["schemas"]["Seat"]["properties"]["row"];
        assert_eq!(row["maximum"], json!(u64::MAX));
        let total = &document["components"]["schemas"]["Receipt"]["properties"]["total"];
        assert!(total.get("maximum").is_none());
    }
}

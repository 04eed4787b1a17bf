//! Holding a JSON body against its own schema: every field at fault, by name.
//!
//! poem-openapi's parser alone would take `true` for the text "true", stop at the first fault, name
//! the type instead of the field, and repeat the value, which may be a password. So every body is
//! first held against the schema that the OpenAPI document publishes, and what that document says is
//! what holds.

use std::{
    any::TypeId,
    collections::HashMap,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::Type,
};
use serde_json::Value;

use crate::{field::FieldError, language::Text};

/// How many faults one answer names: a body can hold a hundred thousand, and nobody reads them.
const MOST_FAULTS: usize = 50;

/// The faults of a body that is to be read as `T`, the first few at least; none when it fits.
pub(super) fn faults<T: Type + 'static>(body: &Value) -> Vec<FieldError> {
    let registry = registry::<T>();
    let mut faults = Vec::new();
    if let Some(schema) = resolve(&registry, &T::schema_ref()) {
        compare(&registry, schema, body, "", &mut faults);
    }
    faults.truncate(MOST_FAULTS);
    faults
}

/// The fault of a body that fits its schema and still cannot be read: of a type that checks more than
/// its schema says.
pub(super) fn unnamed_fault() -> FieldError {
    fault("", "does not have the expected form", "non ha la forma attesa")
}

/// The schemas of a body type, built when it is first asked for.
fn registry<T: Type + 'static>() -> Arc<Registry> {
    static BUILT: LazyLock<RwLock<HashMap<TypeId, Arc<Registry>>>> = LazyLock::new(RwLock::default);
    let key = TypeId::of::<T>();
    if let Some(built) = BUILT.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Arc::clone(built);
    }
    let mut registry = Registry::new();
    T::register(&mut registry);
    let registry = Arc::new(registry);
    BUILT.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&registry));
    registry
}

fn resolve<'a>(registry: &'a Registry, schema: &'a MetaSchemaRef) -> Option<&'a MetaSchema> {
    match schema {
        MetaSchemaRef::Inline(schema) => Some(schema),
        MetaSchemaRef::Reference(name) => registry.schemas.get(name.as_str()),
    }
}

fn compare(
    registry: &Registry,
    schema: &MetaSchema,
    value: &Value,
    path: &str,
    faults: &mut Vec<FieldError>,
) {
    // A property with a description of its own points to a named schema so.
    for schema in schema.all_of.iter().filter_map(|schema| resolve(registry, schema)) {
        compare(registry, schema, value, path, faults);
    }
    match (schema.ty, value) {
        ("object", Value::Object(fields)) => {
            for required in &schema.required {
                if !fields.contains_key(*required) {
                    faults.push(fault(&join(path, required), "is missing", "manca"));
                }
            }
            for (name, value) in fields {
                if faults.len() >= MOST_FAULTS {
                    return;
                }
                let known = schema.properties.iter().find(|(property, _)| property == name);
                let name = join(path, name);
                match known {
                    None => {
                        faults.push(fault(&name, "is not a known field", "non è un campo noto"));
                    }
                    Some((property, _)) if value.is_null() => {
                        if schema.required.contains(property) {
                            faults.push(fault(&name, "must not be null", "non può essere null"));
                        }
                    }
                    Some((_, schema)) => {
                        if let Some(schema) = resolve(registry, schema) {
                            compare(registry, schema, value, &name, faults);
                        }
                    }
                }
            }
        }
        ("array", Value::Array(items)) => {
            if let Some(schema) = schema.items.as_deref().and_then(|s| resolve(registry, s)) {
                for (index, item) in items.iter().enumerate() {
                    if faults.len() >= MOST_FAULTS {
                        return;
                    }
                    compare(registry, schema, item, &join(path, &index.to_string()), faults);
                }
            }
        }
        ("string", Value::String(text)) => compare_text(schema, text, path, faults),
        ("integer", Value::Number(number)) if number.is_i64() || number.is_u64() => {
            compare_range(schema, number, path, faults);
        }
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) | ("", _) => {}
        (wanted, _) => faults.push(wrong_type(path, wanted)),
    }
}

fn compare_text(schema: &MetaSchema, text: &str, path: &str, faults: &mut Vec<FieldError>) {
    let allowed: Vec<&str> = schema.enum_items.iter().filter_map(Value::as_str).collect();
    if !allowed.is_empty() && !allowed.contains(&text) {
        let words = allowed.join(", ");
        let message =
            Text::made(format!("must be one of: {words}"), format!("dev'essere uno tra: {words}"));
        faults.push(FieldError { field: path.to_owned().into(), message });
    }
    if schema.format == Some("date-time") && crate::clock::Time::parse_rfc3339(text).is_err() {
        faults.push(fault(
            path,
            "must be an RFC 3339 date and time such as 2026-11-23T08:30:00Z",
            "dev'essere data e ora RFC 3339, ad esempio 2026-11-23T08:30:00Z",
        ));
    }
}

/// Whether a whole number fits the type that the schema's format names.
fn compare_range(
    schema: &MetaSchema,
    number: &serde_json::Number,
    path: &str,
    faults: &mut Vec<FieldError>,
) {
    let most = match schema.format {
        Some("uint8") => u8::MAX.into(),
        Some("uint16") => u16::MAX.into(),
        Some("uint32") => u32::MAX.into(),
        Some("uint64") => u64::MAX,
        _ => return,
    };
    if number.as_u64().is_none_or(|number| number > most) {
        let message = Text::made(
            format!("must be a whole number from 0 to {most}"),
            format!("dev'essere un numero intero da 0 a {most}"),
        );
        faults.push(FieldError { field: path.to_owned().into(), message });
    }
}

fn wrong_type(path: &str, wanted: &str) -> FieldError {
    match wanted {
        "string" => fault(path, "must be a text", "dev'essere un testo"),
        "integer" => fault(path, "must be a whole number", "dev'essere un numero intero"),
        "number" => fault(path, "must be a number", "dev'essere un numero"),
        "boolean" => fault(path, "must be true or false", "dev'essere true o false"),
        "array" => fault(path, "must be a list", "dev'essere una lista"),
        _ => fault(path, "must be an object", "dev'essere un oggetto"),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn fault(field: &str, en: &'static str, it: &'static str) -> FieldError {
    FieldError { field: field.to_owned().into(), message: Text::fixed(en, it) }
}

#[cfg(test)]
mod tests {
    use poem_openapi::{Enum, Object};
    use serde_json::json;

    use super::*;

    #[derive(Object)]
    #[oai(deny_unknown_fields)]
    #[allow(dead_code, reason = "only its schema is used")]
    struct Booking {
        name: String,
        seats: u32,
        note: Option<String>,
        tags: Option<Vec<String>>,
        /// A description here makes the schema a reference inside of another one.
        class: Option<Class>,
    }

    #[derive(Enum)]
    #[oai(rename_all = "lowercase")]
    #[allow(dead_code, reason = "only its schema is used")]
    enum Class {
        First,
        Second,
    }

    fn faults(body: &Value) -> Vec<String> {
        let mut lines: Vec<_> = super::faults::<Booking>(body)
            .iter()
            .map(|fault| format!("{} {}", fault.field, fault.message.en))
            .collect();
        lines.sort();
        lines
    }

    #[test]
    fn every_fault_is_named_with_its_field_and_no_value_is_repeated() {
        let body = json!({"name": 5, "seat": 1, "note": {"secret": "x"}, "tags": ["a", 2]});
        assert_eq!(
            faults(&body),
            [
                "name must be a text",
                "note must be a text",
                "seat is not a known field",
                "seats is missing",
                "tags.1 must be a text",
            ]
        );
    }

    #[test]
    fn a_body_full_of_faults_gets_a_short_answer() {
        let unknown: serde_json::Map<_, _> =
            (0..10_000).map(|number| (format!("field{number}"), json!(1))).collect();
        assert_eq!(faults(&unknown.into()).len(), MOST_FAULTS);
        let tags = vec![1; 10_000];
        assert_eq!(faults(&json!({"name": "a", "seats": 1, "tags": tags})).len(), MOST_FAULTS);
    }

    #[test]
    fn a_body_that_is_no_object_is_said_to_be_none() {
        assert_eq!(faults(&json!([1])), [" must be an object"]);
    }

    #[test]
    fn a_number_out_of_the_range_of_its_type_is_named() {
        for seats in [json!(-1), json!(4_294_967_296_u64), json!(u64::MAX), json!(i64::MIN)] {
            let found = faults(&json!({"name": "a", "seats": seats}));
            assert_eq!(found, ["seats must be a whole number from 0 to 4294967295"], "{seats}");
        }
        for seats in [json!(1.5), json!(1e20)] {
            let found = faults(&json!({"name": "a", "seats": seats}));
            assert_eq!(found, ["seats must be a whole number"], "{seats}");
        }
        assert!(faults(&json!({"name": "a", "seats": u32::MAX})).is_empty());
    }

    #[test]
    fn a_word_that_is_none_of_the_known_ones_is_named_behind_a_reference_too() {
        let found = faults(&json!({"name": "a", "seats": 1, "class": "third"}));
        assert_eq!(found, ["class must be one of: first, second"]);
        assert_eq!(faults(&json!({"name": "a", "seats": 1, "class": 2})), ["class must be a text"]);
        assert!(faults(&json!({"name": "a", "seats": 1, "class": "second"})).is_empty());
    }
}

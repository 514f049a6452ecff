//! WebDriver BiDi's local values: arguments of a function.

use serde_json::{Value, json};

/// JSON as a `script.LocalValue`.
pub fn local_value(value: &Value) -> Value {
    match value {
        Value::Null => json!({ "type": "null" }),
        Value::Bool(flag) => json!({ "type": "boolean", "value": flag }),
        Value::Number(number) => json!({ "type": "number", "value": number }),
        Value::String(text) => json!({ "type": "string", "value": text }),
        Value::Array(items) => {
            let items: Vec<Value> = items.iter().map(local_value).collect();
            json!({ "type": "array", "value": items })
        }
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| json!([key, local_value(value)]));
            json!({ "type": "object", "value": members.collect::<Vec<_>>() })
        }
    }
}

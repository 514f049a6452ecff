//! WebDriver BiDi's remote values: results of a script.

use serde_json::Value;

/// A `script.RemoteValue` as JSON. What JSON has not, such as NaN, a bigint or a node, is the text
/// or the type's name.
pub fn json_value(remote: &Value) -> Value {
    let value = &remote["value"];
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    match remote["type"].as_str().unwrap_or_default() {
        "undefined" | "null" => Value::Null,
        "string" | "number" | "boolean" => value.clone(),
        "bigint" => format!("{}n", value.as_str().unwrap_or_default()).into(),
        "array" => items.iter().map(json_value).collect(),
        "object" => items.iter().map(member).collect(),
        other => other.into(),
    }
}

fn member(pair: &Value) -> (String, Value) {
    let key = pair[0].as_str().map_or_else(|| json_value(&pair[0]).to_string(), str::to_owned);
    (key, json_value(&pair[1]))
}

//! The protocols' messages, with a server in the browser's place.

use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use sansocket::CloseCode;
use sansocket::blocking::{Incoming, Options, WebSocket};
use sansocket_browser::{Bidi, Cdp, Fault, Page, json_value, local_value};
use serde_json::{Value, json};

/// The answers to a command, in their order on the wire. `id` is the command's; `null` closes.
type Script = fn(method: &str, command: &Value) -> Vec<Value>;

/// A browser with this script; the URL that it listens on.
fn browser(script: Script) -> Result<(String, JoinHandle<()>), Fault> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("ws://{}/session", listener.local_addr()?);
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let Incoming::Upgrade(upgrade) = Options::new().receive_request(stream).unwrap() else {
            panic!("no WebSocket");
        };
        assert_eq!(upgrade.request().headers().get("Origin"), None);
        answer(upgrade.accept().unwrap(), script);
    });
    Ok((url, server))
}

fn answer(mut socket: WebSocket<TcpStream>, script: Script) {
    while let Some(message) = socket.recv().unwrap() {
        let command: Value = serde_json::from_str(message.as_text().unwrap()).unwrap();
        for mut answer in script(command["method"].as_str().unwrap(), &command) {
            if answer.is_null() {
                socket.close(CloseCode::NORMAL, "").unwrap();
                return;
            }
            if answer["method"].is_null() {
                answer["id"] = command["id"].clone();
            }
            socket.send(answer.to_string()).unwrap();
        }
    }
}

fn done(result: Value) -> Vec<Value> {
    vec![json!({ "type": "success", "result": result })]
}

fn entry(text: &str) -> Value {
    json!({ "method": "log.entryAdded", "params": { "level": "info", "text": text } })
}

fn bidi(method: &str, command: &Value) -> Vec<Value> {
    match method {
        "browsingContext.create" => done(json!({ "context": "tab" })),
        "browsingContext.navigate" => {
            let failure = json!({ "type": "error", "error": "no such frame", "message": "gone" });
            vec![entry("before"), failure]
        }
        "script.evaluate" => {
            let value = json!({ "type": "string", "value": command["params"]["expression"] });
            let unknown = json!({ "method": "log.unknown", "params": {} });
            let success = json!({ "type": "success", "result": value });
            [vec![entry("during"), unknown], done(success)].concat()
        }
        "script.callFunction" => {
            let thrown = json!({ "type": "exception", "exceptionDetails": { "text": "Error: x" } });
            done(thrown)
        }
        _ => done(json!({})),
    }
}

#[test]
fn bidi_results_errors_and_events_are_kept_apart() -> Result<(), Fault> {
    let (url, server) = browser(bidi)?;
    let mut page = Bidi::connect(&url)?;
    let error = page.open("http://127.0.0.1/").unwrap_err().to_string();
    assert_eq!(error, "browsingContext.navigate: gone");
    assert_eq!(page.evaluate("操作")?, "操作");
    assert_eq!(page.call("() => {}", &[]).unwrap_err().to_string(), "Error: x");
    let texts: Vec<Value> = page.console()?.iter_mut().map(|entry| entry["text"].take()).collect();
    assert_eq!(texts, ["before", "during", "during"]);
    assert!(page.console()?.len() == 1, "reported events are not reported again");
    page.close()?;
    server.join().unwrap();
    Ok(())
}

/// The `load` event of an earlier document comes first.
fn cdp(method: &str, command: &Value) -> Vec<Value> {
    let load = |loader: &str| {
        let params = json!({ "name": "load", "loaderId": loader });
        json!({ "method": "Page.lifecycleEvent", "params": params })
    };
    match method {
        "Target.createTarget" => done(json!({ "targetId": "tab" })),
        "Target.attachToTarget" => done(json!({ "sessionId": "one" })),
        "Page.navigate" => {
            assert_eq!(command["sessionId"], "one");
            let late = json!({ "method": "Runtime.exceptionThrown",
                "params": { "exceptionDetails": { "text": "after the first load" } } });
            let loading = done(json!({ "loaderId": "new" }));
            let loaded = match command["params"]["url"] == "http://127.0.0.1/" {
                true => load("new"),
                false => Value::Null,
            };
            [vec![load("old")], loading, vec![late, loaded]].concat()
        }
        "Runtime.evaluate" if command["params"]["expression"] == "0" => {
            done(json!({ "result": { "value": 0 } }))
        }
        "Runtime.evaluate" => done(json!({ "result": { "unserializableValue": "NaN" } })),
        _ => done(json!({})),
    }
}

#[test]
fn cdp_open_waits_for_the_load_of_its_own_document() -> Result<(), Fault> {
    let (url, server) = browser(cdp)?;
    let mut page = Cdp::connect(&url)?;
    page.open("http://127.0.0.1/")?;
    let logged = page.console()?;
    assert_eq!(logged, [json!({ "level": "error", "text": "after the first load" })]);
    assert_eq!(page.evaluate("0 / 0")?, "NaN");
    let error = page.open("http://127.0.0.1/never-loaded").unwrap_err().to_string();
    assert_eq!(error, "the browser has closed");
    drop(page);
    server.join().unwrap();
    Ok(())
}

#[test]
fn remote_values_are_json_and_local_values_are_typed() {
    let value = json!({ "a": [1.5, "x", null, true], "b": {} });
    let number = json!({ "type": "number", "value": 1.5 });
    let local = local_value(&value);
    assert_eq!(local["value"][0][1]["value"][0], number);
    assert_eq!(json_value(&local), value);
    assert_eq!(json_value(&json!({ "type": "node", "value": {} })), "node");
    assert_eq!(json_value(&json!({ "type": "bigint", "value": "10" })), "10n");
}

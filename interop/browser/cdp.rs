//! The DevTools protocol: one tab, whose commands carry its session.

use serde_json::{Value, json};

use crate::{Fault, Page, Rpc};

const LIFE: &str = "Page.lifecycleEvent";
const LOG: &str = "Runtime.consoleAPICalled";
const THROWN: &str = "Runtime.exceptionThrown";

/// A tab.
pub struct Cdp {
    rpc: Rpc,
    session: String,
}

impl Cdp {
    /// Connects to the browser's own URL, which Chromium prints, and opens a tab.
    pub fn connect(url: &str) -> Result<Self, Fault> {
        let mut rpc = Rpc::connect(url, &[LIFE, LOG, THROWN])?;
        let tab = rpc.request("Target.createTarget", json!({ "url": "about:blank" }))?;
        let params = json!({ "targetId": tab["targetId"], "flatten": true });
        let attached = rpc.request("Target.attachToTarget", params)?;
        let session = attached["sessionId"].as_str().ok_or("no session")?.to_owned();
        let mut page = Self { rpc, session };
        page.request("Page.enable", json!({}))?;
        page.request("Page.setLifecycleEventsEnabled", json!({ "enabled": true }))?;
        page.request("Runtime.enable", json!({}))?;
        Ok(page)
    }

    fn request(&mut self, method: &str, params: Value) -> Result<Value, Fault> {
        let session = &self.session;
        let command = json!({ "method": method, "params": params, "sessionId": session });
        self.rpc.command(command)
    }
}

impl Page for Cdp {
    fn open(&mut self, url: &str) -> Result<(), Fault> {
        self.rpc.take(LIFE);
        let loading = self.request("Page.navigate", json!({ "url": url }))?;
        if let Some(error) = loading["errorText"].as_str() {
            return Err(error.into());
        }
        match &loading["loaderId"] {
            // Within the document.
            Value::Null => Ok(()),
            loader => self
                .rpc
                .wait_for(LIFE, |event| event["name"] == "load" && event["loaderId"] == *loader),
        }
    }

    fn evaluate(&mut self, expression: &str) -> Result<Value, Fault> {
        let params =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut outcome = self.request("Runtime.evaluate", params)?;
        let thrown = &outcome["exceptionDetails"];
        if thrown.is_null() {
            // A value that JSON has not, such as NaN or 1n, is its text here.
            let mut result = outcome["result"].take();
            let key = if result["value"].is_null() { "unserializableValue" } else { "value" };
            return Ok(result[key].take());
        }
        Err(first_line(&thrown["exception"], &thrown["text"]).into())
    }

    fn call(&mut self, function: &str, arguments: &[Value]) -> Result<Value, Fault> {
        let arguments: Vec<String> = arguments.iter().map(Value::to_string).collect();
        self.evaluate(&format!("({function})({})", arguments.join(",")))
    }

    fn console(&mut self) -> Result<Vec<Value>, Fault> {
        // The answer to a command comes after the events before it.
        self.evaluate("0")?;
        let mut entries = Vec::new();
        for event in self.rpc.take(LOG) {
            let level = match event["type"].as_str() {
                Some("warning") => "warn",
                Some("error" | "assert") => "error",
                Some("debug") => "debug",
                _ => "info",
            };
            let arguments = event["args"].as_array().into_iter().flatten();
            let texts: Vec<String> = arguments.map(text).collect();
            entries.push(json!({ "level": level, "text": texts.join(" ") }));
        }
        for event in self.rpc.take(THROWN) {
            let details = &event["exceptionDetails"];
            let text = first_line(&details["exception"], &details["text"]);
            entries.push(json!({ "level": "error", "text": text }));
        }
        Ok(entries)
    }

    fn screenshot(&mut self) -> Result<String, Fault> {
        let shot = self.request("Page.captureScreenshot", json!({ "format": "png" }))?;
        Ok(shot["data"].as_str().ok_or("no picture")?.to_owned())
    }

    fn close(&mut self) -> Result<(), Fault> {
        self.rpc.request("Browser.close", json!({}))?;
        self.rpc.close();
        Ok(())
    }
}

/// What the console shows of a value.
fn text(value: &Value) -> String {
    match (&value["value"], value["description"].as_str()) {
        (Value::String(text), _) => text.clone(),
        (Value::Null, Some(description)) => description.to_owned(),
        (value, _) => value.to_string(),
    }
}

/// An exception without its stack.
fn first_line(exception: &Value, otherwise: &Value) -> String {
    let description = exception["description"].as_str().or(exception["value"].as_str());
    let text = description.or(otherwise.as_str()).unwrap_or("threw");
    text.lines().next().unwrap_or_default().to_owned()
}

//! WebDriver BiDi: one session with one tab.

use serde_json::{Value, json};

use crate::{Fault, Page, Rpc, json_value, local_value};

/// Messages of the console, and uncaught errors.
const LOG: &str = "log.entryAdded";

/// A tab.
pub struct Bidi {
    rpc: Rpc,
    context: String,
}

impl Bidi {
    /// Opens a session at a URL that ends in `/session`, and a tab.
    pub fn connect(url: &str) -> Result<Self, Fault> {
        let mut rpc = Rpc::connect(url, &[LOG])?;
        rpc.request("session.new", json!({ "capabilities": {} }))?;
        rpc.request("session.subscribe", json!({ "events": [LOG] }))?;
        let tab = rpc.request("browsingContext.create", json!({ "type": "tab" }))?;
        let context = tab["context"].as_str().ok_or("no context")?.to_owned();
        Ok(Self { rpc, context })
    }

    /// A script's result.
    fn script(&mut self, method: &str, mut params: Value) -> Result<Value, Fault> {
        params["target"] = json!({ "context": self.context });
        params["awaitPromise"] = true.into();
        let outcome = self.rpc.request(method, params)?;
        match outcome["type"].as_str() {
            Some("success") => Ok(json_value(&outcome["result"])),
            _ => Err(outcome["exceptionDetails"]["text"].as_str().unwrap_or("threw").into()),
        }
    }
}

impl Page for Bidi {
    fn open(&mut self, url: &str) -> Result<(), Fault> {
        let params = json!({ "context": self.context, "url": url, "wait": "complete" });
        self.rpc.request("browsingContext.navigate", params)?;
        Ok(())
    }

    fn evaluate(&mut self, expression: &str) -> Result<Value, Fault> {
        self.script("script.evaluate", json!({ "expression": expression }))
    }

    fn call(&mut self, function: &str, arguments: &[Value]) -> Result<Value, Fault> {
        let arguments: Vec<Value> = arguments.iter().map(local_value).collect();
        let params = json!({ "functionDeclaration": function, "arguments": arguments });
        self.script("script.callFunction", params)
    }

    fn console(&mut self) -> Result<Vec<Value>, Fault> {
        // The answer to a command comes after the events before it.
        self.evaluate("0")?;
        let entries = self.rpc.take(LOG).into_iter();
        let entry = |entry: Value| json!({ "level": entry["level"], "text": entry["text"] });
        Ok(entries.map(entry).collect())
    }

    fn screenshot(&mut self) -> Result<String, Fault> {
        let params = json!({ "context": self.context });
        let shot = self.rpc.request("browsingContext.captureScreenshot", params)?;
        Ok(shot["data"].as_str().ok_or("no picture")?.to_owned())
    }

    fn close(&mut self) -> Result<(), Fault> {
        self.rpc.request("browser.close", json!({}))?;
        self.rpc.close();
        Ok(())
    }
}

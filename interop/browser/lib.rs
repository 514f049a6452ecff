//! Drives Firefox by WebDriver BiDi, and Chromium by the DevTools protocol. Both are JSON over
//! WebSocket, and the client is this library.
//!
//! [WebDriver BiDi](https://www.w3.org/TR/webdriver-bidi/),
//! [DevTools protocol](https://chromedevtools.github.io/devtools-protocol/)

mod bidi;
mod cdp;
mod local;
mod process;
mod remote;
mod rpc;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

pub use bidi::Bidi;
pub use cdp::Cdp;
pub use local::local_value;
pub use remote::json_value;
pub use rpc::Rpc;

/// An error of the browser, of its protocol, or of a page's script.
pub type Fault = Box<dyn Error>;

/// The time limit of one command.
pub const TIMEOUT: Duration = Duration::from_secs(100);

/// One page, whatever the protocol.
pub trait Page {
    /// Loads a URL, and returns after the `load` event.
    fn open(&mut self, url: &str) -> Result<(), Fault>;
    /// The value of an expression; of a promise, what it resolves to.
    fn evaluate(&mut self, expression: &str) -> Result<Value, Fault>;
    /// The result of a function: `(a, b) => …`.
    fn call(&mut self, function: &str, arguments: &[Value]) -> Result<Value, Fault>;
    /// Console messages and uncaught errors since the last call: `{"level", "text"}`.
    fn console(&mut self) -> Result<Vec<Value>, Fault>;
    /// A PNG, as base64.
    fn screenshot(&mut self) -> Result<String, Fault>;
    /// Asks the browser to end.
    fn close(&mut self) -> Result<(), Fault>;
}

/// What a browser speaks.
#[derive(Clone, Copy, Debug)]
pub enum Protocol {
    /// WebDriver BiDi: Firefox.
    Bidi,
    /// The DevTools protocol: Chromium.
    Cdp,
}

/// A running browser with one page. The browser is killed if this is dropped before `close`.
pub struct Browser {
    page: Box<dyn Page>,
    process: process::Process,
}

impl Browser {
    /// Starts the program without a window, with the folder `profile` and more arguments.
    pub fn start(
        protocol: Protocol,
        profile: &Path,
        program: &str,
        arguments: &[String],
    ) -> Result<Self, Fault> {
        let profile = profile.to_str().ok_or("the profile's path is not UTF-8")?;
        let own = match protocol {
            Protocol::Bidi => vec!["--headless".into(), "--profile".into(), profile.into()],
            Protocol::Cdp => vec!["--headless=new".into(), format!("--user-data-dir={profile}")],
        };
        let port = "--remote-debugging-port=0".to_owned();
        let arguments = own.iter().chain([&port]).chain(arguments);
        let (process, url) = process::Process::start(program, arguments)?;
        let page: Box<dyn Page> = match protocol {
            Protocol::Bidi => Box::new(Bidi::connect(&format!("{url}/session"))?),
            Protocol::Cdp => Box::new(Cdp::connect(&url)?),
        };
        Ok(Self { page, process })
    }

    /// The page.
    pub fn page(&mut self) -> &mut dyn Page {
        &mut *self.page
    }

    /// Writes a PNG of the page.
    pub fn screenshot(&mut self, file: &Path) -> Result<(), Fault> {
        Ok(std::fs::write(file, STANDARD.decode(self.page.screenshot()?)?)?)
    }

    /// Ends the browser, and waits until its program has ended.
    pub fn close(mut self) -> Result<(), Fault> {
        self.page.close()?;
        self.process.wait()
    }
}

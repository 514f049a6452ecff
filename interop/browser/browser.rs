//! A browser without a window, for scripts: commands on standard input, answers on standard output.
//!
//! `browser bidi|cdp PROFILE PROGRAM [ARGUMENT]…` starts the program with the folder PROFILE:
//!
//! ```text
//! browser bidi /tmp/profile firefox-esr
//! browser cdp /tmp/profile chromium --no-sandbox
//! ```
//!
//! A command is a line with a JSON array, and its answer a line with `{"value": …}` or
//! `{"error": TEXT}`. What the browser prints goes to standard error.
//!
//! ```text
//! ["open", URL]                    loads a page, and waits for its `load` event
//! ["eval", EXPRESSION]             its value; of a promise, what it resolves to
//! ["call", FUNCTION, ARGUMENT…]    its result: ["call", "(a, b) => a + b", 1, 2]
//! ["console"]                      [{"level": …, "text": …}, …] since the last time
//! ["screenshot", FILE]             writes a PNG
//! ["close"]                        ends the browser, as the end of the input does
//! ```

use std::io::{BufRead, stdin};
use std::path::Path;

use sansocket_browser::{Browser, Fault, Protocol};
use serde_json::{Value, json};

fn main() -> Result<(), Fault> {
    let mut arguments = std::env::args().skip(1);
    let (Some(protocol), Some(profile), Some(program)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: browser bidi|cdp PROFILE PROGRAM [ARGUMENT]...".into());
    };
    let protocol = match protocol.as_str() {
        "bidi" => Protocol::Bidi,
        "cdp" => Protocol::Cdp,
        _ => return Err(format!("no protocol {protocol}").into()),
    };
    let rest: Vec<String> = arguments.collect();
    let mut browser = Browser::start(protocol, Path::new(&profile), &program, &rest)?;
    for line in stdin().lock().lines() {
        let command: Vec<Value> = match serde_json::from_str(&line?) {
            Ok(command) => command,
            Err(error) => {
                println!("{}", answer(Err(error.into())));
                continue;
            }
        };
        if command == ["close"] {
            break;
        }
        println!("{}", answer(run(&mut browser, &command)));
    }
    browser.close()?;
    println!("{}", answer(Ok(Value::Null)));
    Ok(())
}

fn run(browser: &mut Browser, command: &[Value]) -> Result<Value, Fault> {
    let words: Vec<&str> = command.iter().map_while(Value::as_str).collect();
    match words.as_slice() {
        ["open", url] => browser.page().open(url).map(|()| Value::Null),
        ["eval", expression] => browser.page().evaluate(expression),
        ["call", function, ..] => browser.page().call(function, &command[2..]),
        ["console"] => browser.page().console().map(Value::from),
        ["screenshot", file] => browser.screenshot(Path::new(file)).map(|()| Value::Null),
        _ => Err(format!("no command {}", Value::from(command)).into()),
    }
}

fn answer(outcome: Result<Value, Fault>) -> Value {
    match outcome {
        Ok(value) => json!({ "value": value }),
        Err(error) => json!({ "error": error.to_string() }),
    }
}

//! A subscriber that collects spans and events as lines of text, for the threads that use it.
#![cfg(feature = "tracing")]

use std::collections::HashMap;
use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// What was collected: `role: event field=value`, and the fields of each span.
#[derive(Clone, Default)]
pub struct Collector(Arc<Shared>);

#[derive(Default)]
struct Shared {
    spans: AtomicU64,
    fields: Mutex<HashMap<u64, Fields>>,
    events: Mutex<Vec<(Option<u64>, Fields)>>,
}

/// The message, and the other fields.
#[derive(Clone, Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, String)>,
}

impl Fields {
    fn get(&self, name: &str) -> &str {
        let field = self.others.iter().find(|(field, _)| *field == name);
        field.map_or("", |(_, value)| value)
    }

    fn line(&self) -> String {
        self.others.iter().fold(self.message.clone(), |mut line, (name, value)| {
            write!(line, " {name}={value}").unwrap();
            line
        })
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let value = format!("{value:?}");
        match field.name() {
            "message" => self.message = value,
            name => self.others.push((name, value)),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.others.push((field.name(), value.to_owned()));
    }
}

/// With a single subscriber, tracing asks the thread that comes to an event first whether it is of
/// interest. Of a thread without a subscriber the answer is no, and holds for all threads.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Collector::default()));

impl Collector {
    /// Calls this, and collects what happens meanwhile on this thread.
    pub fn on<T>(&self, work: impl FnOnce() -> T) -> T {
        LazyLock::force(&SECOND);
        tracing::dispatcher::with_default(&Dispatch::new(self.clone()), work)
    }

    /// The events of the connection of this role, or of none.
    pub fn events(&self, role: &str) -> Vec<String> {
        let (events, fields) = (self.0.events.lock().unwrap(), self.0.fields.lock().unwrap());
        let role_of = |span: &Option<u64>| span.map_or("", |span| fields[&span].get("role"));
        let events = events.iter().filter(|(span, _)| role_of(span) == role);
        events.map(|(_, event)| event.line()).collect()
    }

    /// The fields of the spans of this role.
    pub fn spans(&self, role: &str) -> Vec<String> {
        let fields = self.0.fields.lock().unwrap();
        let spans = fields.values().filter(|fields| fields.get("role") == role);
        spans.map(Fields::line).collect()
    }

    /// Everything, in one text.
    pub fn all(&self) -> String {
        let (events, fields) = (self.0.events.lock().unwrap(), self.0.fields.lock().unwrap());
        let lines = fields.values().chain(events.iter().map(|(_, event)| event));
        lines.map(Fields::line).collect::<Vec<_>>().join("\n")
    }
}

impl Subscriber for Collector {
    /// What others than the library report is not of interest here.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sansocket"
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let number = self.0.spans.fetch_add(1, Ordering::Relaxed) + 1;
        let mut fields = Fields { message: attributes.metadata().name().into(), others: vec![] };
        attributes.record(&mut fields);
        self.0.fields.lock().unwrap().insert(number, fields);
        Id::from_u64(number)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut fields = self.0.fields.lock().unwrap();
        values.record(fields.get_mut(&span.into_u64()).expect("the span was made"));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let span = event.parent().map(Id::into_u64);
        self.0.events.lock().unwrap().push((span, fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

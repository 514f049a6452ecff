//! The server's memory for many idle connections: before and after a large message.

use std::thread;

use crate::batch::Batch;
use crate::connection::{self, Progress, Step};
use crate::stream::Stream;
use crate::{Arguments, Failure};

/// Each figure is taken after `duration` without traffic, when the server has freed its memory.
pub fn measure(arguments: &Arguments) -> Result<String, Failure> {
    let small = Batch::new(1, 20, arguments.target.raw);
    let large = Batch::new(1, 64 * 1024, arguments.target.raw);
    let mut window = vec![0; 128 * 1024];
    let mut echo = |streams: &mut [Stream], batch| -> Result<(), Failure> {
        streams.iter_mut().try_for_each(|stream| echo(stream, batch, &mut window))
    };

    // The server's memory that does not depend on connections.
    let mut first = [connection::open(&arguments.target, 0)?];
    echo(&mut first, &large)?;
    echo(&mut first, &small)?;
    thread::sleep(arguments.duration);
    let before = arguments.target.process.resident()?;
    let per_connection = || -> Result<f64, Failure> {
        Ok((arguments.target.process.resident()? as f64 - before as f64)
            / arguments.connections as f64)
    };

    let mut streams = (0..arguments.connections)
        .map(|index| connection::open(&arguments.target, index))
        .collect::<Result<Vec<_>, _>>()?;
    thread::sleep(arguments.duration);
    let idle = per_connection()?;
    echo(&mut streams, &large)?;
    thread::sleep(arguments.duration);
    let after_large = per_connection()?;
    echo(&mut streams, &small)?;
    thread::sleep(arguments.duration);
    let later = per_connection()?;
    let connections = arguments.connections;
    Ok(format!(
        r#"{{"connections": {connections}, "idle": {idle:.0}, "after_large": {after_large:.0}, "later": {later:.0}}}"#
    ))
}

/// Sends a batch on a blocking connection, and receives its echo.
pub fn echo(stream: &mut Stream, batch: &Batch, window: &mut [u8]) -> Result<(), Failure> {
    let mut progress = Progress::default();
    progress.write(stream, batch)?;
    while progress.read(stream, batch, window)? != Step::Done {}
    Ok(())
}

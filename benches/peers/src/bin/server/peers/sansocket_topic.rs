//! sansocket's topics on tokio: as in their documentation, a task for each half.

use std::net::TcpListener;

use sansocket::topic::Topic;
use tokio::net::TcpStream;

use crate::{Failure, tasks};

pub fn serve_broadcasting(listener: TcpListener) -> Result<(), Failure> {
    let topic = Topic::new();
    tasks::serve(listener, move |stream| relay(stream, topic.clone()))
}

async fn relay(stream: TcpStream, topic: Topic) -> Result<(), Failure> {
    let (sender, mut receiver) = sansocket::tokio::accept(stream).await?.split();
    let news = topic.subscribe();
    tasks::spawn(async move { Ok(news.forward(&sender).await?) });
    while let Some(message) = receiver.recv().await? {
        topic.publish(message);
    }
    Ok(())
}

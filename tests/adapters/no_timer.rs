//! A tokio runtime without a timer.
#![cfg(all(feature = "tokio", feature = "testing"))]

use sansocket::testing::{Chunking, pair};
use sansocket::{ClientRequest, Error};
use tokio::runtime::Builder;

#[test]
fn runtime_without_a_timer_is_an_error_that_names_the_remedy() {
    let request = ClientRequest::new("ws://127.0.0.1:9/").unwrap();
    let errors = Builder::new_current_thread().enable_io().build().unwrap().block_on(async {
        [
            sansocket::tokio::accept(pair(Chunking::Whole).0).await.unwrap_err(),
            sansocket::tokio::connect("ws://127.0.0.1:9/").await.unwrap_err(),
            sansocket::tokio::connect_with_stream(pair(Chunking::Whole).0, &request)
                .await
                .unwrap_err(),
        ]
    });
    for error in errors {
        assert!(matches!(error, Error::NoTimer), "{error:?}");
        assert!(error.to_string().contains("enable_time"));
    }
}

#[test]
fn no_runtime_is_the_same_error() {
    let error = smol::block_on(sansocket::tokio::accept(pair(Chunking::Whole).0)).unwrap_err();
    assert!(matches!(error, Error::NoTimer), "{error:?}");
}

//! What the environment decides: the store of root certificates. Each test runs in a process of its
//! own, because the configuration is made once per process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use certificates::{Authority, VALID};
use sansocket::tls::{Tls, TlsError};
use sansocket::{CloseCode, Error, blocking};

use crate::parts::{connect, serve, server_stream};

/// Runs a test of this file in a process with this store.
fn run(test: &str, store: &Path) {
    let status = Command::new(env::current_exe().unwrap())
        .args(["--exact", &format!("environment::{test}"), "--ignored"])
        .env("SSL_CERT_FILE", store)
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&status.stdout);
    assert!(status.status.success() && text.contains("1 passed"), "{text}");
}

/// The path of a file that does not exist, in the directory for the tests' files.
fn store(name: &str) -> PathBuf {
    let path =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.{}", std::process::id()));
    let _ = fs::remove_file(&path);
    path
}

/// The result of a client with the default settings.
fn meet(authority: &Authority) -> Result<(), Error> {
    let config = authority.issue("localhost", VALID).server_config(&[]);
    let (address, server) = serve(|stream| {
        let mut socket = blocking::accept(server_stream(config, stream))?;
        while socket.recv()?.is_some() {}
        Ok::<_, Error>(())
    });
    let result = connect(address, "localhost", &Tls::default())
        .and_then(|mut socket| socket.close(CloseCode::NORMAL, "").map(drop));
    let _ = server.join().unwrap();
    result
}

#[test]
fn private_authority_in_ssl_cert_file_is_trusted() {
    run("default_settings_follow_the_environment", &store("private.pem"));
}

#[test]
#[ignore = "run by the test above, with a store that does not exist yet"]
fn default_settings_follow_the_environment() {
    let Some(store) = env::var_os("SSL_CERT_FILE") else { return };
    // Mozilla's roots (webpki-roots) do not replace a store that was chosen.
    let authority = Authority::new("private");
    let error = meet(&authority).unwrap_err();
    assert!(matches!(error, Error::Tls(TlsError::NoRoots)), "{error:?}");
    assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
    // A failure is not kept, and a configuration is.
    fs::write(&store, authority.pem()).unwrap();
    meet(&authority).unwrap();
    fs::remove_file(&store).unwrap();
    meet(&authority).unwrap();
    let error = meet(&Authority::new("another")).unwrap_err();
    assert!(matches!(error, Error::Tls(TlsError::UnknownIssuer)), "{error:?}");
}

#[cfg(feature = "webpki-roots")]
#[test]
fn roots_of_webpki_roots_are_not_the_platforms() {
    let authority = Authority::new("private");
    let config = authority.issue("localhost", VALID).server_config(&[]);
    let (address, server) = serve(|stream| blocking::accept(server_stream(config, stream)).err());
    let error = connect(address, "localhost", &Tls::webpki_roots()).unwrap_err();
    assert!(matches!(error, Error::Tls(TlsError::UnknownIssuer)), "{error:?}");
    assert!(server.join().unwrap().is_some());
}

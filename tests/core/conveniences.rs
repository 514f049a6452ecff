//! Conversions that programs of other libraries use.

use std::borrow::Cow;

use sansocket::{CloseCode, InvalidCloseCode, Message, Text};

#[test]
fn messages_are_made_of_and_turned_into_texts_and_bytes() {
    let owned = String::from("hello");
    for message in [
        Message::text("hello"),
        Message::text(owned.clone()),
        Message::from(&owned),
        Message::from(Cow::Borrowed("hello")),
        Message::from(Cow::<str>::Owned(owned.clone())),
    ] {
        assert_eq!((message.as_text(), message.to_string()), (Some("hello"), owned.clone()));
        let text: Text = message.into_text().unwrap();
        assert_eq!(String::from(text), owned);
    }
    let text = Text::try_from(b"hello".to_vec()).unwrap();
    assert_eq!(text, "hello");
    assert!(Text::try_from(vec![0xff]).is_err(), "it is validated");
    let binary = Message::binary(vec![0xff; 3]);
    assert_eq!((binary.to_string(), binary.as_bytes()), ("Binary(3 bytes)".into(), &[0xff; 3][..]));
    assert_eq!(binary.clone().into_text(), Err(binary), "it is not validated");
}

#[test]
fn close_code_of_a_number_is_checked() {
    assert_eq!(CloseCode::try_from(1001), Ok(CloseCode::GOING_AWAY));
    for code in [0, 1005, 1006, 1015, 2999, 5000] {
        let error = CloseCode::try_from(code).unwrap_err();
        assert_eq!(error, InvalidCloseCode(code));
        assert!(error.to_string().starts_with(&format!("{code} is no close code")));
    }
}

//! What bodies are read, and what is refused of them.

use super::*;

fn refusal(body: &str) -> Failure {
    Object::parse(body.as_bytes()).expect_err("must be refused")
}

#[test]
fn strings_are_borrowed_from_the_body() {
    let body = br#"{"op":0,"news":"hello","escaped":"a\nb"}"#;
    let object = Object::parse(body).unwrap();
    assert_eq!(object.optional_number("op"), Ok(Some(0)));
    assert_eq!(object.text("news"), Ok("hello"));
    assert_eq!(object.text("escaped"), Ok("a\nb"));
    assert!(matches!(
        object.get("news"),
        Some(Value::Text(Cow::Borrowed(_)))
    ));
}

#[test]
fn a_duplicate_key_is_refused_at_any_depth_and_among_many() {
    let dup = |key: &str| Failure::DuplicateKey(key.into());
    assert_eq!(refusal(r#"{"op":0,"op":1}"#), dup("op"));
    assert_eq!(refusal(r#"{"op":0,"args":{"a":1,"\u0061":2}}"#), dup("a"));
    assert_eq!(refusal(r#"{"x":[{"a":1,"a":1}]}"#), dup("a"));
    let many: Vec<String> = (0..500).map(|i| format!("\"k{i}\":0")).collect();
    let body = format!("{{{},\"k250\":1}}", many.join(","));
    assert_eq!(refusal(&body), dup("k250"));
}

#[test]
fn a_depth_bomb_is_refused() {
    let bomb = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(Object::parse(bomb(DEPTH_MAX - 1).as_bytes()).is_ok());
    assert_eq!(refusal(&bomb(DEPTH_MAX)), Failure::TooDeep);
    assert_eq!(refusal(&"[".repeat(60_000)), Failure::TooDeep);
}

#[test]
fn what_is_not_one_json_object_is_told_apart() {
    assert_eq!(refusal("[1]"), Failure::NotAnObject);
    assert_eq!(refusal("7"), Failure::NotAnObject);
    for body in [
        "",
        "{",
        "{\"op\":0",
        "{\"op\":0}{}",
        "{'op':0}",
        "{\"op\":00}",
        "{\"op\":0,}",
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\udc00x"}"#,
        "{\"a\":\"\n\"}",
        "{\"op\":NaN}",
    ] {
        assert_eq!(refusal(body), Failure::MalformedJson, "{body:?}");
    }
    assert_eq!(
        Object::parse(b"{\"a\":\"\xff\"}"),
        Err(Failure::InvalidUtf8)
    );
}

#[test]
fn sizes_come_as_strings_or_numbers() {
    let object =
        Object::parse(br#"{"a":"007","b":7,"c":"-7","d":"7.0","e":"","f":"99999999999999999999"}"#)
            .unwrap();
    assert_eq!(object.size("a"), Ok(7));
    assert_eq!(object.size("b"), Ok(7));
    for key in ["c", "d", "e", "f"] {
        assert_eq!(object.size(key), Err(Failure::MistypedKey(key)));
    }
    assert_eq!(object.size("g"), Err(Failure::MissingKey("g")));
}

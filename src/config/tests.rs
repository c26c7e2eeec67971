//! The shipped file, the environment, and errors that name what is wrong.

use super::*;

const SHIPPED: &str = include_str!("../../config.yaml");

fn parse(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let environment = environment
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Config::parse(text, Path::new("config.yaml"), environment).map_err(|why| why.to_string())
}

fn keys_of(tree: &Value, path: &str, keys: &mut Vec<String>) {
    match tree {
        Value::Object(map) => {
            for (key, value) in map {
                keys_of(value, &format!("{path}{key}."), keys);
            }
        }
        _ => keys.push(path.trim_end_matches('.').to_owned()),
    }
}

#[test]
fn the_shipped_file_says_what_the_defaults_are() {
    let shipped = parse(SHIPPED, &[]).unwrap();
    assert_eq!(shipped, Config::default());
    assert_eq!(shipped.check().map_err(|why| why.to_string()), Ok(()));
    assert_eq!(parse("# nothing\n", &[]).unwrap(), Config::default());
}

#[test]
fn every_key_stands_in_the_shipped_file() {
    // Debug output names every field of every section: each must be a key.
    let tree: Value = serde_saphyr::from_str(SHIPPED).unwrap();
    let mut keys = Vec::new();
    keys_of(&tree, "", &mut keys);
    let last = |key: &String| key.rsplit('.').next().unwrap_or_default().to_owned();
    let known: Vec<String> = keys.iter().map(last).collect();
    let sections: Vec<&str> = tree
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let debug = format!("{:?}", Config::default());
    let fields = debug
        .split([' ', '{', ','])
        .filter_map(|word| word.strip_suffix(':'));
    for field in fields {
        let is_key = known.iter().any(|key| key == field) || sections.contains(&field);
        assert!(
            is_key || ["webhook", "smtp"].contains(&field),
            "config.yaml lacks {field}"
        );
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let why = parse("language: en\nlimits:\n  mesages_burst: 3\n", &[]).unwrap_err();
    assert!(
        why.contains("mesages_burst") && why.contains("line 3"),
        "{why}"
    );
    let why = parse("listen:\n  auth: nowhere\n", &[]).unwrap_err();
    assert!(why.contains("line 2"), "{why}");
}

#[test]
fn an_error_does_not_show_the_lines_around_it() {
    for text in [
        "delivery:\n  smtp:\n    password: geheim\n    prt: 1\n",
        "delivery:\n  smtp: {password: [geheim]}\n",
        "delivery:\n  smtp:\n    password: geheim\n   port: 1\n",
    ] {
        let why = parse(text, &[]).unwrap_err();
        assert!(!why.contains("geheim"), "{why}");
    }
}

#[test]
fn the_environment_lies_over_the_file() {
    let text = "limits:\n  messages_burst: 3\n";
    let config = parse(
        text,
        &[
            ("QUNLIAO_LISTEN__AUTH", "127.0.0.1:0"),
            ("QUNLIAO_LIMITS__MESSAGES_PER_SECOND", "7"),
            (
                "QUNLIAO_REGISTRATION__PHONE_PREFIXES",
                "[\"+86\", \"+852\"]",
            ),
            ("QUNLIAO_DELIVERY__SMTP__PASSWORD", "123456"),
            ("QUNLIAO_DELIVERY__SMTP__PASSWORD_FILE", "/run/secret"),
            ("HOME", "/"),
        ],
    )
    .unwrap();
    assert_eq!(config.listen.auth.port(), 0);
    assert_eq!(config.limits.messages_per_second, 7);
    assert_eq!(config.limits.messages_burst, 3);
    assert_eq!(config.registration.phone_prefixes, ["+86", "+852"]);
    assert_eq!(config.delivery.smtp.password.0, "123456");
    assert_eq!(
        config.delivery.smtp.password_file.as_deref(),
        Some(Path::new("/run/secret"))
    );
}

#[test]
fn a_wrong_variable_is_named_and_its_value_is_not() {
    let why = parse("", &[("QUNLIAO_LISTEN__AUHT", "1")]).unwrap_err();
    assert!(
        why.contains("QUNLIAO_LISTEN__AUHT") && why.contains("auht"),
        "{why}"
    );
    let why = parse("", &[("QUNLIAO_LIMITS__MESSAGES_BURST", "geheim")]).unwrap_err();
    assert!(
        why.contains("MESSAGES_BURST") && !why.contains("geheim"),
        "{why}"
    );
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    for (text, key) in [
        ("listen: {chat: \"0.0.0.0:7002\"}", "delivery"),
        (
            "limits: {message_bytes_max: 65536}",
            "limits.message_bytes_max",
        ),
        ("limits: {transfers_max: 0}", "limits.transfers_max"),
        ("listen: {chat: \"127.0.0.1:7001\"}", "listen"),
        (
            "registration: {phone_prefixes: [\"86\"]}",
            "registration.phone_prefixes",
        ),
        (
            "limits: {idle_timeout_seconds: 99999999}",
            "limits.idle_timeout_seconds",
        ),
        (
            "registration: {phone_region: XX}",
            "registration.phone_region",
        ),
        ("delivery: {mail: smtp}", "delivery.smtp"),
        (
            "delivery: {sms: webhook, webhook: {url: \"http://example.org/\", secret: s}}",
            "delivery.webhook",
        ),
        (
            "protocol: {register_reply_op: 3}",
            "protocol.register_reply_op",
        ),
    ] {
        let why = parse(text, &[]).unwrap().check().unwrap_err().to_string();
        assert!(why.starts_with(key), "{text}: {why}");
    }
    let allowed = "listen: {chat: \"0.0.0.0:7002\"}\ndelivery: {outbox_on_network: true}";
    assert!(parse(allowed, &[]).unwrap().check().is_ok());
}

//! The shipped file, the environment, and errors that name what is wrong.

use super::*;
use std::collections::HashSet;

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
    let known: HashSet<&str> = keys.iter().flat_map(|key| key.split('.')).collect();
    let debug = format!("{:?}", Config::default());
    let fields = debug
        .split([' ', '{', ','])
        .filter_map(|word| word.strip_suffix(':'));
    for field in fields {
        assert!(known.contains(field), "config.yaml lacks {field}");
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
fn an_error_says_which_key_is_what_and_should_be_what() {
    for (text, said) in [
        (
            "language: en\ncodes:\n  gap_seconds: soon\n",
            "config.yaml: line 3: codes.gap_seconds is \"soon\", and must be a whole number, 0 or more",
        ),
        (
            "limits: {messages_burst: -3}",
            "config.yaml: line 1: limits.messages_burst is -3, and must be a whole number, 0 or more",
        ),
        (
            "language: fr\n",
            "config.yaml: line 1: language is \"fr\", and must be zh or en",
        ),
        (
            "listen:\n  auth: nowhere\n",
            "config.yaml: line 2: listen.auth is \"nowhere\", and must be an address and a port, such as 127.0.0.1:7001",
        ),
        (
            "registration: {approval: maybe}",
            "config.yaml: line 1: registration.approval is \"maybe\", and must be true or false",
        ),
        (
            "codes: many",
            "config.yaml: line 1: codes is \"many\", and must be a section with keys",
        ),
        (
            "delivery: {smtp: {port: geheim}}",
            "config.yaml: line 1: delivery.smtp.port must be a whole number, 0 or more",
        ),
        (
            "data_dir: \"\"",
            "data_dir: must be a folder, such as data or /var/lib/qunliao, and is empty",
        ),
    ] {
        assert_eq!(parse(text, &[]).unwrap_err(), said);
    }
    let why = parse("", &[("QUNLIAO_DATA_DIR", "")]).unwrap_err();
    assert!(why.starts_with("data_dir: must be a folder"), "{why}");
    let why = parse("", &[("QUNLIAO_CODES__GAP_SECONDS", "soon")]).unwrap_err();
    let said = "the environment variable QUNLIAO_CODES__GAP_SECONDS: \
        codes.gap_seconds must be a whole number, 0 or more";
    assert_eq!(why, said);
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
        ("registration: {setup_hours: 0}", "registration.setup_hours"),
        (
            "registration: {invite_hours: 8785}",
            "registration.invite_hours",
        ),
        (
            "registration: {reset_link_hours: 0}",
            "registration.reset_link_hours",
        ),
        ("web: {public_url: chat.example.org}", "web.public_url"),
        ("tls: {cert_file: cert.pem}", "tls: cert_file and key_file"),
        ("tls: {cert_file: no.pem, key_file: no.pem}", "tls: no.pem"),
        ("tls: {names: [no name]}", "tls.names"),
        ("delivery: {mail: smtp}", "delivery.smtp"),
        ("delivery: {sms: none}", "delivery.sms"),
        (
            "{registration: {verify: email}, delivery: {mail: none}}",
            "delivery.mail",
        ),
        ("delivery: {rest_seconds: 0}", "delivery.rest_seconds"),
        (
            "delivery: {failures_until_rest: 0}",
            "delivery.failures_until_rest",
        ),
        ("delivery: {sms: [outbox, aliyun]}", "delivery.aliyun"),
        ("delivery: {sms: tencent}", "delivery.tencent"),
        (
            "delivery: {sms: aliyun, aliyun: {access_key_id: i, access_key_secret: s, sign_name: 群聊, variables: [minutes]}}",
            "delivery.aliyun: variables must have code among them",
        ),
        ("delivery: {sms: yunxin}", "delivery.yunxin"),
        ("delivery: {sms: twilio}", "delivery.twilio"),
        (
            "delivery: {sms: twilio, twilio: {account_sid: AC1, auth_token: t, from: \"+1\", messaging_service_sid: MG1}}",
            "delivery.twilio: give either from or messaging_service_sid",
        ),
        (
            "delivery: {sms: kannel, kannel: {username: u, password: p, url: \"http://10.0.0.1/\"}}",
            "delivery.kannel: 10.0.0.1 is not this machine",
        ),
        (
            "delivery: {sms: yunxin, yunxin: {app_key: k, app_secret: s, templates: {register: {en: 1}}}}",
            "delivery.yunxin.templates: register.zh is missing",
        ),
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

#[test]
fn ways_to_phones_are_a_word_or_a_list_of_words() {
    use delivery::SmsDriver::{Aliyun, Outbox, Webhook};
    for (text, ways) in [
        ("", vec![Outbox]),
        ("delivery: {sms: webhook}", vec![Webhook]),
        ("delivery: {sms: [aliyun, webhook]}", vec![Aliyun, Webhook]),
        ("delivery: {sms: none}", vec![]),
        ("delivery: {sms: []}", vec![]),
    ] {
        assert_eq!(parse(text, &[]).unwrap().delivery.sms.0, ways, "{text}");
    }
    let listed = parse("", &[("QUNLIAO_DELIVERY__SMS", "[aliyun, webhook]")]);
    assert_eq!(listed.unwrap().delivery.sms.0, [Aliyun, Webhook]);
    for text in [
        "delivery:\n  sms: aliyn\n",
        "delivery:\n  sms: [aliyn]\n",
        "delivery:\n  sms: [aliyun, aliyun]\n",
        "delivery:\n  sms: [aliyun, none]\n",
        "delivery:\n  sms: {aliyun: 1}\n",
        "delivery:\n  sms: 7\n",
    ] {
        let why = parse(text, &[]).unwrap_err();
        assert!(why.contains("line 2"), "{text}: {why}");
    }
    let why = parse("", &[("QUNLIAO_DELIVERY__SMS", "aliyn")]).unwrap_err();
    assert!(why.contains("QUNLIAO_DELIVERY__SMS"), "{why}");
}

#[test]
fn a_provider_with_all_that_it_needs_is_in_order() {
    for text in [
        "delivery: {sms: aliyun, aliyun: {access_key_id: i, access_key_secret: s, sign_name: 群聊, templates: {register: {zh: SMS_1}}}}",
        "delivery: {sms: tencent, tencent: {secret_id: i, secret_key: s, sdk_app_id: 1400006666, sign_name: 群聊, variables: [code, minutes], templates: {register: {zh: 1110}}}}",
        "delivery: {sms: yunxin, yunxin: {app_key: k, app_secret: s, templates: {register: {zh: 3057527}}}}",
        "delivery: {sms: twilio, twilio: {account_sid: AC1, auth_token: t, from: \"+15005550006\"}}",
        "delivery: {sms: kannel, kannel: {username: u, password: p, plain: true, url: \"http://10.0.0.1/\"}}",
        "{registration: {verify: email}, delivery: {sms: none}}",
    ] {
        let config = parse(text, &[]).unwrap();
        let verdict = config.check().map_err(|why| why.to_string());
        assert_eq!(verdict, Ok(()), "{text}");
        for driver in &config.delivery.sms.0 {
            assert!(config.sms_gateway(*driver).unwrap().is_some(), "{text}");
        }
    }
    // A number that begins with a plus needs its quotes.
    let why = parse("delivery:\n  twilio:\n    from: +15005550006\n", &[]);
    let from = why.map(|config| config.delivery.twilio.from);
    assert_ne!(from.as_deref(), Ok("15005550006"));
}

#[test]
fn a_file_with_a_secret_is_not_for_everyone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "geheim\n").unwrap();
    let shown = path.display();
    let text = format!(
        "delivery: {{sms: twilio, twilio: {{account_sid: AC1, from: x, auth_token_file: '{shown}'}}}}"
    );
    let config = parse(&text, &[]).unwrap();
    for (mode, is_fine) in [(0o600, true), (0o640, true), (0o644, false), (0o602, false)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        match config.check() {
            Ok(()) => assert!(is_fine, "{mode:o}"),
            Err(why) => {
                let why = why.to_string();
                assert!(
                    !is_fine && why.starts_with("delivery.twilio.auth_token: "),
                    "{why}"
                );
                assert!(!why.contains("geheim"), "{why}");
            }
        }
    }
}

#[test]
fn off_is_a_word_wherever_it_is_said() {
    let off = |config: Result<Config, String>| config.unwrap().tls.mode == TlsMode::Off;
    assert!(off(parse("tls: {mode: off}", &[])));
    assert!(off(parse("", &[("QUNLIAO_TLS__MODE", "off")])));
    assert!(parse("tls: {mode: no}", &[]).is_err());
}

#[test]
fn networks_are_read_from_either_place() {
    let networks = |config: Config| format!("{:?}", config.tls.plain_from.0);
    let file = parse("tls: {plain_from: [10.0.0.0/8, \"::1\"]}", &[]).unwrap();
    assert_eq!(networks(file), "[10.0.0.0/8, ::1/128]");
    let variable = ("QUNLIAO_TLS__PLAIN_FROM", "[192.168.1.0/24]");
    assert_eq!(
        networks(parse("", &[variable]).unwrap()),
        "[192.168.1.0/24]"
    );
    let why = parse("proxies: {trusted: [10.0.0.1/8]}", &[]).unwrap_err();
    assert!(
        why.contains("line 1") && why.contains("beyond its prefix"),
        "{why}"
    );
}

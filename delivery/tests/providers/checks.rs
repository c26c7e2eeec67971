//! What each provider checks of a request, written from its documentation and apart
//! from our drivers: who sent it, and what it asks for.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cast::{ACCOUNT, NUMBER, SECRET};
use crate::endpoint::{Request, hmac_sha256};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is after 1970").as_secs()
}

/// Names and values of `a=1&b=2`, decoded.
fn pairs(form: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'%' => {
                    let digits = [rest.next().expect("a digit"), rest.next().expect("a digit")];
                    let digits = std::str::from_utf8(&digits).expect("ASCII");
                    u8::from_str_radix(digits, 16).expect("hexadecimal")
                }
                b'+' => b' ',
                byte => byte,
            });
        }
        String::from_utf8(bytes).expect("UTF-8")
    };
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').expect("a pair");
        (decoded(name), decoded(value))
    };
    form.split('&').map(pair).collect()
}

fn value(pairs: &[(String, String)], name: &str) -> String {
    let mut found = pairs.iter().filter(|(key, _)| key == name);
    let (_, value) = found.next().unwrap_or_else(|| panic!("no {name}"));
    assert!(found.next().is_none(), "{name} twice");
    value.clone()
}

/// Method, path and query of a request's first line.
fn parts(request: &Request) -> (&str, &str, &str) {
    let mut words = request.line.split(' ');
    let (method, target) = (words.next(), words.next().expect("a target"));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    (method.expect("a method"), path, query)
}

/// The part of an `Authorization` header that `name` stands before.
fn part_of<'a>(authorization: &'a str, name: &str) -> &'a str {
    let (_, rest) = authorization.split_once(name).expect("the part");
    rest.split([',', ' ']).next().expect("a value")
}

/// Signature V3 of Aliyun, over the headers that it names.
pub(crate) fn aliyun(request: &Request) -> bool {
    let (method, path, query) = parts(request);
    let asked = pairs(query);
    assert_eq!((method, path), ("POST", "/"));
    assert_eq!(request.header("x-acs-action"), "SendSms");
    assert_eq!(request.header("x-acs-version"), "2017-05-25");
    assert_eq!(value(&asked, "PhoneNumbers"), NUMBER[3..]);
    assert_eq!(value(&asked, "SignName"), "群聊");
    assert_eq!(value(&asked, "TemplateCode"), "101");
    assert_eq!(value(&asked, "TemplateParam"), r#"{"code":"482913"}"#);
    assert_eq!(value(&asked, "OutId"), "r-1");
    assert_eq!(request.header("x-acs-signature-nonce").len(), 32);
    assert_eq!(
        request.header("x-acs-content-sha256"),
        sha256(request.text())
    );
    // 2023-10-26T10:22:32Z: the day is checked with the signatures of others.
    assert_eq!(request.header("x-acs-date").len(), 20);

    let authorization = request.header("authorization");
    assert!(authorization.starts_with("ACS3-HMAC-SHA256 "));
    assert_eq!(part_of(authorization, "Credential="), ACCOUNT);
    let names = part_of(authorization, "SignedHeaders=");
    let needed = [
        "host",
        "x-acs-action",
        "x-acs-content-sha256",
        "x-acs-date",
        "x-acs-signature-nonce",
        "x-acs-version",
    ];
    assert_eq!(names.split(';').collect::<Vec<_>>(), needed);
    let mut sorted: Vec<&str> = query.split('&').collect();
    sorted.sort_unstable();
    let headers = needed.map(|name| format!("{name}:{}\n", request.header(name)));
    let canonical = format!(
        "{method}\n{path}\n{}\n{}\n{names}\n{}",
        sorted.join("&"),
        headers.concat(),
        sha256(request.text())
    );
    let signed = format!("ACS3-HMAC-SHA256\n{}", sha256(&canonical));
    let signature = hex(&hmac_sha256(SECRET.as_bytes(), signed.as_bytes()));
    part_of(authorization, "Signature=") == signature
}

/// Tencent Cloud's TC3, for the day that its header names.
pub(crate) fn tencent(request: &Request) -> bool {
    assert_eq!(parts(request), ("POST", "/", ""));
    assert_eq!(request.header("x-tc-action"), "SendSms");
    assert_eq!(request.header("x-tc-version"), "2021-01-11");
    assert_eq!(request.header("x-tc-region"), "ap-guangzhou");
    assert_eq!(
        request.json(),
        json!({
            "PhoneNumberSet": [NUMBER],
            "SmsSdkAppId": "1400006666",
            "SignName": "群聊",
            "TemplateId": "101",
            "TemplateParamSet": ["482913", "5"],
            "SessionContext": "r-1",
        })
    );
    let time = request.header("x-tc-timestamp");
    assert!(now().abs_diff(time.parse().expect("seconds")) < 300);

    let authorization = request.header("authorization");
    assert!(authorization.starts_with("TC3-HMAC-SHA256 "));
    let credential = part_of(authorization, "Credential=");
    let (account, scope) = credential.split_once('/').expect("a scope");
    assert_eq!(account, ACCOUNT);
    let day = scope.split('/').next().expect("a day");
    assert_eq!(scope, format!("{day}/sms/tc3_request"));
    assert_eq!(
        part_of(authorization, "SignedHeaders="),
        "content-type;host"
    );
    let canonical = format!(
        "POST\n/\n\ncontent-type:{}\nhost:{}\n\ncontent-type;host\n{}",
        request.header("content-type"),
        request.header("host"),
        sha256(request.text())
    );
    let signed = format!("TC3-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(&canonical));
    let key = hmac_sha256(format!("TC3{SECRET}").as_bytes(), day.as_bytes());
    let key = hmac_sha256(&hmac_sha256(&key, b"sms"), b"tc3_request");
    part_of(authorization, "Signature=") == hex(&hmac_sha256(&key, signed.as_bytes()))
}

/// Yunxin's check sum.
pub(crate) fn yunxin(request: &Request) -> bool {
    assert_eq!(parts(request), ("POST", "/sms/sendcode.action", ""));
    let asked = pairs(request.text());
    assert_eq!(value(&asked, "mobile"), NUMBER[3..]);
    assert_eq!(value(&asked, "templateid"), "101");
    assert_eq!(value(&asked, "authCode"), "482913");
    assert_eq!(request.header("appkey"), ACCOUNT);
    let (nonce, time) = (request.header("nonce"), request.header("curtime"));
    assert!(now().abs_diff(time.parse().expect("seconds")) < 300);
    assert!((1..=128).contains(&nonce.len()));
    let sum = sha1::Sha1::digest(format!("{SECRET}{nonce}{time}"));
    request.header("checksum") == hex(&sum)
}

/// Twilio's basic authentication. The token is `open sesame` in base 64, by hand.
pub(crate) fn twilio(request: &Request) -> bool {
    let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
    assert_eq!(parts(request), ("POST", path.as_str(), ""));
    let asked = pairs(request.text());
    assert_eq!(value(&asked, "To"), NUMBER);
    assert_eq!(value(&asked, "From"), "+15005550006");
    assert!(value(&asked, "Body").contains("482913"));
    // printf 'ACexample:open sesame' | base64
    request.header("authorization") == "Basic QUNleGFtcGxlOm9wZW4gc2VzYW1l"
}

/// Kannel's name and password.
pub(crate) fn kannel(request: &Request) -> bool {
    let (method, path, query) = parts(request);
    assert_eq!((method, path), ("GET", "/cgi-bin/sendsms"));
    let asked = pairs(query);
    assert_eq!(value(&asked, "to"), NUMBER);
    assert_eq!(value(&asked, "from"), "10690000");
    assert_eq!(value(&asked, "coding"), "2");
    assert_eq!(value(&asked, "charset"), "UTF-8");
    assert!(value(&asked, "text").contains("验证码：482913"));
    value(&asked, "username") == ACCOUNT && value(&asked, "password") == SECRET
}

/// Whether a JSON text is one, for those that answer with it.
pub(crate) fn is_json(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok()
}

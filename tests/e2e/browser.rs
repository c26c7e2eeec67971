//! A browser by hand: one request a connection, as bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::harness::PATIENCE;

/// What the server answers.
pub(crate) struct Page {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Page {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let (_, value) = lines.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// Whether a text stands in it, as a reader sees it.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.body.contains(text)
    }
}

/// Fetches a page.
pub(crate) fn get(web: SocketAddr, path: &str) -> Page {
    let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    exchange(web, head.as_bytes())
}

/// Sends a form.
pub(crate) fn post(web: SocketAddr, path: &str, fields: &[(&str, &str)]) -> Page {
    let pairs = fields.iter();
    let pairs = pairs.map(|(name, value)| format!("{name}={}", encoded(value)));
    let body = pairs.collect::<Vec<_>>().join("&");
    post_body(
        web,
        path,
        "application/x-www-form-urlencoded",
        body.as_bytes(),
    )
}

/// Sends anything at all.
pub(crate) fn post_body(web: SocketAddr, path: &str, media_type: &str, body: &[u8]) -> Page {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    exchange(web, &[head.as_bytes(), body].concat())
}

/// Sends a request and reads the answer to its end.
pub(crate) fn exchange(web: SocketAddr, request: &[u8]) -> Page {
    let mut socket = TcpStream::connect(web).expect("the web port listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
    socket.write_all(request).expect("it reads");
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).expect("an answer");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).expect("a status line");
    Page {
        status: status.parse().expect("a number"),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// As a browser writes a value of a form.
fn encoded(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

//! An HTTP endpoint of an operator's, with the standard library alone. It
//! answers as it is told to, one reply a connection in the order of their
//! coming, and checks signatures with an HMAC of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sha2::{Digest, Sha256};

/// How a connection is answered.
pub(crate) enum Reply {
    /// With this status and an empty body.
    Status(u16),
    /// With this status and body.
    Body(u16, String),
    /// With this status and the beginning of a body, and the connection's end.
    Cut(u16, String),
    /// As `Body`, when it is told to.
    Later(Receiver<()>, u16, String),
    /// With this status and a place to go to.
    Redirect(u16, String),
    /// With these bytes, and the connection's end.
    Raw(String),
    /// Not at all, until the other side gives up.
    Hang,
}

/// What was asked.
pub(crate) struct Request {
    /// The first line.
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A listening endpoint.
pub(crate) struct Endpoint {
    /// Where it listens, on 127.0.0.1.
    pub(crate) port: u16,
    requests: Receiver<Request>,
    /// Replies that no connection has fetched yet.
    left: Arc<AtomicUsize>,
    acceptor: JoinHandle<()>,
}

impl Endpoint {
    /// Listens, and answers as many connections as there are replies.
    pub(crate) fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let (tell, requests) = channel();
        let left = Arc::new(AtomicUsize::new(replies.len()));
        let still_left = Arc::clone(&left);
        let acceptor = thread::spawn(move || {
            let mut conversations = Vec::new();
            for reply in replies {
                let (stream, _) = listener.accept().expect("a connection");
                still_left.fetch_sub(1, Ordering::SeqCst);
                let tell = tell.clone();
                conversations.push(thread::spawn(move || converse(&stream, &reply, &tell)));
            }
            for conversation in conversations {
                conversation.join().expect("a conversation");
            }
        });
        Self {
            port,
            requests,
            left,
            acceptor,
        }
    }

    /// Waits for the next request.
    pub(crate) fn next_request(&self) -> Request {
        self.requests
            .recv_timeout(Duration::from_secs(30))
            .expect("a request")
    }

    /// Ends the listening, and answers with every request that came whole.
    pub(crate) fn requests(self) -> Vec<Request> {
        // Replies that nobody fetched are used up with empty connections. No more of
        // them: they could reach who has the port next.
        for _ in 0..self.left.load(Ordering::SeqCst) {
            drop(TcpStream::connect(("127.0.0.1", self.port)));
        }
        self.acceptor.join().expect("the endpoint");
        self.requests.iter().collect()
    }
}

impl Request {
    /// The one header of this (lower-case) name.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(key, _)| key == name);
        let (_, value) = values.next().unwrap_or_else(|| panic!("no {name}"));
        assert!(values.next().is_none(), "{name} twice");
        value
    }

    /// The body, as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    /// The body, parsed.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Panics unless whoever sent this knows `secret`.
    pub(crate) fn check_signature(&self, secret: &str) {
        assert!(self.is_signed_with(secret), "a bad signature");
    }

    /// Whether whoever sent this knows `secret`.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let mut signed = self.header("x-qunliao-time").as_bytes().to_vec();
        signed.push(b'.');
        signed.extend_from_slice(&self.body);
        let hex: String = hmac_sha256(secret.as_bytes(), &signed)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self.header("x-qunliao-signature") == format!("sha256={hex}")
    }
}

fn converse(stream: &TcpStream, reply: &Reply, tell: &Sender<Request>) {
    let Some(request) = read_request(stream) else {
        return;
    };
    // Nobody may be listening for requests any more.
    let _ = tell.send(request);
    let whole = |status: u16, body: &str| {
        let length = body.len();
        format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    let answer = match reply {
        Reply::Status(status) => whole(*status, ""),
        Reply::Body(status, body) => whole(*status, body),
        Reply::Cut(status, body) => {
            let length = body.len() + 100;
            format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}")
        }
        Reply::Later(signal, status, body) => {
            // The test may have gone, too.
            let _ = signal.recv();
            whole(*status, body)
        }
        Reply::Redirect(status, to) => {
            format!("HTTP/1.1 {status} X\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
        }
        Reply::Raw(bytes) => bytes.clone(),
        Reply::Hang => {
            // Reads until the other side closes.
            let _ = (&mut &*stream).read_to_end(&mut Vec::new());
            return;
        }
    };
    // The other side may have gone.
    let _ = (&mut &*stream).write_all(answer.as_bytes());
}

/// The request, unless what comes is none.
fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut next_line = || {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok()?;
        let line = String::from_utf8(line).ok()?;
        line.strip_suffix("\r\n").map(str::to_owned)
    };
    let line = next_line()?;
    let mut headers = Vec::new();
    loop {
        let header = next_line()?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(Some(0), |(_, length)| length.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        line,
        headers,
        body,
    })
}

/// HMAC-SHA256 as RFC 2104 writes it down, for keys of up to 64 bytes.
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}

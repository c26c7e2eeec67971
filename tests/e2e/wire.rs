//! The wire by hand: headers and JSON over a plain socket, written from the
//! protocol's description and not from its implementation.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use serde_json::Value;

use crate::harness::PATIENCE;

/// The two headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// 15 bytes of ASCII decimal, padded with spaces on the right.
    Text,
    /// 4 bytes, big-endian.
    Binary,
}

pub(crate) const HEADERS: [Header; 2] = [Header::Text, Header::Binary];

impl Header {
    /// A whole frame.
    pub(crate) fn frame(self, body: &[u8]) -> Vec<u8> {
        let mut frame = self.bytes(body.len() as u64);
        frame.extend_from_slice(body);
        frame
    }

    /// The header alone.
    pub(crate) fn bytes(self, length: u64) -> Vec<u8> {
        match self {
            Self::Text => format!("{length:<15}").into_bytes(),
            Self::Binary => u32::try_from(length)
                .expect("32 bits")
                .to_be_bytes()
                .to_vec(),
        }
    }

    fn size(self) -> usize {
        match self {
            Self::Text => 15,
            Self::Binary => 4,
        }
    }

    fn length(self, header: &[u8]) -> usize {
        match self {
            Self::Text => {
                let text = std::str::from_utf8(header).expect("ASCII");
                let digits = text.trim_end_matches(' ');
                assert!(digits.bytes().all(|b| b.is_ascii_digit()), "{text:?}");
                digits.parse().expect("a number")
            }
            Self::Binary => u32::from_be_bytes(header.try_into().expect("four bytes")) as usize,
        }
    }
}

/// A connection.
pub(crate) struct Wire {
    stream: TcpStream,
    header: Header,
}

impl Wire {
    pub(crate) fn open(address: SocketAddr, header: Header) -> Self {
        Self::try_open(address, header).expect("the server listens")
    }

    /// A connection, unless nobody listens.
    pub(crate) fn try_open(address: SocketAddr, header: Header) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        Some(Self { stream, header })
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends one frame.
    pub(crate) fn send(&mut self, body: &Value) {
        self.send_body(body.to_string().as_bytes());
    }

    /// Sends one frame that holds these bytes.
    pub(crate) fn send_body(&mut self, body: &[u8]) {
        let frame = self.header.frame(body);
        self.send_bytes(&frame);
    }

    /// Sends one frame, unless the server is gone.
    pub(crate) fn try_send(&mut self, body: &Value) -> io::Result<()> {
        self.stream
            .write_all(&self.header.frame(body.to_string().as_bytes()))
    }

    /// Sends these bytes, unless the server is gone.
    pub(crate) fn try_send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends these bytes, and nothing around them.
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// Shuts our side.
    pub(crate) fn shut(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("it is open");
    }

    /// The next frame.
    pub(crate) fn receive(&mut self) -> Value {
        let body = self.try_receive().expect("a frame");
        body.expect("a frame, not the end of the connection")
    }

    /// The next frame, `None` at the end, or what went wrong.
    pub(crate) fn try_receive(&mut self) -> io::Result<Option<Value>> {
        let mut header = vec![0; self.header.size()];
        if self.stream.read(&mut header[..1])? == 0 {
            return Ok(None);
        }
        self.stream.read_exact(&mut header[1..])?;
        let mut body = vec![0; self.header.length(&header)];
        self.stream.read_exact(&mut body)?;
        Ok(Some(serde_json::from_slice(&body).expect("JSON")))
    }

    /// Raw bytes.
    pub(crate) fn read_bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).expect("so many bytes");
        bytes
    }

    /// The server closes now, with nothing more to say, and cleanly.
    pub(crate) fn expect_end(&mut self) {
        let more = self.try_receive().expect("an end, not a reset");
        assert_eq!(more, None, "after the last frame");
    }

    /// Sends a frame and receives one.
    pub(crate) fn ask(&mut self, body: &Value) -> Value {
        self.send(body);
        self.receive()
    }
}

/// Asks on a connection of its own.
pub(crate) fn ask(address: SocketAddr, body: &Value) -> Value {
    Wire::open(address, Header::Text).ask(body)
}

/// `GET path` over HTTP: the status and the body.
pub(crate) fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.expect("a status"), body.to_owned())
}

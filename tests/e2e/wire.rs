//! The wire by hand: headers and JSON over a plain socket, written from the
//! protocol's description and not from its implementation.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};

use serde_json::Value;
use socket2::{Domain, Socket, Type};

use crate::encrypted::{Encrypted, Trust};
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
    /// TLS over the stream, once it has begun.
    tls: Option<Box<Encrypted>>,
    header: Header,
}

impl Wire {
    pub(crate) fn open(address: SocketAddr, header: Header) -> Self {
        Self::try_open(address, header).expect("the server listens")
    }

    /// A connection, unless nobody listens.
    pub(crate) fn try_open(address: SocketAddr, header: Header) -> Option<Self> {
        Some(Self::over(TcpStream::connect(address).ok()?, header))
    }

    /// A connection from another address of this machine.
    pub(crate) fn open_from(from: IpAddr, address: SocketAddr, header: Header) -> Self {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None);
        let socket = socket.expect("a socket");
        let from = SocketAddr::new(from, 0);
        socket.bind(&from.into()).expect("an address of ours");
        socket.connect(&address.into()).expect("the server listens");
        Self::over(socket.into(), header)
    }

    /// A connection that has been made.
    pub(crate) fn over(stream: TcpStream, header: Header) -> Self {
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        Self {
            stream,
            tls: None,
            header,
        }
    }

    /// From now on within TLS.
    pub(crate) fn encrypt(self, trust: &Trust) -> Self {
        self.try_encrypt(trust).expect("a handshake")
    }

    /// From now on within TLS, unless the server does not want to.
    pub(crate) fn try_encrypt(mut self, trust: &Trust) -> io::Result<Self> {
        let beneath = self.stream.try_clone()?;
        self.tls = Some(Box::new(Encrypted::begin(beneath, trust)?));
        Ok(self)
    }

    /// The certificate that the server showed.
    pub(crate) fn certificate(&self) -> Vec<u8> {
        self.tls.as_ref().expect("it is encrypted").certificate()
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
        let frame = self.header.frame(body.to_string().as_bytes());
        self.try_send_bytes(&frame)
    }

    /// Sends these bytes, unless the server is gone.
    pub(crate) fn try_send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.tls {
            None => self.stream.write_all(bytes),
            Some(tls) => tls.write_all(bytes),
        }
    }

    /// Sends these bytes, and nothing around them.
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.try_send_bytes(bytes).expect("the server reads");
    }

    /// These bytes as records of TLS, which the caller sends.
    pub(crate) fn seal(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.tls.as_mut().expect("TLS").seal(bytes)
    }

    /// Shuts our side.
    pub(crate) fn shut(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.say_goodbye();
        }
        self.shut_rudely();
    }

    /// Shuts our side, without a goodbye of TLS.
    pub(crate) fn shut_rudely(&mut self) {
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
        if self.reader().read(&mut header[..1])? == 0 {
            return Ok(None);
        }
        self.reader().read_exact(&mut header[1..])?;
        let mut body = vec![0; self.header.length(&header)];
        self.reader().read_exact(&mut body)?;
        Ok(Some(serde_json::from_slice(&body).expect("JSON")))
    }

    fn reader(&mut self) -> &mut dyn Read {
        match &mut self.tls {
            None => &mut self.stream,
            Some(tls) => tls,
        }
    }

    /// Raw bytes.
    pub(crate) fn read_bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.reader().read_exact(&mut bytes).expect("so many bytes");
        bytes
    }

    /// The server closes now, with nothing more to say, and cleanly.
    pub(crate) fn expect_end(&mut self) {
        let more = self.try_receive().expect("an end, not a reset");
        assert_eq!(more, None, "after the last frame");
    }

    /// A request of HTTP, which closes: the head of the answer, and its body.
    pub(crate) fn ask_http(mut self, request: &str) -> (String, String) {
        self.send_bytes(request.as_bytes());
        let mut answer = String::new();
        let reader = self.reader();
        reader.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        (head.to_owned(), body.to_owned())
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
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let (head, body) = Wire::open(address, Header::Text).ask_http(&request);
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.expect("a status"), body)
}

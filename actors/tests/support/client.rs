//! A client's side of a connection: bytes and frames, nothing more.

use super::within;
use qunliao_actors::admission::ConnectionId;
use qunliao_protocol::HeaderForm;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A client.
pub(crate) struct Client {
    pub(crate) id: ConnectionId,
    pub(crate) socket: TcpStream,
    pub(crate) form: HeaderForm,
}

impl Client {
    /// Sends one frame.
    pub(crate) async fn send(&mut self, body: &Value) {
        self.send_all(&[body]).await;
    }

    /// Sends several frames at once.
    pub(crate) async fn send_all(&mut self, bodies: &[&Value]) {
        let frames = bodies.iter().map(|body| frame(self.form, body));
        let bytes: Vec<u8> = frames.flatten().collect();
        self.send_bytes(&bytes).await;
    }

    /// Sends bytes, which have to go.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        within(self.socket.write_all(bytes)).await.unwrap();
    }

    /// Shuts the client's side.
    pub(crate) async fn shut(&mut self) {
        self.socket.shutdown().await.unwrap();
    }

    /// The next frame, which has to come.
    #[track_caller]
    pub(crate) fn next(&mut self) -> impl Future<Output = Value> {
        let form = self.form;
        within(async move {
            let mut header = vec![0; form.header_bytes()];
            self.socket.read_exact(&mut header).await.unwrap();
            let length = match form {
                HeaderForm::Text => {
                    let digits = std::str::from_utf8(&header).unwrap();
                    digits.trim_end().parse().unwrap()
                }
                HeaderForm::Binary => u32::from_be_bytes(header.try_into().unwrap()) as usize,
            };
            let body = self.bytes(length).await;
            serde_json::from_slice(&body).unwrap()
        })
    }

    /// The next so many bytes, which have to come.
    pub(crate) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        within(self.socket.read_exact(&mut bytes)).await.unwrap();
        bytes
    }

    /// Waits for the server to shut its side; nothing else may come before.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> impl Future<Output = ()> {
        within(async move {
            let mut rest = Vec::new();
            self.socket.read_to_end(&mut rest).await.unwrap();
            assert_eq!(String::from_utf8_lossy(&rest), "");
        })
    }

    /// Waits for the connection to be over, be it by a reset.
    pub(crate) async fn ended(&mut self) {
        let mut rest = Vec::new();
        // What was sent too late may have been answered with a reset.
        let _ = within(self.socket.read_to_end(&mut rest)).await;
        assert_eq!(String::from_utf8_lossy(&rest), "");
    }

    /// Whether the connection still answers: to what is no JSON, so that a plain
    /// one stays plain. Whatever was due before would come first.
    pub(crate) async fn answers(&mut self) -> bool {
        let broken = [&self.form.encode(b"{")[..]].concat();
        self.send_bytes(&broken).await;
        self.next().await["error"] == "malformed_json"
    }
}

/// A frame with this body.
pub(crate) fn frame(form: HeaderForm, body: &Value) -> Vec<u8> {
    form.encode(body.to_string().as_bytes()).to_vec()
}

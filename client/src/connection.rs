//! A connection: bodies out, bodies in.

use crate::error::{ClientError, Refused};
use crate::way::Way;
use bytes::{Bytes, BytesMut};
use qunliao_protocol::frame::BODY_BYTES_LIMIT;
use qunliao_protocol::{Decoder, HeaderForm};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt, WriteHalf};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

/// Longest reply that is accepted, in bytes; the server sends at most 1 MiB.
const REPLY_BYTES_MAX: usize = 2 << 20;

/// A socket, or TLS over one.
type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// One TCP connection to one of the server's ports.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    form: HeaderForm,
    decoder: Decoder,
    inbound: BytesMut,
}

impl Connection {
    /// Connects, to speak in this way.
    ///
    /// # Errors
    /// [`ClientError::Io`], [`ClientError::Tls`].
    pub async fn open(
        address: impl ToSocketAddrs,
        way: impl Into<Way>,
    ) -> Result<Self, ClientError> {
        let Way { form, tls } = way.into();
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let stream = match tls {
            None => Either::Left(socket),
            Some(tls) => Either::Right(tls.connect(socket).await?),
        };
        Ok(Self {
            stream,
            form,
            decoder: Decoder::new(REPLY_BYTES_MAX),
            inbound: BytesMut::new(),
        })
    }

    /// The form of this connection's headers.
    #[must_use]
    pub fn form(&self) -> HeaderForm {
        self.form
    }

    /// Sends one body. Dropped half-way, it leaves the connection unusable.
    ///
    /// # Errors
    /// [`ClientError::Io`], [`ClientError::RequestTooLarge`].
    pub async fn send(&mut self, body: &impl Serialize) -> Result<(), ClientError> {
        let frame = frame(self.form, body)?;
        self.send_bytes(&frame).await
    }

    /// Sends bytes as they are: a file's, after the frame that announced them.
    ///
    /// # Errors
    /// [`ClientError::Io`].
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        self.stream.write_all(bytes).await?;
        // TLS may keep some of it otherwise.
        Ok(self.stream.flush().await?)
    }

    /// The next body, or `None` once the server has closed. Dropped half-way, it
    /// loses nothing.
    ///
    /// # Errors
    /// [`ClientError::Io`], [`ClientError::Frame`]; [`ClientError::Closed`] in the
    /// middle of a frame.
    pub async fn receive(&mut self) -> Result<Option<Bytes>, ClientError> {
        receive(&mut self.stream, &mut self.decoder, &mut self.inbound).await
    }

    /// Receives the reply to the request that was sent last.
    ///
    /// # Errors
    /// As [`Connection::receive`]; [`ClientError::Refused`] where the reply is a
    /// refusal, [`ClientError::NotUnderstood`] where it is something else.
    pub async fn reply<T: DeserializeOwned>(&mut self) -> Result<T, ClientError> {
        accepted(&self.receive().await?.ok_or(ClientError::Closed)?)
    }

    /// Sends a body and receives the reply to it.
    ///
    /// # Errors
    /// As [`Connection::send`] and [`Connection::reply`].
    pub async fn request<T: DeserializeOwned>(
        &mut self,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.send(body).await?;
        self.reply().await
    }

    /// Reads raw bytes that follow a frame; at least one, at most as many as fit.
    ///
    /// # Errors
    /// [`ClientError::Io`]; [`ClientError::Closed`] when there are no more.
    pub async fn read_bytes(&mut self, into: &mut [u8]) -> Result<usize, ClientError> {
        if self.inbound.is_empty() {
            return match self.stream.read(into).await? {
                0 if !into.is_empty() => Err(ClientError::Closed),
                read => Ok(read),
            };
        }
        let read = into.len().min(self.inbound.len());
        into[..read].copy_from_slice(&self.inbound.split_to(read));
        Ok(read)
    }

    /// Sends what `push` writes to the socket, and receives one body: whichever
    /// comes first. A server that refuses answers before everything was sent.
    pub(crate) async fn push<F>(&mut self, push: F) -> Result<Bytes, ClientError>
    where
        F: AsyncFnOnce(&mut WriteHalf<&mut Stream>) -> std::io::Result<()>,
    {
        let (mut reader, mut writer) = tokio::io::split(&mut self.stream);
        let answer = receive(&mut reader, &mut self.decoder, &mut self.inbound);
        tokio::pin!(answer);
        let sent = tokio::select! {
            sent = push(&mut writer) => sent,
            answer = &mut answer => return answer?.ok_or(ClientError::Closed),
        };
        // Also after a failure to send: the reason may be waiting to be read.
        match (answer.await, sent) {
            (Ok(Some(answer)), _) => Ok(answer),
            (_, Err(why)) => Err(why.into()),
            (Ok(None), Ok(())) => Err(ClientError::Closed),
            (Err(why), Ok(())) => Err(why),
        }
    }
}

/// A frame that holds `body`.
fn frame(form: HeaderForm, body: &impl Serialize) -> Result<Bytes, ClientError> {
    let body = serde_json::to_vec(body)?;
    if body.len() >= BODY_BYTES_LIMIT {
        return Err(ClientError::RequestTooLarge(body.len()));
    }
    Ok(form.encode(&body))
}

async fn receive(
    source: &mut (impl AsyncReadExt + Unpin),
    decoder: &mut Decoder,
    inbound: &mut BytesMut,
) -> Result<Option<Bytes>, ClientError> {
    loop {
        if let Some(body) = decoder.decode(inbound)? {
            return Ok(Some(body));
        }
        if source.read_buf(inbound).await? == 0 {
            let between_frames = inbound.is_empty();
            return if between_frames {
                Ok(None)
            } else {
                Err(ClientError::Closed)
            };
        }
    }
}

/// What a reply holds, unless it is a refusal.
pub(crate) fn accepted<T: DeserializeOwned>(reply: &[u8]) -> Result<T, ClientError> {
    accepted_value(serde_json::from_slice(reply)?)
}

/// The same of a reply that has been read.
pub(crate) fn accepted_value<T: DeserializeOwned>(reply: Value) -> Result<T, ClientError> {
    match reply.get("test").and_then(Value::as_u64) {
        Some(0) => Ok(serde_json::from_value(reply)?),
        Some(_) => Err(serde_json::from_value::<Refused>(reply)?.into()),
        None => Err(ClientError::NotUnderstood("a reply without `test`".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qunliao_protocol::reply::Nothing;
    use serde_json::json;
    use tokio::net::TcpListener;

    /// A connection, and the server's end of it.
    async fn pair(form: HeaderForm) -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connection, accepted) = tokio::join!(Connection::open(address, form), async {
            listener.accept().await.unwrap().0
        });
        (connection.unwrap(), accepted)
    }

    #[tokio::test]
    async fn a_reply_that_is_dropped_half_way_loses_nothing() {
        let (mut client, mut server) = pair(HeaderForm::Text).await;
        server.write_all(b"18         ").await.unwrap();
        tokio::select! {
            biased;
            _ = client.receive() => panic!("it is not whole"),
            () = tokio::task::yield_now() => {}
        }
        server
            .write_all(b"    {\"op\":0,\"test\":0} ")
            .await
            .unwrap();
        let body = client.receive().await.unwrap().unwrap();
        assert_eq!(&body[..], b"{\"op\":0,\"test\":0} ".as_slice());
    }

    #[tokio::test]
    async fn refusals_are_errors_and_acceptances_are_not() {
        let (mut client, mut server) = pair(HeaderForm::Binary).await;
        let replies = [
            r#"{"op":1,"test":0}"#,
            r#"{"op":1,"test":3}"#,
            r#"{"op":1}"#,
        ];
        for reply in replies {
            let frame = HeaderForm::Binary.encode(reply.as_bytes());
            server.write_all(&frame).await.unwrap();
        }
        assert!(client.request::<Nothing>(&json!({"op":1})).await.is_ok());
        let refused = client.reply::<Nothing>().await.unwrap_err();
        assert_eq!(refused.refused().map(|refused| refused.code), Some(3));
        let strange = client.reply::<Nothing>().await.unwrap_err();
        assert!(matches!(strange, ClientError::NotUnderstood(_)));
        server.shutdown().await.unwrap();
        assert!(matches!(
            client.reply::<Nothing>().await,
            Err(ClientError::Closed)
        ));
    }
}

//! How a connection comes in on the web port: through a trusted proxy or not, with
//! TLS or without.

use crate::access::Access;
use crate::proxy;
use bytes::{Buf, Bytes, BytesMut};
use qunliao_actors::connection::Security;
use rustls::ServerConfig;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

/// The first byte of a TLS handshake, and of no HTTP request.
const TLS_FIRST_BYTE: u8 = 0x16;

/// Lets connections in.
#[derive(Clone)]
pub(crate) struct Entrance {
    pub(crate) access: Access,
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// How long it may take until the first byte of HTTP can come.
    pub(crate) handshake: Duration,
}

/// What is known of a connection when it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Visit {
    /// Whether nobody on the way can read what is said.
    pub(crate) is_secure: bool,
    /// Whether that has to be so.
    pub(crate) must_be_secure: bool,
}

/// A connection that is in.
pub(crate) type Stream = Either<Sniffed, TlsStream<Sniffed>>;

/// A socket of which some bytes have been read.
pub(crate) struct Sniffed {
    must_be_secure: bool,
    leading: Bytes,
    socket: TcpStream,
}

impl Visit {
    pub(crate) fn of(stream: &Stream) -> Self {
        let (is_secure, socket) = match stream {
            Either::Left(socket) => (false, socket),
            Either::Right(tls) => (true, tls.get_ref().0),
        };
        Self {
            is_secure,
            must_be_secure: socket.must_be_secure,
        }
    }
}

impl Entrance {
    /// Reads as much as it takes to know how the connection speaks.
    pub(crate) async fn admit(self, socket: TcpStream) -> io::Result<(Stream, Option<SocketAddr>)> {
        let admitting = async {
            let (sniffed, address) = self.introduce(socket).await?;
            let stream = match (sniffed.leading.first(), &self.tls) {
                (Some(&TLS_FIRST_BYTE), Some(config)) => {
                    let acceptor = TlsAcceptor::from(Arc::clone(config));
                    Either::Right(acceptor.accept(sniffed).await?)
                }
                _ => Either::Left(sniffed),
            };
            Ok((stream, Some(address)))
        };
        tokio::time::timeout(self.handshake, admitting).await?
    }

    /// The first bytes, and whose they are.
    async fn introduce(&self, mut socket: TcpStream) -> io::Result<(Sniffed, SocketAddr)> {
        let mut address = socket.peer_addr()?;
        address.set_ip(address.ip().to_canonical());
        let is_proxied = self.access.is_proxy(address.ip());
        let mut leading = BytesMut::new();
        if is_proxied {
            // Proxies of HTTP have headers of HTTP for that: this one is optional.
            while proxy::is_begun(&leading).is_none() {
                read_some(&mut socket, &mut leading).await?;
            }
            if proxy::is_begun(&leading) == Some(true) {
                let source = proxy::read_header_from(&mut leading, &mut socket).await?;
                address = source.unwrap_or(address);
            }
        }
        if leading.is_empty() && self.tls.is_some() {
            read_some(&mut socket, &mut leading).await?;
        }
        let security = self.access.security(address.ip(), is_proxied);
        let sniffed = Sniffed {
            must_be_secure: security == Security::Tls,
            leading: leading.freeze(),
            socket,
        };
        Ok((sniffed, address))
    }
}

async fn read_some(socket: &mut TcpStream, into: &mut BytesMut) -> io::Result<()> {
    match socket.read_buf(into).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

impl AsyncRead for Sniffed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.leading.is_empty() {
            return Pin::new(&mut self.socket).poll_read(task, into);
        }
        let read = into.remaining().min(self.leading.len());
        into.put_slice(&self.leading[..read]);
        self.leading.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Sniffed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(task, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(task, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(task)
    }
}

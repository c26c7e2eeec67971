//! How a connection comes in on the web port: through a trusted proxy or not, with
//! TLS or without.

use super::places::{Place, Places, Watch};
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
    pub(crate) places: Places,
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
    watch: Watch,
}

/// A socket, and what is known of it before it has its lasting place.
struct Arrival {
    socket: TcpStream,
    address: SocketAddr,
    /// Whether a proxy said whose it is.
    is_proxied: bool,
    leading: BytesMut,
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
        tokio::time::timeout(self.handshake, self.admit_in_time(socket)).await?
    }

    async fn admit_in_time(&self, socket: TcpStream) -> io::Result<(Stream, Option<SocketAddr>)> {
        let mut address = socket.peer_addr()?;
        address.set_ip(address.ip().to_canonical());
        let mut arrival = Arrival {
            socket,
            address,
            is_proxied: false,
            leading: BytesMut::new(),
        };
        let is_proxy = self.access.is_proxy(address.ip());
        let mut place = self.places.take(address.ip(), is_proxy)?;
        if is_proxy {
            place.hold(arrival.introduce()).await?;
        }
        // Without a source, the proxy speaks for itself, or says in HTTP for whom.
        let is_proxy = is_proxy && !arrival.is_proxied;
        if arrival.is_proxied {
            place = self.places.take(arrival.address.ip(), false)?;
        }
        let address = arrival.address;
        Ok((self.open(arrival, place, is_proxy).await?, Some(address)))
    }

    /// The connection, with TLS if it begins with that.
    async fn open(&self, mut arrival: Arrival, place: Place, is_proxy: bool) -> io::Result<Stream> {
        if arrival.leading.is_empty() && self.tls.is_some() {
            place.hold(arrival.read_some()).await?;
        }
        // Any connection of a trusted proxy is one of which it keeps the outside.
        let is_proxied = is_proxy || arrival.is_proxied;
        let security = self.access.security(arrival.address.ip(), is_proxied);
        let sniffed = Sniffed {
            must_be_secure: security == Security::Tls,
            leading: arrival.leading.freeze(),
            socket: arrival.socket,
            watch: self.places.watch(place, is_proxy),
        };
        match (sniffed.leading.first(), &self.tls) {
            (Some(&TLS_FIRST_BYTE), Some(config)) => {
                let acceptor = TlsAcceptor::from(Arc::clone(config));
                Ok(Either::Right(acceptor.accept(sniffed).await?))
            }
            _ => Ok(Either::Left(sniffed)),
        }
    }
}

impl Arrival {
    /// Lets a proxy say whose it is. Proxies of HTTP have headers of HTTP for that:
    /// this one is optional.
    async fn introduce(&mut self) -> io::Result<()> {
        while proxy::is_begun(&self.leading).is_none() {
            self.read_some().await?;
        }
        if proxy::is_begun(&self.leading) == Some(true) {
            let source = proxy::read_header_from(&mut self.leading, &mut self.socket).await?;
            self.is_proxied = source.is_some();
            self.address = source.unwrap_or(self.address);
        }
        Ok(())
    }

    async fn read_some(&mut self) -> io::Result<()> {
        match self.socket.read_buf(&mut self.leading).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

impl AsyncRead for Sniffed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.watch.allow(task)?;
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
        self.watch.allow(task)?;
        let written = Pin::new(&mut self.socket).poll_write(task, bytes);
        self.watch.wrote(task, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.watch.allow(task)?;
        let written = Pin::new(&mut self.socket).poll_write_vectored(task, slices);
        self.watch.wrote(task, written)
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

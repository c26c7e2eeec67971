//! A connection's socket: plain, or with TLS over it. The pump reads and writes
//! both in the same way: at once what goes, and `WouldBlock` for the rest.

use crate::file_vault::transfer::Stream;
use bytes::Bytes;
use rustls::{ServerConfig, ServerConnection};
use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

/// The socket.
pub(super) enum Socket {
    /// As it is.
    Plain(TcpStream),
    /// With TLS. Boxed, so that a plain connection stays small.
    Tls(Box<TlsSocket>),
}

/// A socket with TLS over it.
pub(super) struct TlsSocket {
    tcp: TcpStream,
    session: ServerConnection,
    /// What was read before it was known that this is TLS.
    leading: Bytes,
    /// Bytes that TLS has taken from us, and the socket not yet from TLS.
    held: usize,
    /// Bytes that the handshake may still have.
    handshake_left: usize,
}

/// Bytes of a client's side of a handshake, at most. A usual one has two thousand;
/// TLS itself would keep 64 KiB of every stranger's.
const HANDSHAKE_BYTES_MAX: usize = 16 << 10;
/// Reads after which a record that brings nothing is not followed by another at once.
const READS_IN_VAIN_MAX: usize = 8;

impl Socket {
    pub(super) fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Bytes that have been written and have not left: TLS keeps them.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Tls(tls) => tls.held(),
        }
    }

    /// Reads what is there; `Interrupted` where that was nothing for us, and there
    /// may be more.
    pub(super) fn try_read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.try_read(into),
            Self::Tls(tls) => tls.read(into),
        }
    }

    pub(super) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.try_write(bytes),
            Self::Tls(tls) => tls.write(&[IoSlice::new(bytes)]),
        }
    }

    pub(super) fn try_write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.try_write_vectored(slices),
            Self::Tls(tls) => tls.write(slices),
        }
    }

    /// Writes what TLS keeps.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(tls) => tls.flush(),
        }
    }

    /// Reads what nobody wants to know any more, as it is on the wire.
    pub(super) fn try_discard(&self, into: &mut [u8]) -> io::Result<usize> {
        self.tcp().try_read(into)
    }

    pub(super) fn poll_read_ready(&self, task: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        self.tcp().poll_read_ready(task)
    }

    pub(super) fn poll_write_ready(&self, task: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        self.tcp().poll_write_ready(task)
    }

    /// Has TLS say that nothing more will come: without that, its peer could not
    /// tell an end from a cut.
    pub(super) fn say_goodbye(&mut self) {
        if let Self::Tls(tls) = self {
            tls.session.send_close_notify();
        }
    }

    /// Shuts our side.
    pub(super) fn shut(&mut self, task: &mut task::Context<'_>) -> io::Result<()> {
        let tcp = match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => &mut tls.tcp,
        };
        // TCP's shutdown is one system call, and never pending.
        match Pin::new(tcp).poll_shutdown(task) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => Ok(()),
        }
    }

    /// For a transfer, which reads and writes with a thread of its own.
    pub(super) fn into_stream(self) -> io::Result<Stream> {
        match self {
            Self::Plain(tcp) => Ok(Stream::plain(tcp.into_std()?)),
            Self::Tls(tls) => {
                let tls = *tls;
                Ok(Stream::tls(tls.tcp.into_std()?, tls.session, tls.leading))
            }
        }
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => &tls.tcp,
        }
    }
}

impl TlsSocket {
    /// A socket whose peer has begun a handshake with these bytes.
    pub(super) fn begin(
        tcp: TcpStream,
        config: &Arc<ServerConfig>,
        leading: Bytes,
    ) -> io::Result<Self> {
        let session = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        Ok(Self {
            tcp,
            session,
            leading,
            held: 0,
            handshake_left: HANDSHAKE_BYTES_MAX,
        })
    }

    pub(super) fn is_shaking_hands(&self) -> bool {
        self.session.is_handshaking()
    }

    /// Ready when [`TlsSocket::shake_hands`] has something to work on.
    pub(super) fn poll_shake_hands(&self, task: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        if self.leading.is_empty() {
            self.tcp.poll_read_ready(task)
        } else {
            Poll::Ready(Ok(()))
        }
    }

    pub(super) fn poll_write_ready(&self, task: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        self.tcp.poll_write_ready(task)
    }

    /// Goes on with the handshake, as far as one read from the socket leads.
    pub(super) fn shake_hands(&mut self) -> io::Result<()> {
        let read = self.take_in()?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let left = self.handshake_left.checked_sub(read);
        self.handshake_left = left.ok_or(io::ErrorKind::InvalidData)?;
        Ok(())
    }

    /// Reads once from the socket, and lets TLS work on it; answers how many bytes
    /// there were.
    fn take_in(&mut self) -> io::Result<usize> {
        let mut source = Source {
            leading: &mut self.leading,
            tcp: &self.tcp,
        };
        let read = self.session.read_tls(&mut source)?;
        if let Err(why) = self.session.process_new_packets() {
            // The peer should hear why, if the socket takes it at once.
            let _ = self.flush();
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        Ok(read)
    }

    fn held(&self) -> usize {
        // What TLS says of its own accord counts as one.
        self.held.max(usize::from(self.session.wants_write()))
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        for _ in 0..READS_IN_VAIN_MAX {
            match self.session.reader().read(into) {
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {}
                // An end without a goodbye. Whoever was cut off in the middle of a
                // frame or a file is found out by its length.
                Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                read => return read,
            }
            self.take_in()?;
        }
        // Others should have their turn, too.
        Err(io::ErrorKind::Interrupted.into())
    }

    /// Gives TLS as much as it takes at once, which is bounded, but only when what
    /// it had before is gone.
    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.flush()?;
        let taken = self.session.writer().write_vectored(slices)?;
        self.held = taken;
        match self.flush() {
            Err(why) if why.kind() != io::ErrorKind::WouldBlock => Err(why),
            _ => Ok(taken),
        }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut Sink(&self.tcp))?;
        }
        self.held = 0;
        Ok(())
    }
}

/// What TLS reads from.
struct Source<'a> {
    leading: &'a mut Bytes,
    tcp: &'a TcpStream,
}

impl Read for Source<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.leading.is_empty() {
            return self.tcp.try_read(into);
        }
        let read = into.len().min(self.leading.len());
        into[..read].copy_from_slice(&self.leading.split_to(read));
        Ok(read)
    }
}

/// What TLS writes to.
struct Sink<'a>(&'a TcpStream);

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! A socket on its way through a transfer, with TLS over it or without, read and
//! written by one thread at a time, which waits.

use super::BUFFER_BYTES;
use super::pace::Pace;
use bytes::{Buf, Bytes};
use rustls::ServerConnection;
use std::io::{self, BufReader, IoSlice, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// The socket.
pub struct Stream {
    /// Shared with those who may shut it.
    socket: Arc<TcpStream>,
    tls: Option<Box<Tls>>,
}

struct Tls {
    session: ServerConnection,
    /// Raw bytes, read before those that are still to come, a lot of them at once:
    /// TLS by itself reads four KiB at a time.
    raw: BufReader<Raw>,
}

/// What was read before the transfer, then the socket.
struct Raw {
    leading: Bytes,
    socket: Arc<TcpStream>,
}

impl Read for Raw {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.leading.is_empty() {
            return (&*self.socket).read(into);
        }
        let read = into.len().min(self.leading.len());
        self.leading.copy_to_slice(&mut into[..read]);
        Ok(read)
    }
}

impl Stream {
    /// A socket as it is.
    #[must_use]
    pub fn plain(socket: TcpStream) -> Self {
        Self {
            socket: Arc::new(socket),
            tls: None,
        }
    }

    /// A socket with TLS; `leading` was read from it, and TLS does not know it yet.
    #[must_use]
    pub fn tls(socket: TcpStream, session: ServerConnection, leading: Bytes) -> Self {
        let socket = Arc::new(socket);
        let raw = Raw {
            leading,
            socket: Arc::clone(&socket),
        };
        let tls = Tls {
            session,
            raw: BufReader::with_capacity(BUFFER_BYTES, raw),
        };
        Self {
            socket,
            tls: Some(Box::new(tls)),
        }
    }

    pub(super) fn socket(&self) -> &Arc<TcpStream> {
        &self.socket
    }

    /// As [`Read::read`], at the least rate of `pace`; an end without TLS's goodbye
    /// is an error.
    pub(super) fn read(&mut self, into: &mut [u8], pace: &mut Pace) -> io::Result<usize> {
        let read = match &mut self.tls {
            None => (&*self.socket).read(into),
            Some(tls) => tls.read(into, pace),
        }?;
        pace.moved(read)?;
        Ok(read)
    }

    /// As [`Write::write`], at the least rate of `pace`; with TLS, what it answers for has left.
    pub(super) fn write(&mut self, bytes: &[u8], pace: &mut Pace) -> io::Result<usize> {
        let written = match &mut self.tls {
            None => (&*self.socket).write(bytes)?,
            Some(tls) => {
                let taken = tls.session.writer().write(bytes)?;
                while tls.session.wants_write() {
                    tls.session.write_tls(&mut Waiting(&self.socket))?;
                    pace.moved(0)?;
                }
                taken
            }
        };
        pace.moved(written)?;
        Ok(written)
    }

    /// The socket, and what is to be written to it as it is, before it is shut: the
    /// answer, within TLS where there is TLS, and its goodbye.
    pub(super) fn into_last_words(self, answer: &[u8]) -> io::Result<(Arc<TcpStream>, Vec<u8>)> {
        let Some(mut tls) = self.tls else {
            return Ok((self.socket, answer.to_vec()));
        };
        let (mut words, mut rest) = (Vec::new(), answer);
        while !rest.is_empty() {
            let taken = tls.session.writer().write(rest)?;
            rest = &rest[taken..];
            tls.flush(&mut words)?;
        }
        tls.session.send_close_notify();
        tls.flush(&mut words)?;
        Ok((self.socket, words))
    }
}

impl Tls {
    fn read(&mut self, into: &mut [u8], pace: &mut Pace) -> io::Result<usize> {
        loop {
            match self.session.reader().read(into) {
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
            self.session.read_tls(&mut self.raw)?;
            // A record that is not whole has moved nothing yet.
            pace.moved(0)?;
            let processed = self.session.process_new_packets();
            processed.map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))?;
            // A peer may want its keys changed.
            if self.session.wants_write() {
                let socket = Arc::clone(&self.raw.get_ref().socket);
                self.flush(&mut Waiting(&socket))?;
            }
        }
    }

    fn flush(&mut self, into: &mut dyn Write) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(into)?;
        }
        Ok(())
    }
}

/// A socket that is written until a signal does not come between.
struct Waiting<'a>(&'a TcpStream);

impl Write for Waiting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        again(|| { self.0 }.write(bytes))
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        again(|| { self.0 }.write_vectored(slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn again(mut write: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match write() {
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            // TLS would try for ever.
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            written => return written,
        }
    }
}

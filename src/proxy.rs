//! The header of the PROXY protocol, with which a proxy says for whom it connects.
//!
//! Both versions of HAProxy's `proxy-protocol.txt`: a line of text, or a binary
//! block. Reading it is pure; [`read_header`] feeds it from a socket.

use bytes::{Buf, Bytes, BytesMut};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// What begins the text form.
const V1_PREFIX: &[u8] = b"PROXY ";
/// Bytes of the text form, at most, its end of line among them.
const V1_BYTES_MAX: usize = 107;
/// What begins the binary form.
const V2_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes of the binary form before the addresses.
const V2_FIXED_BYTES: usize = 16;
/// Bytes of the binary form, at most: what fits into any TCP segment.
const V2_BYTES_MAX: usize = 536;

/// A header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Who is behind the proxy; `None` where it speaks for itself or does not know.
    pub(crate) source: Option<SocketAddr>,
    /// The header's bytes.
    pub(crate) length: usize,
}

/// What came is no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a header of the PROXY protocol")]
pub(crate) struct Malformed;

impl From<Malformed> for io::Error {
    fn from(why: Malformed) -> Self {
        Self::new(io::ErrorKind::InvalidData, why)
    }
}

/// Whether these bytes begin a header; `None` while they could.
pub(crate) fn is_begun(bytes: &[u8]) -> Option<bool> {
    let begins = |prefix: &[u8]| {
        let seen = bytes.len().min(prefix.len());
        (bytes[..seen] == prefix[..seen]).then_some(seen == prefix.len())
    };
    match (begins(V1_PREFIX), begins(V2_SIGNATURE)) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (None, None) => Some(false),
        _ => None,
    }
}

/// The header that `bytes` begin with, or `None` while it is incomplete.
///
/// # Errors
/// [`Malformed`], as soon as it is sure.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    match is_begun(bytes) {
        None => Ok(None),
        Some(false) => Err(Malformed),
        Some(true) if bytes.starts_with(V1_PREFIX) => parse_text(bytes),
        Some(true) => parse_binary(bytes),
    }
}

fn parse_text(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let window = &bytes[..bytes.len().min(V1_BYTES_MAX)];
    let Some(end) = window.windows(2).position(|two| two == b"\r\n") else {
        return if window.len() == V1_BYTES_MAX {
            Err(Malformed)
        } else {
            Ok(None)
        };
    };
    let line = std::str::from_utf8(&window[V1_PREFIX.len()..end]).map_err(|_| Malformed)?;
    let mut words = line.split(' ');
    let source = match words.next() {
        // Whatever follows is to be ignored.
        Some("UNKNOWN") => None,
        Some(family @ ("TCP4" | "TCP6")) => {
            let mut address = || parse_address(family, words.next());
            let (source, _) = (address()?, address()?);
            let (port, _) = (parse_port(words.next())?, parse_port(words.next())?);
            if words.next().is_some() {
                return Err(Malformed);
            }
            Some(SocketAddr::new(source.to_canonical(), port))
        }
        _ => return Err(Malformed),
    };
    Ok(Some(Header {
        source,
        length: end + 2,
    }))
}

fn parse_address(family: &str, word: Option<&str>) -> Result<IpAddr, Malformed> {
    let word = word.ok_or(Malformed)?;
    if family == "TCP4" {
        let address: Ipv4Addr = word.parse().map_err(|_| Malformed)?;
        Ok(address.into())
    } else {
        let address: Ipv6Addr = word.parse().map_err(|_| Malformed)?;
        Ok(address.into())
    }
}

fn parse_port(word: Option<&str>) -> Result<u16, Malformed> {
    let word = word.ok_or(Malformed)?;
    let is_plain = word == "0" || !word.starts_with(['0', '+']);
    let port = word.parse().ok().filter(|_| is_plain);
    port.ok_or(Malformed)
}

fn parse_binary(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let Some(fixed) = bytes.get(..V2_FIXED_BYTES) else {
        return Ok(None);
    };
    let (command, family) = (fixed[12], fixed[13]);
    let length = V2_FIXED_BYTES + usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if length > V2_BYTES_MAX {
        return Err(Malformed);
    }
    let Some(mut rest) = bytes.get(V2_FIXED_BYTES..length) else {
        return Ok(None);
    };
    // After the addresses there may be more, of which we need nothing.
    let source = match (command, family) {
        // The proxy itself: it looks whether we are well.
        (0x20, _) => None,
        (0x21, 0x11) => {
            let source = rest.try_get_u32().map_err(|_| Malformed)?;
            let _destination = rest.try_get_u32().map_err(|_| Malformed)?;
            let source = Ipv4Addr::from_bits(source);
            Some((IpAddr::from(source), ports(rest)?))
        }
        (0x21, 0x21) => {
            let source = rest.try_get_u128().map_err(|_| Malformed)?;
            let _destination = rest.try_get_u128().map_err(|_| Malformed)?;
            let source = Ipv6Addr::from_bits(source);
            Some((IpAddr::from(source).to_canonical(), ports(rest)?))
        }
        // Unspecified, or a Unix socket: no address to go by.
        (0x21, 0x00 | 0x31) => None,
        _ => return Err(Malformed),
    };
    let source = source.map(SocketAddr::from);
    Ok(Some(Header { source, length }))
}

/// The source's port; the destination's has to be there too.
fn ports(mut rest: &[u8]) -> Result<u16, Malformed> {
    let source = rest.try_get_u16().map_err(|_| Malformed)?;
    let _destination = rest.try_get_u16().map_err(|_| Malformed)?;
    Ok(source)
}

/// Reads a header, which has to come; answers whom it names, and what was read
/// beyond it.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] for what is none, `UnexpectedEof`, and the socket's own.
pub(crate) async fn read_header(socket: &mut TcpStream) -> io::Result<(Option<SocketAddr>, Bytes)> {
    let mut bytes = BytesMut::new();
    let source = read_header_from(&mut bytes, socket).await?;
    Ok((source, bytes.freeze()))
}

/// Reads the rest of a header that has begun in `bytes`, and takes it out of them.
///
/// # Errors
/// As [`read_header`].
pub(crate) async fn read_header_from(
    bytes: &mut BytesMut,
    socket: &mut TcpStream,
) -> io::Result<Option<SocketAddr>> {
    loop {
        if let Some(header) = parse(bytes)? {
            bytes.advance(header.length);
            return Ok(header.source);
        }
        if socket.read_buf(bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

#[cfg(test)]
mod tests;

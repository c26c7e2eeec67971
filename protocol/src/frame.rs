//! Frames: a fixed-length header that says how long the body is, and the body.
//!
//! The origin says only "定长包头" (a header of fixed length). Two forms are
//! spoken; the first byte of a connection tells them apart, and both sides keep
//! to it for as long as the connection lives:
//!
//! | form | bytes | content | first byte |
//! | --- | --- | --- | --- |
//! | text | 15 | length in ASCII decimal, padded with spaces | `0x20`, `0x30`–`0x39` |
//! | binary | 4 | length, unsigned, big-endian | `0x00` |

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Bytes of a text header.
pub const TEXT_HEADER_BYTES: usize = 15;
/// Bytes of a binary header.
pub const BINARY_HEADER_BYTES: usize = 4;
/// A body is shorter than this in either form, so that a binary header begins with a zero byte.
pub const BODY_BYTES_LIMIT: usize = 1 << 24;

/// Which of the two headers a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeaderForm {
    /// 15 bytes of ASCII decimal.
    Text,
    /// 4 bytes, big-endian.
    Binary,
}

/// Why the bytes of a connection are not frames. After any of these the
/// boundary of the next frame is unknown: the connection has to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The first byte belongs to neither form.
    #[error("the first byte {0:#04x} begins neither header")]
    UnknownHeader(u8),
    /// A text header holds something other than one decimal number and spaces.
    #[error("the text header is not a decimal length padded with spaces")]
    BrokenLength,
    /// A body of no bytes cannot hold a JSON object.
    #[error("the length is 0")]
    Empty,
    /// The body would be longer than this side accepts.
    #[error("the body has {length} bytes, at most {limit} are accepted")]
    TooLong {
        /// What the header says.
        length: u64,
        /// What this side accepts.
        limit: usize,
    },
}

impl HeaderForm {
    /// The form that a connection beginning with `first` speaks.
    ///
    /// # Errors
    /// [`FrameError::UnknownHeader`] for a byte that begins neither form.
    pub fn detect(first: u8) -> Result<Self, FrameError> {
        match first {
            b' ' | b'0'..=b'9' => Ok(Self::Text),
            0 => Ok(Self::Binary),
            other => Err(FrameError::UnknownHeader(other)),
        }
    }

    /// How many bytes a header of this form has.
    #[must_use]
    pub fn header_bytes(self) -> usize {
        match self {
            Self::Text => TEXT_HEADER_BYTES,
            Self::Binary => BINARY_HEADER_BYTES,
        }
    }

    /// Appends one frame holding `body`.
    ///
    /// # Panics
    /// If `body` is empty or reaches [`BODY_BYTES_LIMIT`]: replies are bounded
    /// far below it, so that is a mistake of the caller.
    pub fn put(self, body: &[u8], out: &mut BytesMut) {
        assert!(
            !body.is_empty() && body.len() < BODY_BYTES_LIMIT,
            "a body has between 1 and {BODY_BYTES_LIMIT} bytes"
        );
        out.reserve(self.header_bytes() + body.len());
        match self {
            Self::Text => out.put_slice(format!("{:<TEXT_HEADER_BYTES$}", body.len()).as_bytes()),
            Self::Binary => out.put_u32(u32::try_from(body.len()).expect("below 2^24")),
        }
        out.put_slice(body);
    }

    /// One frame holding `body`.
    ///
    /// # Panics
    /// As [`HeaderForm::put`].
    #[must_use]
    pub fn encode(self, body: &[u8]) -> Bytes {
        let mut out = BytesMut::new();
        self.put(body, &mut out);
        out.freeze()
    }

    fn body_length(self, header: &[u8]) -> Result<u64, FrameError> {
        match self {
            Self::Text => text_length(header),
            Self::Binary => Ok(u64::from(u32::from_be_bytes([
                header[0], header[1], header[2], header[3],
            ]))),
        }
    }
}

fn text_length(header: &[u8]) -> Result<u64, FrameError> {
    let digits = header.trim_ascii();
    // `trim_ascii` also takes tabs and newlines away, which no header may hold.
    let padded_with_spaces = header.iter().all(|b| *b == b' ' || b.is_ascii_digit());
    if digits.is_empty() || !padded_with_spaces {
        return Err(FrameError::BrokenLength);
    }
    digits.iter().try_fold(0u64, |length, digit| match digit {
        b'0'..=b'9' => Ok(length * 10 + u64::from(digit - b'0')),
        _ => Err(FrameError::BrokenLength),
    })
}

/// Cuts a connection's bytes into bodies. It remembers the header form, nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Decoder {
    form: Option<HeaderForm>,
    body_bytes_max: usize,
}

impl Decoder {
    /// A decoder that accepts bodies of at most `body_bytes_max` bytes.
    #[must_use]
    pub fn new(body_bytes_max: usize) -> Self {
        Self {
            form: None,
            body_bytes_max: body_bytes_max.min(BODY_BYTES_LIMIT - 1),
        }
    }

    /// The form this connection speaks, once its first byte has come.
    #[must_use]
    pub fn form(&self) -> Option<HeaderForm> {
        self.form
    }

    /// Takes the next body out of `buffer`, or `None` while it is incomplete.
    ///
    /// The length is checked as soon as the header is whole, before anything is
    /// allocated for the body.
    ///
    /// # Errors
    /// A [`FrameError`]; the connection cannot go on after it.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        let Some(first) = buffer.first() else {
            return Ok(None);
        };
        let form = match self.form {
            Some(form) => form,
            None => *self.form.insert(HeaderForm::detect(*first)?),
        };
        let header_bytes = form.header_bytes();
        let Some(header) = buffer.get(..header_bytes) else {
            return Ok(None);
        };
        let length = form.body_length(header)?;
        if length == 0 {
            return Err(FrameError::Empty);
        }
        let limit = self.body_bytes_max;
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= limit)
            .ok_or(FrameError::TooLong { length, limit })?;
        if buffer.len() < header_bytes + length {
            return Ok(None);
        }
        buffer.advance(header_bytes);
        Ok(Some(buffer.split_to(length).freeze()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode_all(bytes: &[u8]) -> Result<Vec<Bytes>, FrameError> {
        let mut decoder = Decoder::new(1024);
        let mut buffer = BytesMut::from(bytes);
        let mut bodies = Vec::new();
        while let Some(body) = decoder.decode(&mut buffer)? {
            bodies.push(body);
        }
        Ok(bodies)
    }

    #[test]
    fn a_text_header_is_fifteen_bytes_padded_on_the_right() {
        assert_eq!(&HeaderForm::Text.encode(b"{}")[..], b"2              {}");
    }

    #[test]
    fn a_binary_header_is_four_bytes_big_endian() {
        assert_eq!(&HeaderForm::Binary.encode(b"{}")[..], b"\0\0\0\x02{}");
    }

    #[test]
    fn padding_on_the_left_and_leading_zeros_are_read_too() {
        for header in ["              2", "000000000000002", "  02           "] {
            let bodies = decode_all(format!("{header}{{}}").as_bytes()).unwrap();
            assert_eq!(bodies, [Bytes::from_static(b"{}")], "{header:?}");
        }
    }

    #[test]
    fn broken_headers_are_refused_without_a_body() {
        use FrameError::{BrokenLength, Empty, TooLong, UnknownHeader};
        let limit = 1024;
        for (header, error) in [
            (&b"{\"op\":0}"[..], UnknownHeader(b'{')),
            (b"\xff\0\0\x02", UnknownHeader(0xff)),
            (b"\0\0\0\0", Empty),
            (b"0              ", Empty),
            (b"               ", BrokenLength),
            (b"1 2            ", BrokenLength),
            (b"2\t             ", BrokenLength),
            (b"-2             ".as_slice(), UnknownHeader(b'-')),
            (b" -2            ", BrokenLength),
            (b"2.0            ", BrokenLength),
            (b"0x10           ", BrokenLength),
            (
                b"\0\0\x04\x01",
                TooLong {
                    length: 1025,
                    limit,
                },
            ),
            (
                b"999999999999999",
                TooLong {
                    length: 999_999_999_999_999,
                    limit,
                },
            ),
        ] {
            assert_eq!(decode_all(header), Err(error), "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn frames_survive_being_cut_at_any_byte(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..64), 1..6),
            text in any::<bool>(),
            cut in 1usize..40,
        ) {
            let form = if text { HeaderForm::Text } else { HeaderForm::Binary };
            let mut wire = BytesMut::new();
            for body in &bodies {
                form.put(body, &mut wire);
            }
            let mut decoder = Decoder::new(64);
            let mut buffer = BytesMut::new();
            let mut seen = Vec::new();
            for piece in wire.chunks(cut) {
                buffer.extend_from_slice(piece);
                while let Some(body) = decoder.decode(&mut buffer).unwrap() {
                    seen.push(body.to_vec());
                }
            }
            prop_assert_eq!(seen, bodies);
            prop_assert_eq!(decoder.form(), Some(form));
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_all(&bytes);
        }
    }
}

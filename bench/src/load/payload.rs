//! What is said: a hundred bytes that tell who said it, as which of theirs, and when.

/// Bytes of a message.
pub(crate) const PAYLOAD_BYTES: usize = 100;
/// Hexadecimal digits of sender, number and time.
const DIGITS: [usize; 3] = [4, 8, 16];

/// A message's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    /// Which member said it.
    pub(crate) sender: u16,
    /// Which of that member's messages it is.
    pub(crate) number: u32,
    /// When, in nanoseconds of the crowd's clock.
    pub(crate) time: u64,
}

impl Payload {
    /// As it is said: digits, and letters to fill it up, in every protocol harmless.
    pub(crate) fn to_bytes(self) -> [u8; PAYLOAD_BYTES] {
        let mut bytes = [b'x'; PAYLOAD_BYTES];
        let mut at = 0;
        for (value, digits) in [u64::from(self.sender), self.number.into(), self.time]
            .into_iter()
            .zip(DIGITS)
        {
            for (place, digit) in (0..digits).rev().zip(&mut bytes[at..]) {
                let nibble = (value >> (4 * place)) & 0xf;
                *digit = b"0123456789abcdef"[nibble as usize];
            }
            at += digits;
        }
        bytes
    }

    /// Reads what [`Payload::to_bytes`] wrote.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != PAYLOAD_BYTES {
            return None;
        }
        let mut at = 0;
        let mut next = |digits: usize| {
            let part = &bytes[at..at + digits];
            at += digits;
            part.iter().try_fold(0u64, |value, digit| {
                let nibble = char::from(*digit).to_digit(16)?;
                Some(value << 4 | u64::from(nibble))
            })
        };
        let [sender, number, time] = DIGITS;
        Some(Self {
            sender: next(sender)?.try_into().ok()?,
            number: next(number)?.try_into().ok()?,
            time: next(time)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_read_as_it_was_written() {
        let payload = Payload {
            sender: 0xbeef,
            number: 0x0123_4567,
            time: u64::MAX - 3,
        };
        let bytes = payload.to_bytes();
        assert_eq!(Payload::read(&bytes), Some(payload));
        assert!(bytes.starts_with(b"beef01234567ffff"));
        assert_eq!(Payload::read(&bytes[1..]), None);
        assert_eq!(Payload::read(&[b'x'; PAYLOAD_BYTES]), None);
    }
}

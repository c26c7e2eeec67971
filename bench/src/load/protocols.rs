//! What the generator speaks. One file a protocol: how a member comes into the room,
//! says something, and tells what it hears apart.

pub(crate) mod irc;
pub(crate) mod mqtt;
pub(crate) mod nats;
pub(crate) mod ours;
pub(crate) mod resp;

use super::ear::Ear;
use super::payload::Payload;
use anyhow::bail;

/// The room's name, where it needs one.
pub(crate) const ROOM: &str = "room";

/// One connection's side of a protocol.
pub(crate) trait Speech {
    /// Appends what has to be said first.
    fn greet(&mut self, out: &mut Vec<u8>);

    /// Takes in what is whole, and answers how many bytes that was.
    fn hear(&mut self, bytes: &[u8], ear: &mut Ear<'_>) -> anyhow::Result<usize>;

    /// Appends a message.
    fn say(&mut self, payload: Payload, out: &mut Vec<u8>);
}

/// What tells a sender that it may say one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acknowledgement {
    /// The server says that it has the message.
    ByServer,
    /// The server says nothing; another member has heard it.
    ByWitness,
}

/// The line that ends within `bytes`, without its end, and its length with it.
fn line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let end = memchr::memchr(b'\n', bytes)?;
    let line = &bytes[..end];
    Some((line.strip_suffix(b"\r").unwrap_or(line), end + 1))
}

/// A decimal number.
fn number(digits: &[u8]) -> anyhow::Result<usize> {
    match std::str::from_utf8(digits).map(str::parse) {
        Ok(Ok(number)) => Ok(number),
        _ => bail!("not a number: {}", shown(digits)),
    }
}

/// The beginning of something unexpected, for an error.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned()
}

#[cfg(test)]
pub(crate) mod testing {
    //! What the tests of all protocols share.

    use super::*;
    use crate::load::ear::Listener;

    /// What was heard of some bytes.
    #[derive(Debug, Default, PartialEq, Eq)]
    pub(crate) struct Heard {
        pub(crate) deliveries: u64,
        pub(crate) acks: u64,
        pub(crate) is_in: bool,
        pub(crate) senders: Vec<u16>,
        pub(crate) answer: Vec<u8>,
    }

    /// Message 0 of this sender.
    pub(crate) fn payload(sender: u16) -> Payload {
        Payload {
            sender,
            number: 0,
            time: 0,
        }
    }

    /// The same as text.
    pub(crate) fn text(sender: u16) -> String {
        String::from_utf8(payload(sender).to_bytes().to_vec()).unwrap()
    }

    /// Lets someone hear these pieces, one after the other.
    fn hear(speech: &mut dyn Speech, pieces: &[&[u8]]) -> anyhow::Result<Heard> {
        let mut listener = Listener::default();
        let (mut heard, mut buffer) = (Heard::default(), Vec::new());
        for piece in pieces {
            buffer.extend_from_slice(piece);
            let mut ear = Ear::new(&mut heard.answer, Some(&mut listener), 0);
            let taken = speech.hear(&buffer, &mut ear)?;
            heard.deliveries += ear.deliveries;
            heard.acks += ear.acks;
            heard.is_in |= ear.is_in;
            buffer.drain(..taken);
        }
        assert!(buffer.is_empty(), "left over: {}", shown(&buffer));
        assert_eq!(listener.complaint, None);
        heard.senders = listener.heard;
        Ok(heard)
    }

    /// What is heard of `bytes`, which is the same wherever they are cut in two.
    pub(crate) fn heard(speech: impl Fn() -> Box<dyn Speech>, bytes: &[u8]) -> Heard {
        let whole = hear(&mut *speech(), &[bytes]).unwrap();
        for cut in 0..=bytes.len() {
            let (first, rest) = bytes.split_at(cut);
            assert_eq!(
                hear(&mut *speech(), &[first, rest]).unwrap(),
                whole,
                "cut at {cut}"
            );
        }
        let bytewise: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(hear(&mut *speech(), &bytewise).unwrap(), whole);
        whole
    }

    /// Why these bytes are an error.
    pub(crate) fn complaint(mut speech: impl Speech, bytes: &[u8]) -> String {
        hear(&mut speech, &[bytes]).unwrap_err().to_string()
    }
}

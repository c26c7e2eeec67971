//! Redis pub/sub, in RESP3, so that one connection can publish and subscribe. The
//! reply to a `PUBLISH` is the acknowledgement; publishers hear themselves.

use super::{ROOM, Speech, line, number, shown};
use crate::load::ear::Ear;
use crate::load::payload::{PAYLOAD_BYTES, Payload};
use anyhow::bail;

/// What every message begins with, as long as all have the same length.
const MESSAGE: &[u8] = b">3\r\n$7\r\nmessage\r\n$4\r\nroom\r\n$100\r\n";
const MESSAGE_BYTES: usize = MESSAGE.len() + PAYLOAD_BYTES + 2;
const SUBSCRIBED: &[u8] = b">3\r\n$9\r\nsubscribe\r\n";

/// A subscriber.
pub(crate) struct RespSpeech;

/// How many bytes the value has that `bytes` begin with, if it is whole.
fn value_bytes(bytes: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some((head, mut taken)) = line(bytes) else {
        return Ok(None);
    };
    let Some((kind, rest)) = head.split_first() else {
        bail!("an empty line");
    };
    let values = match kind {
        b'$' | b'=' | b'!' if rest == b"-1" => 0,
        b'$' | b'=' | b'!' => {
            taken += number(rest)? + 2;
            0
        }
        b'*' | b'>' | b'~' => number(rest)?,
        b'%' => 2 * number(rest)?,
        b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => 0,
        _ => bail!("not RESP: {}", shown(bytes)),
    };
    for _ in 0..values {
        let Some(value) = value_bytes(bytes.get(taken..).unwrap_or_default())? else {
            return Ok(None);
        };
        taken += value;
    }
    Ok((taken <= bytes.len()).then_some(taken))
}

impl Speech for RespSpeech {
    fn greet(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"HELLO 3\r\nSUBSCRIBE ");
        out.extend_from_slice(ROOM.as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    fn hear(&mut self, bytes: &[u8], ear: &mut Ear<'_>) -> anyhow::Result<usize> {
        let mut taken = 0;
        loop {
            let rest = &bytes[taken..];
            if rest.starts_with(MESSAGE) {
                let Some(message) = rest.get(..MESSAGE_BYTES) else {
                    return Ok(taken);
                };
                let payload = &message[MESSAGE.len()..MESSAGE_BYTES - 2];
                ear.deliver(|| Some(payload));
                taken += MESSAGE_BYTES;
                continue;
            }
            let Some(length) = value_bytes(rest)? else {
                return Ok(taken);
            };
            match rest[0] {
                b':' => ear.acks += 1,
                b'>' if rest.starts_with(SUBSCRIBED) => ear.is_in = true,
                // The answer to HELLO.
                b'%' => {}
                _ => bail!("unexpected: {}", shown(rest)),
            }
            taken += length;
        }
    }

    fn say(&mut self, payload: Payload, out: &mut Vec<u8>) {
        out.extend_from_slice(b"*3\r\n$7\r\nPUBLISH\r\n$4\r\nroom\r\n$100\r\n");
        out.extend_from_slice(&payload.to_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn pushes_and_replies_are_told_apart_wherever_they_are_cut() {
        let (one, two) = (text(1), text(2));
        let bytes = format!(
            "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nmodules\r\n*0\r\n\
             >3\r\n$9\r\nsubscribe\r\n$4\r\nroom\r\n:1\r\n\
             >3\r\n$7\r\nmessage\r\n$4\r\nroom\r\n$100\r\n{one}\r\n:2\r\n\
             >3\r\n$7\r\nmessage\r\n$4\r\nroom\r\n$100\r\n{two}\r\n"
        );
        let heard = heard(|| Box::new(RespSpeech), bytes.as_bytes());
        assert_eq!((heard.deliveries, heard.acks), (2, 1));
        assert!(heard.is_in);
        assert_eq!(heard.senders, [1, 2]);
    }

    #[test]
    fn an_error_of_the_server_is_one() {
        assert!(complaint(RespSpeech, b"-ERR no\r\n").contains("ERR no"));
    }
}

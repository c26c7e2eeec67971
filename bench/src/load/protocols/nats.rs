//! NATS. Core: nothing is acknowledged, a witness tells that a message came.
//! `JetStream`: a message is published with a reply subject, on which the stream
//! says that it has stored it. Publishers hear themselves.
//!
//! With a stream, too, members subscribe to the subject as such. Deliveries by a
//! consumer of the stream for each member would cost the server far more, so this
//! is the way that is best for it; it may show a message before it is durable,
//! which we never do.

use super::{ROOM, Speech, line, number, shown};
use crate::load::ear::Ear;
use crate::load::payload::{PAYLOAD_BYTES, Payload};
use anyhow::{Context as _, bail};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};

/// What every message of a core server begins with.
const MESSAGE: &[u8] = b"MSG room 1 100\r\n";
const MESSAGE_BYTES: usize = MESSAGE.len() + PAYLOAD_BYTES + 2;

/// A subscriber.
pub(crate) struct NatsSpeech {
    member: usize,
    has_stream: bool,
}

impl NatsSpeech {
    pub(crate) fn new(member: usize, has_stream: bool) -> Self {
        Self { member, has_stream }
    }
}

const CONNECT: &str =
    r#"CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1","protocol":1}"#;

/// Makes the stream that keeps what is published.
pub(crate) fn make_stream(server: SocketAddr) -> anyhow::Result<()> {
    let mut socket = TcpStream::connect(server)?;
    let stream = format!(
        r#"{{"name":"{ROOM}","subjects":["{ROOM}"],"storage":"file","retention":"limits","discard":"old","num_replicas":1,"max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0}}"#
    );
    let length = stream.len();
    write!(
        socket,
        "{CONNECT}\r\nSUB made 1\r\nPUB $JS.API.STREAM.CREATE.{ROOM} made {length}\r\n{stream}\r\n"
    )?;
    let mut lines = BufReader::new(socket).lines();
    let answer = loop {
        let line = lines.next().context("no answer")??;
        if line.starts_with("MSG made") {
            break lines.next().context("no answer")??;
        }
    };
    if answer.contains(r#""error""#) {
        bail!("the stream was not made: {answer}");
    }
    Ok(())
}

/// The parts of `MSG <subject> <sid> [reply] <bytes>`: the sid and the length.
fn message(line: &[u8]) -> anyhow::Result<(&[u8], usize)> {
    let mut words = line.split(|byte| *byte == b' ');
    let sid = words.nth(2).context("no sid")?;
    let length = number(words.next_back().context("no length")?)?;
    Ok((sid, length))
}

impl Speech for NatsSpeech {
    fn greet(&mut self, out: &mut Vec<u8>) {
        let member = self.member;
        out.extend_from_slice(format!("{CONNECT}\r\nSUB {ROOM} 1\r\n").as_bytes());
        if self.has_stream {
            out.extend_from_slice(format!("SUB ack.{member} 2\r\n").as_bytes());
        }
        out.extend_from_slice(b"PING\r\n");
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
            let Some((line, mut length)) = line(rest) else {
                return Ok(taken);
            };
            if line.starts_with(b"MSG ") {
                let (sid, payload) = message(line)?;
                let start = length;
                length += payload + 2;
                if rest.len() < length {
                    return Ok(taken);
                }
                let payload = &rest[start..start + payload];
                match sid {
                    b"1" => ear.deliver(|| Some(payload)),
                    _ if memchr::memmem::find(payload, br#""error""#).is_some() => {
                        bail!("not stored: {}", shown(payload));
                    }
                    _ => ear.acks += 1,
                }
            } else if line.starts_with(b"PING") {
                ear.answer.extend_from_slice(b"PONG\r\n");
            } else if line.starts_with(b"PONG") {
                ear.is_in = true;
            } else if !line.starts_with(b"INFO ") {
                bail!("unexpected: {}", shown(line));
            }
            taken += length;
        }
    }

    fn say(&mut self, payload: Payload, out: &mut Vec<u8>) {
        if self.has_stream {
            let member = self.member;
            out.extend_from_slice(
                format!("PUB {ROOM} ack.{member} {PAYLOAD_BYTES}\r\n").as_bytes(),
            );
        } else {
            out.extend_from_slice(b"PUB room 100\r\n");
        }
        out.extend_from_slice(&payload.to_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn messages_and_acknowledgements_are_told_apart_wherever_they_are_cut() {
        let (one, two) = (text(1), text(2));
        let bytes = format!(
            "INFO {{\"server_id\":\"n\"}}\r\nPONG\r\nMSG room 1 100\r\n{one}\r\nPING\r\n\
             MSG ack.7 2 25\r\n{{\"stream\":\"room\",\"seq\":9}}\r\n\
             MSG room 1 ack.9 100\r\n{two}\r\n"
        );
        let heard = heard(|| Box::new(NatsSpeech::new(7, true)), bytes.as_bytes());
        assert_eq!((heard.deliveries, heard.acks), (2, 1));
        assert!(heard.is_in);
        assert_eq!(heard.senders, [1, 2]);
        assert_eq!(heard.answer, b"PONG\r\n");
    }

    #[test]
    fn what_was_not_stored_is_an_error() {
        let refused = b"MSG ack.7 2 22\r\n{\"error\":{\"code\":503}}\r\n";
        assert!(complaint(NatsSpeech::new(7, true), refused).contains("503"));
        let refused = b"-ERR 'Maximum Connections Exceeded'\r\n";
        assert!(complaint(NatsSpeech::new(7, false), refused).contains("Exceeded"));
    }
}

//! Our own protocol: an extended client with the binary header and a token, whose
//! messages carry a `client_message_id`; and the raw floor, which has the same frames.

use super::{Speech, shown};
use crate::load::ear::Ear;
use crate::load::payload::{PAYLOAD_BYTES, Payload};
use anyhow::bail;
use qunliao_protocol::frame::BINARY_HEADER_BYTES;

/// How the body of a forward begins; that of a reply goes on with `test`.
const FORWARD: &[u8] = br#"{"op":0,"args""#;
const REPLY: &[u8] = br#"{"op":0,"test":0"#;
/// How all begins that is about what is said.
const SAY: &[u8] = br#"{"op":0,"#;
/// What stands before a forward's payload.
const NEWS: &[u8] = br#""news":""#;

/// The name of a member.
pub(crate) fn name(member: usize) -> String {
    format!("member{member:05}")
}

/// A member of our server's lobby.
pub(crate) struct OurSpeech {
    token: String,
    is_in: bool,
    news_at: usize,
}

impl OurSpeech {
    pub(crate) fn new(token: String) -> Self {
        Self {
            token,
            is_in: false,
            news_at: 0,
        }
    }

    fn put(&self, client_message_id: &[u8], news: &[u8], out: &mut Vec<u8>) {
        frame(out, |out| {
            out.extend_from_slice(br#"{"op":0,"args":{"token":""#);
            out.extend_from_slice(self.token.as_bytes());
            out.extend_from_slice(br#""},"client_message_id":""#);
            out.extend_from_slice(client_message_id);
            out.extend_from_slice(br#"","news":""#);
            out.extend_from_slice(news);
            out.extend_from_slice(br#""}"#);
        });
    }
}

/// Appends a frame whose body is what `write` appends.
fn frame(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; BINARY_HEADER_BYTES]);
    write(out);
    let body = u32::try_from(out.len() - start - BINARY_HEADER_BYTES).unwrap_or(u32::MAX);
    out[start..start + BINARY_HEADER_BYTES].copy_from_slice(&body.to_be_bytes());
}

/// Hands on the bodies of whole frames; answers how many bytes they had.
pub(crate) fn bodies<'a>(
    bytes: &'a [u8],
    mut body: impl FnMut(&'a [u8]) -> anyhow::Result<()>,
) -> anyhow::Result<usize> {
    let mut taken = 0;
    while let Some((header, rest)) = bytes[taken..].split_first_chunk::<BINARY_HEADER_BYTES>() {
        let length = u32::from_be_bytes(*header) as usize;
        let Some(whole) = rest.get(..length) else {
            break;
        };
        body(whole)?;
        taken += BINARY_HEADER_BYTES + length;
    }
    Ok(taken)
}

/// Where the payload of a forward lies: where it lay in the last one, mostly.
fn news<'a>(body: &'a [u8], at: &mut usize) -> Option<&'a [u8]> {
    if body.get(at.wrapping_sub(NEWS.len())..*at) != Some(NEWS) {
        *at = memchr::memmem::find(body, NEWS)? + NEWS.len();
    }
    body.get(*at..*at + PAYLOAD_BYTES)
}

fn hear(
    bytes: &[u8],
    is_in: &mut bool,
    news_at: &mut usize,
    ear: &mut Ear<'_>,
) -> anyhow::Result<usize> {
    bodies(bytes, |body| {
        if body.starts_with(FORWARD) {
            ear.deliver(|| news(body, news_at));
        } else if !body.starts_with(SAY) {
            // Who has read how far, and who came: no delivery.
        } else if !body.starts_with(REPLY) {
            bail!("refused: {}", shown(body));
        } else if *is_in {
            ear.acks += 1;
        } else {
            *is_in = true;
            ear.is_in = true;
        }
        Ok(())
    })
}

impl Speech for OurSpeech {
    fn greet(&mut self, out: &mut Vec<u8>) {
        self.put(b"enter", b"", out);
    }

    fn hear(&mut self, bytes: &[u8], ear: &mut Ear<'_>) -> anyhow::Result<usize> {
        hear(bytes, &mut self.is_in, &mut self.news_at, ear)
    }

    fn say(&mut self, payload: Payload, out: &mut Vec<u8>) {
        let payload = payload.to_bytes();
        // Sender and number, which nobody else and nothing else has.
        self.put(&payload[..12], &payload, out);
    }
}

/// A connection to the raw floor: it sends what our server would forward.
#[derive(Default)]
pub(crate) struct RawSpeech {
    is_in: bool,
    news_at: usize,
}

impl Speech for RawSpeech {
    fn greet(&mut self, _: &mut Vec<u8>) {}

    fn hear(&mut self, bytes: &[u8], ear: &mut Ear<'_>) -> anyhow::Result<usize> {
        hear(bytes, &mut self.is_in, &mut self.news_at, ear)
    }

    fn say(&mut self, payload: Payload, out: &mut Vec<u8>) {
        let name = name(payload.sender.into());
        frame(out, |out| {
            out.extend_from_slice(br#"{"op":0,"args":{"name":""#);
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(br#""},"news":""#);
            out.extend_from_slice(&payload.to_bytes());
            out.extend_from_slice(
                br#"","room":"lobby","id":100000,"time":1700000000000,"user":100}"#,
            );
        });
    }
}

/// The raw floor's acknowledgement, as long as one of our server's.
pub(crate) fn raw_acknowledgement() -> Vec<u8> {
    let mut out = Vec::new();
    frame(&mut out, |out| {
        out.extend_from_slice(
            br#"{"op":0,"test":0,"client_message_id":"000000000000","room":"lobby","id":100000,"time":1700000000000}"#,
        );
    });
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use qunliao_protocol::chat::{EntryBody, EntryFrame, MessageFrame, Said, Say};
    use qunliao_protocol::json::Object;
    use qunliao_protocol::reply::Reply;
    use qunliao_protocol::{EntryId, HeaderForm, RoomId, UserId};

    fn forward(sender: u16) -> Vec<u8> {
        let mut body = bytes::BytesMut::new();
        let (name, text) = (name(sender.into()), text(sender));
        let frame = EntryFrame {
            room: RoomId::LOBBY,
            id: EntryId(100_000),
            time: 1_700_000_000_000,
            user: UserId(100),
            name: &name,
            body: EntryBody::Message(MessageFrame {
                news: &text,
                ..MessageFrame::default()
            }),
            client_message_id: None,
        };
        frame.put(&mut body);
        HeaderForm::Binary.encode(&body).to_vec()
    }

    fn reply() -> Vec<u8> {
        let said = Said {
            client_message_id: Some("000000000000".into()),
            room: Some(RoomId::LOBBY),
            id: Some(EntryId(100_000)),
            time: Some(1_700_000_000_000),
        };
        let reply = Reply::ok(0, None, said).to_json();
        HeaderForm::Binary.encode(&reply).to_vec()
    }

    #[test]
    fn forwards_and_replies_are_told_apart_wherever_they_are_cut() {
        let bytes = [reply(), forward(3), reply(), forward(4)].concat();
        let heard = heard(|| Box::new(OurSpeech::new("t".into())), &bytes);
        assert_eq!((heard.deliveries, heard.acks), (2, 1));
        assert!(heard.is_in);
        assert_eq!(heard.senders, [3, 4]);
    }

    #[test]
    fn a_refusal_is_an_error() {
        let refusal = HeaderForm::Binary.encode(br#"{"op":0,"test":1,"error":"wrong"}"#);
        assert!(complaint(OurSpeech::new("t".into()), &refusal).contains("wrong"));
    }

    #[test]
    fn what_is_said_is_a_say_with_token_and_id() {
        let mut out = Vec::new();
        OurSpeech::new("secret".into()).say(payload(3), &mut out);
        let taken = bodies(&out, |body| {
            let body = Object::parse(body).unwrap();
            let say = Say::read(&body).unwrap();
            assert_eq!(say.client_message_id, Some("000300000000"));
            assert_eq!(say.news, text(3));
            Ok(())
        });
        assert_eq!(taken.unwrap(), out.len());
    }

    #[test]
    fn the_raw_floor_has_the_bytes_that_we_have() {
        let mut out = Vec::new();
        RawSpeech::default().say(payload(3), &mut out);
        assert_eq!(out, forward(3));
        assert_eq!(raw_acknowledgement(), reply());
    }
}

//! MQTT 3.1.1. With QoS 1 the server acknowledges (`PUBACK`), and every subscriber
//! acknowledges to the server; with QoS 0 a witness tells that a message came.
//! Publishers hear themselves.

use super::{ROOM, Speech};
use crate::load::ear::Ear;
use crate::load::payload::Payload;
use anyhow::{Context as _, bail, ensure};

const CONNACK: u8 = 0x20;
const PUBLISH: u8 = 0x30;
const PUBACK: u8 = 0x40;
const SUBSCRIBE: u8 = 0x82;
const SUBACK: u8 = 0x90;

/// The quality of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quality {
    /// 0: sent and forgotten.
    AtMostOnce,
    /// 1: acknowledged.
    AtLeastOnce,
}

/// A subscriber.
pub(crate) struct MqttSpeech {
    member: usize,
    quality: Quality,
    next_packet: u16,
}

impl MqttSpeech {
    pub(crate) fn new(member: usize, quality: Quality) -> Self {
        Self {
            member,
            quality,
            next_packet: 1,
        }
    }

    fn hear_packet(&self, kind: u8, body: &[u8], ear: &mut Ear<'_>) -> anyhow::Result<()> {
        match kind & 0xf0 {
            PUBLISH => {
                let quality = (kind >> 1) & 3;
                let (topic, rest) = body.split_first_chunk().context("no topic")?;
                let topic = u16::from_be_bytes(*topic).into();
                let mut rest = rest.get(topic..).context("a cut topic")?;
                if quality > 0 {
                    let (packet, payload) = rest.split_first_chunk::<2>().context("no id")?;
                    ear.answer
                        .extend_from_slice(&[PUBACK, 2, packet[0], packet[1]]);
                    rest = payload;
                }
                ear.deliver(|| Some(rest));
            }
            PUBACK => ear.acks += 1,
            CONNACK => {
                ensure!(body.get(1) == Some(&0), "not accepted: {body:?}");
                self.subscribe(ear.answer);
            }
            SUBACK => {
                ensure!(
                    body.get(2) == Some(&(self.quality as u8)),
                    "not subscribed: {body:?}"
                );
                ear.is_in = true;
            }
            _ => bail!("an unexpected packet: {kind:#04x}"),
        }
        Ok(())
    }

    fn subscribe(&self, out: &mut Vec<u8>) {
        packet(SUBSCRIBE, out, |out| {
            out.extend_from_slice(&[0, 1]);
            string(ROOM, out);
            out.push(self.quality as u8);
        });
    }
}

/// Appends a packet with what `write` appends.
fn packet(kind: u8, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let mut body = Vec::with_capacity(128);
    write(&mut body);
    out.push(kind);
    let mut length = body.len();
    while length >= 0x80 {
        out.push((length % 0x80) as u8 | 0x80);
        length /= 0x80;
    }
    out.push(length as u8);
    out.extend_from_slice(&body);
}

fn string(text: &str, out: &mut Vec<u8>) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// The first packet's kind and body, and its length, if it is whole.
fn first_packet(bytes: &[u8]) -> anyhow::Result<Option<(u8, &[u8], usize)>> {
    let (mut length, mut shift) = (0, 0);
    for (place, byte) in bytes.iter().enumerate().skip(1) {
        ensure!(shift < 28, "a length of more than four bytes");
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            let start = place + 1;
            let body = bytes.get(start..start + length);
            return Ok(body.map(|body| (bytes[0], body, start + length)));
        }
    }
    Ok(None)
}

impl Speech for MqttSpeech {
    fn greet(&mut self, out: &mut Vec<u8>) {
        const CONNECT: u8 = 0x10;
        const LEVEL_3_1_1: u8 = 4;
        const CLEAN_SESSION: u8 = 2;
        packet(CONNECT, out, |out| {
            string("MQTT", out);
            // The zeros mean that nobody has to ping.
            out.extend_from_slice(&[LEVEL_3_1_1, CLEAN_SESSION, 0, 0]);
            string(&format!("m{}", self.member), out);
        });
    }

    fn hear(&mut self, bytes: &[u8], ear: &mut Ear<'_>) -> anyhow::Result<usize> {
        let mut taken = 0;
        while let Some((kind, body, length)) = first_packet(&bytes[taken..])? {
            self.hear_packet(kind, body, ear)?;
            taken += length;
        }
        Ok(taken)
    }

    fn say(&mut self, payload: Payload, out: &mut Vec<u8>) {
        let kind = PUBLISH | (self.quality as u8) << 1;
        let id = self.next_packet.to_be_bytes();
        let with_id = self.quality == Quality::AtLeastOnce;
        // 0 is no packet's id.
        self.next_packet = self.next_packet.checked_add(1).unwrap_or(1);
        packet(kind, out, |out| {
            string(ROOM, out);
            if with_id {
                out.extend_from_slice(&id);
            }
            out.extend_from_slice(&payload.to_bytes());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn publish(sender: u16, quality: Quality) -> Vec<u8> {
        let mut out = Vec::new();
        let mut speech = MqttSpeech::new(0, quality);
        speech.next_packet = 0x0102 + sender;
        speech.say(payload(sender), &mut out);
        out
    }

    #[test]
    fn packets_are_told_apart_wherever_they_are_cut() {
        let quality = Quality::AtLeastOnce;
        let bytes = [
            vec![CONNACK, 2, 0, 0],
            vec![SUBACK, 3, 0, 1, 1],
            publish(1, quality),
            vec![PUBACK, 2, 0, 9],
            publish(2, quality),
        ]
        .concat();
        let heard = heard(|| Box::new(MqttSpeech::new(0, quality)), &bytes);
        assert_eq!((heard.deliveries, heard.acks), (2, 1));
        assert!(heard.is_in);
        assert_eq!(heard.senders, [1, 2]);
        let acknowledged: &[u8] = &[PUBACK, 2, 1, 3, PUBACK, 2, 1, 4];
        assert!(heard.answer.ends_with(acknowledged));
    }

    #[test]
    fn with_quality_0_nothing_is_acknowledged() {
        let quality = Quality::AtMostOnce;
        let heard = heard(
            || Box::new(MqttSpeech::new(0, quality)),
            &publish(1, quality),
        );
        assert_eq!(heard.senders, [1]);
        assert!(heard.answer.is_empty());
    }

    #[test]
    fn lengths_of_two_bytes_are_written_and_read() {
        let mut out = Vec::new();
        packet(PUBLISH, &mut out, |out| out.extend_from_slice(&[7; 300]));
        let (kind, body, length) = first_packet(&out).unwrap().unwrap();
        assert_eq!((kind, body.len(), length), (PUBLISH, 300, 303));
        assert!(
            complaint(MqttSpeech::new(0, Quality::AtMostOnce), &[CONNACK, 2, 0, 5])
                .contains("not accepted")
        );
    }
}

//! IRC: members of one channel. The server acknowledges nothing, and senders do not
//! hear themselves: a witness among the others tells that a message came.

use super::{ROOM, Speech, line, shown};
use crate::load::ear::Ear;
use crate::load::payload::Payload;
use anyhow::bail;

/// A member of a channel.
pub(crate) struct IrcSpeech {
    member: usize,
    channel: String,
}

impl IrcSpeech {
    /// A member of the room, or of another channel.
    pub(crate) fn new(member: usize, channel: Option<usize>) -> Self {
        let suffix = channel.map(|channel| channel.to_string());
        Self {
            member,
            channel: format!("#{ROOM}{}", suffix.unwrap_or_default()),
        }
    }

    fn hear_line(&self, line: &[u8], ear: &mut Ear<'_>) -> anyhow::Result<()> {
        let (source, rest) = match line.strip_prefix(b":") {
            Some(line) => split(line),
            None => (&[][..], line),
        };
        let (command, rest) = split(rest);
        match command {
            b"PRIVMSG" if !source.is_empty() => {
                let text = memchr::memchr(b':', rest).map(|colon| &rest[colon + 1..]);
                ear.deliver(|| text);
            }
            b"PING" => {
                ear.answer.extend_from_slice(b"PONG ");
                ear.answer.extend_from_slice(rest);
                ear.answer.extend_from_slice(b"\r\n");
            }
            // Registered.
            b"001" => ear
                .answer
                .extend_from_slice(format!("JOIN {}\r\n", self.channel).as_bytes()),
            // The end of the list of who is in the channel.
            b"366" => ear.is_in = true,
            b"ERROR" => bail!("{}", shown(line)),
            // The message of the day is missing: what does not matter.
            b"422" => {}
            [b'4' | b'5', _, _] => bail!("{}", shown(line)),
            _ => {}
        }
        Ok(())
    }
}

/// The first word, and what follows it.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b' ', line) {
        Some(space) => (&line[..space], &line[space + 1..]),
        None => (line, &[]),
    }
}

impl Speech for IrcSpeech {
    fn greet(&mut self, out: &mut Vec<u8>) {
        let member = self.member;
        out.extend_from_slice(format!("NICK m{member}\r\nUSER m 0 * :m\r\n").as_bytes());
    }

    fn hear(&mut self, bytes: &[u8], ear: &mut Ear<'_>) -> anyhow::Result<usize> {
        let mut taken = 0;
        while let Some((line, length)) = line(&bytes[taken..]) {
            self.hear_line(line, ear)?;
            taken += length;
        }
        Ok(taken)
    }

    fn say(&mut self, payload: Payload, out: &mut Vec<u8>) {
        out.extend_from_slice(b"PRIVMSG ");
        out.extend_from_slice(self.channel.as_bytes());
        out.extend_from_slice(b" :");
        out.extend_from_slice(&payload.to_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn messages_are_counted_and_pings_answered_wherever_they_are_cut() {
        let (one, two) = (text(1), text(2));
        let bytes = format!(
            ":irc.local 001 m7 :Welcome\r\n:m7!m@h JOIN :#room\r\n\
             :irc.local 366 m7 #room :End of /NAMES list.\r\n\
             :m1!~m@127.0.0.1 PRIVMSG #room :{one}\r\nPING :irc.local\r\n\
             :m2!~m@127.0.0.1 PRIVMSG #room :{two}\r\n"
        );
        let heard = heard(|| Box::new(IrcSpeech::new(7, None)), bytes.as_bytes());
        assert_eq!((heard.deliveries, heard.acks), (2, 0));
        assert!(heard.is_in);
        assert_eq!(heard.senders, [1, 2]);
        assert_eq!(heard.answer, b"JOIN #room\r\nPONG :irc.local\r\n");
    }

    #[test]
    fn an_error_of_the_server_is_one() {
        let full = b"ERROR :Closing link: no more connections\r\n";
        assert!(complaint(IrcSpeech::new(1, None), full).contains("no more"));
        let taken = b":irc.local 433 * m1 :Nickname already in use\r\n";
        assert!(complaint(IrcSpeech::new(1, None), taken).contains("already"));
    }
}

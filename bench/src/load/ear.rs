//! What a member of the crowd hears: how much, and, for those who listen closely,
//! what and when.

use super::payload::Payload;

/// What one read of one connection came to.
pub(crate) struct Ear<'a> {
    /// What has to be answered at once: pings, acknowledgements.
    pub(crate) answer: &'a mut Vec<u8>,
    /// Messages of the room.
    pub(crate) deliveries: u64,
    /// The server's acknowledgements of messages of our own.
    pub(crate) acks: u64,
    /// The server said that we are in.
    pub(crate) is_in: bool,
    listener: Option<&'a mut Listener>,
    now: u64,
}

impl<'a> Ear<'a> {
    pub(crate) fn new(
        answer: &'a mut Vec<u8>,
        listener: Option<&'a mut Listener>,
        now: u64,
    ) -> Self {
        Self {
            answer,
            deliveries: 0,
            acks: 0,
            is_in: false,
            listener,
            now,
        }
    }

    /// A message; where its payload lies is asked of those only who listen closely.
    pub(crate) fn deliver<'b>(&mut self, payload: impl FnOnce() -> Option<&'b [u8]>) {
        self.deliveries += 1;
        if let Some(listener) = &mut self.listener {
            listener.hear(payload(), self.now);
        }
    }
}

/// A member who listens closely.
#[derive(Default)]
pub(crate) struct Listener {
    /// The number that the next message of each sender has to have.
    next: Vec<Option<u32>>,
    /// Whose messages came, in order.
    pub(crate) heard: Vec<u16>,
    /// How long each took, in nanoseconds, if that is to be known.
    pub(crate) times: Option<Vec<u64>>,
    /// What was wrong with them.
    pub(crate) complaint: Option<String>,
}

impl Listener {
    fn hear(&mut self, payload: Option<&[u8]>, now: u64) {
        let Some(message) = payload.and_then(Payload::read) else {
            self.complain("something that nobody said".into());
            return;
        };
        let sender = usize::from(message.sender);
        if self.next.len() <= sender {
            self.next.resize(sender + 1, None);
        }
        // The first may be any: what was said before it had joined, it does not hear.
        let expected = self.next[sender].unwrap_or(message.number);
        if message.number != expected {
            let number = message.number;
            self.complain(format!(
                "message {number} of sender {sender} where {expected} was due"
            ));
        }
        self.next[sender] = Some(message.number.wrapping_add(1));
        self.heard.push(message.sender);
        if let Some(times) = &mut self.times {
            times.push(now.saturating_sub(message.time));
        }
    }

    fn complain(&mut self, what: String) {
        self.complaint.get_or_insert(what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(sender: u16, number: u32) -> Vec<u8> {
        let payload = Payload {
            sender,
            number,
            time: 5,
        };
        payload.to_bytes().to_vec()
    }

    #[test]
    fn a_listener_notices_a_gap_and_a_repeat() {
        for wrong in [1, 3] {
            let mut listener = Listener::default();
            for number in [0, 1, wrong] {
                listener.hear(Some(&message(7, number)), 9);
                listener.hear(Some(&message(2, 4)), 9);
                listener.next[2] = Some(4);
            }
            let complaint = listener.complaint.unwrap();
            assert!(complaint.contains("sender 7 where 2"), "{complaint}");
        }
    }

    #[test]
    fn times_are_from_the_saying_to_the_hearing() {
        let mut listener = Listener {
            times: Some(Vec::new()),
            ..Listener::default()
        };
        listener.hear(Some(&message(1, 0)), 12);
        assert_eq!(listener.times.unwrap(), [7]);
    }
}

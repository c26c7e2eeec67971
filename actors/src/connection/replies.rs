//! Replies leave in the order of their requests, though they are made in any.

use bytes::Bytes;
use std::collections::VecDeque;

/// The place of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(u64);

/// Replies that are due.
#[derive(Default)]
pub(super) struct Replies {
    due: VecDeque<Option<Bytes>>,
    /// The slot of the first one due.
    first: u64,
}

impl Replies {
    /// The place of the next request's reply.
    pub(super) fn open(&mut self) -> Slot {
        self.due.push_back(None);
        Slot(self.first + self.due.len() as u64 - 1)
    }

    /// Puts a reply into its place.
    pub(super) fn fill(&mut self, slot: Slot, reply: Bytes) {
        let index = slot
            .0
            .checked_sub(self.first)
            .and_then(|index| usize::try_from(index).ok());
        if let Some(place) = index.and_then(|index| self.due.get_mut(index)) {
            *place = Some(reply);
        }
    }

    /// The next reply whose turn has come.
    pub(super) fn next_ready(&mut self) -> Option<Bytes> {
        let ready = self.due.front_mut()?.take()?;
        self.due.pop_front();
        self.first += 1;
        if self.due.is_empty() {
            self.due = VecDeque::new();
        }
        Some(ready)
    }

    /// How many are due.
    pub(super) fn count(&self) -> usize {
        self.due.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_leave_in_the_order_of_their_requests() {
        let mut replies = Replies::default();
        let (first, second) = (replies.open(), replies.open());
        replies.fill(second, Bytes::from_static(b"2"));
        assert_eq!(replies.next_ready(), None);
        replies.fill(first, Bytes::from_static(b"1"));
        assert_eq!(replies.next_ready().as_deref(), Some(&b"1"[..]));
        assert_eq!(replies.next_ready().as_deref(), Some(&b"2"[..]));
        assert_eq!(replies.next_ready(), None);
        let third = replies.open();
        replies.fill(third, Bytes::from_static(b"3"));
        assert_eq!(replies.next_ready().as_deref(), Some(&b"3"[..]));
        assert_eq!(replies.count(), 0);
    }
}

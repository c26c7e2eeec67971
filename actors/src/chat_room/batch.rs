//! A batch: what one append made durable, encoded once for all who hear it.
//!
//! Frames of a batch lie one after the other in one buffer, so a connection that
//! said none of them sends the whole buffer as it is; one that did leaves out
//! its own frames by slicing around them. Nothing is copied for a reader.

use super::line::Line;
use crate::admission::ConnectionId;
use bytes::{Bytes, BytesMut};
use qunliao_protocol::chat::State;
use qunliao_protocol::{EntryId, HeaderForm, Language, RoomId, UserId};
use std::sync::OnceLock;

/// Lines of one room, in order.
pub struct Batch {
    room: RoomId,
    lines: Vec<Line>,
    text: OnceLock<Encoded>,
    binary: OnceLock<Encoded>,
}

/// Frames of all lines, and where each one ends.
struct Encoded {
    frames: Bytes,
    ends: Vec<usize>,
}

impl Batch {
    /// A batch.
    #[must_use]
    pub fn new(room: RoomId, lines: Vec<Line>) -> Self {
        Self {
            room,
            lines,
            text: OnceLock::new(),
            binary: OnceLock::new(),
        }
    }

    /// The room.
    #[must_use]
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The id of the last line.
    #[must_use]
    pub fn last(&self) -> Option<EntryId> {
        self.lines.last().map(|line| line.id)
    }

    /// Hands the frames that `listener` should hear to `queue`, in order, and
    /// answers how many bytes they have.
    pub fn frames(&self, listener: &Listener<'_>, mut queue: impl FnMut(Bytes)) -> usize {
        let encoded = self.encoded(listener.form);
        let mut bytes = 0;
        let mut hand = |frames: Bytes| {
            if !frames.is_empty() {
                bytes += frames.len();
                queue(frames);
            }
        };
        // A run of frames that go out as they are is one slice.
        let (mut start, mut run_start) = (0, 0);
        for (line, end) in self.lines.iter().zip(&encoded.ends) {
            match listener.hears(line, self.room) {
                Hearing::AsItIs => {}
                Hearing::Nothing => {
                    hand(encoded.frames.slice(run_start..start));
                    run_start = *end;
                }
                own @ (Hearing::AsAuthor | Hearing::InWords) => {
                    hand(encoded.frames.slice(run_start..start));
                    hand(self.encode_line(line, listener, own));
                    run_start = *end;
                }
            }
            start = *end;
        }
        hand(encoded.frames.slice(run_start..start));
        bytes
    }

    fn encoded(&self, form: HeaderForm) -> &Encoded {
        let cell = match form {
            HeaderForm::Text => &self.text,
            HeaderForm::Binary => &self.binary,
        };
        cell.get_or_init(|| {
            let mut frames = BytesMut::new();
            let mut ends = Vec::with_capacity(self.lines.len());
            let mut body = BytesMut::new();
            for line in &self.lines {
                body.clear();
                line.frame(self.room, State::default(), false)
                    .put(&mut body);
                form.put(&body, &mut frames);
                ends.push(frames.len());
            }
            let frames = frames.freeze();
            Encoded { frames, ends }
        })
    }

    fn encode_line(&self, line: &Line, listener: &Listener<'_>, hearing: Hearing) -> Bytes {
        let mut body = BytesMut::new();
        let is_author = hearing == Hearing::AsAuthor;
        let frame = line.frame(self.room, State::default(), is_author);
        match hearing {
            Hearing::InWords => frame.put_plain(listener.language, &mut body),
            _ => frame.put(&mut body),
        }
        listener.form.encode(&body)
    }
}

/// Who hears a batch, and from where on.
pub struct Listener<'a> {
    /// The header of the connection.
    pub form: HeaderForm,
    /// The connection: it does not hear itself.
    pub connection: ConnectionId,
    /// Whose connection it is: only the author's own hear `client_message_id`.
    pub user: UserId,
    /// Whether it understands more than the origin's keys ask for.
    pub extended: bool,
    /// In which it is told of what has no words of its own.
    pub language: Language,
    /// What has been heard already.
    pub after: EntryId,
    /// What may be heard now.
    pub up_to: EntryId,
    /// Entries that this connection said, where a line cannot tell by itself.
    pub own: &'a [EntryId],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hearing {
    AsItIs,
    /// With the client's own id.
    AsAuthor,
    /// In words that a client of the origin can show.
    InWords,
    Nothing,
}

impl Listener<'_> {
    fn hears(&self, line: &Line, room: RoomId) -> Hearing {
        let is_own = line
            .from
            .is_some_and(|(connection, _)| connection == self.connection);
        let is_heard = line.id <= self.after || is_own || self.own.contains(&line.id);
        let is_understood = self.extended || line.is_for_plain(room);
        if is_heard || line.id > self.up_to || !is_understood {
            Hearing::Nothing
        } else if !self.extended && line.shows_file() {
            Hearing::InWords
        } else if self.extended && line.author == self.user && line.client_message_id.is_some() {
            Hearing::AsAuthor
        } else {
            Hearing::AsItIs
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qunliao_storage::EntryKind;

    fn line(id: u64, author: u64, connection: u64) -> Line {
        Line {
            id: EntryId(id),
            time: 1,
            author: UserId(author),
            name: format!("user{author}"),
            kind: EntryKind::text(format!("news{id}")),
            other: None,
            client_message_id: Some(format!("c{id}")),
            from: Some((ConnectionId(connection), 0)),
        }
    }

    fn heard(batch: &Batch, listener: &Listener<'_>) -> (String, usize) {
        let mut text = Vec::new();
        let mut pieces = 0;
        let bytes = batch.frames(listener, |frames| {
            pieces += 1;
            text.extend_from_slice(&frames);
        });
        assert_eq!(bytes, text.len());
        (String::from_utf8(text).unwrap(), pieces)
    }

    fn bob() -> Listener<'static> {
        Listener {
            form: HeaderForm::Text,
            connection: ConnectionId(2),
            user: UserId(2),
            extended: false,
            language: Language::Chinese,
            after: EntryId(0),
            up_to: EntryId(u64::MAX),
            own: &[],
        }
    }

    #[test]
    fn who_said_nothing_hears_it_all_in_one_piece() {
        let batch = Batch::new(RoomId::LOBBY, vec![line(1, 1, 1), line(2, 3, 3)]);
        let (text, pieces) = heard(&batch, &bob());
        assert_eq!(pieces, 1);
        assert!(text.contains("news1") && text.contains("news2"));
        assert!(!text.contains("client_message_id"));
    }

    #[test]
    fn nobody_hears_itself_or_what_it_has_heard() {
        let batch = Batch::new(
            RoomId::LOBBY,
            vec![line(1, 1, 1), line(2, 2, 2), line(3, 1, 1), line(4, 1, 1)],
        );
        let listener = Listener {
            after: EntryId(1),
            own: &[EntryId(4)],
            ..bob()
        };
        let (text, _) = heard(&batch, &listener);
        assert!(text.contains("news3"));
        assert!(!text.contains("news1") && !text.contains("news2") && !text.contains("news4"));
    }

    #[test]
    fn what_is_not_to_be_heard_yet_is_left_out() {
        let batch = Batch::new(RoomId::LOBBY, vec![line(1, 1, 1), line(2, 1, 1)]);
        let listener = Listener {
            up_to: EntryId(1),
            ..bob()
        };
        let (text, _) = heard(&batch, &listener);
        assert!(text.contains("news1") && !text.contains("news2"));
    }

    #[test]
    fn the_authors_other_extended_devices_hear_the_client_message_id() {
        let batch = Batch::new(RoomId::LOBBY, vec![line(1, 2, 9), line(2, 1, 1)]);
        let (text, _) = heard(
            &batch,
            &Listener {
                extended: true,
                ..bob()
            },
        );
        assert!(text.contains("\"c1\"") && !text.contains("\"c2\""));
        let (text, _) = heard(&batch, &bob());
        assert!(!text.contains("\"c1\""));
    }
}

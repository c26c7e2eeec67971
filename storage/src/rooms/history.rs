//! Entries with what became of them: one scan of the log, one of the amendments and
//! one of the reactions of the same stretch, wherever in the log it lies.

use super::amendments::{edited, edits, reactions, reactors};
use super::records::{AmendmentData, ReactionData};
use super::{Amendment, Around, Reaction, Shown, Target};
use crate::entry::Entry;
use crate::error::StorageError;
use crate::keys;
use crate::log::reading;
use crate::transaction::{Read, decode};
use qunliao_protocol::{EntryId, RoomId, UserId};
use std::collections::HashMap;
use std::ops::ControlFlow;

pub(super) fn history(
    read: &impl Read,
    room: RoomId,
    around: Around,
    limit: usize,
    bytes_max: usize,
    reader: UserId,
) -> Result<Vec<Shown>, StorageError> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    match around {
        Around::Before(id) => {
            let entries = reading::page_before(read, room, id, limit, bytes_max)?;
            let amended = Amendments::of(read, room, reader, &entries)?;
            let mut newest_first = Vec::new();
            fill(
                &amended,
                entries.into_iter().rev(),
                bytes_max,
                &mut newest_first,
            )?;
            newest_first.reverse();
            Ok(newest_first)
        }
        Around::After(id) => {
            let entries = reading::page(read, room, id, limit, bytes_max)?;
            let amended = Amendments::of(read, room, reader, &entries)?;
            let mut shown = Vec::new();
            fill(&amended, entries.into_iter(), bytes_max, &mut shown)?;
            Ok(shown)
        }
        Around::At(id) => at(read, room, id, limit, bytes_max, reader),
    }
}

/// Shows entries until their texts are long enough.
fn fill<R: Read>(
    amended: &Amendments<'_, R>,
    entries: impl Iterator<Item = Entry>,
    bytes_max: usize,
    shown: &mut Vec<Shown>,
) -> Result<(), StorageError> {
    let mut bytes = 0;
    for entry in entries {
        let next = amended.show(entry)?;
        bytes += text_bytes(&next);
        shown.push(next);
        if bytes >= bytes_max {
            break;
        }
    }
    Ok(())
}

/// An entry in the middle, and from there on outward by turns.
fn at(
    read: &impl Read,
    room: RoomId,
    id: EntryId,
    limit: usize,
    bytes_max: usize,
    reader: UserId,
) -> Result<Vec<Shown>, StorageError> {
    let Some(middle) = reading::entry(read, room, id)? else {
        return Ok(Vec::new());
    };
    let beside = (limit - 1) / 2;
    let before = reading::page_before(read, room, id, beside, bytes_max)?;
    let after = reading::page(read, room, id, beside, bytes_max)?;
    let (at, mut entries) = (before.len(), before);
    entries.push(middle);
    entries.extend(after);
    let amended = Amendments::of(read, room, reader, &entries)?;
    let mut after = entries.split_off(at).into_iter();
    let mut before = entries.into_iter().rev();
    let (mut older, mut newer, mut bytes) = (Vec::new(), Vec::new(), 0);
    let mut is_turn_of_newer = true;
    while bytes < bytes_max || newer.is_empty() {
        let next = match is_turn_of_newer {
            true => after.next().map(|entry| (entry, &mut newer)),
            false => before.next().map(|entry| (entry, &mut older)),
        };
        is_turn_of_newer = !is_turn_of_newer;
        match next {
            Some((entry, side)) => {
                let next = amended.show(entry)?;
                bytes += text_bytes(&next);
                side.push(next);
            }
            None if after.len() + before.len() == 0 => break,
            None => {}
        }
    }
    older.reverse();
    older.extend(newer);
    Ok(older)
}

fn text_bytes(shown: &Shown) -> usize {
    let edited = shown.amendment.as_ref().and_then(|a| a.edited.as_ref());
    let edited = edited.map_or(0, |(_, text)| text.len());
    shown.entry.content.kind.text_bytes() + edited
}

pub(super) fn shown(
    read: &impl Read,
    entries: &[(RoomId, EntryId)],
    reader: UserId,
) -> Result<Vec<(RoomId, Shown)>, StorageError> {
    let mut shown = Vec::new();
    for (room, id) in entries {
        if let Some(entry) = reading::entry(read, *room, *id)? {
            let amended = Amendments::of(read, *room, reader, std::slice::from_ref(&entry))?;
            shown.push((*room, amended.show(entry)?));
        }
    }
    Ok(shown)
}

pub(super) fn target(
    read: &impl Read,
    room: RoomId,
    id: EntryId,
) -> Result<Option<Target>, StorageError> {
    let Some(entry) = reading::entry(read, room, id)? else {
        return Ok(None);
    };
    let reactions = reactions(read, room, id)?.into_iter();
    let reactions = reactions.map(|(first, reaction)| {
        let users = reactors(read, room, id, first, usize::MAX)?;
        Ok((reaction.emoji, users))
    });
    Ok(Some(Target {
        entry,
        edits: edits(read, room, id)?,
        reactions: reactions.collect::<Result<_, StorageError>>()?,
    }))
}

/// What became of the messages of a stretch of a log.
struct Amendments<'a, R> {
    read: &'a R,
    room: RoomId,
    reader: UserId,
    data: HashMap<EntryId, AmendmentData>,
    reactions: HashMap<EntryId, Vec<(EntryId, ReactionData)>>,
}

impl<'a, R: Read> Amendments<'a, R> {
    /// For entries in ascending order.
    fn of(
        read: &'a R,
        room: RoomId,
        reader: UserId,
        entries: &[Entry],
    ) -> Result<Self, StorageError> {
        let mut amendments = Self {
            read,
            room,
            reader,
            data: HashMap::new(),
            reactions: HashMap::new(),
        };
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return Ok(amendments);
        };
        let of = |key: fn(RoomId, EntryId) -> Vec<u8>| {
            let to = keys::range(&key(room, last.id)).1;
            (key(room, first.id), to)
        };
        read.each(of(keys::amendment_by_room_entry), |key, value| {
            let id = EntryId(keys::last_number(key)?);
            amendments.data.insert(id, AmendmentData::read(value)?);
            Ok(ControlFlow::Continue(()))
        })?;
        read.each(of(keys::reactions_of), |key, value| {
            let (message, first) = keys::last_two_numbers(key)?;
            let of_message = amendments.reactions.entry(EntryId(message)).or_default();
            of_message.push((EntryId(first), decode(value)?));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(amendments)
    }

    fn show(&self, entry: Entry) -> Result<Shown, StorageError> {
        let data = self.data.get(&entry.id);
        let reactions = self.reactions.get(&entry.id);
        if data.is_none() && reactions.is_none() {
            return Ok(Shown {
                entry,
                amendment: None,
            });
        }
        let edit = data.and_then(|data| data.edited);
        let edited = |edit| -> Result<_, StorageError> {
            let (text, _) = edited(self.read, self.room, edit)?;
            Ok((edit, text))
        };
        let reactions = reactions.into_iter().flatten();
        let reactions = reactions.map(|(first, reaction)| {
            Ok(Reaction {
                emoji: reaction.emoji.clone(),
                count: reaction.count,
                users: reaction.users.clone(),
                own: self.is_own(entry.id, *first, reaction)?,
            })
        });
        let amendment = Amendment {
            recalled: data.and_then(|data| data.recalled),
            edited: edit.map(edited).transpose()?,
            reactions: reactions.collect::<Result<_, StorageError>>()?,
            pinned: data.is_some_and(|data| data.pinned.is_some()),
        };
        Ok(Shown {
            entry,
            amendment: Some(amendment),
        })
    }

    fn is_own(
        &self,
        id: EntryId,
        first: EntryId,
        reaction: &ReactionData,
    ) -> Result<bool, StorageError> {
        if reaction.users.contains(&self.reader) {
            return Ok(true);
        }
        // Those who are listed may be all of them.
        if reaction.count <= reaction.users.len() as u64 {
            return Ok(false);
        }
        let key = keys::reactor_by_room_entry(self.room, id, first, self.reader);
        Ok(self.read.get(&key)?.is_some())
    }
}

//! What becomes of a message: it is recalled, edited, reacted to, pinned.

use super::projection::Projection;
use super::records::{AmendmentData, ReactionData};
use super::{REACTORS_SHOWN_MAX, mentions};
use crate::engine::Pair;
use crate::entry::{EntryKind, Mentions, Message, MessageChange, NewEntry};
use crate::error::StorageError;
use crate::transaction::{Read, decode};
use crate::{files, keys, log};
use qunliao_protocol::{EntryId, RoomId, UserId};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// A message that is about to change.
pub(super) struct Amended {
    id: EntryId,
    author: UserId,
    message: Message,
    data: AmendmentData,
}

impl Amended {
    /// The message `id`, if it is one.
    pub(super) fn find(
        projection: &Projection<'_, '_>,
        id: EntryId,
    ) -> Result<Option<Self>, StorageError> {
        let room = projection.room;
        let found = log::reading::entry(projection.transaction, room, id)?;
        let found = found.ok_or_else(|| StorageError::damaged("a change of what is not there"))?;
        let EntryKind::Message(message) = found.content.kind else {
            return Ok(None);
        };
        let key = keys::amendment_by_room_entry(room, id);
        let data = projection.transaction.get(&key)?;
        let data = data.map(|value| AmendmentData::read(&value)).transpose()?;
        Ok(Some(Self {
            id,
            author: found.content.author,
            message,
            data: data.unwrap_or_default(),
        }))
    }

    /// Changes it by the entry `by`.
    pub(super) fn change(
        &mut self,
        projection: &mut Projection<'_, '_>,
        by: EntryId,
        entry: &NewEntry,
        change: &MessageChange,
    ) -> Result<(), StorageError> {
        if self.data.recalled.is_some() {
            // What is said of it after all is not kept either.
            return match change {
                MessageChange::Edited { .. } => {
                    log::scrub(projection.transaction, projection.room, by)
                }
                _ => Ok(()),
            };
        }
        match change {
            MessageChange::Recalled => self.recall(projection, by)?,
            MessageChange::Edited { mentions, .. } => {
                self.edit(projection, by, entry.time, mentions)?;
            }
            MessageChange::Reacted(emoji) => self.react(projection, by, entry.author, emoji)?,
            MessageChange::Unreacted(emoji) => self.unreact(projection, entry.author, emoji)?,
            MessageChange::Pinned => self.pin(projection, by),
            MessageChange::Unpinned => self.unpin(projection),
        }
        let key = keys::amendment_by_room_entry(projection.room, self.id);
        if self.data == AmendmentData::default() {
            projection.transaction.delete(key);
            return Ok(());
        }
        projection.transaction.put_record(key, &self.data)
    }

    /// Whom it means as it is now.
    fn mentions(&self, projection: &Projection<'_, '_>) -> Result<Mentions, StorageError> {
        let Some(edit) = self.data.edited else {
            return Ok(self.message.mentions.clone());
        };
        let (_, mentions) = edited(projection.transaction, projection.room, edit)?;
        Ok(mentions)
    }

    fn edit(
        &mut self,
        projection: &mut Projection<'_, '_>,
        by: EntryId,
        time: u64,
        now: &Mentions,
    ) -> Result<(), StorageError> {
        let (room, id) = (projection.room, self.id);
        let before = self.mentions(projection)?;
        let meant_before = projection.meant(&before, self.author)?;
        let meant = projection.meant(now, self.author)?;
        let transaction = &mut *projection.transaction;
        let not_any_more: BTreeSet<_> = meant_before.difference(&meant).copied().collect();
        mentions::withdraw(transaction, room, not_any_more, id)?;
        for user in meant.difference(&meant_before) {
            mentions::note(transaction, room, *user, id, time)?;
        }
        let everyone = keys::everyone_mention_by_room_entry(room, id);
        if now.everyone {
            transaction.mark(everyone);
        } else {
            transaction.delete(everyone);
        }
        transaction.mark(keys::edit_by_room_entry(room, id, by));
        self.data.edited = Some(by);
        Ok(())
    }

    fn recall(
        &mut self,
        projection: &mut Projection<'_, '_>,
        by: EntryId,
    ) -> Result<(), StorageError> {
        let (room, id) = (projection.room, self.id);
        let mentions = self.mentions(projection)?;
        let meant = projection.meant(&mentions, self.author)?;
        self.unpin(projection);
        let transaction = &mut *projection.transaction;
        mentions::withdraw(transaction, room, meant, id)?;
        transaction.delete(keys::everyone_mention_by_room_entry(room, id));
        for edit in edits(transaction, room, id)? {
            log::scrub(transaction, room, edit)?;
            transaction.delete(keys::edit_by_room_entry(room, id, edit));
        }
        log::scrub(transaction, room, id)?;
        let reactions = [
            keys::reactions_of(room, id),
            keys::all_reactors_of(room, id),
        ];
        for prefix in reactions {
            transaction.delete_all(&prefix)?;
        }
        if let Some(file) = &self.message.file {
            let is_of_it =
                |found: &files::FileRecord| found.room == room && found.owner == self.author;
            files::remove(transaction, projection.seal, file.id, is_of_it)?;
        }
        self.data = AmendmentData {
            recalled: Some(by),
            ..AmendmentData::default()
        };
        Ok(())
    }

    fn react(
        &self,
        projection: &mut Projection<'_, '_>,
        by: EntryId,
        user: UserId,
        emoji: &str,
    ) -> Result<(), StorageError> {
        let (room, id) = (projection.room, self.id);
        let transaction = &mut *projection.transaction;
        let (first, mut reaction) = match find_reaction(transaction, room, id, emoji)? {
            Some(found) => found,
            None => {
                let none_yet = ReactionData {
                    emoji: emoji.to_owned(),
                    count: 0,
                    users: Vec::new(),
                };
                (by, none_yet)
            }
        };
        let reactor = keys::reactor_by_room_entry(room, id, first, user);
        if transaction.get(&reactor)?.is_some() {
            return Ok(());
        }
        transaction.mark(reactor);
        reaction.count += 1;
        let place = reaction.users.partition_point(|other| *other < user);
        reaction.users.insert(place, user);
        reaction.users.truncate(REACTORS_SHOWN_MAX);
        transaction.put_record(keys::reaction_by_room_entry(room, id, first), &reaction)
    }

    fn unreact(
        &self,
        projection: &mut Projection<'_, '_>,
        user: UserId,
        emoji: &str,
    ) -> Result<(), StorageError> {
        let (room, id) = (projection.room, self.id);
        let transaction = &mut *projection.transaction;
        let Some((first, mut reaction)) = find_reaction(transaction, room, id, emoji)? else {
            return Ok(());
        };
        let reactor = keys::reactor_by_room_entry(room, id, first, user);
        if transaction.get(&reactor)?.is_none() {
            return Ok(());
        }
        transaction.delete(reactor);
        let key = keys::reaction_by_room_entry(room, id, first);
        reaction.count = reaction.count.saturating_sub(1);
        if reaction.count == 0 {
            transaction.delete(key);
            return Ok(());
        }
        if reaction.users.contains(&user) {
            reaction.users = reactors(transaction, room, id, first, REACTORS_SHOWN_MAX)?;
        }
        transaction.put_record(key, &reaction)
    }

    fn pin(&mut self, projection: &mut Projection<'_, '_>, by: EntryId) {
        if self.data.pinned.is_none() {
            let key = keys::pin_by_room_seq(projection.room, by);
            projection.transaction.put_number(key, self.id.0);
            self.data.pinned = Some(by);
        }
    }

    fn unpin(&mut self, projection: &mut Projection<'_, '_>) {
        if let Some(pin) = self.data.pinned.take() {
            let key = keys::pin_by_room_seq(projection.room, pin);
            projection.transaction.delete(key);
        }
    }
}

/// What an edit says, and whom it means.
pub(super) fn edited(
    read: &impl Read,
    room: RoomId,
    edit: EntryId,
) -> Result<(String, Mentions), StorageError> {
    let found = log::reading::entry(read, room, edit)?;
    match found.map(|entry| entry.content.kind) {
        Some(EntryKind::Change {
            change: MessageChange::Edited { text, mentions },
            ..
        }) => Ok((text, mentions)),
        _ => Err(StorageError::damaged("a message was edited by no edit")),
    }
}

/// The entries that edited a message.
pub(super) fn edits(
    read: &impl Read,
    room: RoomId,
    id: EntryId,
) -> Result<Vec<EntryId>, StorageError> {
    let mut edits = Vec::new();
    read.each(keys::range(&keys::edits_of(room, id)), |key, _| {
        edits.push(EntryId(keys::last_number(key)?));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(edits)
}

/// A message's reactions, each with the entry that was the first of them.
pub(super) fn reactions(
    read: &impl Read,
    room: RoomId,
    id: EntryId,
) -> Result<Vec<(EntryId, ReactionData)>, StorageError> {
    let mut reactions = Vec::new();
    read.each(keys::range(&keys::reactions_of(room, id)), |key, value| {
        reactions.push((EntryId(keys::last_number(key)?), decode(value)?));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(reactions)
}

fn find_reaction(
    read: &impl Read,
    room: RoomId,
    id: EntryId,
    emoji: &str,
) -> Result<Option<(EntryId, ReactionData)>, StorageError> {
    let mut reactions = reactions(read, room, id)?.into_iter();
    Ok(reactions.find(|(_, reaction)| reaction.emoji == emoji))
}

/// Who reacted so, the lowest ids first.
pub(super) fn reactors(
    read: &impl Read,
    room: RoomId,
    id: EntryId,
    first: EntryId,
    limit: usize,
) -> Result<Vec<UserId>, StorageError> {
    let (from, to) = keys::range(&keys::reactors_of(room, id, first));
    let found = read.scan(&from, &to, false, limit)?;
    let user = |(key, _): &Pair| keys::last_number(key).map(UserId);
    found.iter().map(user).collect()
}

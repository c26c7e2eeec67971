//! What a room reads when somebody's post turns out to depend on it: a message to be
//! changed, or what was said before the room was opened.

use super::ChatRoom;
use super::repeats::REPEAT_WINDOW;
use super::targets::Target;
use crate::clock::now_ms;
use actix::prelude::*;
use qunliao_protocol::{EntryId, RoomId, UserId};
use qunliao_storage::{Log, StorageError};
use std::sync::Arc;

/// Entries of a page when a room reads its past.
const PAST_PAGE: usize = 1_000;

impl ChatRoom {
    pub(super) fn read_target(&mut self, target: EntryId, ctx: &mut Context<Self>) {
        let (rooms, room) = (Arc::clone(&self.neighbours.rooms), self.room.id());
        let reading = async move { rooms.target(room, target).await };
        ctx.spawn(reading.into_actor(self).map(move |read, act, ctx| {
            let read = read.map_err(|why| crate::storage_failure(&why));
            let read = read.map(|found| found.and_then(Target::of));
            let decided = act.room.learn(target, read, now_ms());
            act.decide(decided, ctx);
        }));
    }

    pub(super) fn read_past(&mut self, ctx: &mut Context<Self>) {
        let (log, room, last) = (
            Arc::clone(&self.neighbours.log),
            self.room.id(),
            self.room.last(),
        );
        let reading = async move { past(&*log, room, last).await };
        ctx.spawn(reading.into_actor(self).map(|read, act, ctx| {
            let read = read.map_err(|why| crate::storage_failure(&why));
            let decided = act.room.learn_past(read, now_ms());
            act.decide(decided, ctx);
        }));
    }
}

/// What was said with an id of the client's own among the last entries: whose, which,
/// as which entry, when.
async fn past(
    log: &dyn Log,
    room: RoomId,
    last: EntryId,
) -> Result<Vec<(UserId, String, EntryId, u64)>, StorageError> {
    let mut after = EntryId(last.0.saturating_sub(REPEAT_WINDOW));
    let mut past = Vec::new();
    while after < last {
        let page = log.page(room, after, PAST_PAGE, usize::MAX).await?;
        let Some(newest) = page.last() else {
            let what = format!("room {room} ends at {last}, and has nothing after {after}");
            return Err(StorageError::Damaged(what));
        };
        after = newest.id;
        for entry in page {
            if let Some(own) = entry.content.client_message_id {
                past.push((entry.content.author, own, entry.id, entry.content.time));
            }
        }
    }
    Ok(past)
}

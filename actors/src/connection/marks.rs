//! op 4, typing; op 5, how far people have read.

use super::Connection;
use super::posts::Asked;
use crate::chat_room::{MarkRead, Notice, Tell};
use crate::house::House;
use crate::person::Person;
use actix::Context;
use qunliao_protocol::chat::{MARK, Mark, PRESENCE, SeenReply, Seer, Typing};
use qunliao_protocol::reply::{Nothing, Reply};
use qunliao_protocol::{Credential, EntryId, Failure, RoomId, UserId};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it is passed on that someone types.
const TYPING_EVERY: Duration = Duration::from_secs(2);

impl Connection {
    /// Tells a room that someone types there, unless that was told just now.
    pub(super) fn type_on(
        &mut self,
        asked: Asked,
        typing: Typing,
        credential: Option<Credential<'_>>,
        ctx: &mut Context<Self>,
    ) {
        self.as_speaker(asked, credential, ctx, move |act, asked, person, _| {
            let now = Instant::now();
            let Some(link) = act.ears.link(typing.room) else {
                return act.refuse_asked(asked, &Failure::NotAMember);
            };
            if act.typed_at.is_none_or(|at| now - at >= TYPING_EVERY) {
                let notice = Notice::typing(typing.room, &person, act.id);
                link.tell.do_send(Tell(Arc::new(notice)));
                act.typed_at = Some(now);
            }
            act.reply(&Reply::ok(PRESENCE, asked.envelope.seq, Nothing {}));
        });
    }

    pub(super) fn mark(
        &mut self,
        asked: Asked,
        mark: Mark,
        credential: Option<Credential<'_>>,
        ctx: &mut Context<Self>,
    ) {
        self.as_speaker(
            asked,
            credential,
            ctx,
            move |act, asked, person, ctx| match mark {
                Mark::Read { room, id } => act.mark_read(asked, &person, room, id),
                Mark::Seen {
                    room,
                    id,
                    after,
                    limit,
                } => {
                    let seen = seen(Arc::clone(&act.house), person.id, room, id, after, limit);
                    act.answer_with(asked, MARK, seen, ctx);
                }
            },
        );
    }

    fn mark_read(&mut self, asked: Asked, person: &Person, room: RoomId, id: EntryId) {
        let Some(link) = self.ears.link(room).cloned() else {
            return self.refuse_asked(asked, &Failure::NotAMember);
        };
        let ticket = self.begin_post(asked, room, true);
        link.mark_read.do_send(MarkRead {
            connection: self.id,
            ticket,
            user: person.id,
            id,
        });
    }
}

/// Who has read an entry.
async fn seen(
    house: Arc<House>,
    reader: UserId,
    room: RoomId,
    id: EntryId,
    after: UserId,
    limit: usize,
) -> Result<SeenReply, Failure> {
    let failed = |why| crate::storage_failure(&why);
    let store = &house.room_store;
    if store
        .membership(room, reader)
        .await
        .map_err(failed)?
        .is_none()
    {
        return Err(Failure::NotAMember);
    }
    let state = store.room(room).await.map_err(failed)?;
    let state = state.ok_or(Failure::RoomNotFound)?;
    let shown = store
        .shown(vec![(room, id)], reader)
        .await
        .map_err(failed)?;
    let (_, shown) = shown.into_iter().next().ok_or(Failure::EntryNotFound)?;
    let author = shown.entry.content.author;
    let mut seers: Vec<UserId> = state
        .members
        .iter()
        .filter(|(user, membership)| membership.read >= id && *user != author)
        .map(|(user, _)| *user)
        .collect();
    seers.sort_unstable();
    let count = seers.len() as u64;
    seers.retain(|user| *user > after);
    let more = seers.len() > limit;
    seers.truncate(limit);
    let names = house.reading.names(seers.clone()).await.map_err(failed)?;
    let named = seers.into_iter().map(|user| Seer {
        user,
        name: names.get(&user).cloned().unwrap_or_default(),
    });
    Ok(SeenReply {
        seen: named.collect(),
        count,
        more,
    })
}

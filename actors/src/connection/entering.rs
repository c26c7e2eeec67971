//! op 1: entering, and hearing of rooms that one comes into later.

use super::Connection;
use super::posts::Asked;
use crate::house::House;
use crate::overview::{overviews, person};
use crate::rooms::{Open, RoomLink};
use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use qunliao_protocol::chat::{
    ENTER, Enter, Entered, Gap, GapPush, Limits, Overview, Push, ROOMS, RoomPush,
};
use qunliao_protocol::reply::Reply;
use qunliao_protocol::{Credential, EntryId, Failure, RoomId, UserId};
use qunliao_storage::accounts::User;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;

/// Entries of a room that are pushed to one who comes back; those before are a gap.
const RESUME_ENTRIES_MAX: u64 = 1_000;
/// Characters of a room's title.
pub(super) const TITLE_CHARS_MAX: usize = 60;

impl Connection {
    pub(super) fn enter(
        &mut self,
        asked: Asked,
        enter: Enter,
        credential: Option<Credential<'_>>,
        ctx: &mut Context<Self>,
    ) {
        self.as_speaker(asked, credential, ctx, move |act, asked, person, ctx| {
            let looking = look_around(Arc::clone(&act.house), person.id);
            act.ears.entering = Some(Vec::new());
            act.carry_out(ctx, looking, move |act, looked, ctx| {
                let missed = act.ears.entering.take().unwrap_or_default();
                match looked {
                    Ok(around) => act.entered(&asked, around, enter, ctx),
                    Err(failure) => return act.refuse_asked(asked, &failure),
                }
                for (room, since) in missed {
                    act.brought_in(room, since, ctx);
                }
            });
        });
    }

    fn entered(
        &mut self,
        asked: &Asked,
        around: Surroundings,
        enter: Enter,
        ctx: &mut Context<Self>,
    ) {
        let user = around.reply.user.id;
        let resume: HashMap<RoomId, EntryId> = enter.resume.into_iter().collect();
        self.ears.entered = true;
        let lasts: Vec<EntryId> = around.reply.rooms.iter().map(|room| room.last).collect();
        self.reply(&Reply::ok(ENTER, asked.envelope.seq, around.reply));
        for (link, last) in around.links.into_iter().zip(lasts) {
            if self.ears.hear(link.id, user) {
                continue;
            }
            let after = resume.get(&link.id).copied().unwrap_or(last).min(last);
            let newest = EntryId(last.0.saturating_sub(RESUME_ENTRIES_MAX));
            if after < newest {
                let gap = Gap {
                    room: link.id,
                    from: after.next(),
                    to: newest,
                };
                self.push(ENTER, GapPush { gap });
            }
            self.listen(&link, user, after.max(newest), ctx);
        }
    }

    /// The user has come into a room by the entry `since`, by whichever connection.
    pub(super) fn brought_in(&mut self, room: RoomId, since: EntryId, ctx: &mut Context<Self>) {
        let Some(user) = self.known.as_ref().map(|known| known.person.id) else {
            return;
        };
        if let Some(missed) = &mut self.ears.entering {
            return missed.push((room, since));
        }
        if !self.ears.entered || self.ears.hear(room, user) {
            return;
        }
        let showing = show_room(Arc::clone(&self.house), user, room);
        ctx.spawn(showing.into_actor(self).map(move |shown, act, ctx| {
            let is_known = act
                .known
                .as_ref()
                .is_some_and(|known| known.person.id == user);
            // Out again already, or somebody else by now: then there is nothing to tell.
            if let Ok((overview, link)) = shown
                && is_known
                && !act.ears.hear(room, user)
            {
                let overview = Box::new(overview);
                act.push(ROOMS, RoomPush::Added { overview });
                let before = EntryId(since.0.saturating_sub(1));
                act.listen(&link, user, before, ctx);
                act.wake();
            }
        }));
    }

    /// Queues a push.
    pub(super) fn push<T: Serialize>(&mut self, op: u64, body: T) {
        let frame = self.form().encode(&Push::new(op, body).to_json());
        self.outbound.push(frame);
    }

    /// Has a room opened.
    pub(super) fn open_room(
        &self,
        room: RoomId,
    ) -> impl Future<Output = Result<Arc<RoomLink>, Failure>> + use<> {
        let opening = self.house.rooms.send(Open(room));
        async move { opening.await.unwrap_or(Err(Failure::ShuttingDown)) }
    }
}

/// What someone who enters is told, and the ways to the rooms.
struct Surroundings {
    reply: Entered,
    links: Vec<Arc<RoomLink>>,
}

async fn look_around(house: Arc<House>, user: UserId) -> Result<Surroundings, Failure> {
    let failed = |why| crate::storage_failure(&why);
    let reader = reader(&house, user).await?;
    let rooms = house.room_store.rooms_of(user).await.map_err(failed)?;
    let mut links = Vec::with_capacity(rooms.len());
    for room in &rooms {
        links.push(open(&house, room.record.id).await?);
    }
    let rooms = overviews(&house, &reader, rooms).await.map_err(failed)?;
    let reply = Entered {
        user: person(reader),
        rooms,
        online: house.online.here(None),
        limits: limits(&house),
        time: crate::clock::now_ms(),
    };
    Ok(Surroundings { reply, links })
}

/// One of the user's rooms, and the way to it.
pub(super) async fn show_room(
    house: Arc<House>,
    user: UserId,
    room: RoomId,
) -> Result<(Overview, Arc<RoomLink>), Failure> {
    let failed = |why| crate::storage_failure(&why);
    let reader = reader(&house, user).await?;
    let rooms = house.room_store.rooms_of(user).await.map_err(failed)?;
    let found = rooms.into_iter().find(|found| found.record.id == room);
    let Some(found) = found else {
        let exists = house.room_store.room(room).await.map_err(failed)?.is_some();
        return Err(match exists {
            true => Failure::NotAMember,
            false => Failure::RoomNotFound,
        });
    };
    let link = open(&house, room).await?;
    let mut overviews = overviews(&house, &reader, vec![found])
        .await
        .map_err(failed)?;
    let overview = overviews.pop().ok_or(Failure::Unavailable)?;
    Ok((overview, link))
}

async fn open(house: &House, room: RoomId) -> Result<Arc<RoomLink>, Failure> {
    let opened = house.rooms.send(Open(room)).await;
    opened.unwrap_or(Err(Failure::ShuttingDown))
}

/// Whoever reads, as storage knows them.
async fn reader(house: &House, user: UserId) -> Result<User, Failure> {
    let reader = house.accounts.user(user).await;
    let reader = reader.map_err(|why| crate::storage_failure(&why))?;
    reader.ok_or(Failure::NotSignedIn)
}

fn limits(house: &House) -> Limits {
    let limits = &house.limits;
    Limits {
        message_bytes_max: limits.message_bytes_max,
        recall_seconds: limits.recall_seconds,
        edit_seconds: limits.edit_seconds,
        title_chars_max: TITLE_CHARS_MAX,
        card_chars_max: crate::names::NAME_CHARS_MAX,
        pins_max: limits.pins_per_room_max,
    }
}

//! op 2, history; op 7, search.

use super::Connection;
use super::posts::Asked;
use crate::chat_room::Line;
use crate::house::House;
use actix::Context;
use qunliao_protocol::chat::{self as wire, EntryFrame, HISTORY, History, HistoryReply, State};
use qunliao_protocol::reply::Reply;
use qunliao_protocol::{Credential, EntryId, Failure, RoomId, UserId};
use qunliao_storage::EntryKind;
use qunliao_storage::rooms::{Amendment, Around, Shown};
use std::sync::Arc;

/// Bytes of text of a history: escaped, they have to fit into a reply.
const HISTORY_BYTES_MAX: usize = 128 << 10;

impl Connection {
    pub(super) fn show_history(
        &mut self,
        asked: Asked,
        history: History,
        credential: Option<Credential<'_>>,
        ctx: &mut Context<Self>,
    ) {
        self.as_speaker(asked, credential, ctx, move |act, asked, person, ctx| {
            let reading = read(Arc::clone(&act.house), person.id, history);
            act.carry_out(ctx, reading, move |act, read, _| match read {
                Ok(page) => {
                    let entries = page.entries.iter().map(|entry| entry.frame(history.room));
                    let reply = HistoryReply {
                        entries: entries.collect(),
                        more: page.more,
                    };
                    act.reply(&Reply::ok(HISTORY, asked.envelope.seq, reply));
                }
                Err(failure) => act.refuse_asked(asked, &failure),
            });
        });
    }
}

/// An entry with what became of it.
pub(super) struct ShownLine {
    line: Line,
    edited: Option<EntryId>,
    reactions: Vec<wire::Reaction>,
    pinned: bool,
}

impl ShownLine {
    /// What it says now.
    pub(super) fn kind(&self) -> &EntryKind {
        &self.line.kind
    }

    pub(super) fn frame(&self, room: RoomId) -> EntryFrame<'_> {
        let state = State {
            edited: self.edited,
            reactions: &self.reactions,
            pinned: self.pinned,
        };
        self.line.frame(room, state, false)
    }
}

struct PageShown {
    entries: Vec<ShownLine>,
    more: bool,
}

async fn read(house: Arc<House>, reader: UserId, asked: History) -> Result<PageShown, Failure> {
    let failed = |why| crate::storage_failure(&why);
    let store = &house.room_store;
    let membership = store.membership(asked.room, reader).await;
    if membership.map_err(failed)?.is_none() {
        let exists = store.room(asked.room).await.map_err(failed)?.is_some();
        return Err(match exists {
            true => Failure::NotAMember,
            false => Failure::RoomNotFound,
        });
    }
    let around = match asked.around {
        wire::Around::End => Around::Before(EntryId(u64::MAX)),
        wire::Around::Before(id) => Around::Before(id),
        wire::Around::After(id) => Around::After(id),
        wire::Around::At(id) => Around::At(id),
    };
    let page = store.history(asked.room, around, asked.limit, HISTORY_BYTES_MAX, reader);
    let page = page.await.map_err(failed)?;
    let last = house.log.end(asked.room).await.map_err(failed)?.last;
    let first_shown = page.first().map(|shown| shown.entry.id);
    let last_shown = page.last().map(|shown| shown.entry.id);
    // Ids are dense and begin with 1.
    let before = first_shown.is_some_and(|id| id > EntryId(1));
    let after = last_shown.is_some_and(|id| id < last);
    let more = match around {
        Around::Before(_) => before,
        Around::After(_) => after,
        Around::At(_) => before || after,
    };
    let entries = lines(&house, page).await?;
    Ok(PageShown { entries, more })
}

/// Entries as they are now, with names.
pub(super) async fn lines(house: &House, page: Vec<Shown>) -> Result<Vec<ShownLine>, Failure> {
    let (entries, amendments): (Vec<_>, Vec<_>) = page
        .into_iter()
        .map(|shown| (shown.entry, shown.amendment))
        .unzip();
    let lines = house.reading.lines(entries).await;
    let lines = lines.map_err(|why| crate::storage_failure(&why))?;
    let amended = lines.into_iter().zip(amendments);
    Ok(amended
        .map(|(line, amendment)| amend(line, amendment))
        .collect())
}

fn amend(mut line: Line, amendment: Option<Amendment>) -> ShownLine {
    let Amendment {
        edited,
        reactions,
        pinned,
        ..
    } = amendment.unwrap_or_default();
    let mut edited_by = None;
    if let (EntryKind::Message(message), Some((id, text))) = (&mut line.kind, edited) {
        message.text = text;
        edited_by = Some(id);
    }
    let reactions = reactions.into_iter().map(|reaction| wire::Reaction {
        emoji: reaction.emoji,
        count: reaction.count,
        own: reaction.own,
        users: reaction.users,
    });
    ShownLine {
        line,
        edited: edited_by,
        reactions: reactions.collect(),
        pinned,
    }
}

//! How a room that was replayed looks to those who ask the store.

use crate::rooms_replay::{Fate, Replay};
use qunliao_protocol::{EntryId, RoomId, UserId};
use qunliao_storage::Entry;
use qunliao_storage::rooms::{
    Amendment, Around, MEMBERS_SHOWN_MAX, Membership, REACTORS_SHOWN_MAX, Reaction, RoomOverview,
    RoomRecord, RoomState, Shown, Target,
};
use std::collections::BTreeSet;

fn record_of(replay: &Replay) -> RoomRecord {
    RoomRecord {
        id: replay.room,
        access: replay.access,
        title: replay.title.clone(),
        created: replay.created,
        announcement: replay.announcement,
        pins: replay.pins.clone(),
    }
}

pub(crate) fn state_of(replay: &Replay) -> RoomState {
    let members = replay.members.iter();
    RoomState {
        record: record_of(replay),
        end: replay.end(),
        members: members
            .map(|(user, member)| (*user, member.clone()))
            .collect(),
        banned: replay.banned.iter().copied().collect(),
    }
}

pub(crate) fn overview_of(replay: &Replay, user: UserId) -> Option<RoomOverview> {
    let membership = replay.membership(user)?;
    let is_lobby = replay.room == RoomId::LOBBY;
    let members = replay.members.iter().filter(|_| !is_lobby);
    let mut members: Vec<(UserId, Membership)> = members
        .map(|(user, member)| (*user, member.clone()))
        .collect();
    let member_count = members.len() as u64;
    members.sort_by_key(|(user, member)| (member.since, *user));
    members.truncate(MEMBERS_SHOWN_MAX);
    Some(RoomOverview {
        record: record_of(replay),
        end: replay.end(),
        member_count,
        members,
        unread: replay.end().messages - replay.messages(membership.read),
        mentions: replay.unread_mentions(user),
        membership,
    })
}

fn entry_of(replay: &Replay, id: EntryId) -> Option<Entry> {
    let content = replay.log.get((id.0 as usize).checked_sub(1)?)?.clone();
    Some(Entry {
        id,
        content,
        messages: replay.messages(id),
    })
}

fn shown_of(replay: &Replay, entry: Entry, reader: UserId) -> Shown {
    let fate = replay.fates.get(&entry.id).cloned().unwrap_or_default();
    let reaction = |(emoji, users): (String, BTreeSet<UserId>)| Reaction {
        emoji,
        count: users.len() as u64,
        own: users.contains(&reader),
        users: users.into_iter().take(REACTORS_SHOWN_MAX).collect(),
    };
    let last_edit = fate.edits.into_iter().next_back();
    let amendment = Amendment {
        recalled: fate.recalled,
        edited: last_edit.map(|(edit, text, _)| (edit, text)),
        reactions: fate.reactions.into_iter().map(reaction).collect(),
        pinned: replay.pins.contains(&entry.id),
    };
    Shown {
        entry,
        amendment: (amendment != Amendment::default()).then_some(amendment),
    }
}

/// The entries that are nearest come first; and then in their order.
pub(crate) fn history_of(
    replay: &Replay,
    around: Around,
    limit: usize,
    bytes_max: usize,
    reader: UserId,
) -> Vec<Shown> {
    let last = replay.log.len() as u64;
    let beside = (limit as u64 - 1) / 2;
    let nearest: Vec<u64> = match around {
        Around::Before(id) => (1..id.0.min(last + 1)).rev().take(limit).collect(),
        Around::After(id) => (id.0 + 1..=last).take(limit).collect(),
        Around::At(id) if id.0 == 0 || id.0 > last => Vec::new(),
        Around::At(id) => {
            let outward = (1..=beside).flat_map(|by| [id.0.checked_sub(by), Some(id.0 + by)]);
            let outward = outward.flatten().filter(|id| (1..=last).contains(id));
            [id.0].into_iter().chain(outward).collect()
        }
    };
    let (mut bytes, mut shown) = (0, Vec::new());
    for id in nearest {
        let entry = entry_of(replay, EntryId(id)).unwrap();
        let next = shown_of(replay, entry, reader);
        let edited = next
            .amendment
            .as_ref()
            .and_then(|found| found.edited.as_ref());
        bytes += next.entry.content.kind.text_bytes() + edited.map_or(0, |(_, text)| text.len());
        shown.push(next);
        if bytes >= bytes_max {
            break;
        }
    }
    shown.sort_by_key(|shown| shown.entry.id);
    shown
}

pub(crate) fn target_of(replay: &Replay, id: EntryId) -> Option<Target> {
    let Fate {
        edits, reactions, ..
    } = replay.fates.get(&id).cloned().unwrap_or_default();
    let reactions = reactions.into_iter();
    Some(Target {
        entry: entry_of(replay, id)?,
        edits: edits.into_iter().map(|(edit, _, _)| edit).collect(),
        reactions: reactions
            .map(|(emoji, users)| (emoji, users.into_iter().collect()))
            .collect(),
    })
}

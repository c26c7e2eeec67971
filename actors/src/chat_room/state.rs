//! What a room is at a moment, as far as it decides what may happen next.

use super::deed::Party;
use qunliao_protocol::{EntryId, UserId};
use qunliao_storage::accounts::Role;
use qunliao_storage::rooms::RoomState;
use qunliao_storage::{Access, EntryKind, MessageChange, RoomChange, RoomRole};
use std::collections::{BTreeMap, BTreeSet};

/// A room at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) access: Access,
    pub(super) announcement: Option<EntryId>,
    pub(super) pins: Vec<EntryId>,
    members: BTreeMap<UserId, Standing>,
    banned: BTreeSet<UserId>,
}

/// How a member stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Standing {
    role: RoomRole,
    /// The entry that brought them in.
    since: EntryId,
    muted_until: u64,
}

/// Who came in by an entry, and who went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    In(UserId),
    Out(UserId),
}

impl State {
    pub(super) fn of(room: &RoomState) -> Self {
        let standing = |(user, membership): &(UserId, qunliao_storage::rooms::Membership)| {
            let standing = Standing {
                role: membership.role,
                since: membership.since,
                muted_until: membership.muted_until,
            };
            (*user, standing)
        };
        Self {
            access: room.record.access,
            announcement: room.record.announcement,
            pins: room.record.pins.clone(),
            members: room.members.iter().map(standing).collect(),
            banned: room.banned.iter().copied().collect(),
        }
    }

    pub(super) fn is_member(&self, user: UserId) -> bool {
        self.access == Access::Everyone || self.members.contains_key(&user)
    }

    pub(super) fn is_banned(&self, user: UserId) -> bool {
        self.banned.contains(&user)
    }

    pub(super) fn is_muted(&self, user: UserId, now: u64) -> bool {
        self.muted_until(user) > now
    }

    pub(super) fn muted_until(&self, user: UserId) -> u64 {
        let standing = self.members.get(&user);
        standing.map_or(0, |standing| standing.muted_until)
    }

    pub(super) fn member_count(&self) -> usize {
        self.members.len()
    }

    /// What someone may do here; `None` if not in it.
    pub(super) fn role(&self, party: Party) -> Option<RoomRole> {
        if self.access == Access::Everyone {
            return Some(match party.role {
                Role::Member => RoomRole::Member,
                Role::Admin => RoomRole::Admin,
                Role::Owner => RoomRole::Owner,
            });
        }
        self.role_of(party.id)
    }

    /// What a member may do, outside the lobby.
    pub(super) fn role_of(&self, user: UserId) -> Option<RoomRole> {
        self.members.get(&user).map(|standing| standing.role)
    }

    /// Who should own the room when the owner goes: an admin, else a member, and
    /// among equals whoever has been there longest.
    pub(super) fn heir(&self, owner: UserId) -> Option<UserId> {
        let others = self.members.iter().filter(|(user, _)| **user != owner);
        let first = others.max_by_key(|(user, standing)| {
            let seniority = std::cmp::Reverse((standing.since, **user));
            (standing.role, seniority)
        });
        first.map(|(user, _)| *user)
    }

    /// Carries out what an entry says. The same is done to what is kept, by
    /// [`Log::append`](qunliao_storage::Log::append).
    pub(super) fn apply(
        &mut self,
        id: EntryId,
        author: UserId,
        kind: &EntryKind,
    ) -> Option<Passage> {
        match kind {
            EntryKind::Room(change) => self.apply_change(id, author, change),
            EntryKind::Change { target, change } => {
                match change {
                    MessageChange::Pinned => self.pins.push(*target),
                    MessageChange::Unpinned | MessageChange::Recalled => {
                        self.pins.retain(|pin| pin != target);
                    }
                    _ => {}
                }
                None
            }
            EntryKind::Message(_) | EntryKind::Unknown(_) => None,
        }
    }

    fn apply_change(
        &mut self,
        id: EntryId,
        author: UserId,
        change: &RoomChange,
    ) -> Option<Passage> {
        match change {
            RoomChange::Created { access, with, .. } => {
                self.access = *access;
                let role = match access {
                    Access::Direct => RoomRole::Member,
                    _ => RoomRole::Owner,
                };
                self.enter(author, id, role);
                if let Some(with) = with {
                    self.enter(*with, id, RoomRole::Member);
                }
            }
            RoomChange::Joined => return self.enter(author, id, RoomRole::Member),
            RoomChange::Invited(user) => return self.enter(*user, id, RoomRole::Member),
            RoomChange::Left => return self.leave(author),
            RoomChange::Kicked(user) => return self.leave(*user),
            RoomChange::Banned(user) => {
                self.banned.insert(*user);
                return self.leave(*user);
            }
            RoomChange::Unbanned(user) => {
                self.banned.remove(user);
            }
            RoomChange::Muted { user, until } => {
                self.members.entry(*user).or_default().muted_until = *until;
            }
            RoomChange::Unmuted(user) => {
                if let Some(standing) = self.members.get_mut(user) {
                    standing.muted_until = 0;
                }
            }
            RoomChange::RoleGiven { user, role } => {
                if *role == RoomRole::Owner
                    && let Some(standing) = self.members.get_mut(&author)
                {
                    standing.role = RoomRole::Admin;
                }
                if let Some(standing) = self.members.get_mut(user) {
                    standing.role = *role;
                }
            }
            RoomChange::Announced(text) => {
                self.announcement = (!text.is_empty()).then_some(id);
            }
            RoomChange::Titled(_) => {}
        }
        None
    }

    fn enter(&mut self, user: UserId, since: EntryId, role: RoomRole) -> Option<Passage> {
        let standing = Standing {
            role,
            since,
            muted_until: 0,
        };
        self.members.insert(user, standing);
        Some(Passage::In(user))
    }

    fn leave(&mut self, user: UserId) -> Option<Passage> {
        self.members.remove(&user).map(|_| Passage::Out(user))
    }
}

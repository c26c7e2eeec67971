//! Which deeds a room should allow, told as lists of reasons against them.

use super::super::super::deed::Deed;
use super::super::super::rules::RoomRules;
use super::cast::Someone;
use super::model::Picture;
use qunliao_protocol::{EntryId, Failure, UserId};
use qunliao_storage::{Access, MessageChange, RoomRole};

/// What is asked of a model's judgement.
pub(super) struct Question<'a> {
    pub(super) picture: &'a Picture,
    pub(super) access: Access,
    pub(super) rules: &'a RoomRules,
    pub(super) last: EntryId,
    pub(super) now: u64,
    pub(super) by: Someone,
    pub(super) deed: &'a Deed,
    pub(super) about: Option<Someone>,
}

impl Question<'_> {
    fn rank(&self, someone: Someone) -> Option<RoomRole> {
        match self.access {
            Access::Everyone => Some(someone.rank_on_server()),
            _ => self.picture.rank(someone.id()),
        }
    }

    fn is_in(&self, user: UserId) -> bool {
        self.access == Access::Everyone || self.picture.rank(user).is_some()
    }

    /// Why it is not to be, the first reason first; else whether anything changes.
    pub(super) fn answer(&self) -> Result<bool, Failure> {
        match self.deed {
            Deed::Say(_) => self.speaks(),
            Deed::Change { target, change } => self.changes(*target, change),
            Deed::Join | Deed::Leave | Deed::Invite | Deed::Kick | Deed::Ban => {
                self.comes_or_goes()
            }
            _ => self.rules_the_room(),
        }
    }

    fn first_of(&self, reasons: &[(bool, Failure)]) -> Result<(), Failure> {
        let first = reasons.iter().find(|(holds, _)| *holds);
        first.map_or(Ok(()), |(_, failure)| Err(failure.clone()))
    }

    fn silence(&self) -> (bool, Failure) {
        let until = self.picture.silent_until(self.by.id());
        let holds = until > self.now && self.rank(self.by) == Some(RoomRole::Member);
        let left = u32::try_from(until.saturating_sub(self.now).div_ceil(1_000));
        (holds, Failure::Muted(left.unwrap_or(u32::MAX)))
    }

    fn outside(&self) -> (bool, Failure) {
        (self.rank(self.by).is_none(), Failure::NotAMember)
    }

    fn is_below_admin(&self) -> bool {
        self.rank(self.by) < Some(RoomRole::Admin)
    }

    fn speaks(&self) -> Result<bool, Failure> {
        let Deed::Say(message) = self.deed else {
            unreachable!("asked of what is said");
        };
        let everyone = message.mentions.everyone && self.is_below_admin();
        let strangers = message.mentions.users.iter().any(|user| !self.is_in(*user));
        let answers_nothing = message
            .reply_to
            .is_some_and(|id| id == EntryId(0) || id > self.last);
        self.first_of(&[
            self.outside(),
            self.silence(),
            (everyone, Failure::NotAllowed),
            (strangers, Failure::UserNotFound),
            (answers_nothing, Failure::EntryNotFound),
        ])?;
        Ok(true)
    }

    fn changes(&self, target: EntryId, change: &MessageChange) -> Result<bool, Failure> {
        self.first_of(&[self.outside()])?;
        let said = self.picture.said(target).ok_or(Failure::NotAMessage)?;
        if said.recalled {
            return match change {
                MessageChange::Recalled => Ok(false),
                _ => Err(Failure::Recalled),
            };
        }
        let by = self.by.id();
        let (own, age) = (said.by == by, self.now.saturating_sub(said.time));
        match change {
            MessageChange::Recalled => {
                let theirs = self.picture.rank(said.by).unwrap_or_default();
                let mine = self.rank(self.by).unwrap_or_default();
                let governs = self.access != Access::Direct
                    && (mine == RoomRole::Owner || (mine == RoomRole::Admin && theirs < mine));
                self.first_of(&[
                    (!own && !governs, Failure::NotAllowed),
                    (age > self.rules.recall_ms && !governs, Failure::TooLate),
                ])?;
                Ok(true)
            }
            MessageChange::Edited { .. } => {
                self.first_of(&[
                    self.silence(),
                    (!own, Failure::NotAllowed),
                    (age > self.rules.edit_ms, Failure::TooLate),
                    (
                        said.edits.len() >= self.rules.edits_max,
                        Failure::TooManyChanges,
                    ),
                ])?;
                Ok(true)
            }
            MessageChange::Reacted(emoji) => {
                let mut kinds: Vec<_> = said.reactions.iter().map(|(kind, _)| kind).collect();
                kinds.sort();
                kinds.dedup();
                let one_more = !kinds.contains(&emoji) && kinds.len() >= self.rules.reactions_max;
                self.first_of(&[self.silence(), (one_more, Failure::TooManyChanges)])?;
                Ok(!said.reactions.contains(&(emoji.clone(), by)))
            }
            MessageChange::Unreacted(emoji) => Ok(said.reactions.contains(&(emoji.clone(), by))),
            MessageChange::Pinned | MessageChange::Unpinned => {
                let is_pinned = self.picture.pins.contains(&target);
                let pins = *change == MessageChange::Pinned;
                let max = self.rules.pins_max;
                let used_up = pins && !is_pinned && self.picture.pins.len() >= max;
                let direct = self.access == Access::Direct;
                self.first_of(&[
                    (self.is_below_admin() && !direct, Failure::NotAllowed),
                    (used_up, Failure::TooManyPins(max)),
                ])?;
                Ok(is_pinned != pins)
            }
        }
    }

    fn sorts(&self) -> (bool, Failure) {
        let no_group = matches!(self.access, Access::Everyone | Access::Direct);
        (no_group, Failure::NotInThisRoom)
    }

    fn order(&self) -> [(bool, Failure); 3] {
        [
            self.outside(),
            (self.access == Access::Direct, Failure::NotInThisRoom),
            (self.is_below_admin(), Failure::NotAllowed),
        ]
    }

    fn about(&self) -> UserId {
        self.about.map_or(UserId(0), Someone::id)
    }

    fn not_below(&self) -> (bool, Failure) {
        let theirs = self.about.and_then(|someone| self.rank(someone));
        let is_above = self.rank(self.by).unwrap_or_default() > theirs.unwrap_or_default();
        let holds = !is_above || self.about() == self.by.id();
        (holds, Failure::NotAllowed)
    }

    fn is_banned(&self, user: UserId) -> bool {
        self.picture.banned.contains(&user)
    }

    fn comes_or_goes(&self) -> Result<bool, Failure> {
        let (by, about) = (self.by.id(), self.about());
        let full = self.picture.people.len() >= self.rules.members_max;
        match self.deed {
            Deed::Join if self.is_in(by) => Ok(false),
            Deed::Join => {
                self.first_of(&[
                    (self.is_banned(by), Failure::Banned),
                    (self.access == Access::Closed, Failure::RoomClosed),
                    (self.access == Access::Direct, Failure::RoomNotFound),
                    (full, Failure::RoomFull),
                ])?;
                Ok(true)
            }
            Deed::Leave => {
                let owns = self.rank(self.by) == Some(RoomRole::Owner);
                let owes = owns && self.picture.people.len() > 1;
                self.first_of(&[self.outside(), self.sorts(), (owes, Failure::LastOwner)])?;
                Ok(true)
            }
            Deed::Invite => {
                let closed = self.access == Access::Closed && self.is_below_admin();
                let is_new = !self.is_in(about);
                self.first_of(&[
                    self.outside(),
                    self.sorts(),
                    (closed, Failure::NotAllowed),
                    (is_new && self.is_banned(about), Failure::Banned),
                    (is_new && full, Failure::RoomFull),
                ])?;
                Ok(is_new)
            }
            _ => {
                self.first_of(&[self.sorts()])?;
                self.first_of(&self.order())?;
                self.first_of(&[self.not_below()])?;
                Ok(match self.deed {
                    Deed::Kick => self.is_in(about),
                    _ => !self.is_banned(about),
                })
            }
        }
    }

    fn rules_the_room(&self) -> Result<bool, Failure> {
        let about = self.about();
        match self.deed {
            Deed::Unban => {
                self.first_of(&self.order())?;
                self.first_of(&[self.sorts()])?;
                Ok(self.is_banned(about))
            }
            Deed::Mute { until } => {
                self.first_of(&self.order())?;
                self.first_of(&[
                    self.not_below(),
                    (!self.is_in(about), Failure::UserNotFound),
                    (*until <= self.now, Failure::MistypedKey("until")),
                ])?;
                Ok(true)
            }
            Deed::Unmute => {
                self.first_of(&self.order())?;
                Ok(self.picture.silent_until(about) > self.now)
            }
            Deed::GiveRole(role) => {
                let owns = self.rank(self.by) == Some(RoomRole::Owner);
                self.first_of(&[
                    self.outside(),
                    self.sorts(),
                    (!owns || about == self.by.id(), Failure::NotAllowed),
                    (!self.is_in(about), Failure::UserNotFound),
                ])?;
                Ok(self.picture.rank(about) != Some(*role))
            }
            Deed::Announce(text) => {
                self.first_of(&self.order())?;
                Ok(!text.is_empty() || self.picture.announcement.is_some())
            }
            _ => self.first_of(&self.order()).map(|()| true),
        }
    }
}

//! Who may do what in a room.

use super::deed::{Deed, Party};
use super::state::State;
use super::targets::Target;
use qunliao_protocol::{EntryId, Failure, UserId};
use qunliao_storage::{Access, EntryKind, Message, MessageChange, RoomChange, RoomRole};

/// What rooms go by.
#[derive(Clone, Copy, Debug)]
pub struct RoomRules {
    /// Members of a room; in the lobby, those who are there at once.
    pub members_max: usize,
    /// How long an author may recall a message, in milliseconds.
    pub recall_ms: u64,
    /// How long an author may edit a message, in milliseconds.
    pub edit_ms: u64,
    /// Pinned messages of a room.
    pub pins_max: usize,
    /// Different reactions to a message.
    pub reactions_max: usize,
    /// Edits of a message.
    pub edits_max: usize,
}

/// A deed to be judged.
pub(super) struct Case<'a> {
    pub(super) state: &'a State,
    pub(super) rules: &'a RoomRules,
    pub(super) by: Party,
    /// Whom it concerns besides.
    pub(super) subject: Option<Party>,
    /// The message to be changed.
    pub(super) target: Option<&'a Target>,
    /// The last entry there is, or will be.
    pub(super) last: EntryId,
    /// Milliseconds since the epoch.
    pub(super) now: u64,
}

/// The entry that a deed comes to; `None` if it is that way already.
type Ruling = Result<Option<EntryKind>, Failure>;

fn entry(change: RoomChange) -> Ruling {
    Ok(Some(EntryKind::Room(change)))
}

impl Case<'_> {
    pub(super) fn judge(&self, deed: Deed) -> Ruling {
        match deed {
            Deed::Say(message) => self.say(message),
            Deed::Change { target, change } => {
                let change = self.change(target, change)?;
                Ok(change.map(|change| EntryKind::Change { target, change }))
            }
            Deed::Join => self.join(),
            Deed::Leave => self.leave(),
            Deed::Invite => self.invite(),
            Deed::Kick | Deed::Ban => self.remove(&deed),
            Deed::Unban => self.unban(),
            Deed::Mute { until } => self.mute(until),
            Deed::Unmute => self.unmute(),
            Deed::GiveRole(role) => self.give_role(role),
            Deed::Title(title) => {
                self.administer()?;
                entry(RoomChange::Titled(title))
            }
            Deed::Announce(text) => {
                self.administer()?;
                let changes = !text.is_empty() || self.state.announcement.is_some();
                Ok(changes.then_some(EntryKind::Room(RoomChange::Announced(text))))
            }
        }
    }

    fn say(&self, message: Message) -> Ruling {
        let role = self.may_speak()?;
        if message.mentions.everyone && role < RoomRole::Admin {
            return Err(Failure::NotAllowed);
        }
        self.mentions_members(&message.mentions.users)?;
        let is_there = |id| id > EntryId(0) && id <= self.last;
        if message.reply_to.is_some_and(|id| !is_there(id)) {
            return Err(Failure::EntryNotFound);
        }
        Ok(Some(EntryKind::Message(message)))
    }

    fn mentions_members(&self, users: &[UserId]) -> Result<(), Failure> {
        if users.iter().all(|user| self.state.is_member(*user)) {
            Ok(())
        } else {
            Err(Failure::UserNotFound)
        }
    }

    fn change(&self, id: EntryId, change: MessageChange) -> Result<Option<MessageChange>, Failure> {
        let role = self.member()?;
        let target = self.target.ok_or(Failure::NotAMessage)?;
        if target.recalled {
            return match change {
                MessageChange::Recalled => Ok(None),
                _ => Err(Failure::Recalled),
            };
        }
        let is_own = target.author == self.by.id;
        let age = self.now.saturating_sub(target.time);
        let done = match &change {
            MessageChange::Recalled => {
                self.may_recall(role, target, is_own, age)?;
                false
            }
            MessageChange::Edited { mentions, .. } => {
                self.may_speak()?;
                if !is_own || !target.is_own_words {
                    return Err(Failure::NotAllowed);
                }
                if age > self.rules.edit_ms {
                    return Err(Failure::TooLate);
                }
                if target.edits >= self.rules.edits_max {
                    return Err(Failure::TooManyChanges);
                }
                if mentions.everyone && role < RoomRole::Admin {
                    return Err(Failure::NotAllowed);
                }
                self.mentions_members(&mentions.users)?;
                false
            }
            MessageChange::Reacted(emoji) => {
                self.may_speak()?;
                let is_new = !target.reactions.iter().any(|(known, _)| known == emoji);
                if is_new && target.reactions.len() >= self.rules.reactions_max {
                    return Err(Failure::TooManyChanges);
                }
                target.has_reacted(self.by.id, emoji)
            }
            MessageChange::Unreacted(emoji) => !target.has_reacted(self.by.id, emoji),
            MessageChange::Pinned | MessageChange::Unpinned => {
                return self.pin(role, id, change);
            }
        };
        Ok((!done).then_some(change))
    }

    fn may_recall(
        &self,
        role: RoomRole,
        target: &Target,
        is_own: bool,
        age: u64,
    ) -> Result<(), Failure> {
        // Who has left ranks as anyone.
        let author = self.state.role_of(target.author).unwrap_or_default();
        let outranks = role >= RoomRole::Admin && (role > author || role == RoomRole::Owner);
        if outranks && self.state.access != Access::Direct {
            return Ok(());
        }
        match is_own {
            true if age <= self.rules.recall_ms => Ok(()),
            true => Err(Failure::TooLate),
            false => Err(Failure::NotAllowed),
        }
    }

    fn pin(
        &self,
        role: RoomRole,
        id: EntryId,
        change: MessageChange,
    ) -> Result<Option<MessageChange>, Failure> {
        if role < RoomRole::Admin && self.state.access != Access::Direct {
            return Err(Failure::NotAllowed);
        }
        let is_pinned = self.state.pins.contains(&id);
        let pins = change == MessageChange::Pinned;
        if pins && !is_pinned && self.state.pins.len() >= self.rules.pins_max {
            return Err(Failure::TooManyPins(self.rules.pins_max));
        }
        Ok((pins != is_pinned).then_some(change))
    }

    fn join(&self) -> Ruling {
        if self.state.is_member(self.by.id) {
            return Ok(None);
        }
        if self.state.is_banned(self.by.id) {
            return Err(Failure::Banned);
        }
        match self.state.access {
            Access::Open | Access::Everyone => {
                self.has_place()?;
                entry(RoomChange::Joined)
            }
            Access::Closed => Err(Failure::RoomClosed),
            Access::Direct => Err(Failure::RoomNotFound),
        }
    }

    fn has_place(&self) -> Result<(), Failure> {
        if self.state.member_count() >= self.rules.members_max {
            return Err(Failure::RoomFull);
        }
        Ok(())
    }

    fn leave(&self) -> Ruling {
        let role = self.member()?;
        self.is_a_group()?;
        if role == RoomRole::Owner && self.state.member_count() > 1 {
            return Err(Failure::LastOwner);
        }
        entry(RoomChange::Left)
    }

    fn invite(&self) -> Ruling {
        let role = self.member()?;
        self.is_a_group()?;
        if self.state.access == Access::Closed && role < RoomRole::Admin {
            return Err(Failure::NotAllowed);
        }
        let subject = self.subject()?;
        if self.state.is_member(subject.id) {
            return Ok(None);
        }
        if self.state.is_banned(subject.id) {
            return Err(Failure::Banned);
        }
        self.has_place()?;
        entry(RoomChange::Invited(subject.id))
    }

    fn remove(&self, deed: &Deed) -> Ruling {
        self.is_a_group()?;
        let subject = self.subject_below()?;
        match deed {
            Deed::Ban if self.state.is_banned(subject.id) => Ok(None),
            Deed::Ban => entry(RoomChange::Banned(subject.id)),
            _ if !self.state.is_member(subject.id) => Ok(None),
            _ => entry(RoomChange::Kicked(subject.id)),
        }
    }

    fn unban(&self) -> Ruling {
        self.administer()?;
        self.is_a_group()?;
        let subject = self.subject()?;
        if !self.state.is_banned(subject.id) {
            return Ok(None);
        }
        entry(RoomChange::Unbanned(subject.id))
    }

    fn mute(&self, until: u64) -> Ruling {
        let subject = self.subject_below()?;
        if !self.state.is_member(subject.id) {
            return Err(Failure::UserNotFound);
        }
        if until <= self.now {
            return Err(Failure::MistypedKey("until"));
        }
        let user = subject.id;
        entry(RoomChange::Muted { user, until })
    }

    fn unmute(&self) -> Ruling {
        self.administer()?;
        let subject = self.subject()?;
        if !self.state.is_muted(subject.id, self.now) {
            return Ok(None);
        }
        entry(RoomChange::Unmuted(subject.id))
    }

    fn give_role(&self, role: RoomRole) -> Ruling {
        let own = self.member()?;
        self.is_a_group()?;
        let subject = self.subject()?;
        if own != RoomRole::Owner || subject.id == self.by.id {
            return Err(Failure::NotAllowed);
        }
        let user = subject.id;
        match self.state.role_of(user) {
            None => Err(Failure::UserNotFound),
            Some(known) if known == role => Ok(None),
            Some(_) => entry(RoomChange::RoleGiven { user, role }),
        }
    }

    /// The role of whoever does it.
    fn member(&self) -> Result<RoomRole, Failure> {
        self.state.role(self.by).ok_or(Failure::NotAMember)
    }

    fn may_speak(&self) -> Result<RoomRole, Failure> {
        let role = self.member()?;
        if role < RoomRole::Admin && self.state.is_muted(self.by.id, self.now) {
            let left = self.state.muted_until(self.by.id) - self.now;
            let seconds = u32::try_from(left.div_ceil(1_000)).unwrap_or(u32::MAX);
            return Err(Failure::Muted(seconds));
        }
        Ok(role)
    }

    /// Whether whoever does it keeps order here.
    fn administer(&self) -> Result<RoomRole, Failure> {
        let role = self.member()?;
        match self.state.access {
            Access::Direct => Err(Failure::NotInThisRoom),
            _ if role < RoomRole::Admin => Err(Failure::NotAllowed),
            _ => Ok(role),
        }
    }

    /// Whether people come and go here.
    fn is_a_group(&self) -> Result<(), Failure> {
        match self.state.access {
            Access::Everyone | Access::Direct => Err(Failure::NotInThisRoom),
            Access::Open | Access::Closed => Ok(()),
        }
    }

    fn subject(&self) -> Result<Party, Failure> {
        self.subject.ok_or(Failure::UserNotFound)
    }

    /// The subject, if below whoever does it.
    fn subject_below(&self) -> Result<Party, Failure> {
        let own = self.administer()?;
        let subject = self.subject()?;
        let theirs = self.state.role(subject).unwrap_or_default();
        if theirs >= own || subject.id == self.by.id {
            return Err(Failure::NotAllowed);
        }
        Ok(subject)
    }
}

#[cfg(test)]
mod tests;

//! Messages that someone wants to change, as far as that decides whether they may.
//!
//! Read from storage when first needed, and then kept in step with the entries that
//! the room takes in: all changes of a message pass through its room.

use qunliao_protocol::{EntryId, UserId};
use qunliao_storage::rooms::Target as Kept;
use qunliao_storage::{EntryKind, MessageChange};
use std::collections::{BTreeSet, HashMap};

/// Messages known at once. Beyond, those of which nothing is under way are forgotten.
const KNOWN_MAX: usize = 1_024;

/// A message that someone wants to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) author: UserId,
    pub(super) time: u64,
    /// Whether it is words of the author's own: those can be edited.
    pub(super) is_own_words: bool,
    pub(super) recalled: bool,
    pub(super) edits: usize,
    pub(super) reactions: Vec<(String, BTreeSet<UserId>)>,
}

impl Target {
    /// `None` if the entry is no message.
    pub(super) fn of(kept: Kept) -> Option<Self> {
        let EntryKind::Message(message) = &kept.entry.content.kind else {
            return None;
        };
        let reactions = kept.reactions.into_iter();
        Some(Self {
            author: kept.entry.content.author,
            time: kept.entry.content.time,
            is_own_words: message.file.is_none() && message.forwarded_from.is_none(),
            recalled: message.recalled,
            edits: kept.edits.len(),
            reactions: reactions
                .map(|(emoji, users)| (emoji, users.into_iter().collect()))
                .collect(),
        })
    }

    pub(super) fn has_reacted(&self, user: UserId, emoji: &str) -> bool {
        let reaction = self.reactions.iter().find(|(known, _)| known == emoji);
        reaction.is_some_and(|(_, users)| users.contains(&user))
    }

    fn apply(&mut self, author: UserId, change: &MessageChange) {
        match change {
            MessageChange::Recalled => {
                self.recalled = true;
                self.reactions.clear();
            }
            MessageChange::Edited { .. } => self.edits += 1,
            MessageChange::Reacted(emoji) => {
                match self.reactions.iter_mut().find(|(known, _)| known == emoji) {
                    Some((_, users)) => {
                        users.insert(author);
                    }
                    None => self.reactions.push((emoji.clone(), [author].into())),
                }
            }
            MessageChange::Unreacted(emoji) => {
                if let Some((_, users)) =
                    self.reactions.iter_mut().find(|(known, _)| known == emoji)
                {
                    users.remove(&author);
                }
                self.reactions.retain(|(_, users)| !users.is_empty());
            }
            MessageChange::Pinned | MessageChange::Unpinned => {}
        }
    }
}

/// The targets that are known; `None` for entries that are no messages.
#[derive(Default)]
pub(super) struct Targets {
    known: HashMap<EntryId, Option<Target>>,
}

impl Targets {
    pub(super) fn get(&self, id: EntryId) -> Option<Option<&Target>> {
        self.known.get(&id).map(Option::as_ref)
    }

    /// `nothing_under_way`: what was taken in is durable, so that forgetting is safe.
    pub(super) fn learn(&mut self, id: EntryId, target: Option<Target>, nothing_under_way: bool) {
        if self.known.len() >= KNOWN_MAX && nothing_under_way {
            self.known.clear();
        }
        self.known.insert(id, target);
    }

    pub(super) fn apply(&mut self, author: UserId, kind: &EntryKind) {
        if let EntryKind::Change { target, change } = kind
            && let Some(Some(target)) = self.known.get_mut(target)
        {
            target.apply(author, change);
        }
    }

    pub(super) fn forget_all(&mut self) {
        self.known.clear();
    }
}

//! Where a room and its model have to agree.

use super::super::super::super::state::State;
use super::super::super::super::targets::Target;
use super::super::cast::{PEOPLE, Someone, Step};
use super::super::model::{self, Event, Picture};
use super::Stage;
use qunliao_protocol::EntryId;
use qunliao_storage::Access;
use std::collections::{BTreeMap, BTreeSet};

impl Stage {
    /// Room and model agree on what is, and on what will be.
    pub(in super::super) fn compare(&self) {
        let now = model::tell(self.access, &self.durable);
        let soon = self.picture();
        let state = |picture: &Picture, events: &[Event]| {
            State::of(&picture.as_kept(self.id, self.access, events))
        };
        let events = self.events();
        assert_eq!(self.room.state, state(&soon, &events));
        let durable = self.room.durable.as_deref().unwrap_or(&self.room.state);
        assert_eq!(*durable, state(&now, &self.durable));
        assert_eq!(self.room.last(), EntryId(self.durable.len() as u64));
        for user in (0..PEOPLE).map(Someone) {
            let is_in = self.access == Access::Everyone || now.rank(user.id()).is_some();
            assert_eq!(self.room.is_member(user.id()), is_in);
        }
        for id in &self.known {
            let expected = soon.kept_target(*id, &events).and_then(Target::of);
            let known = self.room.targets.get(*id).expect("it has been read");
            assert_eq!(known.map(comparable), expected.as_ref().map(comparable));
        }
        let nothing_waits =
            self.coming.is_empty() && self.parked.is_empty() && self.parked_for_past.is_empty();
        assert_eq!(self.room.is_settled(), nothing_waits);
    }

    /// Lets everything that is under way come to its end: the room is settled then.
    pub(in super::super) fn finish(&mut self) {
        while !self.room.is_settled() {
            for step in [
                Step::ReadPast { succeeds: true },
                Step::ReadTarget { succeeds: true },
                Step::Write,
                Step::Appended,
            ] {
                self.play(step);
                self.compare();
            }
        }
        let mut own_ids = BTreeSet::new();
        for event in &self.durable {
            let own_id = event.own_id.clone().map(|own_id| (event.by, own_id));
            assert!(
                own_id.is_none_or(|own_id| own_ids.insert(own_id)),
                "said twice"
            );
        }
    }
}

/// A target without the order of what has none.
fn comparable(target: &Target) -> (Target, BTreeMap<String, usize>) {
    let mut target = target.clone();
    let reactions = std::mem::take(&mut target.reactions);
    if target.recalled {
        target.edits = 0;
    }
    let counts = reactions.into_iter();
    let counts = counts.map(|(emoji, users)| (emoji, users.len())).collect();
    (target, counts)
}

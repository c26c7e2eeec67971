//! A room and its model on one stage: both are told the same, and have to agree.

mod agreement;

use super::super::super::deed::Deed;
use super::super::super::line::other;
use super::super::super::post::{Decided, Post, Verdict};
use super::super::super::rules::RoomRules;
use super::super::super::targets::Target;
use super::super::Room;
use super::cast::{Someone, Step, Wanted};
use super::judgement::Question;
use super::model::{self, BEGINNING, Event, Picture, beginning};
use crate::admission::ConnectionId;
use qunliao_protocol::{EntryId, Failure, RoomId};
use qunliao_storage::{Access, EntryKind, RoomChange, RoomRole};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const RULES: RoomRules = RoomRules {
    members_max: 4,
    recall_ms: 1_500,
    edit_ms: 3_000,
    pins_max: 2,
    reactions_max: 2,
    edits_max: 2,
};

/// Through which connection something was asked, and its number there.
type From = (ConnectionId, u64);

/// An event that is not durable yet.
struct Coming {
    event: Event,
    from: Option<From>,
    repeats: Vec<From>,
}

/// Whether what was said before the room was opened is known.
#[derive(PartialEq)]
enum Past {
    Known,
    Unread,
}

/// Both of them.
pub(super) struct Stage {
    access: Access,
    id: RoomId,
    room: Room,
    now: u64,
    durable: Vec<Event>,
    coming: Vec<Coming>,
    /// How many of those are with the disk.
    writing: usize,
    /// The entries that the room knows as targets.
    known: BTreeSet<EntryId>,
    parked: BTreeMap<EntryId, Vec<(Wanted, From)>>,
    /// What is being read, as it was when that was asked for.
    reading: VecDeque<(EntryId, Option<Target>)>,
    past: Past,
    parked_for_past: Vec<(Wanted, From)>,
    tickets: u64,
}

impl Stage {
    pub(super) fn new(access: Access) -> Self {
        let id = match access {
            Access::Everyone => RoomId::LOBBY,
            _ => RoomId(2),
        };
        let durable = beginning(access);
        let kept = model::tell(access, &durable).as_kept(id, access, &durable);
        Self {
            access,
            id,
            room: Room::new(&kept, RULES),
            now: BEGINNING,
            past: past_of(&durable),
            durable,
            coming: Vec::new(),
            writing: 0,
            known: BTreeSet::new(),
            parked: BTreeMap::new(),
            reading: VecDeque::new(),
            parked_for_past: Vec::new(),
            tickets: 0,
        }
    }

    pub(super) fn play(&mut self, step: Step) {
        match step {
            Step::Post(wanted) => self.post(wanted),
            Step::Write => self.write(),
            Step::Appended => self.appended(),
            Step::Fail => self.fail(),
            Step::ReadTarget { succeeds } => self.read_target(succeeds),
            Step::ReadPast { succeeds } => self.read_past(succeeds),
            Step::Tick(by) => self.now = self.now.saturating_add_signed(by.into()),
            Step::Depart(someone) => self.depart(someone),
            Step::Crash { arrived } => self.crash(arrived),
        }
    }

    /// All events, durable or not.
    fn events(&self) -> Vec<Event> {
        let coming = self.coming.iter().map(|coming| coming.event.clone());
        self.durable.iter().cloned().chain(coming).collect()
    }

    fn picture(&self) -> Picture {
        model::tell(self.access, &self.events())
    }

    fn post(&mut self, mut wanted: Wanted) {
        if let Deed::Mute { until } = &mut wanted.deed {
            *until += self.now;
        }
        self.tickets += 1;
        let from = (ConnectionId(u64::from(wanted.by.0)), self.tickets);
        let post = Post {
            connection: from.0,
            ticket: from.1,
            by: wanted.by.person(),
            deed: wanted.deed.clone(),
            subject: wanted.about.map(Someone::as_subject),
            client_message_id: wanted.own_id.clone(),
        };
        let verdict = self.room.post(post, self.now);
        assert_eq!(verdict, self.expect(wanted, from));
    }

    /// What should become of it. Carried out on the model.
    fn expect(&mut self, wanted: Wanted, from: From) -> Verdict {
        if let Some(own_id) = &wanted.own_id {
            if self.past == Past::Unread {
                self.parked_for_past.push((wanted, from));
                return match self.parked_for_past.len() {
                    1 => Verdict::ReadsPast,
                    _ => Verdict::Waits,
                };
            }
            let is_first =
                |event: &Event| event.by == wanted.by.id() && event.own_id.as_ref() == Some(own_id);
            if let Some(index) = self.durable.iter().position(is_first) {
                let (id, time) = (EntryId(index as u64 + 1), self.durable[index].time);
                return Verdict::Repeats { id, time };
            }
            let mut coming = self.coming.iter_mut();
            if let Some(first) = coming.find(|coming| is_first(&coming.event)) {
                first.repeats.push(from);
                return Verdict::Waits;
            }
        }
        let picture = self.picture();
        if let Some(target) = wanted.deed.target() {
            let is_in = self.access == Access::Everyone || picture.rank(wanted.by.id()).is_some();
            if !is_in {
                return Verdict::Refused(Failure::NotAMember);
            }
            if target == EntryId(0) || target > EntryId(self.durable.len() as u64) {
                return Verdict::Refused(Failure::EntryNotFound);
            }
            if !self.known.contains(&target) {
                return self.park(target, wanted, from);
            }
        }
        let question = Question {
            picture: &picture,
            access: self.access,
            rules: &RULES,
            last: EntryId((self.durable.len() + self.coming.len()) as u64),
            now: self.now,
            by: wanted.by,
            deed: &wanted.deed,
            about: wanted.about,
        };
        match question.answer() {
            Ok(true) => {
                let kind = model::entry(&wanted.deed, wanted.about);
                self.come(wanted.by, kind, wanted.own_id, Some(from));
                Verdict::Waits
            }
            Ok(false) => Verdict::Done,
            Err(failure) => Verdict::Refused(failure),
        }
    }

    fn park(&mut self, target: EntryId, wanted: Wanted, from: From) -> Verdict {
        let parked = self.parked.entry(target).or_default();
        parked.push((wanted, from));
        if parked.len() > 1 {
            return Verdict::Waits;
        }
        let picture = model::tell(self.access, &self.durable);
        let kept = picture.kept_target(target, &self.durable);
        self.reading.push_back((target, kept.and_then(Target::of)));
        Verdict::Reads(target)
    }

    fn come(&mut self, by: Someone, kind: EntryKind, own_id: Option<String>, from: Option<From>) {
        let event = Event {
            by: by.id(),
            kind,
            time: 0,
            own_id,
        };
        self.coming.push(Coming {
            event,
            from,
            repeats: Vec::new(),
        });
    }

    fn write(&mut self) {
        let append = self.room.next_append(self.now);
        if self.writing > 0 || self.coming.is_empty() {
            assert!(append.is_none(), "one at a time, and never nothing");
            return;
        }
        let append = append.expect("something waits");
        assert_eq!(append.after, EntryId(self.durable.len() as u64));
        assert_eq!(append.entries.len(), self.coming.len());
        let latest = self.durable.last().map_or(0, |event| event.time);
        for (entry, coming) in append.entries.iter().zip(&mut self.coming) {
            coming.event.time = entry.time;
            let event = Event {
                by: entry.author,
                kind: entry.kind.clone(),
                time: self.now.max(latest),
                own_id: entry.client_message_id.clone(),
            };
            assert_eq!(event, coming.event);
        }
        self.writing = self.coming.len();
    }

    fn appended(&mut self) {
        if self.writing == 0 {
            return;
        }
        let before = self.durable.len();
        let written: Vec<_> = self.coming.drain(..self.writing).collect();
        self.writing = 0;
        let appended = self.room.appended();
        let lines = appended.batch.lines();
        assert_eq!(lines.len(), written.len());
        let mut repeats = Vec::new();
        for (line, coming) in lines.iter().zip(written) {
            let id = EntryId(self.durable.len() as u64 + 1);
            assert_eq!((line.id, line.from), (id, coming.from));
            assert_eq!(line.other.is_some(), other(&line.kind).is_some());
            repeats.extend(coming.repeats.iter().map(|from| (*from, id)));
            self.durable.push(coming.event);
        }
        let answered = appended.repeats.iter();
        let answered: Vec<_> = answered
            .map(|repeat| ((repeat.connection, repeat.ticket), repeat.id))
            .collect();
        assert_eq!(answered, repeats);
        let passages = model::passages(self.access, &self.durable, before);
        assert_eq!(appended.passages, passages);
    }

    fn fail(&mut self) {
        if self.writing == 0 {
            return;
        }
        self.writing = 0;
        let lost = std::mem::take(&mut self.coming);
        let lost = lost
            .into_iter()
            .flat_map(|coming| coming.from.into_iter().chain(coming.repeats));
        assert_eq!(self.room.not_appended(), lost.collect::<Vec<_>>());
        self.known.clear();
    }

    fn read_target(&mut self, succeeds: bool) {
        let Some((id, target)) = self.reading.pop_front() else {
            return;
        };
        let read = if succeeds {
            self.known.insert(id);
            Ok(target)
        } else {
            Err(Failure::Unavailable)
        };
        let parked = self.parked.remove(&id).unwrap_or_default();
        let decided = self.room.learn(id, read, self.now);
        self.check_decided(decided, parked, succeeds);
    }

    fn read_past(&mut self, succeeds: bool) {
        if self.parked_for_past.is_empty() {
            return;
        }
        let read = if succeeds {
            self.past = Past::Known;
            let events = self.durable.iter().zip(1..);
            let past = events.filter_map(|(event, id)| {
                let own_id = event.own_id.clone()?;
                Some((event.by, own_id, EntryId(id), event.time))
            });
            Ok(past.collect())
        } else {
            Err(Failure::Unavailable)
        };
        let parked = std::mem::take(&mut self.parked_for_past);
        let decided = self.room.learn_past(read, self.now);
        self.check_decided(decided, parked, succeeds);
    }

    fn check_decided(
        &mut self,
        decided: Vec<Decided>,
        parked: Vec<(Wanted, From)>,
        succeeds: bool,
    ) {
        assert_eq!(decided.len(), parked.len());
        for (one, (wanted, from)) in decided.into_iter().zip(parked) {
            assert_eq!((one.connection, one.ticket), from);
            let expected = match succeeds {
                true => self.expect(wanted, from),
                false => Verdict::Refused(Failure::Unavailable),
            };
            assert_eq!(one.verdict, expected);
        }
    }

    fn depart(&mut self, someone: Someone) {
        if self.access == Access::Everyone {
            return;
        }
        let picture = self.picture();
        let heir = picture.heir(someone.id());
        assert_eq!(self.room.heir(someone.id()), heir);
        self.room
            .depart(&someone.person(), heir.map(|heir| (heir, "heir".into())));
        let Some(rank) = picture.rank(someone.id()) else {
            return;
        };
        if let Some(user) = heir.filter(|_| rank == RoomRole::Owner) {
            let role = RoomRole::Owner;
            let given = RoomChange::RoleGiven { user, role };
            self.come(someone, EntryKind::Room(given), None, None);
        }
        self.come(someone, EntryKind::Room(RoomChange::Left), None, None);
    }

    fn crash(&mut self, arrived: bool) {
        let written = if arrived { self.writing } else { 0 };
        let coming = std::mem::take(&mut self.coming);
        let coming = coming.into_iter().take(written);
        self.durable.extend(coming.map(|coming| coming.event));
        self.writing = 0;
        self.known.clear();
        self.parked.clear();
        self.reading.clear();
        self.parked_for_past.clear();
        self.past = past_of(&self.durable);
        let picture = model::tell(self.access, &self.durable);
        let kept = picture.as_kept(self.id, self.access, &self.durable);
        self.room = Room::new(&kept, RULES);
    }
}

fn past_of(durable: &[Event]) -> Past {
    match durable {
        [] => Past::Known,
        _ => Past::Unread,
    }
}

//! Writing and telling how far people have read, a few times a second.

use super::{ChatRoom, Heard, MarkRead, Notice};
use actix::prelude::*;
use std::sync::Arc;
use std::time::Duration;

impl ChatRoom {
    pub(super) fn schedule_marks(&mut self, ctx: &mut Context<Self>) {
        if !self.marks.begin_waiting() {
            return;
        }
        let count = u32::try_from(self.listeners.count()).unwrap_or(u32::MAX);
        let tempo = self.neighbours.tempo;
        // A room that is to stop is not to be waited for.
        let wait = match self.stopping {
            true => Duration::ZERO,
            false => tempo.marks + tempo.marks_each.saturating_mul(count),
        };
        ctx.run_later(wait, Self::write_marks);
    }

    pub(super) fn write_marks(&mut self, ctx: &mut Context<Self>) {
        let Some(changed) = self.marks.take_changed() else {
            return self.write_next(ctx);
        };
        let (rooms, room) = (Arc::clone(&self.neighbours.rooms), self.room.id());
        let marks = changed.clone();
        let writing = async move { rooms.mark_read(room, marks).await };
        ctx.spawn(writing.into_actor(self).map(move |outcome, act, ctx| {
            let answers = act.marks.written();
            match outcome {
                Ok(()) => {
                    let notice = Arc::new(Notice::read(act.room.id(), &changed));
                    act.listeners.notify(&notice);
                    for (connection, ticket) in answers {
                        act.listeners.tell(connection, None, Heard::Done { ticket });
                    }
                }
                Err(why) => {
                    let failure = crate::storage_failure(&why);
                    for (connection, ticket) in answers {
                        let failure = failure.clone();
                        act.listeners
                            .tell(connection, None, Heard::Refused { ticket, failure });
                    }
                }
            }
            if act.marks.has_changed() {
                act.schedule_marks(ctx);
            }
            act.write_next(ctx);
        }));
    }
}

impl Handler<MarkRead> for ChatRoom {
    type Result = ();

    fn handle(&mut self, mark: MarkRead, ctx: &mut Self::Context) {
        if !self.listeners.contains(mark.connection) {
            return;
        }
        let id = mark.id.min(self.room.last());
        let answer = (mark.connection, mark.ticket);
        self.marks.note_for(mark.user, id, answer);
        self.schedule_marks(ctx);
    }
}

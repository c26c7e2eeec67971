//! op 3, rooms, and op 6, changes of messages: what is asked of a room.

mod answers;

use super::Connection;
use super::entering::{TITLE_CHARS_MAX, show_room};
use super::posts::Asked;
use crate::chat_room::{Act, Deed, Party, Post, Subject};
use crate::clock::now_ms;
use crate::house::House;
use crate::names;
use crate::person::Person;
use crate::words;
use actix::{AsyncContext, Context};
use qunliao_protocol::chat::{
    self as wire, Change, MessageAsk, MuteEnd, OverviewReply, ROOMS, RoomAsk, RoomRequest,
};
use qunliao_protocol::reply::Reply;
use qunliao_protocol::{Credential, EntryId, Failure, RoomId, UserId};
use qunliao_storage::accounts::Standing;
use qunliao_storage::rooms::Notify;
use qunliao_storage::{Mentions, MessageChange};
use serde::Serialize;
use std::sync::Arc;

/// A request about rooms that owns what it says.
enum Ask {
    List(RoomId, usize),
    Create(String, wire::Access),
    Direct(UserId),
    Show(RoomId),
    Members(RoomId, UserId, usize),
    Roster(RoomId, EntryId, UserId, usize),
    Confirm(RoomId, EntryId),
    Card(RoomId, Option<String>),
    Notify(RoomId, Notify),
    /// A deed, and whom it concerns.
    Do(RoomId, Deed, Option<UserId>),
}

impl Ask {
    fn of(request: RoomRequest<'_>) -> Result<Self, Failure> {
        Ok(match request {
            RoomRequest::List { after, limit } => Self::List(after, limit),
            RoomRequest::Create { title, access } => Self::Create(checked_title(title)?, access),
            RoomRequest::Direct { user } => Self::Direct(user),
            RoomRequest::In { room, ask } => Self::in_room(room, ask)?,
        })
    }

    fn in_room(room: RoomId, ask: RoomAsk<'_>) -> Result<Self, Failure> {
        let (deed, subject) = match ask {
            RoomAsk::Show => return Ok(Self::Show(room)),
            RoomAsk::Members { after, limit } => return Ok(Self::Members(room, after, limit)),
            RoomAsk::Roster { id, after, limit } => {
                return Ok(Self::Roster(room, id, after, limit));
            }
            RoomAsk::Confirm(id) => return Ok(Self::Confirm(room, id)),
            RoomAsk::Card(card) => {
                let card = card.map(checked_card).transpose()?;
                return Ok(Self::Card(room, card));
            }
            RoomAsk::Notify(notify) => {
                return Ok(Self::Notify(room, words::asked_notify(notify)));
            }
            RoomAsk::Join => (Deed::Join, None),
            RoomAsk::Leave => (Deed::Leave, None),
            RoomAsk::Invite(user) => (Deed::Invite, Some(user)),
            RoomAsk::Kick(user) => (Deed::Kick, Some(user)),
            RoomAsk::Ban(user) => (Deed::Ban, Some(user)),
            RoomAsk::Unban(user) => (Deed::Unban, Some(user)),
            RoomAsk::Mute { user, until } => {
                let until = match until {
                    MuteEnd::At(time) => time,
                    MuteEnd::After(seconds) => {
                        now_ms().saturating_add(seconds.saturating_mul(1_000))
                    }
                };
                (Deed::Mute { until }, Some(user))
            }
            RoomAsk::Unmute(user) => (Deed::Unmute, Some(user)),
            RoomAsk::Role { user, role } => (Deed::GiveRole(words::asked_role(role)), Some(user)),
            RoomAsk::Title(title) => (Deed::Title(checked_title(title)?), None),
            RoomAsk::Announce(news) => (Deed::Announce(news.to_owned()), None),
        };
        Ok(Self::Do(room, deed, subject))
    }
}

fn checked_title(typed: &str) -> Result<String, Failure> {
    names::title(typed, TITLE_CHARS_MAX).ok_or(Failure::InvalidTitle(TITLE_CHARS_MAX))
}

fn checked_card(typed: &str) -> Result<String, Failure> {
    let name = names::Name::new(typed);
    let name = name.map_err(|_| Failure::InvalidCard(names::NAME_CHARS_MAX))?;
    Ok(name.shown)
}

impl Connection {
    pub(super) fn room_request(
        &mut self,
        asked: Asked,
        request: RoomRequest<'_>,
        credential: Option<Credential<'_>>,
        ctx: &mut Context<Self>,
    ) {
        let ask = match Ask::of(request) {
            Ok(ask) => ask,
            Err(failure) => return self.refuse_asked(asked, &failure),
        };
        self.as_speaker(asked, credential, ctx, move |act, asked, person, ctx| {
            let (house, user) = (Arc::clone(&act.house), person.id);
            match ask {
                Ask::List(after, limit) => {
                    act.answer_with(asked, ROOMS, answers::list(house, user, after, limit), ctx);
                }
                Ask::Create(title, access) => {
                    if let Err(failure) = act.take_turn(&person) {
                        return act.refuse_asked(asked, &failure);
                    }
                    act.answer_with(
                        asked,
                        ROOMS,
                        answers::create(house, user, title, access),
                        ctx,
                    );
                }
                Ask::Direct(with) => {
                    act.answer_with(asked, ROOMS, answers::direct(house, user, with), ctx);
                }
                Ask::Show(room) => {
                    let showing = async move {
                        let (overview, _) = show_room(house, user, room).await?;
                        Ok(OverviewReply { overview })
                    };
                    act.answer_with(asked, ROOMS, showing, ctx);
                }
                Ask::Members(room, after, limit) => {
                    act.answer_with(
                        asked,
                        ROOMS,
                        answers::members(house, user, room, after, limit),
                        ctx,
                    );
                }
                Ask::Roster(room, id, after, limit) => {
                    let roster = answers::roster(house, user, room, id, after, limit);
                    act.answer_with(asked, ROOMS, roster, ctx);
                }
                Ask::Confirm(room, id) => {
                    act.answer_with(asked, ROOMS, answers::confirm(house, user, room, id), ctx);
                }
                Ask::Card(room, card) => {
                    act.answer_with(
                        asked,
                        ROOMS,
                        answers::set_card(house, user, room, card),
                        ctx,
                    );
                }
                Ask::Notify(room, notify) => {
                    act.answer_with(
                        asked,
                        ROOMS,
                        answers::set_notify(house, user, room, notify),
                        ctx,
                    );
                }
                Ask::Do(room, deed, subject) => {
                    act.act_in(asked, person, room, deed, subject, ctx);
                }
            }
        });
    }

    pub(super) fn change(
        &mut self,
        asked: Asked,
        change: Change<'_>,
        credential: Option<Credential<'_>>,
        ctx: &mut Context<Self>,
    ) {
        let (room, target) = (change.room, change.id);
        let max = self.house.limits.message_bytes_max;
        let change = match change.ask {
            MessageAsk::Recall => MessageChange::Recalled,
            MessageAsk::Edit { news, .. } if news.len() > max => {
                return self.refuse_asked(asked, &Failure::MessageTooLarge(max));
            }
            MessageAsk::Edit { news, mentions } => MessageChange::Edited {
                text: news.to_owned(),
                mentions: Mentions {
                    everyone: mentions.everyone,
                    users: mentions.users,
                },
            },
            MessageAsk::React(emoji) => MessageChange::Reacted(emoji.to_owned()),
            MessageAsk::Unreact(emoji) => MessageChange::Unreacted(emoji.to_owned()),
            MessageAsk::Pin => MessageChange::Pinned,
            MessageAsk::Unpin => MessageChange::Unpinned,
        };
        let deed = Deed::Change { target, change };
        self.as_speaker(asked, credential, ctx, move |act, asked, person, ctx| {
            act.act_in(asked, person, room, deed, None, ctx);
        });
    }

    /// Does something in a room, which need not be heard for that.
    fn act_in(
        &mut self,
        asked: Asked,
        person: Arc<Person>,
        room: RoomId,
        deed: Deed,
        subject: Option<UserId>,
        ctx: &mut Context<Self>,
    ) {
        let max = self.house.limits.message_bytes_max;
        if matches!(&deed, Deed::Announce(text) if text.len() > max) {
            return self.refuse_asked(asked, &Failure::MessageTooLarge(max));
        }
        if let Err(failure) = self.take_turn(&person) {
            return self.refuse_asked(asked, &failure);
        }
        let comer = match deed {
            Deed::Join => Some(person.id),
            Deed::Invite => subject,
            _ => None,
        };
        let preparing = prepare(Arc::clone(&self.house), room, subject, comer);
        let opening = self.open_room(room);
        let preparing = async move { Ok::<_, Failure>((preparing.await?, opening.await?)) };
        self.carry_out(ctx, preparing, move |act, prepared, ctx| {
            let (subject, link) = match prepared {
                Ok(prepared) => prepared,
                Err(failure) => return act.refuse_asked(asked, &failure),
            };
            if !link.act.connected() {
                return act.refuse_asked(asked, &Failure::ShuttingDown);
            }
            let ticket = act.begin_post(asked, room, false);
            let post = Post {
                connection: act.id,
                ticket,
                by: person,
                deed,
                subject,
                client_message_id: None,
            };
            let answer = Some(ctx.address().recipient());
            link.act.do_send(Act { post, answer });
        });
    }

    /// Answers with what `work` comes to; the next request waits for it.
    pub(super) fn answer_with<T: Serialize + 'static>(
        &mut self,
        asked: Asked,
        op: u64,
        work: impl Future<Output = Result<T, Failure>> + 'static,
        ctx: &mut Context<Self>,
    ) {
        self.carry_out(ctx, work, move |act, outcome, _| match outcome {
            Ok(body) => act.reply(&Reply::ok(op, asked.envelope.seq, body)),
            Err(failure) => act.refuse_asked(asked, &failure),
        });
    }
}

/// Looks up whom a deed concerns, and whether whoever is to come in may be in one room
/// more.
async fn prepare(
    house: Arc<House>,
    room: RoomId,
    subject: Option<UserId>,
    comer: Option<UserId>,
) -> Result<Option<Subject>, Failure> {
    let failed = |why| crate::storage_failure(&why);
    if let Some(comer) = comer {
        let rooms = house.room_store.room_ids_of(comer).await.map_err(failed)?;
        // The lobby does not count.
        let others = rooms.iter().filter(|id| **id != RoomId::LOBBY);
        if !rooms.contains(&room) && others.count() >= house.limits.rooms_per_user_max {
            return Err(Failure::TooManyRooms);
        }
    }
    let Some(subject) = subject else {
        return Ok(None);
    };
    let user = house.accounts.user(subject).await.map_err(failed)?;
    let user = user.filter(|user| user.standing != Standing::Closed);
    let user = user.ok_or(Failure::UserNotFound)?;
    Ok(Some(Subject {
        party: Party {
            id: user.id,
            role: user.role,
        },
        name: user.name,
    }))
}

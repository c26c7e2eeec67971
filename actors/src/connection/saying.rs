//! op 0: saying something.

use super::Connection;
use super::posts::Asked;
use crate::chat_room::{Act, Deed, Party, Post, Subject};
use crate::clock::now_ms;
use crate::house::House;
use crate::person::Person;
use crate::rooms::RoomLink;
use actix::Context;
use qunliao_protocol::chat::{Attachment, ForwardOf, Mentions, SAY, Said, Say};
use qunliao_protocol::files::Place;
use qunliao_protocol::label::Label;
use qunliao_protocol::reply::Reply;
use qunliao_protocol::{EntryId, Envelope, Failure, RoomId, UserId};
use qunliao_storage::EntryKind;
use qunliao_storage::files::NewFile;
use qunliao_storage::{Mentions as Meant, Message, SharedFile};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// A message before it is known what it refers to.
struct Draft {
    room: RoomId,
    text: String,
    reply_to: Option<EntryId>,
    mentions: Mentions,
    file: Option<Attachment>,
    forward: Option<ForwardOf>,
}

impl Draft {
    fn of(say: &Say<'_>) -> Self {
        Self {
            room: say.room,
            text: say.news.to_owned(),
            reply_to: say.reply_to,
            mentions: say.mentions.clone(),
            file: say.file,
            forward: say.forward,
        }
    }

    /// The message, if nothing has to be looked up for it.
    fn without_looking(self) -> Result<Message, Self> {
        let needs_nothing =
            self.mentions.users.is_empty() && self.file.is_none() && self.forward.is_none();
        if needs_nothing {
            Ok(self.message(None))
        } else {
            Err(self)
        }
    }

    fn message(self, file: Option<SharedFile>) -> Message {
        Message {
            text: self.text,
            reply_to: self.reply_to,
            mentions: Meant {
                everyone: self.mentions.everyone,
                users: self.mentions.users,
            },
            file,
            ..Message::default()
        }
    }
}

impl Connection {
    pub(super) fn say(&mut self, envelope: Envelope, say: &Say<'_>, ctx: &mut Context<Self>) {
        let asked = Asked {
            envelope,
            client_message_id: say.client_message_id.map(str::to_owned),
        };
        let says_nothing = say.says_nothing();
        let draft = Draft::of(say);
        self.as_speaker(
            asked,
            say.credential,
            ctx,
            move |act, asked, person, ctx| {
                if says_nothing {
                    act.say_nothing(asked, &person, draft.room, ctx);
                } else {
                    act.say_as(asked, person, draft, ctx);
                }
            },
        );
    }

    /// Authenticates alone, and hears what is said from then on.
    fn say_nothing(
        &mut self,
        asked: Asked,
        person: &Arc<Person>,
        room: RoomId,
        ctx: &mut Context<Self>,
    ) {
        if room == RoomId::LOBBY {
            self.listen_to_lobby(person.id, ctx);
        }
        if asked.wants_reply() {
            let said = Said {
                client_message_id: asked.client_message_id,
                ..Said::default()
            };
            self.reply(&Reply::ok(SAY, asked.envelope.seq, said));
        }
    }

    fn say_as(&mut self, asked: Asked, person: Arc<Person>, draft: Draft, ctx: &mut Context<Self>) {
        let max = self.house.limits.message_bytes_max;
        if draft.text.len() > max {
            return self.refuse_asked(asked, &Failure::MessageTooLarge(max));
        }
        if let Err(failure) = self.take_turn(&person) {
            return self.refuse_asked(asked, &failure);
        }
        let room = draft.room;
        match draft.without_looking() {
            Ok(message) => self.say_in(asked, person, room, message, None, ctx),
            Err(draft) => {
                let looking = prepare(Arc::clone(&self.house), person.id, draft);
                self.carry_out(ctx, looking, move |act, prepared, ctx| match prepared {
                    Ok((message, author)) => {
                        act.say_in(asked, person, room, message, author, ctx);
                    }
                    Err(failure) => act.refuse_asked(asked, &failure),
                });
            }
        }
    }

    /// Says it in a room, which is heard from then on.
    fn say_in(
        &mut self,
        asked: Asked,
        person: Arc<Person>,
        room: RoomId,
        message: Message,
        forwarded_from: Option<Subject>,
        ctx: &mut Context<Self>,
    ) {
        let deed = Deed::Say(message);
        if room == RoomId::LOBBY {
            self.listen_to_lobby(person.id, ctx);
        }
        if let Some(link) = self.ears.link(room).cloned() {
            return self.post(asked, &link, person, deed, forwarded_from);
        }
        let opening = self.open_room(room);
        self.carry_out(ctx, opening, move |act, opened, ctx| match opened {
            Ok(link) => {
                let after = EntryId(link.last.load(Ordering::Acquire));
                act.listen(&link, person.id, after, ctx);
                act.post(asked, &link, person, deed, forwarded_from);
            }
            Err(failure) => act.refuse_asked(asked, &failure),
        });
    }

    /// Hands a post to a room that is heard.
    pub(super) fn post(
        &mut self,
        asked: Asked,
        link: &RoomLink,
        by: Arc<Person>,
        deed: Deed,
        subject: Option<Subject>,
    ) {
        if !link.act.connected() {
            return self.refuse_asked(asked, &Failure::ShuttingDown);
        }
        let client_message_id = asked.client_message_id.clone();
        let ticket = self.begin_post(asked, link.id, true);
        let post = Post {
            connection: self.id,
            ticket,
            by,
            deed,
            subject,
            client_message_id,
        };
        link.act.do_send(Act { post, answer: None });
    }

    /// The lobby is heard by everyone who has authenticated, from when they connected.
    pub(super) fn listen_to_lobby(&mut self, user: UserId, ctx: &mut Context<Self>) {
        let lobby = Arc::clone(&self.house.lobby);
        self.listen(&lobby, user, self.opened_after, ctx);
    }

    /// One more of the user's messages, or whatever counts as one.
    pub(super) fn take_turn(&self, person: &Person) -> Result<(), Failure> {
        let taken = person.take_message(self.house.message_rate(), Instant::now());
        taken.map_err(|wait| {
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
            Failure::TooManyRequests(seconds.saturating_add(1))
        })
    }
}

/// Looks up what a draft refers to. The second value is the author of what is forwarded.
async fn prepare(
    house: Arc<House>,
    speaker: UserId,
    draft: Draft,
) -> Result<(Message, Option<Subject>), Failure> {
    let failed = |why| crate::storage_failure(&why);
    if let Some(source) = draft.forward {
        let (message, author) = forwarded(&house, speaker, source, draft.room).await?;
        return Ok((message, Some(author)));
    }
    let meant = draft.mentions.users.clone();
    let names = house.reading.names(meant.clone()).await.map_err(failed)?;
    if meant.iter().any(|user| !names.contains_key(user)) {
        return Err(Failure::UserNotFound);
    }
    let file = match draft.file {
        Some(asked) => {
            let found = house.files.file(asked.id).await.map_err(failed)?;
            let file = found.filter(|file| file.room == draft.room);
            let file = file.ok_or(Failure::FileNotFound)?;
            Some(SharedFile {
                id: file.id,
                name: file.name,
                size: file.size,
                is_image: asked.is_image,
            })
        }
        None => None,
    };
    Ok((draft.message(file), None))
}

/// What was said in another room, to be said again in `to`. A file that it shows is
/// shared there, too.
async fn forwarded(
    house: &House,
    speaker: UserId,
    source: ForwardOf,
    to: RoomId,
) -> Result<(Message, Subject), Failure> {
    let failed = |why| crate::storage_failure(&why);
    let rooms = &house.room_store;
    let membership = rooms.membership(source.room, speaker).await;
    if membership.map_err(failed)?.is_none() {
        return Err(Failure::NotAMember);
    }
    let shown = rooms.shown(vec![(source.room, source.id)], speaker).await;
    let shown = shown.map_err(failed)?.pop();
    let (_, shown) = shown.ok_or(Failure::EntryNotFound)?;
    let EntryKind::Message(message) = shown.entry.content.kind else {
        return Err(Failure::NotAMessage);
    };
    if message.recalled {
        return Err(Failure::Recalled);
    }
    let edited = shown.amendment.and_then(|amendment| amendment.edited);
    let author = message.forwarded_from.unwrap_or(shown.entry.content.author);
    let names = house.reading.names(vec![author]).await.map_err(failed)?;
    let file = match message.file {
        Some(file) if source.room != to => Some(share_again(house, speaker, file, to).await?),
        file => file,
    };
    let again = Message {
        text: edited.map_or(message.text, |(_, text)| text),
        file,
        forwarded_from: Some(author),
        ..Message::default()
    };
    let author = Subject {
        party: Party {
            id: author,
            role: qunliao_storage::accounts::Role::default(),
        },
        name: names.get(&author).cloned().unwrap_or_default(),
    };
    Ok((again, author))
}

/// Shares a file in another room: another entry of the index, the same content.
async fn share_again(
    house: &House,
    owner: UserId,
    file: SharedFile,
    room: RoomId,
) -> Result<SharedFile, Failure> {
    let failed = |why| crate::storage_failure(&why);
    if house
        .room_store
        .membership(room, owner)
        .await
        .map_err(failed)?
        .is_none()
    {
        return Err(Failure::NotAMember);
    }
    let found = house.files.file(file.id).await.map_err(failed)?;
    let found = found.ok_or(Failure::FileNotFound)?;
    let label = Label::new(&file.name).map_err(|_| Failure::FileNotFound)?;
    let added = house.files.add_file(NewFile {
        room,
        place: Place::File(label),
        size: found.size,
        sha256: found.sha256,
        owner,
        time: now_ms(),
    });
    let added = added.await.map_err(failed)?;
    let added = added.map_err(|_| Failure::NameConflict)?;
    Ok(SharedFile {
        id: added.id,
        ..file
    })
}

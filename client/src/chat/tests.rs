//! What the client asks is what the protocol reads, and what it hears meanwhile is kept.

use super::*;
use bytes::BytesMut;
use qunliao_protocol::chat::{
    self, Access, Around, Attachment, Change, Enter, ForwardOf, History, Mark, Mentions,
    MessageAsk, MuteEnd, Notify, Request, RoomAsk, RoomRequest, RoomRole, Say, Search, Typing,
};
use qunliao_protocol::json::Object;
use qunliao_protocol::{Decoder, EntryId, FileId, HeaderForm, RoomId, UserId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const FORM: HeaderForm = HeaderForm::Binary;
const ROOM: RoomId = RoomId(7);
const USER: UserId = UserId(2);
const ID: EntryId = EntryId(3);

/// A server that answers what it is told to.
struct Server {
    stream: TcpStream,
    inbound: BytesMut,
}

impl Server {
    async fn request(&mut self) -> Vec<u8> {
        let mut decoder = Decoder::new(1 << 20);
        loop {
            if let Some(body) = decoder.decode(&mut self.inbound).unwrap() {
                return body.to_vec();
            }
            assert_ne!(self.stream.read_buf(&mut self.inbound).await.unwrap(), 0);
        }
    }

    async fn send(&mut self, body: &Value) {
        let frame = FORM.encode(body.to_string().as_bytes());
        self.stream.write_all(&frame).await.unwrap();
    }

    /// Reads a request, which has to be `expected`, and answers with these keys.
    async fn expect(&mut self, expected: Request<'_>, mut answer: Value) {
        let body = self.request().await;
        let body = Object::parse(&body).unwrap();
        let op = body.optional_number("op").unwrap().unwrap();
        let (credential, request) = Request::read(op, &body).unwrap();
        assert_eq!(request, expected);
        assert_eq!(credential.is_some(), op == chat::ENTER, "known since then");
        answer["op"] = op.into();
        answer["test"] = 0.into();
        answer["seq"] = body.optional_number("seq").unwrap().into();
        self.send(&answer).await;
    }
}

async fn pair() -> (ChatClient, Server) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let credential = Credential::Token("token".into());
    let (client, accepted) = tokio::join!(
        ChatClient::open(address, FORM, credential),
        listener.accept()
    );
    let (stream, inbound) = (accepted.unwrap().0, BytesMut::new());
    (client.unwrap(), Server { stream, inbound })
}

/// Asks, is answered with these keys, and hands on what that comes to.
macro_rules! exchange {
    ($client:ident, $server:ident, $asking:expr, $expected:expr, $answer:expr) => {{
        let (asked, ()) = tokio::join!($asking, $server.expect($expected, $answer));
        asked.unwrap()
    }};
}

fn in_room(ask: RoomAsk<'_>) -> Request<'_> {
    Request::Rooms(RoomRequest::In { room: ROOM, ask })
}

fn changing(ask: MessageAsk<'_>) -> Request<'_> {
    let (room, id) = (ROOM, ID);
    Request::Change(Change { room, id, ask })
}

#[tokio::test]
async fn what_is_heard_while_an_answer_is_awaited_comes_as_events() {
    let (mut client, mut server) = pair().await;
    let entry = json!({ "op": 0, "args": { "name": "小波" }, "news": "好", "room": "7", "id": 4,
        "time": 9, "user": 2 });
    server.send(&entry).await;
    server.send(&json!({ "op": 4, "online": [2] })).await;
    let ask = Request::History(History {
        room: ROOM,
        around: Around::Before(ID),
        limit: 10,
    });
    let answer = json!({ "entries": [entry], "more": true });
    let asking = client.history(ROOM, Around::Before(ID), 10);
    let page = exchange!(client, server, asking, ask, answer);
    assert!(page.more);
    assert_eq!(page.entries[0].news, "好");
    let heard = client.next_event().await.unwrap();
    assert!(matches!(heard, Some(Event::Entry(entry)) if entry.id == EntryId(4)));
    let heard = client.next_event().await.unwrap();
    assert!(matches!(heard, Some(Event::Presence(_))));
}

#[tokio::test]
async fn one_enters_with_what_one_has_seen() {
    let (mut client, mut server) = pair().await;
    let resume = [(ROOM, ID), (RoomId::LOBBY, EntryId(0))];
    let ask = Request::Enter(Enter {
        // As the keys of an object are sorted.
        resume: resume.to_vec(),
    });
    let answer = json!({ "user": { "id": 2, "name": "小波" }, "rooms": [], "online": [1],
        "limits": { "message_bytes_max": 1, "recall_seconds": 2, "edit_seconds": 3,
            "title_chars_max": 4, "card_chars_max": 5, "pins_max": 6 }, "time": 9 });
    let asking = client.enter_rooms(&resume);
    let entered = exchange!(client, server, asking, ask, answer);
    assert_eq!((entered.user.id, entered.limits.pins_max), (USER, 6));
}

#[tokio::test]
async fn a_message_is_said_with_all_that_belongs_to_it() {
    let (mut client, mut server) = pair().await;
    let mentions = Mentions {
        everyone: true,
        users: vec![USER],
    };
    let file = Attachment {
        id: FileId(9),
        is_image: true,
    };
    let message = NewMessage {
        client_message_id: Some("c"),
        reply_to: Some(ID),
        mentions: mentions.clone(),
        file: Some(file),
        ..NewMessage::text(ROOM, "看")
    };
    let expected = Say {
        credential: None,
        room: ROOM,
        news: "看",
        client_message_id: Some("c"),
        reply_to: Some(ID),
        mentions,
        file: Some(file),
        forward: None,
    };
    let answer = json!({ "client_message_id": "c", "room": "7", "id": 4, "time": 9 });
    let ask = Request::Say(expected.clone());
    let said = exchange!(client, server, client.tell(&message), ask, answer);
    assert_eq!((said.room, said.id), (Some(ROOM), Some(EntryId(4))));

    let forward = Some(ForwardOf {
        room: RoomId::LOBBY,
        id: ID,
    });
    let again = NewMessage {
        forward,
        ..NewMessage::text(ROOM, "")
    };
    let ask = Request::Say(Say {
        news: "",
        client_message_id: None,
        reply_to: None,
        mentions: Mentions::default(),
        file: None,
        forward,
        ..expected
    });
    let answer = json!({ "room": "7", "id": 5, "time": 9 });
    exchange!(client, server, client.tell(&again), ask, answer);
}

#[tokio::test]
async fn a_refusal_is_the_error_of_who_asked() {
    let (mut client, mut server) = pair().await;
    let (asked, ()) = tokio::join!(client.recall(ROOM, ID), async {
        server.request().await;
        let refusal = json!({ "op": 6, "test": 105, "seq": 1, "error": "too_late", "message": "" });
        server.send(&refusal).await;
    });
    let refused = asked.unwrap_err();
    let refused = refused.refused().unwrap();
    assert_eq!((refused.code, refused.error.as_str()), (105, "too_late"));
}

#[tokio::test]
async fn messages_are_changed_and_found() {
    let (mut client, mut server) = pair().await;
    let entry = || json!({ "room": "7", "id": 4, "time": 9 });
    let ask = changing(MessageAsk::Recall);
    let changed = exchange!(client, server, client.recall(ROOM, ID), ask, entry());
    assert_eq!(changed.id, Some(EntryId(4)));
    let nobody = Mentions::default();
    let ask = changing(MessageAsk::Edit {
        news: "x",
        mentions: nobody.clone(),
    });
    let asking = client.edit(ROOM, ID, "x", &nobody);
    exchange!(client, server, asking, ask, entry());
    let ask = changing(MessageAsk::React("👍"));
    exchange!(client, server, client.react(ROOM, ID, "👍"), ask, entry());
    let ask = changing(MessageAsk::Unreact("👍"));
    exchange!(client, server, client.unreact(ROOM, ID, "👍"), ask, entry());
    let ask = changing(MessageAsk::Pin);
    exchange!(client, server, client.pin(ROOM, ID), ask, entry());
    let ask = changing(MessageAsk::Unpin);
    let nothing_new = json!({ "room": "7" });
    let changed = exchange!(client, server, client.unpin(ROOM, ID), ask, nothing_new);
    assert_eq!(changed.id, None);

    let query = Query {
        query: "茶",
        room: Some(ROOM),
        from: Some(USER),
        limit: Some(5),
        before: Some("c"),
    };
    let ask = Request::Search(Search {
        query: "茶",
        room: Some(ROOM),
        from: Some(USER),
        limit: 5,
        before: Some("c"),
    });
    let answer = json!({ "entries": [], "files": [], "people": [], "more": false });
    let found = exchange!(client, server, client.search(&query), ask, answer);
    assert_eq!(found.before, None);
    let time = exchange!(
        client,
        server,
        client.ping(),
        Request::Ping,
        json!({ "time": 9 })
    );
    assert_eq!(time, 9);
}

#[tokio::test]
async fn one_tells_that_one_types_and_has_read() {
    let (mut client, mut server) = pair().await;
    let (room, id) = (ROOM, ID);
    let ask = Request::Typing(Typing { room });
    exchange!(client, server, client.typing(ROOM), ask, json!({}));
    let ask = Request::Mark(Mark::Read { room, id });
    exchange!(client, server, client.mark_read(ROOM, ID), ask, json!({}));
    let ask = Request::Mark(Mark::Seen {
        room,
        id,
        after: USER,
        limit: 5,
    });
    let answer = json!({ "seen": [{ "user": 3, "name": "小陈" }], "count": 2, "more": false });
    let seen = exchange!(client, server, client.seen(ROOM, ID, USER, 5), ask, answer);
    assert_eq!((seen.seen[0].user, seen.count), (UserId(3), 2));
}

#[tokio::test]
async fn rooms_are_found_made_and_kept_in_order() {
    let (mut client, mut server) = pair().await;
    let answer = json!({ "rooms": [{ "room": "7", "title": "茶", "member_count": 1,
        "joined": false }], "more": false });
    let ask = Request::Rooms(RoomRequest::List {
        after: RoomId(5),
        limit: 9,
    });
    let asking = client.open_rooms(Some(RoomId(5)), 9);
    let rooms = exchange!(client, server, asking, ask, answer).rooms;
    assert_eq!(rooms[0].room, ROOM);

    let overview = || {
        json!({ "overview": { "room": "7", "title": "茶", "access": "open", "role": "owner",
            "last": 1, "time": 9, "read": 1, "unread": 0, "mentions": 0, "member_count": 1,
            "members": [], "notify": "all" } })
    };
    let (title, access) = ("茶", Access::Open);
    let ask = Request::Rooms(RoomRequest::Create { title, access });
    let made = exchange!(
        client,
        server,
        client.create_room(title, access),
        ask,
        overview()
    );
    assert_eq!((made.room, made.role), (ROOM, RoomRole::Owner));
    let ask = Request::Rooms(RoomRequest::Direct { user: USER });
    exchange!(client, server, client.direct_room(USER), ask, overview());
    let ask = in_room(RoomAsk::Show);
    exchange!(client, server, client.show_room(ROOM), ask, overview());

    let entry = || json!({ "room": "7", "id": 4, "time": 9 });
    macro_rules! deed {
        ($asking:expr, $ask:expr) => {
            exchange!(client, server, $asking, in_room($ask), entry())
        };
    }
    let user = USER;
    deed!(client.join(ROOM), RoomAsk::Join);
    deed!(client.leave(ROOM), RoomAsk::Leave);
    deed!(client.invite(ROOM, USER), RoomAsk::Invite(user));
    deed!(client.kick(ROOM, USER), RoomAsk::Kick(user));
    deed!(client.ban(ROOM, USER), RoomAsk::Ban(user));
    deed!(client.unban(ROOM, USER), RoomAsk::Unban(user));
    let until = MuteEnd::After(60);
    deed!(client.mute(ROOM, USER, 60), RoomAsk::Mute { user, until });
    deed!(client.unmute(ROOM, USER), RoomAsk::Unmute(user));
    let role = RoomRole::Admin;
    deed!(
        client.give_role(ROOM, USER, role),
        RoomAsk::Role { user, role }
    );
    deed!(client.set_title(ROOM, "水"), RoomAsk::Title("水"));
    deed!(client.announce(ROOM, "喝"), RoomAsk::Announce("喝"));
    deed!(client.confirm(ROOM, ID), RoomAsk::Confirm(ID));
    deed!(client.set_card(ROOM, "阿波"), RoomAsk::Card(Some("阿波")));
    let notify = Notify::None;
    deed!(client.set_notify(ROOM, notify), RoomAsk::Notify(notify));

    let (id, after, limit) = (ID, USER, 5);
    let ask = in_room(RoomAsk::Members { after, limit });
    let answer = json!({ "members": [{ "user": 3, "name": "小陈", "role": "member" }],
        "more": true });
    let members = exchange!(client, server, client.members(ROOM, USER, 5), ask, answer);
    assert_eq!(members.members[0].user, UserId(3));
    let ask = in_room(RoomAsk::Roster { id, after, limit });
    let answer = json!({ "confirmed_count": 1, "member_count": 2, "members": [], "more": false });
    let roster = exchange!(
        client,
        server,
        client.roster(ROOM, ID, USER, 5),
        ask,
        answer
    );
    assert_eq!((roster.confirmed_count, roster.member_count), (1, 2));
}

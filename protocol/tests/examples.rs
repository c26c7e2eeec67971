//! The examples of the chat port in `docs/protocol.md` are what the types read and
//! write: each request is understood, and each answer and push says what its type says,
//! no key more and none less. (Whether a server answers so is for the tests of the
//! program.)

use qunliao_protocol::chat::{
    self, Changed, Entered, Entry, EntryFrame, GapPush, HistoryReply, Kind, ListReply,
    MembersReply, OverviewReply, Pong, PresencePush, Push, ReadPush, Request, RoomAsk, RoomPush,
    RoomRequest, RosterReply, Said, SearchReply, SeenReply, TypingPush,
};
use qunliao_protocol::json::Object;
use qunliao_protocol::reply::{Nothing, Refusal, Reply};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

const PROTOCOL: &str = include_str!("../../docs/protocol.md");

/// A block: the connection, whether it is sent, its JSON.
fn blocks() -> Vec<(&'static str, bool, &'static str)> {
    let fences = PROTOCOL.split("\n```json chat ").skip(1);
    let blocks = fences.map(|block| {
        let (info, rest) = block.split_once('\n').expect("a line");
        let (text, _) = rest.split_once("\n```").expect("an end");
        let (connection, verb) = info.rsplit_once(' ').expect("a verb");
        assert!(matches!(verb, "send" | "receive"), "{verb}");
        (connection, verb == "send", text)
    });
    blocks.collect()
}

/// Reads `value` as a `T`, which has to say all of it.
fn expect_all_of<T: DeserializeOwned + Serialize>(value: &Value) {
    let read: T =
        serde_json::from_value(value.clone()).unwrap_or_else(|why| panic!("{why}: {value}"));
    assert_eq!(&serde_json::to_value(read).expect("JSON"), value);
}

/// Reads an answer whose entries are checked on their own, and the rest here.
fn expect_page<T: DeserializeOwned + Serialize>(value: &Value) {
    for entry in value["entries"].as_array().expect("entries") {
        expect_entry(entry);
    }
    let mut rest = value.clone();
    rest["entries"] = Value::Array(Vec::new());
    expect_all_of::<T>(&rest);
}

fn expect_entry(value: &Value) -> Entry {
    let entry: Entry = serde_json::from_value(value.clone()).expect("an entry");
    assert_ne!(entry.kind, Kind::Unknown, "{value}");
    let known = [
        "op",
        "args",
        "news",
        "room",
        "id",
        "time",
        "user",
        "kind",
        "file",
        "reply_to",
        "mentions",
        "edited",
        "reactions",
        "pinned",
        "subject",
        "subject_name",
        "until",
        "title",
        "access",
        "target",
        "emoji",
    ];
    for key in value.as_object().expect("an object").keys() {
        assert!(known.contains(&key.as_str()), "{key} in {value}");
    }
    entry
}

fn expect_answer(request: &Value, answer: &Value) {
    assert_eq!(request["op"], answer["op"]);
    assert_eq!(request.get("seq"), answer.get("seq"), "{answer}");
    if answer["test"] != 0 {
        return expect_all_of::<Reply<Refusal>>(answer);
    }
    let text = request.to_string();
    let body = Object::parse(text.as_bytes()).expect("JSON");
    let op = request["op"].as_u64().expect("an op");
    let (_, request) = Request::read(op, &body).expect("a request");
    match request {
        Request::Say(_) => expect_all_of::<Reply<Said>>(answer),
        Request::Enter(_) => expect_all_of::<Reply<Entered>>(answer),
        Request::History(_) => expect_page::<Reply<HistoryReply<Value>>>(answer),
        Request::Rooms(RoomRequest::List { .. }) => expect_all_of::<Reply<ListReply>>(answer),
        Request::Rooms(RoomRequest::Create { .. } | RoomRequest::Direct { .. }) => {
            expect_all_of::<Reply<OverviewReply>>(answer);
        }
        Request::Rooms(RoomRequest::In { ask, .. }) => match ask {
            RoomAsk::Show => expect_all_of::<Reply<OverviewReply>>(answer),
            RoomAsk::Members { .. } => expect_all_of::<Reply<MembersReply>>(answer),
            RoomAsk::Roster { .. } => expect_all_of::<Reply<RosterReply>>(answer),
            RoomAsk::Confirm(_) | RoomAsk::Card(_) | RoomAsk::Notify(_) => {
                expect_all_of::<Reply<Nothing>>(answer);
            }
            _ => expect_all_of::<Reply<Changed>>(answer),
        },
        Request::Typing(_) | Request::Mark(chat::Mark::Read { .. }) => {
            expect_all_of::<Reply<Nothing>>(answer);
        }
        Request::Mark(chat::Mark::Seen { .. }) => expect_all_of::<Reply<SeenReply>>(answer),
        Request::Change(_) => expect_all_of::<Reply<Changed>>(answer),
        Request::Search(_) => expect_page::<Reply<SearchReply<Value>>>(answer),
        Request::Ping => expect_all_of::<Reply<Pong>>(answer),
    }
}

/// An entry, if the push is one; else it is read as the notice that it is.
fn expect_push(push: &Value) -> Option<Entry> {
    let has = |key: &str| push.get(key).is_some();
    match push["op"].as_u64() {
        Some(chat::ENTER) => expect_all_of::<Push<GapPush>>(push),
        Some(chat::ROOMS) if has("do") => expect_all_of::<Push<RoomPush>>(push),
        Some(chat::PRESENCE) if has("do") => expect_all_of::<Push<TypingPush>>(push),
        Some(chat::PRESENCE) => expect_all_of::<Push<PresencePush>>(push),
        Some(chat::MARK) => expect_all_of::<Push<ReadPush>>(push),
        _ => return Some(expect_entry(push)),
    }
    None
}

#[test]
fn the_examples_of_the_chat_port_are_what_the_types_say() {
    let blocks = blocks();
    assert!(blocks.len() > 80, "the examples were not found");
    let mut asked: HashMap<&str, Vec<Value>> = HashMap::new();
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for (connection, is_sent, text) in blocks {
        let value: Value = serde_json::from_str(text).expect("JSON");
        if is_sent {
            asked.entry(connection).or_default().push(value);
            continue;
        }
        if value.get("test").is_some() {
            let requests = asked.get_mut(connection).expect("a request came first");
            let request = requests.pop().expect("a request came first");
            expect_answer(&request, &value);
            // Every new entry is numbered after the one before it, without a gap.
            if let (Some(room), Some(id)) = (value["room"].as_str(), value["id"].as_u64()) {
                let last = last.entry(room.to_owned()).or_insert(id - 1);
                assert_eq!(id, *last + 1, "{value}");
                *last = id;
            }
        } else if let Some(entry) = expect_push(&value) {
            let last = last.entry(chat::room_name(entry.room).into_owned());
            let last = last.or_insert(entry.id.0);
            assert_eq!(entry.id.0, *last, "pushed when it was new: {value}");
        }
    }
    assert_eq!(last.get("2"), Some(&11));
}

/// The one entry that `EntryFrame` writes as an example has it, byte for byte.
#[test]
fn a_frame_has_its_keys_in_the_order_of_the_examples() {
    let frame = EntryFrame {
        room: qunliao_protocol::RoomId(2),
        id: qunliao_protocol::EntryId(7),
        time: 1_700_000_000_000,
        user: qunliao_protocol::UserId(1),
        name: "小爱",
        body: chat::EntryBody::Change {
            target: qunliao_protocol::EntryId(6),
            change: chat::ChangeFrame::React("👍"),
        },
        client_message_id: None,
    };
    let frame = serde_json::to_string(&frame).expect("JSON");
    assert!(PROTOCOL.contains(&format!("\n{frame}\n")), "{frame}");
}

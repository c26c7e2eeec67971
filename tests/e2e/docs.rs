//! The protocol's description is true: its every example is played, in order.
//!
//! A fenced block `json WHERE send` is sent, `json WHERE receive` is awaited, and
//! `text WHERE bytes` are a file's bytes, going the way of the frame before them. At
//! `text WHERE later` so much time has passed that codes can be sent again.
//! `WHERE` is a port, and on the chat port the name of a connection besides.
//!
//! Replies come in their order, and so do the entries of rooms; which of a reply and
//! an entry is there first is left open, and a notice comes when it comes.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use crate::harness::{Home, Server, eventually};
use crate::wire::{HEADERS, Header, Wire};

const PROTOCOL: &str = include_str!("../../docs/protocol.md");

/// Stands for what is new each time.
const ANYTHING: &str = "…";
/// Stands for the code that was sent.
const CODE: &str = "123456";
/// Numbers that are new each time; how far someone has read is noted a moment later.
const NEW_NUMBERS: [&str; 8] = [
    "time",
    "retry_after",
    "created",
    "last_used",
    "expires",
    "until",
    "read",
    "unread",
];
/// Lists of users in which others may stand besides.
const AMONG_OTHERS: [&str; 2] = ["online", "offline"];
/// `op` of a search, which finds what was said a moment later.
const SEARCH: u64 = 7;

struct Block<'a> {
    place: &'a str,
    verb: &'a str,
    text: &'a str,
}

fn blocks() -> Vec<Block<'static>> {
    let mut blocks = Vec::new();
    let mut rest = PROTOCOL;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (info, after) = after.split_once('\n').expect("a line");
        let (text, after) = after.split_once("\n```").expect("an end");
        let words = info
            .split_once(' ')
            .and_then(|(_, words)| words.rsplit_once(' '));
        if let Some((place, verb)) = words {
            blocks.push(Block { place, verb, text });
        }
        rest = after;
    }
    blocks
}

/// What has come on a connection and was not looked for yet.
#[derive(Default)]
struct Arrived {
    replies: VecDeque<Value>,
    entries: VecDeque<Value>,
    notices: Vec<Value>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Reply,
    Entry,
    Notice,
}

fn sort(frame: &Value) -> Sort {
    let has = |key: &str| frame.get(key).is_some();
    let notice_keys = ["do", "gap", "online", "offline", "read"];
    if has("test") {
        Sort::Reply
    } else if notice_keys.into_iter().any(has) {
        Sort::Notice
    } else {
        Sort::Entry
    }
}

impl Arrived {
    fn put(&mut self, frame: Value) {
        match sort(&frame) {
            Sort::Reply => self.replies.push_back(frame),
            Sort::Entry => self.entries.push_back(frame),
            Sort::Notice => self.notices.push(frame),
        }
    }

    /// What is to be compared with `expected`, if it is there.
    fn take(&mut self, expected: &Value) -> Option<Value> {
        match sort(expected) {
            Sort::Reply => self.replies.pop_front(),
            Sort::Entry => self.entries.pop_front(),
            Sort::Notice => {
                let mut notices = self.notices.iter();
                let at = notices.position(|notice| is_like("", expected, notice))?;
                Some(self.notices.remove(at))
            }
        }
    }
}

struct Player {
    /// `None` only while it starts again.
    server: Option<Server>,
    header: Header,
    wires: HashMap<&'static str, Wire>,
    arrived: HashMap<&'static str, Arrived>,
    /// The request that was sent last on each connection.
    asked: HashMap<&'static str, Value>,
    token: String,
    sent_last: bool,
}

impl Player {
    fn play(&mut self, block: &Block<'static>) {
        match block.verb {
            "send" => self.send(block),
            "receive" => self.receive(block),
            "later" => self.let_time_pass(),
            "bytes" if self.sent_last => self.wire(block.place).send_bytes(block.text.as_bytes()),
            "bytes" => {
                let bytes = self.wire(block.place).read_bytes(block.text.len());
                assert_eq!(String::from_utf8_lossy(&bytes), block.text);
            }
            other => panic!("a block that is neither sent nor received: {other}"),
        }
    }

    fn wire(&mut self, place: &'static str) -> &mut Wire {
        self.wires.get_mut(place).expect("a request came first")
    }

    fn send(&mut self, block: &Block<'static>) {
        let addresses = self.server().addresses;
        let (address, lasts) = match block.place.split(' ').next() {
            Some("auth") => (addresses.auth, true),
            Some("chat") => (addresses.chat, true),
            // A transfer ends its connection.
            _ => (addresses.files, false),
        };
        let header = self.header;
        if !lasts {
            self.wires.remove(block.place);
        }
        self.wires
            .entry(block.place)
            .or_insert_with(|| Wire::open(address, header));
        let text = block.text.replace(ANYTHING, &self.token);
        let mut request: Value = serde_json::from_str(&text).expect("JSON");
        let op = request["op"].clone();
        self.fill_in_codes(&op, &mut request["args"]);
        self.wire(block.place).send(&request);
        self.asked.insert(block.place, request);
        self.sent_last = true;
    }

    /// Nobody waits in a test: the server starts again without the gap between codes.
    fn let_time_pass(&mut self) {
        self.wires.clear();
        self.arrived.clear();
        let server = self.server.take().expect("it runs");
        self.server = Some(server.terminate().set("codes.gap_seconds", "0").start());
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs")
    }

    fn fill_in_codes(&self, op: &Value, args: &mut Value) {
        let kind = match op.as_u64() {
            Some(3) => "confirm",
            Some(4) => "reset",
            _ => "register",
        };
        let phone = args["user_phone"]
            .as_str()
            .map(|phone| format!("+86{phone}"));
        let email = args["user_email"].as_str().map(str::to_owned);
        for (key, contact) in [("user_vcode", phone), ("user_ecode", email)] {
            if args[key] == CODE {
                let contact = contact.expect("a code has a contact");
                let code = eventually("a code arrives", || {
                    self.server().codes_for(kind, &contact).pop()
                });
                args[key] = code.into();
            }
        }
    }

    /// The next frame of the sort of `expected`; a notice has to be like it.
    fn next(&mut self, place: &'static str, expected: &Value) -> Value {
        loop {
            let arrived = self.arrived.entry(place).or_default();
            if let Some(frame) = arrived.take(expected) {
                return frame;
            }
            let frame = self.wire(place).receive();
            self.arrived.entry(place).or_default().put(frame);
        }
    }

    fn receive(&mut self, block: &Block<'static>) {
        let expected: Value = serde_json::from_str(block.text).expect("JSON");
        let mut actual = self.next(block.place, &expected);
        if block.place.starts_with("chat") && expected["op"] == SEARCH {
            actual = eventually("what was said is found", || {
                let found = is_like("", &expected, &actual).then(|| actual.clone());
                if found.is_none() {
                    let request = self.asked[block.place].clone();
                    self.wire(block.place).send(&request);
                    actual = self.next(block.place, &expected);
                }
                found
            });
        }
        assert!(
            is_like("", &expected, &actual),
            "the document says\n{expected}\nand the server\n{actual}"
        );
        if let Some(token) = actual["token"].as_str() {
            token.clone_into(&mut self.token);
        }
        self.sent_last = false;
    }
}

/// Whether `actual` is what the document says.
fn is_like(key: &str, expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            expected.len() == actual.len()
                && expected.iter().all(|(key, value)| {
                    actual
                        .get(key)
                        .is_some_and(|actual| is_like(key, value, actual))
                })
        }
        (Value::Array(expected), Value::Array(actual)) => {
            if AMONG_OTHERS.contains(&key) {
                return expected.iter().all(|user| actual.contains(user));
            }
            let mut pairs = expected.iter().zip(actual);
            expected.len() == actual.len()
                && pairs.all(|(expected, actual)| is_like("", expected, actual))
        }
        (Value::String(text), Value::String(_)) if text == ANYTHING => true,
        (Value::Number(_), Value::Number(_)) if NEW_NUMBERS.contains(&key) => true,
        _ => expected == actual,
    }
}

#[test]
fn every_example_of_the_protocols_description_happens_as_described() {
    let blocks = blocks();
    assert!(blocks.len() > 40, "the examples were not found");
    for header in HEADERS {
        let home = Home::new()
            .set("codes.gap_seconds", "60")
            .set("limits.messages_per_second", "10");
        let mut player = Player {
            server: Some(home.start()),
            header,
            wires: HashMap::new(),
            arrived: HashMap::new(),
            asked: HashMap::new(),
            token: String::new(),
            sent_last: false,
        };
        for block in &blocks {
            player.play(block);
        }
    }
}

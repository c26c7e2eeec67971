//! The `Connection`, over a real socket; its neighbours are probes, and its host
//! is a real one.

mod account;
mod auth;
mod chat;
mod entering;
mod files;
mod in_rooms;
mod limits;
mod moments;
mod reading_on;
mod signing_out;
mod trouble;
mod uploads;
mod wire;

use crate::support::client::{Client, frame};
use crate::support::stores::write_down;
use crate::support::told::{joined, line, news, not_joined, told};
use crate::support::universe::{Plan, Universe};
use crate::support::{ALICE, BOB, CAROL, Someone, until, within};
use actix::prelude::*;
use qunliao_actors::chat_room::{Heard, Post};
use qunliao_actors::connection::Port;
use qunliao_actors::credentials::Ending;
use qunliao_protocol::{EntryId, Failure, HeaderForm, RoomId};
use serde_json::{Value, json};

const PORTS: [Port; 3] = [Port::Auth, Port::Chat, Port::Files];

/// What a client of the origin sends to say something.
fn plain(someone: &Someone, news: &str) -> Value {
    json!({
        "op": 0,
        "args": {"name": someone.name, "password": someone.password},
        "news": news,
    })
}

/// What a client of ours sends to say something that is to be acknowledged.
fn extended(someone: &Someone, news: &str, seq: u64) -> Value {
    json!({"op": 0, "args": {"token": someone.token}, "news": news, "seq": seq})
}

/// A client of `someone` who is in the lobby, where nothing has been said yet; and
/// where the lobby tells it what is said.
async fn in_the_lobby(universe: &mut Universe, someone: &Someone) -> (Client, Recipient<Heard>) {
    let mut client = universe.connect(Port::Chat);
    let ear = enter(universe, &mut client, someone).await;
    (client, ear)
}

/// Has a client authenticate, and lets it in.
async fn enter(
    universe: &mut Universe,
    client: &mut Client,
    someone: &Someone,
) -> Recipient<Heard> {
    client.send(&plain(someone, "")).await;
    universe.let_in(0).await
}

/// Plays the room that makes of a post the entry `id`.
fn tell_as(ear: &Recipient<Heard>, id: u64, author: &Someone, post: &Post) {
    let mut line = line(id, author, news(post), Some((post.connection, post.ticket)));
    line.client_message_id.clone_from(&post.client_message_id);
    ear.do_send(told([line]));
}

/// Who said what, as a client of the origin reads it.
fn heard(frame: &Value) -> (&str, &str) {
    let (name, news) = (&frame["args"]["name"], &frame["news"]);
    match (frame["op"].as_u64(), name.as_str(), news.as_str()) {
        (Some(0), Some(name), Some(news)) => (name, news),
        _ => panic!("no forward: {frame}"),
    }
}

/// A request of `someone` who signed in, with these keys besides.
fn asking(someone: &Someone, op: u64, keys: Value) -> Value {
    let mut body = json!({"op": op, "args": {"token": someone.token}, "seq": 1});
    let Value::Object(keys) = keys else {
        panic!("keys are an object");
    };
    body.as_object_mut().unwrap().extend(keys);
    body
}

/// Has a client ask for something; answers the reply. What was pushed before is
/// passed over.
async fn reply_to(client: &mut Client, body: &Value) -> Value {
    client.send(body).await;
    loop {
        let frame = client.next().await;
        if frame.get("test").is_some() {
            return frame;
        }
    }
}

/// The same, for what has to succeed.
async fn done(client: &mut Client, body: &Value) -> Value {
    let reply = reply_to(client, body).await;
    assert_eq!(reply["test"], 0, "{reply}");
    reply
}

/// The next entry or push about rooms: what is so for the moment is passed over.
async fn lasting(client: &mut Client) -> Value {
    loop {
        let frame = client.next().await;
        if frame["op"] != 4 && frame["op"] != 5 {
            return frame;
        }
    }
}

//! What rooms need around them, over a store; and the presence of those who are here.

use super::Someone;
use actix::Recipient;
use qunliao_actors::Limits;
use qunliao_actors::admission::ConnectionId;
use qunliao_actors::chat_room::{Act, Deed, Heard, Neighbours, Post, Tempo};
use qunliao_actors::credentials::Credentials;
use qunliao_actors::file_vault::transfer::Transfers;
use qunliao_actors::online::Online;
use qunliao_actors::presence::Presence;
use qunliao_actors::reading::Reading;
use qunliao_protocol::{RoomId, UserId};
use qunliao_storage::rooms::NewRoom;
use qunliao_storage::{Access, Message, Rooms, Store};
use std::sync::Arc;
use std::time::Duration;

/// Neighbours of rooms, over this store. What rooms gather waits for long.
pub(crate) fn neighbours(store: &Store) -> Neighbours {
    let credentials = Arc::new(Credentials::new(Duration::from_secs(600)));
    let log = Arc::new(store.clone());
    Neighbours {
        rooms: Arc::clone(&log) as Arc<dyn Rooms>,
        presence: Arc::new(Presence::new(credentials, Transfers::default())),
        online: Arc::new(Online::default()),
        reading: Arc::new(Reading::new(
            Arc::clone(&log) as Arc<dyn qunliao_storage::Log>,
            Arc::new(store.clone()),
        )),
        log,
        news: Arc::default(),
        rules: Limits::default().rooms(),
        tempo: tempo(Duration::from_secs(3_600)),
    }
}

/// A tempo at which everything that is gathered is told after so long.
pub(crate) fn tempo(each: Duration) -> Tempo {
    Tempo {
        presence: each,
        marks: each,
        marks_each: Duration::ZERO,
    }
}

/// A room that `creator` has made.
pub(crate) async fn make_room(store: &Store, creator: UserId, access: Access) -> RoomId {
    let new = NewRoom {
        access,
        title: "茶".to_owned(),
        creator,
        time: 1,
        rooms_max: 200,
    };
    let made = store.create_room(new).await.unwrap();
    made.expect("the creator may be in one room more")
}

/// Something that `someone` says, through a connection of theirs, as its first post.
pub(crate) fn say(someone: &Someone, text: &str, answer: Option<Recipient<Heard>>) -> Act {
    let message = Message {
        text: text.to_owned(),
        ..Message::default()
    };
    act(someone, Deed::Say(message), answer)
}

/// Something that `someone` does, through a connection of theirs, as its first post.
pub(crate) fn act(someone: &Someone, deed: Deed, answer: Option<Recipient<Heard>>) -> Act {
    let post = Post {
        connection: ConnectionId(someone.id),
        ticket: 0,
        by: someone.person(),
        deed,
        subject: None,
        client_message_id: None,
    };
    Act { post, answer }
}

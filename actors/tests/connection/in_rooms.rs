//! Rooms of one's own: coming in, speaking, being sent away; and who hears what. The
//! rooms are real.

use super::*;
use qunliao_storage::Accounts;
use qunliao_storage::audit::{Actor as Doer, By};

async fn with_rooms() -> Universe {
    let plan = Plan {
        has_rooms: true,
        ..Plan::default()
    };
    plan.build().await
}

fn saying(someone: &Someone, room: &Value, news: &str) -> Value {
    asking(someone, 0, json!({"room": room, "news": news}))
}

/// Has Alice make a room.
async fn make(alice: &mut Client, access: &str) -> Value {
    let make = json!({"do": "create", "title": "茶", "access": access});
    let made = done(alice, &asking(&ALICE, 3, make)).await;
    made["overview"]["room"].clone()
}

/// The same for a room that Bob is in, too.
async fn make_with_bob(alice: &mut Client) -> Value {
    let room = make(alice, "open").await;
    let invite = json!({"do": "invite", "room": room, "user": BOB.id});
    done(alice, &asking(&ALICE, 3, invite)).await;
    room
}

async fn entered(universe: &Universe, someone: &Someone) -> Client {
    let mut client = universe.connect(Port::Chat);
    done(&mut client, &asking(someone, 1, json!({}))).await;
    client
}

#[actix_rt::test]
async fn a_room_is_heard_from_the_first_word_that_one_says_in_it() {
    let universe = with_rooms().await;
    let mut alice = universe.connect(Port::Chat);
    let mut bob = universe.connect(Port::Chat);
    let room = make_with_bob(&mut alice).await;
    let said = done(&mut alice, &saying(&ALICE, &room, "anybody?")).await;
    assert_eq!((&said["room"], &said["id"]), (&room, &3.into()));
    let said = done(&mut bob, &saying(&BOB, &room, "me")).await;
    assert_eq!(said["id"], 4);
    let heard = lasting(&mut alice).await;
    assert_eq!(
        (&heard["id"], &heard["room"], &heard["news"]),
        (&4.into(), &room, &"me".into())
    );
    done(&mut alice, &saying(&ALICE, &room, "tea?")).await;
    let heard = lasting(&mut bob).await;
    assert_eq!((&heard["id"], &heard["news"]), (&5.into(), &"tea?".into()));
    // An outsider is refused, and goes on elsewhere.
    let mut carol = universe.connect(Port::Chat);
    let refused = reply_to(&mut carol, &saying(&CAROL, &room, "me too")).await;
    assert_eq!(refused["error"], "not_a_member");
    done(&mut carol, &extended(&CAROL, "nobody wants me", 2)).await;
    let nowhere = reply_to(&mut carol, &saying(&CAROL, &"99".into(), "hello")).await;
    assert_eq!(nowhere["error"], "room_not_found");
}

#[actix_rt::test]
async fn who_is_brought_in_hears_it_on_all_devices_that_entered_and_is_told_when_sent_away() {
    let universe = with_rooms().await;
    let mut alice = universe.connect(Port::Chat);
    let room = make(&mut alice, "closed").await;
    let mut laptop = entered(&universe, &BOB).await;
    let mut phone = entered(&universe, &BOB).await;
    let mut old_phone = universe.connect(Port::Chat);
    old_phone.send(&plain(&BOB, "")).await;
    assert!(old_phone.answers().await);
    let invite = json!({"do": "invite", "room": room, "user": BOB.id});
    let invited = done(&mut alice, &asking(&ALICE, 3, invite)).await;
    assert_eq!(invited["id"], 2);
    done(&mut alice, &saying(&ALICE, &room, "welcome")).await;
    for device in [&mut laptop, &mut phone] {
        let added = lasting(device).await;
        assert_eq!(
            (&added["do"], &added["overview"]["room"]),
            (&"added".into(), &room)
        );
        assert_eq!(lasting(device).await["kind"], "invited");
        assert_eq!(lasting(device).await["news"], "welcome");
    }
    let kick = json!({"do": "kick", "room": room, "user": BOB.id});
    done(&mut alice, &asking(&ALICE, 3, kick)).await;
    done(&mut alice, &saying(&ALICE, &room, "quiet at last")).await;
    done(&mut alice, &extended(&ALICE, "hello lobby", 9)).await;
    for device in [&mut laptop, &mut phone] {
        assert_eq!(lasting(device).await["kind"], "kicked");
        let removed = lasting(device).await;
        assert_eq!(
            (&removed["do"], &removed["kind"]),
            (&"removed".into(), &"kicked".into())
        );
        assert_eq!(lasting(device).await["news"], "hello lobby");
    }
    assert_eq!(old_phone.next().await["news"], "hello lobby");
    let refused = reply_to(&mut laptop, &saying(&BOB, &room, "why?")).await;
    assert_eq!(refused["error"], "not_a_member");
}

#[actix_rt::test]
async fn who_leaves_and_joins_in_one_breath_is_in_again() {
    let universe = with_rooms().await;
    let mut alice = universe.connect(Port::Chat);
    let room = make_with_bob(&mut alice).await;
    let mut bob = entered(&universe, &BOB).await;
    let leave = asking(&BOB, 3, json!({"do": "leave", "room": room}));
    let join = asking(&BOB, 3, json!({"do": "join", "room": room}));
    bob.send_all(&[&leave, &join]).await;
    let mut replies = Vec::new();
    while replies.len() < 2 {
        let frame = bob.next().await;
        if frame.get("test").is_some() {
            replies.push((frame["test"].clone(), frame["id"].clone()));
        }
    }
    assert_eq!(replies, [(0.into(), 3.into()), (0.into(), 4.into())]);
    done(&mut alice, &saying(&ALICE, &room, "make up your mind")).await;
    while lasting(&mut bob).await["news"] != "make up your mind" {}
}

#[actix_rt::test]
async fn nobody_hears_in_the_rooms_of_who_used_the_connection_before() {
    let universe = with_rooms().await;
    let mut alice = universe.connect(Port::Chat);
    let room = make_with_bob(&mut alice).await;
    let mut carol = universe.connect(Port::Chat);
    let mut shared = entered(&universe, &BOB).await;
    done(&mut carol, &extended(&CAROL, "one", 1)).await;
    assert_eq!(lasting(&mut shared).await["news"], "one");
    done(&mut alice, &saying(&ALICE, &room, "for bob")).await;
    assert_eq!(lasting(&mut shared).await["news"], "for bob");
    done(&mut shared, &extended(&BOB, "my own", 2)).await;

    // What was heard or said here before does not come again.
    shared.send(&extended(&CAROL, "now I sit here", 3)).await;
    let acked = lasting(&mut shared).await;
    assert_eq!((&acked["seq"], &acked["test"]), (&3.into(), &0.into()));
    done(&mut alice, &saying(&ALICE, &room, "for bob alone")).await;
    for user in [BOB.id, CAROL.id] {
        // Carol has not entered.
        let direct = json!({"do": "direct", "user": user});
        done(&mut alice, &asking(&ALICE, 3, direct)).await;
    }
    done(&mut alice, &extended(&ALICE, "for all", 4)).await;
    assert_eq!(lasting(&mut shared).await["news"], "for all");
    let refused = reply_to(&mut shared, &saying(&CAROL, &room, "what is this?")).await;
    assert_eq!(refused["error"], "not_a_member");
    // Who comes back begins anew.
    done(&mut shared, &asking(&BOB, 1, json!({}))).await;
    done(&mut alice, &saying(&ALICE, &room, "there you are")).await;
    assert_eq!(lasting(&mut shared).await["news"], "there you are");
}

#[actix_rt::test]
async fn a_plain_client_hears_what_is_said_in_the_lobby_and_nothing_else() {
    let universe = with_rooms().await;
    let mut old = universe.connect(Port::Chat);
    old.send(&plain(&BOB, "")).await;
    assert!(old.answers().await);
    let mut alice = entered(&universe, &ALICE).await;
    let room = make_with_bob(&mut alice).await;
    done(&mut alice, &extended(&ALICE, "one", 1)).await;
    for (op, keys) in [
        (
            6,
            json!({"room": "lobby", "id": 1, "do": "react", "emoji": "👍"}),
        ),
        (
            6,
            json!({"room": "lobby", "id": 1, "do": "edit", "news": "uno"}),
        ),
        (6, json!({"room": "lobby", "id": 1, "do": "recall"})),
        (4, json!({"room": "lobby", "do": "typing"})),
        (5, json!({"room": "lobby", "id": 1})),
        (0, json!({"room": room, "news": "in here"})),
        (4, json!({"room": room, "do": "typing"})),
        (3, json!({"room": room, "do": "title", "title": "茶馆"})),
        (3, json!({"room": room, "do": "kick", "user": BOB.id})),
        (0, json!({"room": "lobby", "news": "two"})),
    ] {
        done(&mut alice, &asking(&ALICE, op, keys)).await;
    }
    for (id, news) in [(1, "one"), (5, "two")] {
        let frame = old.next().await;
        assert_eq!(
            (&frame["id"], heard(&frame)),
            (&id.into(), (ALICE.name, news))
        );
    }
    assert!(old.answers().await);
    // Also when it speaks elsewhere.
    let mut invited = plain(&BOB, "hello?");
    invited["room"] = room.clone();
    let invite = json!({"do": "invite", "room": room, "user": BOB.id});
    done(&mut alice, &asking(&ALICE, 3, invite)).await;
    old.send(&invited).await;
    while lasting(&mut alice).await["news"] != "hello?" {}
    done(&mut alice, &saying(&ALICE, &room, "not for old ears")).await;
    done(&mut alice, &extended(&ALICE, "three", 2)).await;
    assert_eq!(heard(&old.next().await), (ALICE.name, "three"));
}

#[actix_rt::test]
async fn members_of_the_lobby_are_those_whose_accounts_can_be_used() {
    let universe = with_rooms().await;
    let by = By {
        actor: Doer::Operator,
        now: 1,
    };
    let disabled = universe.store.set_standing(BOB.user(), false, by);
    assert!(disabled.await.unwrap().is_ok());
    let mut alice = universe.connect(Port::Chat);
    for (after, member, more) in [(0, ALICE.id, true), (1, CAROL.id, false)] {
        let page = json!({"do": "members", "room": "lobby", "after": after, "limit": 1});
        let page = done(&mut alice, &asking(&ALICE, 3, page)).await;
        assert_eq!(page["members"][0]["user"], member);
        assert_eq!(
            (page["members"].as_array().unwrap().len(), &page["more"]),
            (1, &more.into())
        );
    }
}

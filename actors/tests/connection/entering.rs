//! Entering: what one is told of rooms, and hearing on from where one was. The rooms
//! are real.

use super::*;

fn with_rooms(said: u64) -> Plan {
    let mut plan = Plan::with(|limits| limits.messages_burst = 10_000);
    plan.has_rooms = true;
    plan.said = said;
    plan
}

fn entering(someone: &Someone, resume: &Value) -> Value {
    asking(someone, 1, json!({"resume": resume}))
}

/// The next entries are these of the lobby, in order.
async fn hears(client: &mut Client, ids: impl IntoIterator<Item = u64>) {
    for id in ids {
        let frame = lasting(client).await;
        assert_eq!(
            (&frame["op"], &frame["id"]),
            (&0.into(), &id.into()),
            "{frame}"
        );
    }
}

#[actix_rt::test]
async fn who_enters_is_told_of_the_rooms_and_goes_on_from_where_they_were() {
    let universe = with_rooms(5).build().await;
    let mut alice = universe.connect(Port::Chat);
    alice.send(&entering(&ALICE, &json!({"lobby": 2}))).await;
    // The answer comes before anything else.
    let entered = alice.next().await;
    assert_eq!((&entered["op"], &entered["test"]), (&1.into(), &0.into()));
    assert_eq!(entered["user"]["name"], ALICE.name);
    let lobby = &entered["rooms"][0];
    let told = (&lobby["room"], &lobby["last"], &lobby["unread"]);
    assert_eq!(told, (&"lobby".into(), &5.into(), &5.into()));
    hears(&mut alice, 3..=5).await;
    let mut bob = universe.connect(Port::Chat);
    done(&mut bob, &extended(&BOB, "six", 1)).await;
    hears(&mut alice, [6]).await;
}

#[actix_rt::test]
async fn who_does_not_say_from_where_hears_only_what_comes() {
    let universe = with_rooms(5).build().await;
    let mut alice = universe.connect(Port::Chat);
    done(&mut alice, &entering(&ALICE, &json!({}))).await;
    let mut carol = universe.connect(Port::Chat);
    // There is no more than there is.
    done(&mut carol, &entering(&CAROL, &json!({"lobby": 1_000}))).await;
    let mut bob = universe.connect(Port::Chat);
    done(&mut bob, &extended(&BOB, "six", 1)).await;
    hears(&mut alice, [6]).await;
    hears(&mut carol, [6]).await;
}

#[actix_rt::test]
async fn who_was_away_for_long_is_told_of_a_gap_that_history_fills() {
    let universe = with_rooms(1_203).build().await;
    let mut alice = universe.connect(Port::Chat);
    done(&mut alice, &entering(&ALICE, &json!({"lobby": 2}))).await;
    let gap = alice.next().await;
    let expected = json!({"op": 1, "gap": {"room": "lobby", "from": 3, "to": 203}});
    assert_eq!(gap, expected);
    hears(&mut alice, 204..=1_203).await;

    let mut page = async |keys: Value| {
        let reply = done(&mut alice, &asking(&ALICE, 2, keys)).await;
        let entries = reply["entries"].as_array().unwrap().iter();
        let ids: Vec<u64> = entries.map(|entry| entry["id"].as_u64().unwrap()).collect();
        (ids, reply["more"].as_bool().unwrap())
    };
    let ids = |range: std::ops::RangeInclusive<u64>| range.collect::<Vec<_>>();
    let after = json!({"room": "lobby", "after": 2, "limit": 200});
    assert_eq!(page(after).await, (ids(3..=202), true));
    let last = json!({"room": "lobby", "after": 1_201, "limit": 200});
    assert_eq!(page(last).await, (ids(1_202..=1_203), false));
    let before = json!({"room": "lobby", "before": 4, "limit": 2});
    assert_eq!(page(before).await, (ids(2..=3), true));
    let first = json!({"room": "lobby", "before": 4, "limit": 3});
    assert_eq!(page(first).await, (ids(1..=3), false));
    let around = json!({"room": "lobby", "around": 600, "limit": 5});
    assert_eq!(page(around).await, (ids(598..=602), true));
    let end = json!({"room": "lobby", "limit": 1});
    assert_eq!(page(end).await, (ids(1_203..=1_203), true));
}

#[actix_rt::test]
async fn history_is_for_those_who_are_in_the_room() {
    let universe = with_rooms(0).build().await;
    let mut alice = universe.connect(Port::Chat);
    let make = json!({"do": "create", "title": "茶", "access": "closed"});
    let made = done(&mut alice, &asking(&ALICE, 3, make)).await;
    let room = &made["overview"]["room"];
    let mut bob = universe.connect(Port::Chat);
    for (room, failure) in [(room, "not_a_member"), (&"99".into(), "room_not_found")] {
        let refused = reply_to(&mut bob, &asking(&BOB, 2, json!({"room": room}))).await;
        assert_eq!(refused["error"], failure);
    }
    let page = done(&mut alice, &asking(&ALICE, 2, json!({"room": room}))).await;
    assert_eq!(page["entries"][0]["kind"], "created");
}

#[actix_rt::test]
async fn nothing_is_missed_or_repeated_while_messages_pour_in() {
    const SAID: u64 = 400;
    let universe = with_rooms(300).build().await;
    let mut bob = universe.connect(Port::Chat);
    let mut alice = universe.connect(Port::Chat);
    let messages: Vec<_> = (1..=SAID / 4)
        .map(|n| plain(&BOB, &n.to_string()))
        .collect();
    let messages: Vec<_> = messages.iter().collect();
    bob.send_all(&messages).await;
    alice.send(&entering(&ALICE, &json!({"lobby": 7}))).await;
    bob.send_all(&messages).await;
    let entered = alice.next().await;
    assert_eq!(entered["test"], 0);
    bob.send_all(&messages).await;
    hears(&mut alice, 8..=350).await;
    bob.send_all(&messages).await;
    hears(&mut alice, 351..=300 + SAID).await;
    assert!(alice.answers().await);
}

#[actix_rt::test]
async fn who_enters_twice_hears_everything_once() {
    let universe = with_rooms(3).build().await;
    let mut alice = universe.connect(Port::Chat);
    done(&mut alice, &entering(&ALICE, &json!({"lobby": 0}))).await;
    hears(&mut alice, 1..=3).await;
    done(&mut alice, &entering(&ALICE, &json!({"lobby": 3}))).await;
    let mut bob = universe.connect(Port::Chat);
    done(&mut bob, &extended(&BOB, "four", 1)).await;
    hears(&mut alice, [4]).await;
}

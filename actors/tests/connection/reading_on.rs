//! Hearing from the log: those who came late, and those who read slowly.

use super::*;

/// Something long, so that few of them fill a socket.
fn long(id: u64, source: &str) -> String {
    format!("{id} {source} {}", "长".repeat(400))
}

#[actix_rt::test]
async fn who_authenticates_is_told_what_was_said_since_the_connection_began() {
    let mut universe = Plan::default().build().await;
    let text = |news: &[&str]| news.iter().map(ToString::to_string).collect::<Vec<_>>();
    write_down(&universe.store, 0, BOB.user(), &text(&["too early"])).await;
    universe.set_last(1);
    let mut alice = universe.connect(Port::Chat);
    assert!(alice.answers().await);
    write_down(&universe.store, 1, BOB.user(), &text(&["two", "three"])).await;
    write_down(&universe.store, 3, CAROL.user(), &text(&["four"])).await;
    alice.send(&plain(&ALICE, "")).await;
    let ear = universe.let_in(4).await;
    write_down(&universe.store, 4, BOB.user(), &text(&["five"])).await;
    ear.do_send(told([line(5, &BOB, "five", None)]));
    for (id, name, news) in [
        (2, BOB.name, "two"),
        (3, BOB.name, "three"),
        (4, CAROL.name, "four"),
        (5, BOB.name, "five"),
    ] {
        let frame = alice.next().await;
        assert_eq!(
            (frame["id"].as_u64(), heard(&frame)),
            (Some(id), (name, news))
        );
    }
    assert!(alice.answers().await);
}

#[actix_rt::test]
async fn what_was_heard_live_is_not_heard_from_the_log_again() {
    let mut universe = Plan::default().build().await;
    let (mut alice, ear) = in_the_lobby(&mut universe, &ALICE).await;
    ear.do_send(told([line(1, &BOB, "one", None)]));
    // A batch that overlaps, as after a change of the user.
    ear.do_send(told([
        line(1, &BOB, "one", None),
        line(2, &BOB, "two", None),
    ]));
    assert_eq!(alice.next().await["id"], 1);
    assert_eq!(alice.next().await["id"], 2);
    assert!(alice.answers().await);
}

#[actix_rt::test]
async fn a_batch_that_leaves_a_gap_sends_the_connection_back_to_the_log() {
    let mut universe = Plan::default().build().await;
    let (mut alice, ear) = in_the_lobby(&mut universe, &ALICE).await;
    let said = ["one", "two", "three"].map(str::to_owned);
    write_down(&universe.store, 0, BOB.user(), &said).await;
    ear.do_send(told([line(3, &BOB, "three", None)]));
    for id in 1..=3 {
        assert_eq!(alice.next().await["id"], id);
    }
    ear.do_send(told([line(4, &BOB, "four", None)]));
    assert_eq!(alice.next().await["id"], 4);
}

#[actix_rt::test]
async fn ones_own_words_are_not_heard_from_the_log_either() {
    let mut universe = Plan::default().build().await;
    let mut alice = universe.connect(Port::Chat);
    assert!(alice.answers().await);
    write_down(&universe.store, 0, BOB.user(), &["one".to_owned()]).await;
    alice.send(&plain(&ALICE, "two")).await;
    let post = universe.posted().await;
    write_down(&universe.store, 1, ALICE.user(), &["two".to_owned()]).await;
    let ear = universe.let_in(1).await;
    tell_as(&ear, 2, &ALICE, &post);
    assert_eq!(heard(&alice.next().await), (BOB.name, "one"));
    ear.do_send(told([line(3, &BOB, "three", None)]));
    assert_eq!(heard(&alice.next().await), (BOB.name, "three"));
}

#[actix_rt::test]
async fn ones_own_words_are_not_heard_though_the_log_has_them_before_the_room_tells() {
    let mut universe = Plan::default().build().await;
    let mut alice = universe.connect(Port::Chat);
    assert!(alice.answers().await);
    write_down(&universe.store, 0, BOB.user(), &["one".to_owned()]).await;
    alice.send(&extended(&ALICE, "two", 2)).await;
    let post = universe.posted().await;
    write_down(&universe.store, 1, ALICE.user(), &["two".to_owned()]).await;
    let ear = universe.let_in(1).await;
    assert_eq!(heard(&alice.next().await), (BOB.name, "one"));
    // The log has been read; only now the room tells.
    tell_as(&ear, 2, &ALICE, &post);
    let ack = alice.next().await;
    assert_eq!((&ack["seq"], &ack["id"]), (&2.into(), &2.into()));
    ear.do_send(told([line(3, &BOB, "three", None)]));
    assert_eq!(heard(&alice.next().await), (BOB.name, "three"));
}

#[actix_rt::test]
async fn a_slow_reader_gets_everything_in_order_and_most_of_it_from_the_log() {
    const SAID: u64 = 600;
    let mut universe = Plan::with(|limits| limits.outbound_bytes_max = 4_096)
        .build()
        .await;
    let mut slow = universe.connect_narrowly(Port::Chat, 4_096);
    let ear = enter(&mut universe, &mut slow, &ALICE).await;
    let said: Vec<String> = (1..=SAID).map(|id| long(id, "log")).collect();
    write_down(&universe.store, 0, BOB.user(), &said).await;
    for id in 1..=SAID {
        ear.do_send(told([line(id, &BOB, &long(id, "live"), None)]));
    }
    // The connection has dealt with all of them, and nothing has been read.
    within(ear.send(told([]))).await.unwrap();
    let mut from_the_log = 0;
    for id in 1..=SAID {
        let frame = slow.next().await;
        assert_eq!(frame["id"].as_u64(), Some(id));
        from_the_log += u64::from(heard(&frame).1 == long(id, "log"));
    }
    assert!(from_the_log > SAID / 2, "{from_the_log}");
    assert!(slow.answers().await);
    let again = "live again".to_owned();
    write_down(&universe.store, SAID, BOB.user(), &[again]).await;
    ear.do_send(told([line(SAID + 1, &BOB, "live again", None)]));
    assert_eq!(heard(&slow.next().await).1, "live again");
}

#[actix_rt::test]
async fn what_a_slow_reader_says_is_said_once_and_never_comes_back() {
    const SAID: u64 = 300;
    let mut universe = Plan::with(|limits| limits.outbound_bytes_max = 4_096)
        .build()
        .await;
    let mut slow = universe.connect_narrowly(Port::Chat, 4_096);
    let ear = enter(&mut universe, &mut slow, &ALICE).await;
    slow.send(&extended(&ALICE, "mine", 9)).await;
    let post = universe.posted().await;
    let said: Vec<String> = (1..=SAID).map(|id| long(id, "log")).collect();
    write_down(&universe.store, 0, BOB.user(), &said).await;
    write_down(&universe.store, SAID, ALICE.user(), &["mine".to_owned()]).await;
    for id in 1..=SAID {
        ear.do_send(told([line(id, &BOB, &long(id, "live"), None)]));
    }
    tell_as(&ear, SAID + 1, &ALICE, &post);
    let (mut next, mut acks) = (1, 0);
    while next <= SAID || acks == 0 {
        let frame = slow.next().await;
        if frame.get("test").is_some() {
            assert_eq!(
                (&frame["seq"], &frame["id"]),
                (&9.into(), &(SAID + 1).into())
            );
            acks += 1;
        } else {
            assert_eq!(frame["id"].as_u64(), Some(next));
            next += 1;
        }
    }
    let again = "live again".to_owned();
    write_down(&universe.store, SAID + 1, BOB.user(), &[again]).await;
    ear.do_send(told([line(SAID + 2, &BOB, "live again", None)]));
    assert_eq!(heard(&slow.next().await), (BOB.name, "live again"));
    assert_eq!(acks, 1);
}

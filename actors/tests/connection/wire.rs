//! From bytes to requests, and from replies to bytes.

use super::*;

#[actix_rt::test]
async fn both_headers_are_spoken_on_every_port() {
    let universe = Plan::default().build().await;
    for port in PORTS {
        for form in [HeaderForm::Text, HeaderForm::Binary] {
            let mut client = universe.connect(port);
            client.form = form;
            client.send(&json!({"op": 77, "seq": 5})).await;
            let reply = client.next().await;
            assert_eq!(reply["error"], "unknown_op", "{port:?} {form:?}");
            assert_eq!((&reply["op"], &reply["seq"]), (&77.into(), &5.into()));
        }
    }
}

#[actix_rt::test]
async fn a_frame_may_be_cut_anywhere() {
    let universe = Plan::default().build().await;
    for form in [HeaderForm::Text, HeaderForm::Binary] {
        let mut client = universe.connect(Port::Auth);
        client.form = form;
        let bytes = frame(form, &json!({"op": 9}));
        for cut in 1..bytes.len() {
            let (first, rest) = bytes.split_at(cut);
            client.send_bytes(first).await;
            // The server has its turn, and finds half a frame.
            tokio::task::yield_now().await;
            client.send_bytes(rest).await;
            assert_eq!(client.next().await["name"], "群聊", "cut at {cut}");
        }
    }
}

#[actix_rt::test]
async fn requests_that_come_at_once_are_answered_in_their_order_though_one_is_slow() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    let args = json!({"user_name": ALICE.name, "user_pwd": ALICE.password});
    let slow = json!({"op": 0, "seq": 1, "args": args});
    let quick = json!({"op": 9, "seq": 2});
    let wrong = json!({"op": 0, "seq": 3});
    client.send_all(&[&slow, &quick, &wrong]).await;
    let asked = universe.sign_in.next().await;
    asked.answer(Err(Failure::WrongCredentials));
    for (seq, test) in [(1, 1), (2, 0), (3, 100)] {
        let reply = client.next().await;
        assert_eq!((&reply["seq"], &reply["test"]), (&seq.into(), &test.into()));
    }
}

#[actix_rt::test]
async fn acks_are_sent_in_the_order_of_the_messages() {
    let mut universe = Plan::default().build().await;
    let (mut alice, ear) = in_the_lobby(&mut universe, &ALICE).await;
    let (first, second) = (extended(&ALICE, "one", 1), extended(&ALICE, "two", 2));
    alice.send_all(&[&first, &second]).await;
    let one = universe.posted().await;
    let two = universe.posted().await;
    ear.do_send(Heard::Refused {
        ticket: two.ticket,
        failure: Failure::StorageFull,
    });
    tell_as(&ear, 1, &ALICE, &one);
    let reply = alice.next().await;
    assert_eq!((&reply["seq"], &reply["id"]), (&1.into(), &1.into()));
    let reply = alice.next().await;
    assert_eq!(reply["seq"], 2);
    assert_eq!(reply["error"], "storage_full");
}

#[actix_rt::test]
async fn a_body_that_is_no_request_is_answered_and_the_connection_lives_on() {
    let universe = Plan::default().build().await;
    for port in PORTS {
        let mut client = universe.connect(port);
        for (body, test, error) in [
            (&b"hello"[..], 100, "malformed_json"),
            (b"{\"op\":9", 100, "malformed_json"),
            (b"{\"op\":\"\xff\"}", 100, "invalid_utf8"),
            (b"[1]", 100, "not_an_object"),
            (b"{\"op\":1,\"op\":1}", 100, "duplicate_key"),
            (b"{}", 100, "missing_key"),
            (b"{\"op\":\"0\"}", 100, "mistyped_key"),
            (b"{\"op\":-1}", 100, "mistyped_key"),
            (b"{\"op\":0}", 100, "missing_key"),
            (b"{\"op\":99}", 101, "unknown_op"),
        ] {
            client.send_bytes(&HeaderForm::Text.encode(body)).await;
            let reply = client.next().await;
            let what = String::from_utf8_lossy(body);
            assert_eq!(reply["error"], error, "{port:?} {what}");
            assert_eq!(reply["test"], test, "{port:?} {what}");
            assert!(reply["message"].is_string(), "{port:?} {what}");
        }
        assert!(client.answers().await);
    }
}

#[actix_rt::test]
async fn bytes_that_are_no_frames_are_answered_and_end_the_connection() {
    let universe = Plan::with(|limits| limits.frame_bytes_max = 100)
        .build()
        .await;
    for port in PORTS {
        for (bytes, test, error) in [
            (&b"GET / HTTP/1.1\r\n\r\n"[..], 100, "bad_header"),
            (b"\x16\x03\x01\x02\x00\x01", 100, "bad_header"),
            (b"12 34          {}", 100, "bad_header"),
            (b"0              ", 100, "bad_header"),
            (b"101            ", 104, "frame_too_large"),
            (b"99999999999999 ", 104, "frame_too_large"),
        ] {
            let mut client = universe.connect(port);
            client.send_bytes(bytes).await;
            let reply = client.next().await;
            let what = String::from_utf8_lossy(bytes);
            assert_eq!(reply["error"], error, "{port:?} {what}");
            assert_eq!((&reply["op"], &reply["test"]), (&0.into(), &test.into()));
            client.ends().await;
        }
    }
}

#[actix_rt::test]
async fn a_broken_header_is_answered_in_the_form_that_was_spoken() {
    let universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    client.form = HeaderForm::Binary;
    client.send(&json!({"op": 9})).await;
    assert_eq!(client.next().await["test"], 0);
    client.send_bytes(&[0, 0, 0, 0]).await;
    assert_eq!(client.next().await["error"], "bad_header");
    client.ends().await;
}

#[actix_rt::test]
async fn what_came_before_a_broken_header_is_answered_first() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    let args = json!({"user_name": ALICE.name, "user_pwd": ALICE.password});
    let mut bytes = frame(HeaderForm::Text, &json!({"op": 0, "args": args}));
    bytes.extend_from_slice(b"and now nonsense");
    client.send_bytes(&bytes).await;
    let asked = universe.sign_in.next().await;
    asked.answer(Err(Failure::Unavailable));
    assert_eq!(client.next().await["error"], "unavailable");
    assert_eq!(client.next().await["error"], "bad_header");
    client.ends().await;
}

#[actix_rt::test]
async fn a_client_that_has_shut_its_side_still_gets_its_replies() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    let args = json!({"user_name": ALICE.name, "user_pwd": ALICE.password});
    let slow = json!({"op": 0, "args": args});
    client.send_all(&[&slow, &json!({"op": 9})]).await;
    client.shut().await;
    let asked = universe.sign_in.next().await;
    asked.answer(Err(Failure::WrongCredentials));
    assert_eq!(client.next().await["test"], 1);
    assert_eq!(client.next().await["op"], 9);
    client.ends().await;

    let (mut alice, ear) = in_the_lobby(&mut universe, &ALICE).await;
    alice.send(&extended(&ALICE, "my last words", 1)).await;
    alice.shut().await;
    let post = universe.posted().await;
    tell_as(&ear, 1, &ALICE, &post);
    assert_eq!(alice.next().await["id"], 1);
    alice.ends().await;
    let door = universe.house.door.clone();
    until(move || door.count() == 0).await;
}

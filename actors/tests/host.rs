//! The `Host`: the connections of an arbiter, and how they are sent away.

use crate::support::universe::Plan;
use crate::support::{BOB, until, within};
use qunliao_actors::Stop;
use qunliao_actors::admission::ConnectionId;
use qunliao_actors::connection::Port;
use qunliao_actors::host::Dismiss;
use qunliao_protocol::Failure;
use serde_json::json;

#[actix_rt::test]
async fn the_one_that_is_dismissed_goes_and_the_others_stay() {
    let universe = Plan::default().build().await;
    let mut first = universe.connect(Port::Chat);
    let mut second = universe.connect(Port::Chat);
    let mut third = universe.connect(Port::Auth);
    universe.host.do_send(Dismiss(second.id));
    universe.host.do_send(Dismiss(ConnectionId(99)));
    second.ends().await;
    assert!(first.answers().await && third.answers().await);
    let door = universe.house.door.clone();
    until(move || door.count() == 2).await;
}

#[actix_rt::test]
async fn a_place_is_given_back_when_its_connection_ends() {
    let universe = Plan::default().build().await;
    let client = universe.connect(Port::Auth);
    assert_eq!(universe.house.door.count(), 1);
    drop(client);
    let door = universe.house.door.clone();
    until(move || door.count() == 0).await;
}

#[actix_rt::test]
async fn a_host_that_stops_lets_what_is_under_way_be_answered() {
    let mut universe = Plan::default().build().await;
    let mut idle = universe.connect(Port::Chat);
    let mut busy = universe.connect(Port::Auth);
    let args = json!({"user_name": BOB.name, "user_pwd": BOB.password});
    busy.send(&json!({"op": 0, "args": args})).await;
    let asked = universe.sign_in.next().await;

    universe.host.do_send(Stop);
    idle.ends().await;
    assert!(universe.host.connected(), "one is still busy");
    asked.answer(Err(Failure::WrongCredentials));
    assert_eq!(busy.next().await["test"], 1);
    busy.ends().await;
    let host = universe.host.clone();
    until(move || !host.connected()).await;
    assert_eq!(universe.house.door.count(), 0);
}

#[actix_rt::test]
async fn a_host_that_stops_takes_nobody_in() {
    let mut universe = Plan::default().build().await;
    let mut busy = universe.connect(Port::Auth);
    let args = json!({"user_name": BOB.name, "user_pwd": BOB.password});
    busy.send(&json!({"op": 0, "args": args})).await;
    let asked = universe.sign_in.next().await;
    universe.host.do_send(Stop);
    let mut late = universe.connect(Port::Auth);
    late.ends().await;
    asked.answer(Err(Failure::WrongCredentials));
    busy.next().await;
    busy.ends().await;
}

#[actix_rt::test]
async fn a_host_without_connections_stops_at_once() {
    let universe = Plan::default().build().await;
    within(universe.host.send(Stop)).await.unwrap();
    let host = universe.host.clone();
    until(move || !host.connected()).await;
}

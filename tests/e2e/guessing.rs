//! Ten thousand guesses at one password and at one code, from hundreds of addresses:
//! no more are judged than the rules allow, and the owner gets in all the while.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use crate::harness::{Home, Server};
use crate::people::{ALICE, BOB};
use crate::wire::{Header, Wire, ask};

const NETWORKS: u8 = 10;
const ADDRESSES_EACH: u8 = 50;
const GUESSES_EACH: usize = 20;
const GUESSES: usize = NETWORKS as usize * ADDRESSES_EACH as usize * GUESSES_EACH;

/// The limits that are lifted for other tests, as they are by default; delays last
/// longer than the test.
fn guarded() -> Home {
    let limits = [
        ("limits.wrong_credentials_per_address_burst", "100"),
        ("limits.wrong_credentials_per_prefix_burst", "400"),
        ("limits.wrong_passwords_by_strangers", "10"),
        ("limits.wrong_passwords_by_known_network", "20"),
        ("limits.wrong_password_delay_seconds", "900"),
    ];
    let home = limits
        .into_iter()
        .fold(Home::new(), |home, (key, value)| home.set(key, value));
    // A connection may be wrong as often as a robot guesses over it.
    home.set("limits.wrong_credentials_max", "20")
        .with_variable("RUST_LOG", "info,qunliao_actors::hasher=debug")
}

/// The addresses of the robots: all of loopback is this machine.
fn robots() -> impl Iterator<Item = Ipv4Addr> {
    let of_network = |network| (1..=ADDRESSES_EACH).map(move |last| [127, 1, network, last]);
    (0..NETWORKS).flat_map(of_network).map(Ipv4Addr::from)
}

fn open_from(from: Ipv4Addr, to: SocketAddr) -> Wire {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let from = SocketAddr::from((from, 0));
    socket.bind(&from.into()).expect("an address of loopback");
    socket.connect(&to.into()).expect("the server listens");
    Wire::over(TcpStream::from(socket), Header::Binary)
}

/// Sends all of `guesses` from `from`; answers what was answered.
fn guess(from: Ipv4Addr, to: SocketAddr, guesses: &[Value]) -> Vec<Value> {
    let mut wire = open_from(from, to);
    let frames = guesses
        .iter()
        .flat_map(|guess| Header::Binary.frame(guess.to_string().as_bytes()));
    wire.send_bytes(&frames.collect::<Vec<u8>>());
    guesses.iter().map(|_| wire.receive()).collect()
}

fn hashed(server: &Server) -> usize {
    let log = server.log();
    let lines = log.iter().filter(|line| line.contains("password_hashed"));
    lines.count()
}

#[test]
fn of_ten_thousand_guessed_passwords_ten_are_judged_and_the_owner_signs_in() {
    let server = guarded().start();
    let token = ALICE.sign_up(&server)["token"].clone();
    let to = server.addresses;
    server.wait_for_log("event=signed_up");
    let before = hashed(&server);
    let (mut wrong, mut waiting, mut owners) = (0, 0, 0);
    for (robot, from) in robots().enumerate() {
        let guesses: Vec<Value> = (0..GUESSES_EACH)
            .map(|number| {
                let number = robot * GUESSES_EACH + number;
                // Even the right one is no use, by then.
                let password = match number {
                    7_777 => ALICE.password.to_owned(),
                    number => format!("guess number {number}"),
                };
                json!({ "op": 0, "args": { "user_name": ALICE.name, "user_pwd": password }})
            })
            .collect();
        for answer in guess(from, to.auth, &guesses) {
            match answer["test"].as_u64() {
                Some(1) => wrong += 1,
                Some(103) if answer["retry_after"].as_u64() > Some(0) => waiting += 1,
                _ => panic!("{answer}"),
            }
        }
        if robot % 100 == 99 {
            let login = json!({ "op": 0, "args": ALICE.login_args() });
            assert_eq!(ask(to.auth, &login)["test"], 0, "at home she gets in");
            let args = json!({ "token": token });
            let mut chat = open_from(from, to.chat);
            let said = chat.ask(&json!({ "op": 0, "seq": 1, "args": args, "news": "I am here" }));
            assert_eq!(said["test"], 0, "with a token she is herself anywhere");
            owners += 1;
        }
    }
    assert_eq!((wrong, waiting), (10, GUESSES - 10));
    // The log has the lines of all that was answered before this one.
    server.signal("TERM");
    server.wait_for_log("event=stopping");
    assert_eq!(hashed(&server) - before, 10 + owners);
    let told = |event| {
        server
            .log()
            .iter()
            .filter(|line| line.contains(event))
            .count()
    };
    assert_eq!(told("event=guessing user=1 network=127.1.0.0/24"), 1);
    assert!(
        told("event=sign_in_refused") < GUESSES / 10,
        "not a line each"
    );
}

#[test]
fn of_ten_thousand_guessed_codes_a_few_are_judged_and_the_owner_signs_up() {
    let server = guarded().start();
    let to = server.addresses.auth;
    let asked = ask(to, &json!({ "op": 1, "args": { "user_phone": BOB.phone } }));
    assert_eq!(asked["test"], 0, "{asked}");
    let code = server.code_to(&BOB.full_phone());
    let form = |code: &str| {
        json!({ "op": 2, "args": {
            "user_name": BOB.name,
            "user_pwd": BOB.password,
            "user_phone": BOB.phone,
            "user_vcode": code,
        }})
    };
    for (robot, from) in robots().enumerate() {
        let guesses: Vec<Value> = (0..GUESSES_EACH)
            .map(|number| {
                // All but the first five of them are the right one: none of the
                // ten thousand would fail if they were judged.
                if robot == 0 && number < 5 {
                    form("no code")
                } else {
                    form(&code)
                }
            })
            .collect();
        for answer in guess(from, to, &guesses) {
            assert_eq!(answer["test"], 3, "{answer}");
        }
    }
    let signed_up = ask(to, &form(&code));
    assert_eq!(signed_up["test"], 0, "{signed_up}");
    server.terminate();
}

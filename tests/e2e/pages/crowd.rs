//! Connections on the web port that are many, read nothing, or do not end.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};

use crate::browser::get;
use crate::harness::{Home, PATIENCE, Server, eventually};

use super::setup_path;

/// More than there are places.
const FLOOD: usize = 270;
const REQUEST: &[u8] = b"GET /style.css HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A connection from an address of this machine that is not everybody's.
fn open_from(source: Ipv4Addr, web: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let source = SocketAddr::from((source, 0));
    socket.bind(&source.into()).expect("an address of loopback");
    socket
        .connect_timeout(&web.into(), PATIENCE)
        .expect("it listens");
    socket.into()
}

/// Asks until no more is taken, and reads nothing.
fn ask_and_read_nothing(socket: &mut TcpStream) -> std::io::Result<()> {
    socket.set_nonblocking(true).expect("a socket");
    let requests = REQUEST.repeat(100);
    loop {
        match socket.write(&requests) {
            Ok(_) => {}
            Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(why) => return Err(why),
        }
    }
}

#[test]
fn one_address_leaves_the_pages_to_the_others() {
    let server = Server::start();
    let web = server.addresses.web;
    let path = setup_path(&server);
    let begin = |_| {
        let mut socket = open_from(Ipv4Addr::new(127, 0, 0, 2), web);
        // Those that were dismissed for it may be gone already.
        let _ = ask_and_read_nothing(&mut socket);
        socket
    };
    let flood: Vec<TcpStream> = (0..FLOOD).map(begin).collect();
    assert_eq!(get(web, "/healthz").status, 200);
    assert_eq!(get(web, &path).status, 200);
    // The newest of them have their share still.
    let mut last = flood.last().expect("a flood");
    last.set_nonblocking(false).expect("a socket");
    last.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let mut start = [0; 12];
    last.read_exact(&mut start).expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 200");
}

#[test]
fn who_does_not_read_the_answers_is_cut_off() {
    let server = Home::new().set("limits.write_timeout_seconds", "1").start();
    let mut socket = TcpStream::connect(server.addresses.web).expect("it listens");
    eventually("it is cut off", || {
        ask_and_read_nothing(&mut socket).err().map(|_| ())
    });
}

#[test]
fn a_connection_that_is_always_used_ends_all_the_same() {
    let server = Home::new()
        .set("limits.web_connection_seconds_max", "1")
        .start();
    let mut socket = TcpStream::connect(server.addresses.web).expect("it listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let mut answers = [0; 64 << 10];
    eventually("it ends", || {
        if socket.write_all(REQUEST).is_err() {
            return Some(());
        }
        match socket.read(&mut answers) {
            Ok(1..) => None,
            ended => {
                let why = ended.map_err(|why| why.kind());
                assert_ne!(why, Err(ErrorKind::WouldBlock), "it stalls");
                Some(())
            }
        }
    });
}

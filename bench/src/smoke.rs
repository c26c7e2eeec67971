//! The generator against our server and the floor, in short: that it still works, and
//! that it notices what is wrong. Nothing is timed.

use crate::fan_out::{Row, talk_until};
use crate::load::Crowd;
use crate::load::crowd::Manners;
use crate::load::protocols::Acknowledgement;
use crate::load::protocols::ours::{OurSpeech, RawSpeech};
use crate::{raw, template};
use qunliao::Config;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

const ROW: Row = Row::new(7, 3, 5);
const MESSAGES: u64 = 200;

/// Loads a room with a few messages, and checks that everyone heard what was due.
fn load(address: SocketAddr, manners: &Manners<'_>) {
    let mut crowd = Crowd::gather(address, manners, ROW.members).unwrap();
    crowd.listen(ROW.senders);
    talk_until(&mut crowd, ROW, |crowd| crowd.said() >= MESSAGES).unwrap();
    crowd.settle().unwrap();
    let others = ROW.members as u64 - 1;
    assert_eq!(crowd.tally().deliveries, crowd.said() * others);
}

fn load_raw(durable: Option<&Path>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let serving =
            scope.spawn(|| raw::serve(listener, durable, || is_over.load(Ordering::SeqCst)));
        let manners = Manners {
            speech: &|_| Box::new(RawSpeech::default()),
            acknowledgement: Acknowledgement::ByServer,
            echo: false,
        };
        load(address, &manners);
        is_over.store(true, Ordering::SeqCst);
        // The turn after which it is asked.
        // It may be gone already.
        let _last = TcpStream::connect(address);
        serving.join().unwrap().unwrap();
    });
}

#[test]
fn everyone_hears_everything_from_the_floor() {
    load_raw(None);
}

#[test]
fn everyone_hears_everything_from_the_durable_floor() {
    let folder = tempfile::tempdir().unwrap();
    load_raw(Some(folder.path()));
    assert!(folder.path().join("db").is_file());
}

#[test]
fn everyone_hears_everything_from_our_server() {
    let folder = tempfile::tempdir().unwrap();
    let (started, addresses) = channel();
    let (stop, stopping) = tokio::sync::oneshot::channel::<()>();
    let data_dir = folder.path().join("data");
    let server = std::thread::spawn(move || {
        actix_rt::System::new().block_on(async move {
            let server = qunliao::server::start(&config(&data_dir)).await.unwrap();
            started.send(server.addresses).unwrap();
            stopping.await.unwrap();
            server.stop().await;
        });
    });
    let addresses = addresses.recv().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let signing_up = template::sign_up(addresses.auth, ROW.members);
    let tokens = runtime.block_on(signing_up).unwrap();
    let manners = Manners {
        speech: &|member| Box::new(OurSpeech::new(tokens[member].clone())),
        acknowledgement: Acknowledgement::ByServer,
        echo: false,
    };
    load(addresses.chat, &manners);
    stop.send(()).unwrap();
    server.join().unwrap();
}

/// On free ports, and without limits that would get in the way.
fn config(data_dir: &Path) -> Config {
    let mut config = Config::default();
    let anywhere = "127.0.0.1:0".parse().unwrap();
    config.data_dir = data_dir.to_owned();
    config.listen.auth = anywhere;
    config.listen.chat = anywhere;
    config.listen.files = anywhere;
    config.listen.web = anywhere;
    config.registration.verify = qunliao_actors::auth_registry::Verify::None;
    config.limits.messages_burst = 1_000_000;
    config
}

#[test]
fn a_message_that_never_comes_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // It lets one in, says nothing, and ends.
    let deaf = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut socket, _) = listener.accept().unwrap();
        let welcome = crate::load::protocols::ours::raw_acknowledgement();
        socket.write_all(&welcome).unwrap();
        socket.read_exact(&mut [0]).unwrap();
    });
    let manners = Manners {
        speech: &|_| Box::new(RawSpeech::default()),
        acknowledgement: Acknowledgement::ByServer,
        echo: false,
    };
    let mut crowd = Crowd::gather(address, &manners, 1).unwrap();
    crowd.top_up(1, 1).unwrap();
    let why = crowd.settle().unwrap_err();
    assert!(format!("{why:#}").contains("member 0"), "{why:#}");
    deaf.join().unwrap();
}

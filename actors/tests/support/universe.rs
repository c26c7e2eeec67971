//! A house whose neighbours are probes, and a host that has connections in it.

use super::accounts::AccountAsks;
use super::client::Client;
use super::parts::{info, real_permits};
use super::stores::{sled_store, write_down};
use super::told::joined;
use super::{ALICE, Asks, BOB, CAROL, Probe, Someone, cast};
use actix::prelude::*;
use qunliao_actors::admission::{Caps, Door};
use qunliao_actors::auth_registry::{
    ConfirmEmail, Identify, OwnedCredential, SendCode, SignIn, SignUp,
};
use qunliao_actors::brake::Brake;
use qunliao_actors::chat_room::{self, Act, Depart, Heard, Join, Leave, MarkRead};
use qunliao_actors::chat_room::{Post, Tell};
use qunliao_actors::connection::{Port, Security};
use qunliao_actors::credentials::{Credentials, Found, Verified};
use qunliao_actors::file_vault::transfer::Transfers;
use qunliao_actors::file_vault::{AskDownload, AskUpload};
use qunliao_actors::finder::Finder;
use qunliao_actors::host::{Host, Welcome};
use qunliao_actors::house::{AuthHandles, VaultHandles};
use qunliao_actors::online::Online;
use qunliao_actors::presence::Presence;
use qunliao_actors::reading::Reading;
use qunliao_actors::rooms::{Lease, Open, RoomLink, Rooms};
use qunliao_actors::vital::Vital;
use qunliao_actors::{House, Limits};
use qunliao_protocol::{Failure, HeaderForm, Language, RoomId};
use qunliao_storage::{Accounts, Log, Store, Vault};
use socket2::SockRef;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How a universe differs from the usual one.
pub(crate) struct Plan {
    pub(crate) limits: Limits,
    pub(crate) register_reply_op: u64,
    /// Instead of the store's log, for reading on.
    pub(crate) log: Option<Arc<dyn Log>>,
    /// A real vault gives permits, which nobody else can make.
    pub(crate) gives_permits: bool,
    /// The rooms are real, too, over the store; nothing is asked of the probes then.
    pub(crate) has_rooms: bool,
    /// What Bob has said in the lobby before: so many messages, numbered.
    pub(crate) said: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            register_reply_op: 2,
            log: None,
            gives_permits: false,
            has_rooms: false,
            said: 0,
        }
    }
}

/// The house, and everyone in it.
pub(crate) struct Universe {
    pub(crate) house: Arc<House>,
    pub(crate) host: Addr<Host>,
    pub(crate) store: Store,
    pub(crate) identify: Asks<Identify>,
    pub(crate) sign_in: Asks<SignIn>,
    pub(crate) send_code: Asks<SendCode>,
    pub(crate) sign_up: Asks<SignUp>,
    pub(crate) confirm_email: Asks<ConfirmEmail>,
    pub(crate) account: AccountAsks,
    pub(crate) join: Asks<Join>,
    pub(crate) leave: Asks<Leave>,
    pub(crate) act: Asks<Act>,
    pub(crate) mark_read: Asks<MarkRead>,
    pub(crate) tell: Asks<Tell>,
    pub(crate) open: Asks<Open>,
    pub(crate) ask_upload: Asks<AskUpload>,
    pub(crate) ask_download: Asks<AskDownload>,
    listener: TcpListener,
    _folder: TempDir,
}

impl Plan {
    /// The usual plan with other limits.
    pub(crate) fn with(change: impl FnOnce(&mut Limits)) -> Self {
        let mut plan = Self::default();
        change(&mut plan.limits);
        plan
    }

    pub(crate) async fn build(self) -> Universe {
        let folder = tempfile::tempdir().unwrap();
        let store = sled_store(folder.path());
        cast::settle(&store).await;
        let said: Vec<String> = (1..=self.said).map(|id| id.to_string()).collect();
        write_down(&store, 0, BOB.user(), &said).await;
        let vault = Vault::open(&folder.path().join("vault")).unwrap();
        let credentials = Arc::new(Credentials::new(Duration::from_secs(600)));
        let registry = Arc::clone(&credentials);
        let identify = Probe::answering(move |Identify(credential, _): &Identify| {
            identified(&registry, credential)
        });
        let (sign_in, send_code) = (Probe::held(), Probe::held());
        let (sign_up, confirm_email) = (Probe::held(), Probe::held());
        let join = Probe::answering(|_: &Join| ());
        let leave = Probe::answering(|_: &Leave| ());
        let act = Probe::answering(|_: &Act| ());
        let mark_read = Probe::answering(|_: &MarkRead| ());
        let tell = Probe::answering(|_: &Tell| ());
        let depart = Probe::answering(|_: &Depart| ());
        let (ask_upload, ask_download) = (Probe::held(), Probe::held());
        let mut permits = VaultHandles {
            ask_upload: ask_upload.recipient(),
            ask_download: ask_download.recipient(),
        };
        if self.gives_permits {
            permits = real_permits(&self.limits, &store, &vault);
        }
        let accounts: Arc<dyn Accounts> = Arc::new(store.clone());
        let log = self.log.unwrap_or_else(|| Arc::new(store.clone()));
        let transfers = Transfers::default();
        let account = AccountAsks::held();
        let presence = Arc::new(Presence::new(Arc::clone(&credentials), transfers.clone()));
        let online = Arc::new(Online::default());
        let reading = Arc::new(Reading::new(Arc::clone(&log), Arc::clone(&accounts)));
        let mut lobby = Arc::new(RoomLink {
            id: RoomId::LOBBY,
            join: join.recipient(),
            leave: leave.recipient(),
            act: act.recipient(),
            mark_read: mark_read.recipient(),
            tell: tell.recipient(),
            depart: depart.recipient(),
            last: Arc::new(AtomicU64::new(0)),
        });
        let news = Arc::default();
        let (finder, _) = Finder::open(&folder.path().join("search"), Arc::clone(&news)).unwrap();
        // What there is besides is up to the test.
        let open = Probe::held();
        let mut opener = open.recipient();
        if self.has_rooms {
            let neighbours = chat_room::Neighbours {
                log: Arc::clone(&log),
                rooms: Arc::new(store.clone()),
                presence: Arc::clone(&presence),
                online: Arc::clone(&online),
                reading: Arc::clone(&reading),
                news: Arc::clone(&news),
                rules: self.limits.rooms(),
                tempo: chat_room::Tempo::default(),
            };
            let rooms = Rooms::new(neighbours, Lease::default(), Arc::new(|_| {})).start();
            let opened = rooms.send(Open(RoomId::LOBBY)).await.unwrap();
            lobby = opened.expect("there always is a lobby");
            opener = rooms.recipient();
        }
        let room_rules = self.limits.rooms();
        let house = Arc::new(House {
            door: Door::new(Caps {
                all: 100,
                per_network: 100,
            }),
            info: info(&self.limits),
            tls: None,
            brake: Brake::new(self.limits.brake()),
            limits: self.limits,
            language: Language::Chinese,
            register_reply_op: self.register_reply_op,
            auth: AuthHandles {
                identify: identify.recipient(),
                sign_in: sign_in.recipient(),
                send_code: send_code.recipient(),
                sign_up: sign_up.recipient(),
                confirm_email: confirm_email.recipient(),
                account: account.handles(),
            },
            lobby,
            rooms: opener,
            log,
            room_store: Arc::new(store.clone()),
            room_rules,
            accounts,
            finder,
            online,
            permits,
            files: Arc::new(store.clone()),
            vault,
            presence,
            transfers,
            credentials,
            reading,
        });
        Universe {
            host: Host::new(Arc::clone(&house), Vital::new("host", Arc::new(|_| {}))).start(),
            house,
            store,
            identify,
            sign_in,
            send_code,
            sign_up,
            confirm_email,
            account,
            join,
            leave,
            act,
            mark_read,
            tell,
            open,
            ask_upload,
            ask_download,
            listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(),
            _folder: folder,
        }
    }
}

impl Universe {
    /// A client that speaks with the text header.
    pub(crate) fn connect(&self, port: Port) -> Client {
        let address = self.listener.local_addr().unwrap();
        self.take_in(port, TcpStream::connect(address).unwrap())
    }

    /// A client between which and the server only so many bytes are on their way.
    pub(crate) fn connect_narrowly(&self, port: Port, bytes: usize) -> Client {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = socket.unwrap();
        socket.set_recv_buffer_size(bytes).unwrap();
        // The accepted socket has its buffer from the one that listens.
        let listener = SockRef::from(&self.listener);
        listener.set_send_buffer_size(bytes).unwrap();
        let address = self.listener.local_addr().unwrap();
        socket.connect(&address.into()).unwrap();
        self.take_in(port, socket.into())
    }

    fn take_in(&self, port: Port, client: TcpStream) -> Client {
        let (socket, address) = self.listener.accept().unwrap();
        socket.set_nonblocking(true).unwrap();
        client.set_nonblocking(true).unwrap();
        client.set_nodelay(true).unwrap();
        let (ticket, _) = self.house.door.admit(address.ip(), 0).unwrap();
        let id = ticket.connection();
        self.host.do_send(Welcome {
            socket,
            port,
            ticket,
            last_told: self.house.lobby.last.load(Ordering::Acquire),
            security: Security::Plain,
            leading: bytes::Bytes::new(),
        });
        Client {
            id,
            socket: tokio::net::TcpStream::from_std(client).unwrap(),
            form: HeaderForm::Text,
        }
    }

    /// Has the session of someone remembered, as the registry does when one begins.
    pub(crate) fn remember_session(&self, someone: &Someone) {
        let token = OwnedCredential::Token(someone.token.to_owned());
        assert!(identified(&self.house.credentials, &token).is_ok());
    }

    /// From now on connections begin after the entry `last`.
    pub(crate) fn set_last(&self, last: u64) {
        self.house.lobby.last.store(last, Ordering::Release);
    }

    /// The way to a room that the probes play.
    pub(crate) fn link(&self, id: RoomId) -> Arc<RoomLink> {
        let lobby = &self.house.lobby;
        Arc::new(RoomLink {
            id,
            join: lobby.join.clone(),
            leave: lobby.leave.clone(),
            act: lobby.act.clone(),
            mark_read: lobby.mark_read.clone(),
            tell: lobby.tell.clone(),
            depart: lobby.depart.clone(),
            last: Arc::default(),
        })
    }

    /// What the lobby is asked to do next.
    #[track_caller]
    pub(crate) fn posted(&mut self) -> impl Future<Output = Post> {
        let asked = self.act.next();
        async { asked.await.message.post }
    }

    /// Plays the room that lets the next connection in, after the entry `last`.
    pub(crate) async fn let_in(&mut self, last: u64) -> Recipient<Heard> {
        let ear = self.join.next().await.message.ear;
        ear.do_send(joined(last));
        ear
    }
}

/// Plays the registry: it knows the three by name and password, or by token.
fn identified(
    credentials: &Credentials,
    credential: &OwnedCredential,
) -> Result<Verified, Failure> {
    let known = [ALICE, BOB, CAROL]
        .into_iter()
        .find(|someone| match credential {
            OwnedCredential::Password { name, password } => {
                name == someone.name && password == someone.password
            }
            OwnedCredential::Token(token) => token == someone.token,
        });
    let someone = known.ok_or(Failure::WrongCredentials)?;
    let session = match credential {
        OwnedCredential::Password { .. } => None,
        OwnedCredential::Token(_) => Some(someone.session()),
    };
    let found = Found {
        person: someone.person(),
        session,
        ends: None,
    };
    let withdrawals = credentials.withdrawals();
    let verified = credentials.remember(&credential.borrow(), found, withdrawals, Instant::now());
    verified.ok_or(Failure::Unavailable)
}

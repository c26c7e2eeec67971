//! A house whose neighbours are probes, and a host that has connections in it.

use super::accounts::AccountAsks;
use super::client::Client;
use super::stores::sled_store;
use super::{ALICE, Asks, BOB, CAROL, Probe, Someone, cast};
use actix::prelude::*;
use qunliao_actors::admission::{Caps, ConnectionId, Door};
use qunliao_actors::auth_registry::{
    ConfirmEmail, Identify, Ladder, OwnedCredential, Reach, SendCode, SignIn, SignUp, Verify,
};
use qunliao_actors::brake::Brake;
use qunliao_actors::chat_room::{Batch, Heard, Join, Leave, Line, Say};
use qunliao_actors::connection::{Port, Security};
use qunliao_actors::credentials::{Credentials, Found, Verified};
use qunliao_actors::file_vault::transfer::Transfers;
use qunliao_actors::file_vault::{AskDownload, AskUpload, FileVault, Ledger, LedgerLimits};
use qunliao_actors::host::{Host, Welcome};
use qunliao_actors::house::{AuthHandles, RoomHandles, VaultHandles};
use qunliao_actors::info::Info;
use qunliao_actors::presence::Presence;
use qunliao_actors::reading::Reading;
use qunliao_actors::vital::Vital;
use qunliao_actors::{House, Limits};
use qunliao_protocol::auth::Limits as ToldLimits;
use qunliao_protocol::{EntryId, Failure, HeaderForm, Language, RoomId};
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
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            register_reply_op: 2,
            log: None,
            gives_permits: false,
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
    pub(crate) say: Asks<Say>,
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
        let say = Probe::answering(|_: &Say| ());
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
            lobby: RoomHandles {
                join: join.recipient(),
                leave: leave.recipient(),
                say: say.recipient(),
                last: Arc::new(AtomicU64::new(0)),
            },
            permits,
            files: Arc::new(store.clone()),
            vault,
            presence: Arc::new(Presence::new(Arc::clone(&credentials), transfers.clone())),
            transfers,
            credentials,
            reading: Arc::new(Reading::new(log, accounts)),
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
            say,
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

    /// Plays the room that lets the next connection in, after the entry `last`.
    pub(crate) async fn let_in(&mut self, last: u64) -> Recipient<Heard> {
        let ear = self.join.next().await.message.ear;
        ear.do_send(Heard::Joined(EntryId(last)));
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

fn real_permits(limits: &Limits, store: &Store, vault: &Vault) -> VaultHandles {
    let ledger = Ledger::new(LedgerLimits {
        file_bytes_max: limits.file_bytes_max,
        open_uploads_per_user: limits.open_uploads_per_user,
        open_downloads_per_user: limits.open_downloads_per_user,
        reserve_bytes: 0,
    });
    let vault = FileVault::new(
        ledger,
        Arc::new(store.clone()),
        vault.clone(),
        limits.transfers_max,
        limits.transfer_wait(),
        Vital::new("file_vault", Arc::new(|_| {})),
    )
    .start();
    VaultHandles {
        ask_upload: vault.clone().recipient(),
        ask_download: vault.recipient(),
    }
}

fn info(limits: &Limits) -> Info {
    Info {
        name: "群聊".to_owned(),
        version: "qunliao test".to_owned(),
        limits: ToldLimits {
            frame_bytes_max: limits.frame_bytes_max,
            message_bytes_max: limits.message_bytes_max,
            messages_per_second: limits.messages_per_second,
            file_bytes_max: limits.file_bytes_max,
            open_uploads_per_user: limits.open_uploads_per_user,
            name_chars_max: 32,
            password_chars_min: 8,
            password_chars_max: 128,
        },
        verify: Verify::Sms,
        approval: false,
        ladder: Arc::new(|| Ladder {
            sms: Reach::Working,
            mail: Reach::Working,
        }),
    }
}

/// What was said as the entry `id`, through `from` (a connection and its ticket).
pub(crate) fn line(
    id: u64,
    author: &Someone,
    news: &str,
    from: Option<(ConnectionId, u64)>,
) -> Line {
    Line {
        id: EntryId(id),
        time: 1_700_000_000_000 + id,
        author: author.user(),
        name: author.name.to_owned(),
        news: news.to_owned(),
        client_message_id: None,
        from,
    }
}

/// What a room tells of these lines.
pub(crate) fn told(lines: impl Into<Vec<Line>>) -> Heard {
    Heard::Batch(Arc::new(Batch::new(RoomId::LOBBY, lines.into())))
}

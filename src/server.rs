//! The server: the one place where the house is wired, started and stopped.

use crate::config::{Config, LanguageName, MailDriver, SmsDriver};
use crate::listener::Listener;
use crate::web::{self, Checkup};
use actix::prelude::*;
use anyhow::Context as _;
use qunliao_actors::admission::{Caps, Door};
use qunliao_actors::auth_registry::{AuthRegistry, Desk, Neighbours, Settings};
use qunliao_actors::chat_room::ChatRoom;
use qunliao_actors::connection::Port;
use qunliao_actors::courier::Courier;
use qunliao_actors::credentials::Credentials;
use qunliao_actors::file_vault::transfer::Transfers;
use qunliao_actors::file_vault::{FileVault, Ledger};
use qunliao_actors::hasher::Hasher;
use qunliao_actors::host::Host;
use qunliao_actors::house::{AuthHandles, House, RoomHandles, VaultHandles};
use qunliao_actors::person::People;
use qunliao_actors::reading::Reading;
use qunliao_actors::vital::{OnLoss, Vital};
use qunliao_actors::{Stop, names, passwords};
use qunliao_delivery::{Mailer, Outbox, Retry, SmsGateway, Smtp, Webhook};
use qunliao_protocol::auth::{Limits as ToldLimits, ServerInfo};
use qunliao_protocol::{Language, RoomId};
use qunliao_storage::Health;
use qunliao_storage::{
    Accounts, Codes, DataFolder, Files, FreeSpace, Log, Reserve, SledEngine, Store, Vault,
};
use std::cell::Cell;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// The exit code after the loss of a part that the server cannot go on without
/// (`EX_SOFTWARE` of sysexits.h): whoever watches should start it again.
const EXIT_LOST: i32 = 70;
/// How long connections and transfers get to finish when the server stops.
const DRAIN: Duration = Duration::from_secs(5);
/// How long the rest of stopping may take, so that all of it stays under ten seconds.
const LAST_ORDERS: Duration = Duration::from_secs(2);
/// Connections that wait for being accepted: a team that comes back all at once.
const BACKLOG: i32 = 4096;
/// Descriptors that are wanted.
const DESCRIPTORS: u64 = 65_536;

/// Where a server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Sign-in and sign-up.
    pub auth: SocketAddr,
    /// Chat.
    pub chat: SocketAddr,
    /// Files.
    pub files: SocketAddr,
    /// HTTP.
    pub web: SocketAddr,
}

/// A server that runs.
pub struct Running {
    /// Where it listens.
    pub addresses: Addresses,
    listeners: Vec<JoinHandle<()>>,
    hosts: Rc<Vec<Addr<Host>>>,
    arbiters: Vec<Arbiter>,
    core: CoreActors,
    web: actix_web::dev::ServerHandle,
    transfers: Transfers,
    store: Store,
    _folder: DataFolder,
}

/// The actors that the server cannot go on without.
struct CoreActors {
    lobby: Addr<ChatRoom>,
    auth: Addr<AuthRegistry>,
    vault: Addr<FileVault>,
    courier: Addr<Courier>,
}

/// The storage parts, opened.
struct Kept {
    store: Store,
    vault: Vault,
}

/// Starts a server. To be called within an actix system.
///
/// # Errors
/// What keeps it from starting, in a sentence.
pub async fn start(config: &Config) -> anyhow::Result<Running> {
    raise_descriptor_limit();
    let folder = DataFolder::open(&config.data_dir)?;
    let listening = Listening::bind(config)?;
    let kept = open_storage(config, &folder).await?;
    let on_loss: OnLoss = Arc::new(|name| {
        log::error!("event=actor_lost actor={name} action=exit");
        std::process::exit(EXIT_LOST);
    });
    let mut arbiters = Vec::new();
    let mut spawn_arbiter = || {
        let arbiter = Arbiter::new();
        let handle = arbiter.handle();
        arbiters.push(arbiter);
        handle
    };

    let people = Arc::new(People::default());
    let credentials = Arc::new(Credentials::new(Duration::from_secs(
        config.limits.credential_memory_seconds,
    )));
    let accounts: Arc<dyn Accounts> = Arc::new(kept.store.clone());
    let log: Arc<dyn Log> = Arc::new(kept.store.clone());
    let files: Arc<dyn Files> = Arc::new(kept.store.clone());
    let reading = Arc::new(Reading::new(Arc::clone(&log), Arc::clone(&accounts)));

    let core_arbiter = spawn_arbiter();
    let courier = courier(config, &folder, Vital::new("courier", Arc::clone(&on_loss)))?;
    let courier = start_on(&core_arbiter, courier);
    let neighbours = Neighbours {
        accounts,
        codes: Arc::new(kept.store.clone()) as Arc<dyn Codes>,
        courier: courier.clone().recipient(),
        hasher: Hasher::new(
            config.limits.password_threads,
            config.limits.password_queue_max,
        ),
        credentials: Arc::clone(&credentials),
        people,
    };
    let desk = Desk::new(neighbours, settings(config)?);
    let auth = start_on(
        &core_arbiter,
        AuthRegistry::new(desk, Vital::new("auth_registry", Arc::clone(&on_loss))),
    );
    let vault = start_on(
        &core_arbiter,
        file_vault(
            config,
            &kept,
            &files,
            Vital::new("file_vault", Arc::clone(&on_loss)),
        ),
    );
    let last = Arc::default();
    let lobby = ChatRoom::open(
        RoomId::LOBBY,
        Arc::clone(&log),
        config.limits.room_members_max,
        Arc::clone(&last),
        Vital::new("chat_room", on_loss),
    );
    let lobby = start_on(
        &spawn_arbiter(),
        lobby.await.context("reading the lobby's log")?,
    );
    let core = CoreActors {
        lobby,
        auth,
        vault,
        courier,
    };

    let house = Arc::new(House {
        limits: config.limits.clone(),
        language: config.language.into(),
        register_reply_op: config.protocol.register_reply_op,
        info: info(config),
        door: Door::new(Caps {
            all: config.limits.connections_max,
            per_network: config.limits.connections_per_address_max,
        }),
        auth: core.auth_handles(),
        lobby: core.room_handles(last),
        permits: core.vault_handles(),
        files,
        vault: kept.vault,
        transfers: Transfers::default(),
        credentials,
        reading,
    });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let hosts = (0..cores).map(|_| {
        let house = Arc::clone(&house);
        Host::start_in_arbiter(&spawn_arbiter(), move |_| Host::new(house))
    });
    let hosts = Rc::new(hosts.collect::<Vec<_>>());

    let addresses = listening.addresses()?;
    let checkup = core.checkup(Arc::new(kept.store.clone()));
    let web = web::serve(listening.web, checkup).context("starting the web server")?;
    let web_handle = web.handle();
    actix_rt::spawn(web);
    let mut listeners = Vec::new();
    for (socket, port) in [
        (listening.auth, Port::Auth),
        (listening.chat, Port::Chat),
        (listening.files, Port::Files),
    ] {
        let listener = Listener {
            socket: tokio::net::TcpListener::from_std(socket)?,
            port,
            door: house.door.clone(),
            hosts: Rc::clone(&hosts),
            language: house.language,
            turn: Cell::new(0),
        };
        listeners.push(actix_rt::spawn(listener.run()));
    }
    log::info!(
        "event=started version={} auth={} chat={} files={} web={} data_dir={}",
        env!("CARGO_PKG_VERSION"),
        addresses.auth,
        addresses.chat,
        addresses.files,
        addresses.web,
        folder.root().display()
    );
    Ok(Running {
        addresses,
        listeners,
        hosts,
        arbiters,
        core,
        web: web_handle,
        transfers: house.transfers.clone(),
        store: kept.store,
        _folder: folder,
    })
}

impl Running {
    /// Stops: no new connections, what is under way gets a moment to finish, what
    /// was said is committed. Takes less than ten seconds.
    pub async fn stop(self) {
        log::info!("event=stopping");
        for listener in &self.listeners {
            listener.abort();
        }
        let web = self.web.stop(true);
        // The room first: posts that it has are committed, told and acknowledged,
        // while connections still can write.
        stop_actor(&self.core.lobby).await;
        for host in self.hosts.iter() {
            host.do_send(Stop);
        }
        let until = Instant::now() + DRAIN;
        let busy = || self.hosts.iter().any(Addr::connected) || self.transfers.count() > 0;
        while busy() && Instant::now() < until {
            actix_rt::time::sleep(Duration::from_millis(20)).await;
        }
        self.transfers.end();
        stop_actor(&self.core.auth).await;
        stop_actor(&self.core.vault).await;
        stop_actor(&self.core.courier).await;
        let _ = tokio::time::timeout(LAST_ORDERS, web).await;
        for arbiter in self.arbiters {
            arbiter.stop();
        }
        if let Err(why) = self.store.settle().await {
            log::error!("event=storage_error error=\"{why}\"");
        }
        log::info!("event=stopped");
    }
}

/// Tells an actor to stop, and waits (not for ever) until it has.
async fn stop_actor<A>(actor: &Addr<A>)
where
    A: Actor<Context = Context<A>> + Handler<Stop>,
{
    let until = Instant::now() + LAST_ORDERS;
    actor.do_send(Stop);
    while actor.connected() && Instant::now() < until {
        actix_rt::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Returns when SIGTERM or SIGINT arrives.
///
/// # Errors
/// When the system refuses a handler.
pub async fn wait_for_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// The sockets, bound before anything is started, so that a port in use is told at once.
struct Listening {
    auth: TcpListener,
    chat: TcpListener,
    files: TcpListener,
    web: TcpListener,
}

impl Listening {
    fn bind(config: &Config) -> anyhow::Result<Self> {
        let bind = |key: &str, address: SocketAddr| {
            listen(address).with_context(|| format!("listen.{key}: {address}"))
        };
        Ok(Self {
            auth: bind("auth", config.listen.auth)?,
            chat: bind("chat", config.listen.chat)?,
            files: bind("files", config.listen.files)?,
            web: bind("web", config.listen.web)?,
        })
    }

    fn addresses(&self) -> std::io::Result<Addresses> {
        Ok(Addresses {
            auth: self.auth.local_addr()?,
            chat: self.chat.local_addr()?,
            files: self.files.local_addr()?,
            web: self.web.local_addr()?,
        })
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

async fn open_storage(config: &Config, folder: &DataFolder) -> anyhow::Result<Kept> {
    let seal = folder.seal()?;
    let engine = SledEngine::open(&folder.database())?;
    let reserve_bytes = config.storage.reserve_mib << 20;
    let reserve = Reserve::new(FreeSpace::of(folder.root()), reserve_bytes);
    let store = Store::open(engine, seal, reserve, |why| {
        log::error!("event=storage_failed error=\"{why}\" action=exit");
        std::process::exit(EXIT_LOST);
    })?;
    let vault = Vault::open(&folder.vault())?;
    let contents = vault.contents().context("reading the vault")?;
    for orphan in store.unlisted(contents).await? {
        vault.remove(&orphan).context("sweeping the vault")?;
        log::info!("event=orphan_swept content={orphan}");
    }
    Ok(Kept { store, vault })
}

fn courier(config: &Config, folder: &DataFolder, vital: Vital) -> anyhow::Result<Courier> {
    let outbox = || Outbox::open(folder.outbox()).context("opening the outbox");
    let sms: Arc<dyn SmsGateway> = match config.delivery.sms {
        SmsDriver::Outbox => Arc::new(outbox()?),
        SmsDriver::Webhook => Arc::new(Webhook::new(config.webhook_settings()?)?),
    };
    let mail: Arc<dyn Mailer> = match config.delivery.mail {
        MailDriver::Outbox => Arc::new(outbox()?),
        MailDriver::Smtp => Arc::new(Smtp::new(config.smtp_settings()?)?),
    };
    Ok(Courier::new(
        sms,
        mail,
        Retry::default(),
        config.limits.deliveries_max,
        vital,
    ))
}

fn file_vault(config: &Config, kept: &Kept, files: &Arc<dyn Files>, vital: Vital) -> FileVault {
    let limits = &config.limits;
    let ledger = Ledger::new(
        limits.file_bytes_max,
        limits.open_uploads_per_user,
        config.storage.reserve_mib << 20,
    );
    FileVault::new(
        ledger,
        Arc::clone(files),
        kept.vault.clone(),
        limits.transfers_max,
        limits.transfer_wait(),
        vital,
    )
}

fn settings(config: &Config) -> anyhow::Result<Settings> {
    Ok(Settings {
        verify: config.registration.verify,
        phones: config.phone_book()?,
        codes: config.codes,
        session_lifetime: Duration::from_secs(u64::from(config.sessions.lifetime_days) * 24 * 3600),
        sessions_max: config.sessions.per_user_max,
        language: config.language.into(),
    })
}

fn info(config: &Config) -> ServerInfo {
    let limits = &config.limits;
    ServerInfo {
        name: config.name.clone(),
        version: concat!("qunliao ", env!("CARGO_PKG_VERSION")).to_owned(),
        limits: ToldLimits {
            frame_bytes_max: limits.frame_bytes_max,
            message_bytes_max: limits.message_bytes_max,
            messages_per_second: limits.messages_per_second,
            file_bytes_max: limits.file_bytes_max,
            open_uploads_per_user: limits.open_uploads_per_user,
            name_chars_max: names::NAME_CHARS_MAX,
            password_chars_min: passwords::PASSWORD_CHARS_MIN,
            password_chars_max: passwords::PASSWORD_CHARS_MAX,
        },
        registration: config.registration.verify.described(),
    }
}

impl CoreActors {
    fn auth_handles(&self) -> AuthHandles {
        AuthHandles {
            identify: self.auth.clone().recipient(),
            sign_in: self.auth.clone().recipient(),
            send_code: self.auth.clone().recipient(),
            sign_up: self.auth.clone().recipient(),
            confirm_email: self.auth.clone().recipient(),
        }
    }

    fn room_handles(&self, last: Arc<std::sync::atomic::AtomicU64>) -> RoomHandles {
        RoomHandles {
            join: self.lobby.clone().recipient(),
            leave: self.lobby.clone().recipient(),
            say: self.lobby.clone().recipient(),
            last,
        }
    }

    fn vault_handles(&self) -> VaultHandles {
        VaultHandles {
            ask_upload: self.vault.clone().recipient(),
            ask_download: self.vault.clone().recipient(),
        }
    }

    fn checkup(&self, storage: Arc<dyn Health>) -> Checkup {
        Checkup {
            storage,
            actors: vec![
                ("chat_room", self.lobby.clone().recipient()),
                ("auth_registry", self.auth.clone().recipient()),
                ("file_vault", self.vault.clone().recipient()),
                ("courier", self.courier.clone().recipient()),
            ],
            last: tokio::sync::Mutex::default(),
        }
    }
}

fn start_on<A>(arbiter: &ArbiterHandle, actor: A) -> Addr<A>
where
    A: Actor<Context = Context<A>> + Send,
{
    A::start_in_arbiter(arbiter, move |_| actor)
}

impl From<LanguageName> for Language {
    fn from(name: LanguageName) -> Self {
        match name {
            LanguageName::Zh => Self::Chinese,
            LanguageName::En => Self::English,
        }
    }
}

/// A descriptor for each connection: the usual soft limit of 1024 is for programs
/// that still call select(2).
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let wanted = now
        .maximum
        .map_or(DESCRIPTORS, |maximum| maximum.min(DESCRIPTORS));
    if now.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit {
            current: Some(wanted),
            maximum: now.maximum,
        };
        if let Err(why) = setrlimit(Resource::Nofile, raised) {
            log::warn!("event=descriptor_limit_kept error=\"{why}\"");
        }
    }
}

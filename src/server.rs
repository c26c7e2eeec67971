//! The server: the one place where the house is wired, started and stopped.

mod core;
mod parts;
mod setup;
mod sockets;

pub use sockets::Addresses;
pub(crate) use sockets::descriptors_besides;

use crate::access::Access;
use crate::admin::{self, AdminSocket};
use crate::config::Config;
use crate::listener::Listener;
use crate::tls::{self, Tls};
use crate::web::{self, Entrance};
use actix::prelude::*;
use anyhow::Context as _;
use core::{CoreActors, Shared};
use parts::Kept;
use qunliao_actors::Stop;
use qunliao_actors::admission::{Caps, Door};
use qunliao_actors::connection::Port;
use qunliao_actors::file_vault::transfer::Transfers;
use qunliao_actors::host::Host;
use qunliao_actors::house::House;
use qunliao_actors::vital::Vital;
use qunliao_storage::{DataFolder, Store};
use sockets::Listening;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

/// The exit code after the loss of a part that the server cannot go on without
/// (`EX_SOFTWARE` of sysexits.h): whoever watches should start it again.
const EXIT_LOST: i32 = 70;
/// How long connections and transfers get to finish when the server stops.
const DRAIN: Duration = Duration::from_secs(4);
/// How long each further step of stopping may take, so that all of it stays under
/// ten seconds.
const LAST_ORDERS: Duration = Duration::from_secs(1);

/// A server that runs.
pub struct Running {
    /// Where it listens.
    pub addresses: Addresses,
    listeners: Vec<JoinHandle<()>>,
    hosts: Rc<Vec<Addr<Host>>>,
    arbiters: Vec<Arbiter>,
    core: CoreActors,
    web: actix_web::dev::ServerHandle,
    certificate: JoinHandle<()>,
    following: JoinHandle<()>,
    transfers: Transfers,
    store: Store,
    admin: AdminSocket,
    _folder: DataFolder,
}

/// Starts a server. To be called within an actix system.
///
/// # Errors
/// What keeps it from starting, in a sentence.
pub async fn start(config: &Config) -> anyhow::Result<Running> {
    sockets::raise_descriptor_limit();
    let folder = DataFolder::open(&config.data_dir)?;
    let listening = Listening::bind(config)?;
    let addresses = listening.addresses()?;
    let tls = Tls::open(config, folder.root())?;
    let kept = parts::open_storage(config, &folder).await?;
    let mut arbiters = Vec::new();
    let mut arbiter = || {
        let arbiter = Arbiter::new();
        let handle = arbiter.handle();
        arbiters.push(arbiter);
        handle
    };
    let news = Arc::default();
    let (finder, following) = parts::finder(&folder, &kept, Arc::clone(&news))?;
    let shared = Shared::new(config, finder, news);
    let core = CoreActors::start(config, &folder, &kept, &shared, &mut arbiter).await?;
    let breaker = Arc::clone(&shared.breaker);
    let house = Arc::new(house(config, &kept, &core, shared, tls.as_ref()));
    let on_loss = core::on_loss();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let hosts = (0..cores).map(|_| {
        let (house, vital) = (Arc::clone(&house), Vital::new("host", Arc::clone(&on_loss)));
        Host::start_in_arbiter(&arbiter(), move |_| Host::new(house, vital))
    });
    let hosts = Rc::new(hosts.collect::<Vec<_>>());
    let mut checkup = core.checkup(Arc::new(kept.store.clone()));
    let pings = hosts.iter().map(|host| ("host", host.clone().recipient()));
    checkup.actors.extend(pings);
    let public = config.public_url(addresses.web);
    setup::offer(config, &kept.store, &public).await?;
    let live = admin::Running {
        house: Arc::clone(&house),
        storage: Arc::new(kept.store.clone()),
        addresses,
        connections_max: config.limits.connections_max,
        since: Instant::now(),
        tell: core.teller(),
        breaker,
        passwords: core.passwords.clone(),
    };
    let desk = admin::desk(config, folder.root(), &kept.store, Arc::new(live), &public)?;
    let admin = AdminSocket::open(folder.root(), desk)?;
    let pages = web::Pages {
        house: Arc::clone(&house),
        accounts: Arc::new(kept.store.clone()),
        links: Arc::new(kept.store.clone()),
        upgrade: web::Upgrade {
            public: public.clone(),
            is_configured: !config.web.public_url.is_empty(),
            names: config.tls.names.clone(),
        },
        phones: config.phone_book()?,
        public,
        addresses,
    };
    let (listeners, web) = listen(config, listening, checkup, tls.as_ref(), pages, &hosts)?;
    match &tls {
        Some(tls) => tls.tell(config.tls.mode),
        None if config.is_reachable() => log::warn!("event=tls_off_on_network"),
        None => {}
    }
    let hangup = signal(SignalKind::hangup()).context("waiting for signals")?;
    let certificate = actix_rt::spawn(tls::watch(tls, hangup));
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
        web,
        certificate,
        following,
        transfers: house.transfers.clone(),
        store: kept.store,
        admin,
        _folder: folder,
    })
}

/// What every connection needs to know.
fn house(
    config: &Config,
    kept: &Kept,
    core: &CoreActors,
    shared: Shared,
    tls: Option<&Tls>,
) -> House {
    let store = Arc::new(kept.store.clone());
    House {
        limits: config.limits.clone(),
        language: config.language.into(),
        register_reply_op: config.protocol.register_reply_op,
        info: parts::info(config, core.rungs.clone(), shared.breaker),
        door: Door::new(Caps {
            all: sockets::connections_that_fit(&config.limits),
            per_network: config.limits.connections_per_address_max,
        }),
        tls: tls.map(|tls| Arc::clone(&tls.ports)),
        brake: shared.brake,
        auth: core.auth_handles(),
        lobby: Arc::clone(&core.lobby),
        rooms: core.opener(),
        log: store.clone(),
        room_store: store.clone(),
        room_rules: config.limits.rooms(),
        accounts: store.clone(),
        finder: shared.finder,
        online: shared.online,
        permits: core.vault_handles(),
        files: store.clone(),
        vault: kept.vault.clone(),
        transfers: shared.transfers,
        credentials: shared.credentials,
        presence: shared.presence,
        reading: Arc::clone(&core.reading),
    }
}

/// Opens the doors.
fn listen(
    config: &Config,
    listening: Listening,
    checkup: web::Checkup,
    tls: Option<&Tls>,
    pages: web::Pages,
    hosts: &Rc<Vec<Addr<Host>>>,
) -> anyhow::Result<(Vec<JoinHandle<()>>, actix_web::dev::ServerHandle)> {
    let house = Arc::clone(&pages.house);
    let access = Access::new(config);
    let entrance = Entrance {
        access: access.clone(),
        tls: tls.map(|tls| Arc::clone(&tls.web)),
        handshake: house.limits.tls_handshake(),
        places: web::Places::new(&house.limits),
    };
    let web =
        web::serve(listening.web, entrance, checkup, pages).context("starting the web server")?;
    let web_handle = web.handle();
    actix_rt::spawn(web);
    let (mut listeners, proxies_awaited) = (Vec::new(), Rc::default());
    for (socket, port) in [
        (listening.auth, Port::Auth),
        (listening.chat, Port::Chat),
        (listening.files, Port::Files),
    ] {
        let listener = Listener {
            socket: tokio::net::TcpListener::from_std(socket)?,
            port,
            door: house.door.clone(),
            access: access.clone(),
            hosts: Rc::clone(hosts),
            language: house.language,
            last: Arc::clone(&house.lobby.last),
            proxy_header: house.limits.proxy_header(),
            proxies_awaited: Rc::clone(&proxies_awaited),
            next_host: Cell::new(0),
            last_warning: Cell::new(None),
        };
        listeners.push(actix_rt::spawn(listener.run()));
    }
    Ok((listeners, web_handle))
}

impl Running {
    /// Stops: no new connections, what is under way gets a moment to finish, what
    /// was said is committed. Takes less than ten seconds.
    pub async fn stop(self) {
        log::info!("event=stopping");
        for listener in &self.listeners {
            listener.abort();
        }
        self.certificate.abort();
        self.following.abort();
        let web = self.web.stop(true);
        // The rooms first: posts that they have are committed, told and acknowledged,
        // while connections still can write.
        self.core.stop_rooms().await;
        for host in self.hosts.iter() {
            host.do_send(Stop);
        }
        let until = Instant::now() + DRAIN;
        let busy = || self.hosts.iter().any(Addr::connected) || self.transfers.count() > 0;
        while busy() && Instant::now() < until {
            actix_rt::time::sleep(Duration::from_millis(20)).await;
        }
        self.transfers.end();
        self.core.stop_others().await;
        let _ = tokio::time::timeout(LAST_ORDERS, web).await;
        self.admin.close();
        for arbiter in self.arbiters {
            arbiter.stop();
        }
        match tokio::time::timeout(LAST_ORDERS, self.store.settle()).await {
            Ok(Ok(())) => {}
            Ok(Err(why)) => log::error!("event=storage_error error=\"{why}\""),
            Err(_) => log::error!("event=storage_error error=\"the disk does not answer\""),
        }
        log::info!("event=stopped");
    }
}

/// The signals that stop a server.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Has SIGTERM and SIGINT wait for [`Signals::next`] from now on.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Returns when one of them has come.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

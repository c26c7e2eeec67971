//! The actors that the server cannot go on without.

use super::parts::{self, Kept};
use super::{EXIT_LOST, LAST_ORDERS};
use crate::config::Config;
use crate::web::Checkup;
use actix::prelude::*;
use qunliao_actors::Stop;
use qunliao_actors::auth_registry::{AuthRegistry, Desk, Neighbours, Tell};
use qunliao_actors::brake::Brake;
use qunliao_actors::breaker::SmsBreaker;
use qunliao_actors::chat_room;
use qunliao_actors::courier::{Courier, Rungs};
use qunliao_actors::credentials::Credentials;
use qunliao_actors::file_vault::FileVault;
use qunliao_actors::file_vault::transfer::Transfers;
use qunliao_actors::finder::{Finder, News};
use qunliao_actors::hasher::{Hasher, Workload};
use qunliao_actors::house::{AccountHandles, AuthHandles, VaultHandles};
use qunliao_actors::online::Online;
use qunliao_actors::person::People;
use qunliao_actors::presence::Presence;
use qunliao_actors::reading::Reading;
use qunliao_actors::rooms::{Lease, Open, RoomLink, Rooms};
use qunliao_actors::vital::{OnLoss, Vital};
use qunliao_protocol::RoomId;
use qunliao_storage::{DataFolder, Health};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The core actors.
pub(super) struct CoreActors {
    rooms: Addr<Rooms>,
    /// The lobby, which always runs.
    pub(super) lobby: Arc<RoomLink>,
    /// Entries with names.
    pub(super) reading: Arc<Reading>,
    auth: Addr<AuthRegistry>,
    vault: Addr<FileVault>,
    courier: Addr<Courier>,
    /// The ways to people, as the courier knows them.
    pub(super) rungs: Rungs,
    /// How busy the password pool is.
    pub(super) passwords: Workload,
}

/// What the core actors and the connections know together.
pub(super) struct Shared {
    pub(super) credentials: Arc<Credentials>,
    pub(super) presence: Arc<Presence>,
    pub(super) transfers: Transfers,
    pub(super) brake: Brake,
    pub(super) breaker: Arc<SmsBreaker>,
    pub(super) online: Arc<Online>,
    pub(super) finder: Arc<Finder>,
    pub(super) news: Arc<News>,
}

impl Shared {
    pub(super) fn new(config: &Config, finder: Arc<Finder>, news: Arc<News>) -> Self {
        let memory = Duration::from_secs(config.limits.credential_memory_seconds);
        let credentials = Arc::new(Credentials::new(memory));
        let transfers = Transfers::default();
        Self {
            presence: Arc::new(Presence::new(Arc::clone(&credentials), transfers.clone())),
            credentials,
            transfers,
            brake: Brake::new(config.limits.brake()),
            breaker: Arc::new(SmsBreaker::new(config.codes.breaker())),
            online: Arc::default(),
            finder,
            news,
        }
    }
}

/// What happens when one of them is lost: the end, loudly. Whoever watches starts
/// the server again, and nothing acknowledged is lost.
pub(super) fn on_loss() -> OnLoss {
    Arc::new(|name| {
        log::error!("event=actor_lost actor={name} action=exit");
        std::process::exit(EXIT_LOST);
    })
}

impl CoreActors {
    /// Starts them: the rooms on an arbiter of their own, the others on another.
    pub(super) async fn start(
        config: &Config,
        folder: &DataFolder,
        kept: &Kept,
        beside: &Shared,
        mut arbiter: impl FnMut() -> ArbiterHandle,
    ) -> anyhow::Result<Self> {
        let (limits, store) = (&config.limits, &kept.store);
        let on_loss = on_loss();
        let vital = |name| Vital::new(name, Arc::clone(&on_loss));
        let shared = arbiter();
        let courier = parts::courier(config, folder, vital("courier"))?;
        let rungs = courier.rungs();
        let courier = start_on(&shared, courier);
        let hasher = Hasher::new(limits.password_threads, limits.password_queue_max);
        let passwords = hasher.workload();
        let neighbours = Neighbours {
            accounts: Arc::new(store.clone()),
            sessions: Arc::new(store.clone()),
            codes: Arc::new(store.clone()),
            links: Arc::new(store.clone()),
            audit: Arc::new(store.clone()),
            files: Arc::new(store.clone()),
            courier: courier.clone().recipient(),
            hasher,
            credentials: Arc::clone(&beside.credentials),
            people: Arc::new(People::found_by(Arc::clone(&beside.finder))),
            presence: Arc::clone(&beside.presence),
            brake: beside.brake.clone(),
            breaker: Arc::clone(&beside.breaker),
        };
        let desk = Desk::new(neighbours, parts::settings(config)?);
        let auth = start_on(&shared, AuthRegistry::new(desk, vital("auth_registry")));
        let vault = start_on(
            &shared,
            parts::file_vault(config, kept, vital("file_vault")),
        );
        let reading = Arc::new(Reading::new(
            Arc::new(store.clone()),
            Arc::new(store.clone()),
        ));
        let rooms = chat_room::Neighbours {
            log: Arc::new(store.clone()),
            rooms: Arc::new(store.clone()),
            presence: Arc::clone(&beside.presence),
            online: Arc::clone(&beside.online),
            reading: Arc::clone(&reading),
            news: Arc::clone(&beside.news),
            rules: limits.rooms(),
            tempo: chat_room::Tempo::default(),
        };
        let rooms = start_on(
            &arbiter(),
            Rooms::new(rooms, Lease::default(), Arc::clone(&on_loss)),
        );
        let lobby = rooms.send(Open(RoomId::LOBBY)).await?;
        let lobby = lobby.map_err(|why| anyhow::anyhow!("opening the lobby: {}", why.slug()))?;
        Ok(Self {
            rooms,
            lobby,
            reading,
            auth,
            vault,
            courier,
            rungs,
            passwords,
        })
    }

    /// Stops the rooms: what they have is committed, told and acknowledged first.
    pub(super) async fn stop_rooms(&self) {
        stop_actor(&self.rooms).await;
    }

    /// Stops the others.
    pub(super) async fn stop_others(&self) {
        tokio::join!(
            stop_actor(&self.auth),
            stop_actor(&self.vault),
            stop_actor(&self.courier)
        );
    }

    pub(super) fn auth_handles(&self) -> AuthHandles {
        AuthHandles {
            identify: self.auth.clone().recipient(),
            sign_in: self.auth.clone().recipient(),
            send_code: self.auth.clone().recipient(),
            sign_up: self.auth.clone().recipient(),
            confirm_email: self.auth.clone().recipient(),
            account: self.account_handles(),
        }
    }

    /// For who has users told what others did to their account.
    pub(super) fn teller(&self) -> Recipient<Tell> {
        self.auth.clone().recipient()
    }

    fn account_handles(&self) -> AccountHandles {
        AccountHandles {
            send_reset_code: self.auth.clone().recipient(),
            send_code_to_new_contact: self.auth.clone().recipient(),
            change_contact: self.auth.clone().recipient(),
            reset_password: self.auth.clone().recipient(),
            change_password: self.auth.clone().recipient(),
            edit_profile: self.auth.clone().recipient(),
            manage_sessions: self.auth.clone().recipient(),
            close_account: self.auth.clone().recipient(),
        }
    }

    /// For who wants a room opened.
    pub(super) fn opener(&self) -> Recipient<Open> {
        self.rooms.clone().recipient()
    }

    pub(super) fn vault_handles(&self) -> VaultHandles {
        VaultHandles {
            ask_upload: self.vault.clone().recipient(),
            ask_download: self.vault.clone().recipient(),
        }
    }

    /// What `/healthz` looks at.
    pub(super) fn checkup(&self, storage: Arc<dyn Health>) -> Checkup {
        Checkup {
            storage,
            actors: vec![
                ("rooms", self.rooms.clone().recipient()),
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

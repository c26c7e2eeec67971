//! What the running server does for administration, and what it tells of itself.

use crate::server::Addresses;
use actix::Recipient;
use async_trait::async_trait;
use qunliao_actors::admin::{Connections, Effects, Live, Passwords};
use qunliao_actors::auth_registry::{Reach, Tell};
use qunliao_actors::breaker::SmsBreaker;
use qunliao_actors::connection::Port;
use qunliao_actors::hasher::Workload;
use qunliao_actors::house::House;
use qunliao_delivery::Notice;
use qunliao_protocol::{SessionId, UserId};
use qunliao_storage::accounts::User;
use qunliao_storage::{Contact, Health};
use rustix::process::{Resource, getrlimit};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the disk may take to show that it works.
const PATIENCE: Duration = Duration::from_secs(2);

/// The running server.
pub(crate) struct Running {
    pub(crate) house: Arc<House>,
    pub(crate) storage: Arc<dyn Health>,
    pub(crate) addresses: Addresses,
    pub(crate) connections_max: usize,
    pub(crate) since: Instant,
    pub(crate) tell: Recipient<Tell>,
    pub(crate) breaker: Arc<SmsBreaker>,
    pub(crate) passwords: Workload,
}

#[async_trait]
impl Effects for Running {
    fn shut_out(&self, user: UserId, session: Option<SessionId>) {
        match session {
            None => {
                self.house.presence.end(user, None);
                self.house.brake.forget(user);
            }
            Some(session) => self.house.presence.end_session(user, session),
        }
    }

    fn tell(&self, user: &User, contact: Contact, notice: Notice) -> bool {
        let user = user.clone();
        self.tell.do_send(Tell {
            user,
            contact,
            notice,
        });
        true
    }

    async fn live(&self) -> Option<Live> {
        let Addresses {
            auth,
            chat,
            files,
            web,
        } = self.addresses;
        let listens = [
            ("auth", auth),
            ("chat", chat),
            ("files", files),
            ("web", web),
        ];
        let storage = match tokio::time::timeout(PATIENCE, self.storage.probe()).await {
            Ok(Ok(())) => "ok".to_owned(),
            Ok(Err(why)) => why.to_string(),
            Err(_) => "the disk does not answer".to_owned(),
        };
        let ports = [
            ("auth", Port::Auth),
            ("chat", Port::Chat),
            ("files", Port::Files),
        ];
        let ladder = (self.house.info.ladder)();
        let ways = [("sms", ladder.sms), ("mail", ladder.mail)];
        Some(Live {
            pid: std::process::id(),
            uptime_seconds: self.since.elapsed().as_secs(),
            listens: listens
                .map(|(port, address)| (port.to_owned(), address.to_string()))
                .into(),
            connections: ports
                .map(|(name, port)| {
                    let (open, authenticated) = self.house.door.count_of(port);
                    let connections = Connections {
                        open,
                        authenticated,
                    };
                    (name.to_owned(), connections)
                })
                .into(),
            connections_max: self.connections_max,
            transfers: self.house.transfers.count(),
            ways: ways
                .map(|(way, reach)| (way.to_owned(), word(reach).to_owned()))
                .into(),
            newcomers_sms: (ladder.sms != Reach::Absent)
                .then(|| self.breaker.status(Instant::now()).into()),
            passwords: Some(Passwords {
                waiting: self.passwords.waiting(),
                hashed: self.passwords.hashed(),
            }),
            open_files_max: getrlimit(Resource::Nofile).current,
            storage,
        })
    }
}

fn word(reach: Reach) -> &'static str {
    match reach {
        Reach::Absent => "absent",
        Reach::Failing => "failing",
        Reach::Paused => "paused",
        Reach::Working => "working",
    }
}

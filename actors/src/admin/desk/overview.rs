//! How much there is of everything, and who did what.

use super::{Desk, ENTRIES_PER_PAGE, data};
use crate::admin::refused::Refused;
use crate::admin::reply::{AuditLine, CodesLine, DataLine, Reply, Statistics, UserRef, Who};
use qunliao_protocol::{RoomId, UserId};
use qunliao_storage::audit::{Actor, AuditEntry, AuditQuery};
use qunliao_storage::codes::newcomers_part;
use std::collections::HashMap;

impl Desk {
    pub(super) async fn statistics(&self, now: u64) -> Result<Reply, Refused> {
        let counts = self.ask.accounts.account_counts(now).await?;
        let codes = self.codes(now).await?;
        let messages = self.ask.log.end(RoomId::LOBBY).await?.messages;
        let (root, reserve) = (self.settings.data_dir.clone(), self.settings.reserve_bytes);
        let measured = tokio::task::spawn_blocking(move || data::measure(&root, reserve)).await;
        let (data, files) = measured.unwrap_or_else(|_panic| (DataLine::default(), 0));
        Ok(Reply::Statistics(Box::new(Statistics {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            active: counts.active,
            pending: counts.pending,
            disabled: counts.disabled,
            closed: counts.closed,
            owners: counts.owners,
            sessions: counts.sessions,
            messages,
            files,
            codes,
            data,
            server: self.ask.effects.live().await,
        })))
    }

    async fn codes(&self, now: u64) -> Result<CodesLine, Refused> {
        let counts = self.ask.codes.code_counts(now).await?;
        let left = |of: usize| {
            let of = u64::try_from(of).unwrap_or(u64::MAX);
            of.saturating_sub(counts.sent_to_phones)
        };
        let sms_day = self.settings.sms_day;
        Ok(CodesLine {
            sent: counts.sent,
            sent_by_sms: counts.sent_to_phones,
            entered: counts.entered,
            sms_left: left(sms_day),
            newcomers_sms_left: left(newcomers_part(sms_day)),
        })
    }

    pub(super) async fn audit(
        &self,
        user: Option<UserId>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Reply, Refused> {
        let query = AuditQuery {
            before,
            user,
            limit: limit.clamp(1, ENTRIES_PER_PAGE),
        };
        let entries = self.ask.audit.audit(query).await?;
        let mut mentioned: Vec<UserId> = entries.iter().flat_map(mentioned).collect();
        mentioned.sort_unstable();
        mentioned.dedup();
        let names = self.ask.accounts.names(mentioned).await?;
        let lines = entries.into_iter().map(|entry| line(entry, &names));
        Ok(Reply::Audit {
            entries: lines.collect(),
        })
    }
}

fn mentioned(entry: &AuditEntry) -> impl Iterator<Item = UserId> + use<> {
    let actor = match entry.actor {
        Actor::User(id) => Some(id),
        Actor::Operator | Actor::Server => None,
    };
    actor.into_iter().chain(entry.subject)
}

fn line(entry: AuditEntry, names: &HashMap<UserId, String>) -> AuditLine {
    let user = |id: UserId| UserRef {
        id,
        name: names.get(&id).cloned(),
    };
    AuditLine {
        id: entry.id,
        time: entry.time,
        actor: match entry.actor {
            Actor::User(id) => Who::User(user(id)),
            Actor::Operator => Who::Operator,
            Actor::Server => Who::Server,
        },
        action: entry.action,
        subject: entry.subject.map(user),
        detail: entry.detail,
    }
}

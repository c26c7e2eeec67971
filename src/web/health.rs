//! `/healthz`: whether the server is well.

use actix::prelude::*;
use actix_web::{HttpResponse, web};
use qunliao_actors::Ping;
use qunliao_storage::Health;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long a part may take to show that it is alive.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer is given again: asking costs a write to the disk.
const REMEMBERED_FOR: Duration = Duration::from_secs(1);

/// What `/healthz` looks at.
pub(crate) struct Checkup {
    pub(crate) storage: Arc<dyn Health>,
    pub(crate) actors: Vec<(&'static str, Recipient<Ping>)>,
    pub(crate) last: Mutex<Option<(Instant, Value, bool)>>,
}

impl Checkup {
    async fn run(&self) -> (Value, bool) {
        let mut last = self.last.lock().await;
        if let Some((at, report, well)) = &*last
            && at.elapsed() < REMEMBERED_FOR
        {
            return (report.clone(), *well);
        }
        let mut report = serde_json::Map::new();
        let mut well = true;
        let storage = match tokio::time::timeout(PATIENCE, self.storage.probe()).await {
            Ok(Ok(())) => "ok".to_owned(),
            Ok(Err(why)) => why.to_string(),
            Err(_) => "does not answer".to_owned(),
        };
        well &= storage == "ok";
        report.insert("storage".into(), storage.into());
        for (name, actor) in &self.actors {
            let alive = matches!(
                tokio::time::timeout(PATIENCE, actor.send(Ping)).await,
                Ok(Ok(()))
            );
            well &= alive;
            // Of several with one name, one that does not answer is what is told.
            if !alive || !report.contains_key(*name) {
                let word = if alive { "ok" } else { "does not answer" };
                report.insert((*name).into(), word.into());
            }
        }
        let report = json!({ "status": if well { "ok" } else { "failing" }, "checks": report });
        *last = Some((Instant::now(), report.clone(), well));
        (report, well)
    }
}

pub(super) async fn healthz(checkup: web::Data<Checkup>) -> HttpResponse {
    let (report, well) = checkup.run().await;
    let mut response = if well {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    response
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .json(report)
}

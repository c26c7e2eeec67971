//! The clock: providers refuse a signature whose time is off by five minutes, and
//! what is written in the log should be true.

use super::{Check, in_time};
use crate::config::Config;
use crate::config::delivery::SmsDriver;
use qunliao_delivery::{Endpoint, date_at};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// What providers allow.
const FATAL: Duration = Duration::from_secs(5 * 60);
/// What a clock that is looked after does not reach. `Date` has seconds.
const NOTABLE: Duration = Duration::from_secs(30);

/// Asks the gateways what time it is, else the system whether it asks anyone.
pub(super) async fn check(config: &Config) -> Check {
    for (whose, url, ca_file) in endpoints(config) {
        let endpoint = Endpoint {
            url,
            timeout: PATIENCE,
            ca_file,
        };
        let asked = in_time(PATIENCE, date_at(&endpoint)).await;
        let Some(Ok(Some(date))) = asked else {
            continue;
        };
        if let Ok(there) = httpdate::parse_http_date(&date) {
            return judge(SystemTime::now(), there, whose);
        }
    }
    let synchronised = tokio::task::spawn_blocking(synchronised);
    match in_time(PATIENCE, synchronised).await {
        Some(Ok(Some(true))) => Check::well(
            "clock",
            "The system keeps it by NTP (timedatectl says so); nothing else could be compared.",
        ),
        Some(Ok(Some(false))) => Check::warning(
            "clock",
            "The system does not keep it by NTP (timedatectl says so).",
            "timedatectl set-ntp true, or chrony: signatures for SMS fail when it is off by five minutes.",
        ),
        _ => Check::skipped(
            "clock",
            "There is neither a gateway to compare it with, nor timedatectl. Compare `date -u` yourself.",
        ),
    }
}

/// The gateways that speak HTTPS, or HTTP on this machine.
fn endpoints(config: &Config) -> Vec<(&'static str, String, Option<PathBuf>)> {
    let it = &config.delivery;
    let endpoint = |driver: &SmsDriver| match driver {
        SmsDriver::Aliyun => Some(("aliyun", &it.aliyun.url, &it.aliyun.ca_file)),
        SmsDriver::Tencent => Some(("tencent", &it.tencent.url, &it.tencent.ca_file)),
        SmsDriver::Yunxin => Some(("yunxin", &it.yunxin.url, &it.yunxin.ca_file)),
        SmsDriver::Twilio => Some(("twilio", &it.twilio.url, &it.twilio.ca_file)),
        SmsDriver::Webhook => Some(("webhook", &it.webhook.url, &it.webhook.ca_file)),
        SmsDriver::Kannel | SmsDriver::Outbox => None,
    };
    let chosen = it.sms.0.iter().filter_map(endpoint);
    chosen
        .map(|(whose, url, ca_file)| (whose, url.clone(), ca_file.clone()))
        .collect()
}

fn judge(here: SystemTime, there: SystemTime, whose: &str) -> Check {
    let (off, word) = match here.duration_since(there) {
        Ok(off) => (off, "fast"),
        Err(why) => (why.duration(), "slow"),
    };
    let seconds = off.as_secs();
    let advice = "Let the system keep it: timedatectl set-ntp true, or chrony.";
    let finding = format!("It is {seconds} s {word}, by the Date that {whose}'s server gives.");
    if off >= FATAL {
        let finding = format!("{finding} Signatures for SMS fail beyond 300 s.");
        return Check::wrong("clock", finding, advice);
    }
    if off >= NOTABLE {
        return Check::warning("clock", finding, advice);
    }
    Check::well(
        "clock",
        format!("It agrees with the Date that {whose}'s server gives."),
    )
}

/// What systemd knows; `None` where it is not.
fn synchronised() -> Option<bool> {
    let asked = std::process::Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized", "--value"])
        .stdin(std::process::Stdio::null())
        .output();
    match asked.ok()?.stdout.trim_ascii() {
        b"yes" => Some(true),
        b"no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn a_clock_is_judged_by_how_far_it_is_off_either_way() {
        let here = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for (seconds, state) in [
            (0, State::Well),
            (29, State::Well),
            (30, State::Warning),
            (299, State::Warning),
            (300, State::Wrong),
        ] {
            let off = Duration::from_secs(seconds);
            assert_eq!(judge(here, here + off, "x").state, state, "{seconds}");
            assert_eq!(judge(here, here - off, "x").state, state, "-{seconds}");
        }
    }
}

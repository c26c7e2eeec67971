//! The ways to phones and addresses.

use super::{Check, in_time};
use crate::config::delivery::{MailDriver, SmsDriver};
use crate::config::{Config, LanguageName};
use qunliao_actors::contacts::parse_email;
use qunliao_delivery::{Content, Language, Mailer as _, Message, Purpose};
use std::time::Duration;

/// What a message for trying out carries.
const CODE: &str = "000000";
/// A number that a dry run shows; nothing goes there.
const NUMBER: &str = "+8613800138000";

/// Signs in to the mail server, without a mail.
pub(super) async fn mail(config: &Config) -> Check {
    let name = "mail";
    match config.delivery.mail {
        MailDriver::None => return Check::skipped(name, "There is no way for mail."),
        MailDriver::Outbox => return Check::warning(name, OUTBOX, "delivery.mail: smtp"),
        MailDriver::Smtp => {}
    }
    let smtp = match config.mail_server() {
        Ok(Some(smtp)) => smtp,
        Ok(None) => return Check::skipped(name, "There is no way for mail."),
        Err(why) => return Check::wrong(name, why.to_string(), "Mend the configuration."),
    };
    let (host, port) = (&config.delivery.smtp.host, config.delivery.smtp.port);
    match in_time(patience(config), smtp.check()).await {
        Some(Ok(())) => Check::well(name, format!("{host}:{port} lets us in.")),
        Some(Err(why)) => Check::wrong(name, format!("{host}:{port}: {why}."), SMTP_ADVICE),
        None => Check::wrong(name, format!("{host}:{port} does not answer."), SMTP_ADVICE),
    }
}

const OUTBOX: &str =
    "It goes to outbox.jsonl in the data folder, where only the operator reads it.";
const SMTP_ADVICE: &str =
    "See delivery.smtp in config.yaml; 465 goes with tls: implicit, 587 with starttls.";

/// Sends a mail.
pub(super) async fn test_mail(config: &Config, address: &str) -> Check {
    let name = "test_mail";
    let Some(to) = parse_email(address) else {
        return Check::wrong(name, "That is no e-mail address.", "Give another.");
    };
    let smtp = match config.mail_server() {
        Ok(Some(smtp)) => smtp,
        Ok(None) => return Check::skipped(name, "There is no mail server to send it by."),
        Err(why) => return Check::wrong(name, why.to_string(), "Mend the configuration."),
    };
    match in_time(patience(config), smtp.send(&message(config, to))).await {
        Some(Ok(())) => Check::well(
            name,
            format!(
                "The mail server has taken a mail with the code {CODE}. Look whether it arrives, also among spam."
            ),
        ),
        Some(Err(why)) => Check::wrong(name, format!("It was not taken: {why}."), SMTP_ADVICE),
        None => Check::wrong(name, "The mail server does not answer.", SMTP_ADVICE),
    }
}

/// Shows what each gateway would be sent, and what would be signed.
pub(super) fn sms(config: &Config) -> Vec<Check> {
    let drivers = &config.delivery.sms.0;
    if drivers.is_empty() {
        return vec![Check::skipped("sms", "There is no way for SMS.")];
    }
    drivers
        .iter()
        .map(|driver| gateway(config, *driver))
        .collect()
}

fn gateway(config: &Config, driver: SmsDriver) -> Check {
    let gateway = match config.sms_gateway(driver) {
        Ok(Some(gateway)) => gateway,
        Ok(None) => {
            return Check::warning("sms:outbox", OUTBOX, "delivery.sms: one of the gateways");
        }
        Err(why) => {
            let name = format!("sms:{driver:?}").to_lowercase();
            return Check::wrong(&name, why.to_string(), "Mend the configuration.");
        }
    };
    let name = format!("sms:{}", gateway.name());
    match gateway.dry_run(&message(config, NUMBER.to_owned())) {
        Ok(Some(dry_run)) => Check {
            detail: Some(dry_run.to_string()),
            ..Check::well(
                &name,
                "This would be sent; nothing was, and whether it would be taken is not known.",
            )
        },
        Ok(None) => Check::skipped(&name, "It has nothing to show."),
        Err(why) => Check::wrong(
            &name,
            format!("Nothing could be sent: {why}."),
            "See config.yaml, and the provider's templates.",
        ),
    }
}

fn message(config: &Config, to: String) -> Message {
    Message {
        to,
        content: Content::Code {
            code: CODE.to_owned(),
            purpose: Purpose::Register,
            lifetime_minutes: u32::try_from(config.codes.lifetime_seconds.div_ceil(60))
                .unwrap_or(u32::MAX),
        },
        language: match config.language {
            LanguageName::Zh => Language::Chinese,
            LanguageName::En => Language::English,
        },
        request_id: "doctor".to_owned(),
    }
}

/// A little more than the driver allows itself, whose own word says more.
fn patience(config: &Config) -> Duration {
    Duration::from_secs(config.delivery.smtp.timeout_seconds.saturating_add(5))
}

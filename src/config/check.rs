//! Whether the parts of a configuration fit together, before anything is started.

use super::{Config, ConfigError, MailDriver, SecretText, SmsDriver, SmtpTls};
use qunliao_actors::contacts::PhoneBook;
use qunliao_delivery::{Secret, SmtpSettings, WebhookSettings};
use qunliao_protocol::frame::BODY_BYTES_LIMIT;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// No timeout or lifetime is longer: it would mean that there is none.
const SECONDS_MAX: u64 = 24 * 3600;

impl Config {
    /// Checks what the types alone cannot.
    ///
    /// # Errors
    /// [`ConfigError::Unfit`], naming the key.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_limits()?;
        self.check_delivery()?;
        let unfit = |key, why: &str| Err(ConfigError::Unfit(key, why.to_owned()));
        if self.phone_book().is_err() {
            return unfit(
                "registration.phone_region",
                "must be a region of ISO 3166, such as CN",
            );
        }
        let listen = &self.listen;
        let addresses = [listen.auth, listen.chat, listen.files, listen.web];
        let clash = |(i, address): (usize, &SocketAddr)| {
            address.port() != 0 && addresses[..i].contains(address)
        };
        if addresses.iter().enumerate().any(clash) {
            return unfit("listen", "must have four different addresses");
        }
        let is_prefix = |prefix: &String| {
            let digits = prefix.strip_prefix('+').unwrap_or_default();
            !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
        };
        if !self.registration.phone_prefixes.iter().all(is_prefix) {
            return unfit(
                "registration.phone_prefixes",
                "must be a plus and digits each, such as +86",
            );
        }
        if ![1, 2].contains(&self.protocol.register_reply_op) {
            return unfit(
                "protocol.register_reply_op",
                "must be 2, or 1 as in the origin's example",
            );
        }
        if self.sessions.lifetime_days == 0 || self.sessions.per_user_max == 0 {
            return unfit("sessions", "must have values of at least 1");
        }
        if self.codes.lifetime_seconds == 0
            || self.codes.lifetime_seconds > SECONDS_MAX
            || self.codes.wrong_tries_max == 0
        {
            return unfit(
                "codes",
                "a code lives between a second and a day, and has at least one try",
            );
        }
        if self.codes.wrong_tries_max > 100 {
            return unfit("codes.wrong_tries_max", "must be at most 100");
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), ConfigError> {
        let limits = &self.limits;
        for (key, seconds) in [
            ("limits.frame_timeout_seconds", limits.frame_timeout_seconds),
            ("limits.write_timeout_seconds", limits.write_timeout_seconds),
            ("limits.idle_timeout_seconds", limits.idle_timeout_seconds),
            ("limits.transfer_wait_seconds", limits.transfer_wait_seconds),
            (
                "limits.transfer_stall_seconds",
                limits.transfer_stall_seconds,
            ),
            ("limits.discard_seconds", limits.discard_seconds),
            (
                "limits.credential_memory_seconds",
                limits.credential_memory_seconds,
            ),
            ("codes.gap_seconds", self.codes.gap_seconds.max(1)),
            (
                "codes.wrong_tries_window_seconds",
                self.codes.wrong_tries_window_seconds,
            ),
            (
                "delivery.webhook.timeout_seconds",
                self.delivery.webhook.timeout_seconds,
            ),
            (
                "delivery.smtp.timeout_seconds",
                self.delivery.smtp.timeout_seconds,
            ),
        ] {
            if !(1..=SECONDS_MAX).contains(&seconds) {
                return Err(ConfigError::Unfit(
                    key,
                    format!("must be between 1 and {SECONDS_MAX} seconds"),
                ));
            }
        }
        for (key, count) in [
            ("limits.connections_max", limits.connections_max),
            (
                "limits.connections_per_address_max",
                limits.connections_per_address_max,
            ),
            ("limits.outbound_bytes_max", limits.outbound_bytes_max),
            ("limits.open_requests_max", limits.open_requests_max),
            (
                "limits.wrong_credentials_max",
                limits.wrong_credentials_max as usize,
            ),
            ("limits.message_bytes_max", limits.message_bytes_max),
            (
                "limits.messages_per_second",
                limits.messages_per_second as usize,
            ),
            ("limits.messages_burst", limits.messages_burst as usize),
            ("limits.room_members_max", limits.room_members_max),
            ("limits.rooms_per_user_max", limits.rooms_per_user_max),
            ("limits.open_uploads_per_user", limits.open_uploads_per_user),
            (
                "limits.open_downloads_per_user",
                limits.open_downloads_per_user,
            ),
            ("limits.transfers_max", limits.transfers_max),
            ("limits.password_queue_max", limits.password_queue_max),
            (
                "limits.password_queue_per_address_max",
                limits.password_queue_per_address_max,
            ),
            (
                "limits.wrong_credentials_per_address_burst",
                limits.wrong_credentials_per_address_burst as usize,
            ),
            (
                "limits.wrong_credentials_per_address_minute",
                limits.wrong_credentials_per_address_minute as usize,
            ),
            ("limits.deliveries_max", limits.deliveries_max),
        ] {
            if count == 0 {
                return Err(ConfigError::Unfit(key, "must be at least 1".into()));
            }
        }
        if !(1024..BODY_BYTES_LIMIT).contains(&limits.frame_bytes_max) {
            let why = format!("must be between 1024 and {} bytes", BODY_BYTES_LIMIT - 1);
            return Err(ConfigError::Unfit("limits.frame_bytes_max", why));
        }
        if limits.message_bytes_max >= limits.frame_bytes_max {
            let why =
                "must be less than limits.frame_bytes_max, which has to hold the message".into();
            return Err(ConfigError::Unfit("limits.message_bytes_max", why));
        }
        Ok(())
    }

    fn check_delivery(&self) -> Result<(), ConfigError> {
        let delivery = &self.delivery;
        let uses_outbox = delivery.sms == SmsDriver::Outbox || delivery.mail == MailDriver::Outbox;
        let listen = &self.listen;
        let is_reachable = [listen.auth, listen.chat, listen.files, listen.web]
            .iter()
            .any(|address| !address.ip().to_canonical().is_loopback());
        if uses_outbox && is_reachable && !delivery.outbox_on_network {
            let why = "with an address that others can reach, codes in a file would keep them from signing up; \
                       choose another driver, or set delivery.outbox_on_network";
            return Err(ConfigError::Unfit("delivery", why.into()));
        }
        if delivery.sms == SmsDriver::Webhook {
            let settings = self.webhook_settings()?;
            let unfit = |why: qunliao_delivery::SettingsError| {
                ConfigError::Unfit("delivery.webhook", why.to_string())
            };
            qunliao_delivery::Webhook::new(settings).map_err(unfit)?;
        }
        if delivery.mail == MailDriver::Smtp {
            let settings = self.smtp_settings()?;
            let unfit = |why: qunliao_delivery::SettingsError| {
                ConfigError::Unfit("delivery.smtp", why.to_string())
            };
            qunliao_delivery::Smtp::new(settings).map_err(unfit)?;
        }
        Ok(())
    }

    pub(crate) fn phone_book(&self) -> Result<PhoneBook, ConfigError> {
        let registration = &self.registration;
        PhoneBook::new(
            &registration.phone_region,
            registration.phone_prefixes.clone(),
        )
        .map_err(|region| {
            ConfigError::Unfit(
                "registration.phone_region",
                format!("there is no region {region}"),
            )
        })
    }

    pub(crate) fn webhook_settings(&self) -> Result<WebhookSettings, ConfigError> {
        let webhook = &self.delivery.webhook;
        let secret = secret(
            "delivery.webhook.secret",
            &webhook.secret,
            webhook.secret_file.as_deref(),
        )?;
        Ok(WebhookSettings {
            url: webhook.url.clone(),
            secret: secret.unwrap_or_else(|| Secret::from(String::new())),
            timeout: Duration::from_secs(webhook.timeout_seconds),
            ca_file: webhook.ca_file.clone(),
        })
    }

    pub(crate) fn smtp_settings(&self) -> Result<SmtpSettings, ConfigError> {
        let smtp = &self.delivery.smtp;
        Ok(SmtpSettings {
            host: smtp.host.clone(),
            port: smtp.port,
            tls: match smtp.tls {
                SmtpTls::Implicit => qunliao_delivery::SmtpTls::Implicit,
                SmtpTls::Starttls => qunliao_delivery::SmtpTls::StartTls,
                SmtpTls::None => qunliao_delivery::SmtpTls::None,
            },
            user: Some(smtp.user.clone()).filter(|user| !user.is_empty()),
            password: secret(
                "delivery.smtp.password",
                &smtp.password,
                smtp.password_file.as_deref(),
            )?,
            from: smtp.from.clone(),
            ca_file: smtp.ca_file.clone(),
            timeout: Duration::from_secs(smtp.timeout_seconds),
        })
    }
}

/// A secret that stands in the configuration (best from the environment) or in a file.
fn secret(
    key: &'static str,
    text: &SecretText,
    file: Option<&Path>,
) -> Result<Option<Secret>, ConfigError> {
    match (text.0.as_str(), file) {
        ("", None) => Ok(None),
        ("", Some(path)) => match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(Secret::from(
                text.trim_end_matches(['\r', '\n']).to_owned(),
            ))),
            Err(why) => Err(ConfigError::Unfit(
                key,
                format!("{}: {why}", path.display()),
            )),
        },
        (text, None) => Ok(Some(Secret::from(text.to_owned()))),
        (_, Some(_)) => Err(ConfigError::Unfit(
            key,
            "must not be given twice, also as a file".into(),
        )),
    }
}

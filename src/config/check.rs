//! Whether the parts of a configuration fit together, before anything is started.

use super::{Config, ConfigError, TlsMode};
use crate::web::PublicUrl;
use qunliao_actors::contacts::PhoneBook;
use qunliao_protocol::frame::BODY_BYTES_LIMIT;
use rustls::pki_types::ServerName;
use std::net::SocketAddr;

/// No timeout or lifetime is longer: it would mean that there is none.
const SECONDS_MAX: u64 = 24 * 3600;
/// The longest life of any link.
const LINK_HOURS_MAX: u32 = 366 * 24;
/// Of what there has to be some.
const AT_LEAST_ONE: &str = "must be at least 1, and is 0";
/// A link that makes its user the owner should not lie around for longer.
const SETUP_HOURS_MAX: u32 = 720;

impl Config {
    /// Checks what the types alone cannot.
    ///
    /// # Errors
    /// [`ConfigError::Unfit`], naming the key.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_limits()?;
        self.check_delivery()?;
        self.check_tls()?;
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
        if !(1..=SETUP_HOURS_MAX).contains(&self.registration.setup_hours) {
            let hours = self.registration.setup_hours;
            let why = format!("must be between 1 and {SETUP_HOURS_MAX} hours, and is {hours}");
            return unfit("registration.setup_hours", &why);
        }
        let registration = &self.registration;
        for (key, hours) in [
            ("registration.invite_hours", registration.invite_hours),
            (
                "registration.reset_link_hours",
                registration.reset_link_hours,
            ),
        ] {
            if !(1..=LINK_HOURS_MAX).contains(&hours) {
                let why = format!("must be between 1 and {LINK_HOURS_MAX} hours, and is {hours}");
                return unfit(key, &why);
            }
        }
        let public_url = &self.web.public_url;
        if !public_url.is_empty() && PublicUrl::parse(public_url).is_none() {
            return unfit(
                "web.public_url",
                "must be a scheme, a host and perhaps a port, such as https://chat.example.org",
            );
        }
        if ![1, 2].contains(&self.protocol.register_reply_op) {
            return unfit(
                "protocol.register_reply_op",
                "must be 2, or 1 as in the origin's example",
            );
        }
        let sessions = &self.sessions;
        if sessions.idle_days == 0 {
            return unfit("sessions.idle_days", AT_LEAST_ONE);
        }
        if sessions.per_user_max == 0 {
            return unfit("sessions.per_user_max", AT_LEAST_ONE);
        }
        if sessions.lifetime_days < sessions.idle_days {
            return unfit(
                "sessions.lifetime_days",
                "must be at least sessions.idle_days",
            );
        }
        if !(1..=20).contains(&self.codes.wrong_tries_max) {
            return unfit("codes.wrong_tries_max", "must be between 1 and 20");
        }
        if self.codes.breaker_sample == 0 {
            return unfit("codes.breaker_sample", AT_LEAST_ONE);
        }
        if self.codes.breaker_ratio_percent > 100 {
            return unfit("codes.breaker_ratio_percent", "must be at most 100");
        }
        let limits = &self.limits;
        if limits.wrong_password_delay_seconds > limits.wrong_password_delay_seconds_max {
            return unfit(
                "limits.wrong_password_delay_seconds",
                "must be at most limits.wrong_password_delay_seconds_max",
            );
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), ConfigError> {
        let limits = &self.limits;
        for (key, seconds) in [
            ("limits.frame_timeout_seconds", limits.frame_timeout_seconds),
            ("limits.write_timeout_seconds", limits.write_timeout_seconds),
            (
                "limits.web_connection_seconds_max",
                limits.web_connection_seconds_max,
            ),
            ("limits.tls_handshake_seconds", limits.tls_handshake_seconds),
            ("limits.proxy_header_seconds", limits.proxy_header_seconds),
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
            ("codes.lifetime_seconds", self.codes.lifetime_seconds),
            ("codes.gap_seconds", self.codes.gap_seconds.max(1)),
            (
                "codes.wrong_tries_window_seconds",
                self.codes.wrong_tries_window_seconds,
            ),
            ("delivery.deadline_seconds", self.delivery.deadline_seconds),
            ("delivery.rest_seconds", self.delivery.rest_seconds),
            (
                "delivery.aliyun.timeout_seconds",
                self.delivery.aliyun.timeout_seconds,
            ),
            (
                "delivery.tencent.timeout_seconds",
                self.delivery.tencent.timeout_seconds,
            ),
            (
                "delivery.yunxin.timeout_seconds",
                self.delivery.yunxin.timeout_seconds,
            ),
            (
                "delivery.twilio.timeout_seconds",
                self.delivery.twilio.timeout_seconds,
            ),
            (
                "delivery.kannel.timeout_seconds",
                self.delivery.kannel.timeout_seconds,
            ),
            (
                "codes.breaker_pause_seconds",
                self.codes.breaker_pause_seconds,
            ),
            (
                "codes.breaker_probe_seconds",
                self.codes.breaker_probe_seconds,
            ),
            (
                "limits.wrong_password_delay_seconds",
                limits.wrong_password_delay_seconds,
            ),
            (
                "limits.wrong_password_delay_seconds_max",
                limits.wrong_password_delay_seconds_max,
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
                    format!("must be between 1 and {SECONDS_MAX} seconds, and is {seconds}"),
                ));
            }
        }
        for (key, count) in [
            ("limits.connections_max", limits.connections_max),
            (
                "limits.connections_per_address_max",
                limits.connections_per_address_max,
            ),
            ("limits.web_connections_max", limits.web_connections_max),
            (
                "limits.web_connections_per_address_max",
                limits.web_connections_per_address_max,
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
            (
                "limits.wrong_credentials_per_prefix_burst",
                limits.wrong_credentials_per_prefix_burst as usize,
            ),
            (
                "limits.wrong_credentials_per_prefix_minute",
                limits.wrong_credentials_per_prefix_minute as usize,
            ),
            (
                "limits.wrong_passwords_by_strangers",
                limits.wrong_passwords_by_strangers as usize,
            ),
            (
                "limits.wrong_passwords_by_known_network",
                limits.wrong_passwords_by_known_network as usize,
            ),
            ("limits.deliveries_max", limits.deliveries_max),
            (
                "delivery.failures_until_rest",
                self.delivery.failures_until_rest as usize,
            ),
        ] {
            if count == 0 {
                return Err(ConfigError::Unfit(key, AT_LEAST_ONE.into()));
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

    /// Where links lead to, while the web port listens on `web`.
    pub(crate) fn public_url(&self, web: SocketAddr) -> PublicUrl {
        PublicUrl::parse(&self.web.public_url).unwrap_or_else(|| {
            let is_local = web.ip().to_canonical().is_loopback();
            let is_secure = match self.tls.mode {
                TlsMode::Off => false,
                TlsMode::Optional => !is_local,
                TlsMode::Required => true,
            };
            let name = self.tls.names.first().filter(|_| !is_local);
            PublicUrl::of(web, name.map(String::as_str), is_secure)
        })
    }

    fn check_tls(&self) -> Result<(), ConfigError> {
        let tls = &self.tls;
        let unfit = |key, why: &str| Err(ConfigError::Unfit(key, why.to_owned()));
        if tls.cert_file.is_some() != tls.key_file.is_some() {
            return unfit(
                "tls",
                "cert_file and key_file go together: give both, or none for a certificate \
                 that the server makes itself",
            );
        }
        let is_name = |name: &String| ServerName::try_from(name.as_str()).is_ok();
        if !tls.names.iter().all(is_name) {
            return unfit(
                "tls.names",
                "must be names or addresses, such as chat.example.org or 192.0.2.7",
            );
        }
        if let (Some(cert), Some(key), true) =
            (&tls.cert_file, &tls.key_file, tls.mode != TlsMode::Off)
        {
            crate::tls::load_pair(cert, key)
                .map_err(|why| ConfigError::Unfit("tls", why.to_string()))?;
        }
        Ok(())
    }

    /// Whether others than this machine can connect.
    pub(crate) fn is_reachable(&self) -> bool {
        let listen = &self.listen;
        [listen.auth, listen.chat, listen.files, listen.web]
            .iter()
            .any(|address| !address.ip().to_canonical().is_loopback())
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
}

//! Every limit that the actors keep, as the configuration sets it. `config.yaml`
//! gives the reason of each default.

use crate::brake::{BrakeLimits, GuessLimits};
use crate::chat_room::RoomRules;
use crate::pace::Rate;
use serde::Deserialize;
use std::time::Duration;

/// The section `limits` of the configuration. Sizes in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections on all ports together.
    pub connections_max: usize,
    /// Connections of one address (of one /64 with IPv6).
    pub connections_per_address_max: usize,
    /// Connections on the web port; trusted proxies have as many besides.
    pub web_connections_max: usize,
    /// Those of one address.
    pub web_connections_per_address_max: usize,
    /// Seconds after which a connection on the web port ends, whatever it does.
    pub web_connection_seconds_max: u64,
    /// The body of a request.
    pub frame_bytes_max: usize,
    /// Seconds from the first byte of a frame to its last.
    pub frame_timeout_seconds: u64,
    /// Seconds without progress after which a blocked write ends its connection.
    pub write_timeout_seconds: u64,
    /// Seconds from the first byte of a TLS handshake to its end.
    pub tls_handshake_seconds: u64,
    /// Seconds that a trusted proxy has to say for whom it connects.
    pub proxy_header_seconds: u64,
    /// Seconds of silence on the auth and files ports. On the chat port silence is legal.
    pub idle_timeout_seconds: u64,
    /// Bytes that wait for one slow reader in memory; beyond, it reads from the log.
    pub outbound_bytes_max: usize,
    /// Requests of one connection under way; beyond, its socket is not read.
    pub open_requests_max: usize,
    /// Wrong credentials on one connection, after which it is closed.
    pub wrong_credentials_max: u32,
    /// Wrong credentials of one address at once, after a pause.
    pub wrong_credentials_per_address_burst: u32,
    /// Wrong credentials of one address in a minute, sustained.
    pub wrong_credentials_per_address_minute: u32,
    /// Wrong credentials of one /24 (IPv6: /48) at once, after a pause.
    pub wrong_credentials_per_prefix_burst: u32,
    /// Wrong credentials of one /24 (IPv6: /48) in a minute, sustained.
    pub wrong_credentials_per_prefix_minute: u32,
    /// Wrong passwords for one account from networks it is not known in, before
    /// all of these have to wait.
    pub wrong_passwords_by_strangers: u32,
    /// Wrong passwords for one account from one network it is known in, before
    /// that network has to wait.
    pub wrong_passwords_by_known_network: u32,
    /// Seconds that they wait first; each wrong one doubles it.
    pub wrong_password_delay_seconds: u64,
    /// The longest that they wait, and how long a wrong password counts.
    pub wrong_password_delay_seconds_max: u64,
    /// The text of a message.
    pub message_bytes_max: usize,
    /// Messages of one user in a second, sustained.
    pub messages_per_second: u32,
    /// Messages of one user at once, after a pause.
    pub messages_burst: u32,
    /// The words that users say of themselves.
    pub bio_bytes_max: usize,
    /// Users that can be in a room at once.
    pub room_members_max: usize,
    /// Rooms that a user can be in, the lobby aside.
    pub rooms_per_user_max: usize,
    /// Seconds in which an author may recall a message.
    pub recall_seconds: u64,
    /// Seconds in which an author may edit a message.
    pub edit_seconds: u64,
    /// Edits of a message.
    pub edits_per_message_max: usize,
    /// Different reactions to a message.
    pub reactions_per_message_max: usize,
    /// Pinned messages of a room.
    pub pins_per_room_max: usize,
    /// A file.
    pub file_bytes_max: u64,
    /// Uploads of one user at once.
    pub open_uploads_per_user: usize,
    /// Downloads of one user at once.
    pub open_downloads_per_user: usize,
    /// Uploads and downloads at once, all together.
    pub transfers_max: usize,
    /// Seconds that a transfer waits for its turn.
    pub transfer_wait_seconds: u64,
    /// Seconds over which a transfer has to keep up its least rate.
    pub transfer_stall_seconds: u64,
    /// The least rate of a transfer, in bytes a second.
    pub transfer_bytes_per_second_min: u64,
    /// Bytes of a refused upload that are read and thrown away, so that the answer arrives.
    pub discard_bytes_max: u64,
    /// Seconds for which that goes on.
    pub discard_seconds: u64,
    /// Passwords being hashed or checked at once; 0 means one per core.
    pub password_threads: usize,
    /// Passwords that wait for that or are at it; beyond, a sign-in is answered with 106.
    pub password_queue_max: usize,
    /// Passwords of one address among those.
    pub password_queue_per_address_max: usize,
    /// Seconds for which a checked credential is remembered.
    pub credential_memory_seconds: u64,
    /// Codes and mails being sent at once.
    pub deliveries_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            connections_per_address_max: 2_000,
            web_connections_max: 256,
            web_connections_per_address_max: 32,
            web_connection_seconds_max: 300,
            frame_bytes_max: 64 << 10,
            frame_timeout_seconds: 20,
            write_timeout_seconds: 60,
            tls_handshake_seconds: 10,
            proxy_header_seconds: 5,
            idle_timeout_seconds: 120,
            outbound_bytes_max: 1 << 20,
            open_requests_max: 256,
            wrong_credentials_max: 5,
            wrong_credentials_per_address_burst: 100,
            wrong_credentials_per_address_minute: 10,
            wrong_credentials_per_prefix_burst: 400,
            wrong_credentials_per_prefix_minute: 40,
            wrong_passwords_by_strangers: 10,
            wrong_passwords_by_known_network: 20,
            wrong_password_delay_seconds: 2,
            wrong_password_delay_seconds_max: 900,
            message_bytes_max: 16 << 10,
            messages_per_second: 10,
            messages_burst: 40,
            bio_bytes_max: 600,
            room_members_max: 5_000,
            rooms_per_user_max: 200,
            recall_seconds: 120,
            edit_seconds: 24 * 3600,
            edits_per_message_max: 50,
            reactions_per_message_max: 20,
            pins_per_room_max: 50,
            file_bytes_max: 10 << 30,
            open_uploads_per_user: 16,
            open_downloads_per_user: 8,
            transfers_max: 64,
            transfer_wait_seconds: 30,
            transfer_stall_seconds: 30,
            transfer_bytes_per_second_min: 4 << 10,
            discard_bytes_max: 64 << 20,
            discard_seconds: 10,
            password_threads: 0,
            password_queue_max: 1_000,
            password_queue_per_address_max: 64,
            credential_memory_seconds: 600,
            deliveries_max: 64,
        }
    }
}

impl Limits {
    /// See [`Limits::frame_timeout_seconds`].
    #[must_use]
    pub fn frame_timeout(&self) -> Duration {
        Duration::from_secs(self.frame_timeout_seconds)
    }

    /// See [`Limits::write_timeout_seconds`].
    #[must_use]
    pub fn write_timeout(&self) -> Duration {
        Duration::from_secs(self.write_timeout_seconds)
    }

    /// See [`Limits::web_connection_seconds_max`].
    #[must_use]
    pub fn web_connection_time(&self) -> Duration {
        Duration::from_secs(self.web_connection_seconds_max)
    }

    /// See [`Limits::tls_handshake_seconds`].
    #[must_use]
    pub fn tls_handshake(&self) -> Duration {
        Duration::from_secs(self.tls_handshake_seconds)
    }

    /// See [`Limits::proxy_header_seconds`].
    #[must_use]
    pub fn proxy_header(&self) -> Duration {
        Duration::from_secs(self.proxy_header_seconds)
    }

    /// See [`Limits::idle_timeout_seconds`].
    #[must_use]
    pub fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout_seconds)
    }

    /// See [`Limits::transfer_stall_seconds`].
    #[must_use]
    pub fn transfer_stall(&self) -> Duration {
        Duration::from_secs(self.transfer_stall_seconds)
    }

    /// See [`Limits::transfer_wait_seconds`].
    #[must_use]
    pub fn transfer_wait(&self) -> Duration {
        Duration::from_secs(self.transfer_wait_seconds)
    }

    /// See [`Limits::discard_seconds`].
    #[must_use]
    pub fn discard_time(&self) -> Duration {
        Duration::from_secs(self.discard_seconds)
    }

    /// What rooms go by.
    #[must_use]
    pub fn rooms(&self) -> RoomRules {
        RoomRules {
            members_max: self.room_members_max,
            recall_ms: self.recall_seconds.saturating_mul(1_000),
            edit_ms: self.edit_seconds.saturating_mul(1_000),
            pins_max: self.pins_per_room_max,
            reactions_max: self.reactions_per_message_max,
            edits_max: self.edits_per_message_max,
        }
    }

    /// What the brake on guessing goes by.
    #[must_use]
    pub fn brake(&self) -> BrakeLimits {
        let rate = |minute: u32, burst| Rate {
            every: Duration::from_secs(60) / minute.max(1),
            burst,
        };
        BrakeLimits {
            under_way: self.password_queue_per_address_max,
            wrong: rate(
                self.wrong_credentials_per_address_minute,
                self.wrong_credentials_per_address_burst,
            ),
            wrong_of_prefix: rate(
                self.wrong_credentials_per_prefix_minute,
                self.wrong_credentials_per_prefix_burst,
            ),
            guesses: GuessLimits {
                by_strangers: self.wrong_passwords_by_strangers,
                by_known_network: self.wrong_passwords_by_known_network,
                delay: Duration::from_secs(self.wrong_password_delay_seconds),
                delay_max: Duration::from_secs(self.wrong_password_delay_seconds_max),
            },
        }
    }
}

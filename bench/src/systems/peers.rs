//! How the peers are started: their configurations, with every limit lifted that
//! would keep them from doing what they can, and nothing kept on disk where they
//! can do without.

use super::System;
use std::net::SocketAddr;
use std::path::Path;

/// What a peer's program is called.
pub(super) fn program(system: System) -> &'static str {
    match system {
        System::Redis => "redis-server",
        System::Inspircd => "inspircd",
        System::Ngircd => "ngircd",
        System::MosquittoQos0 | System::MosquittoQos1 => "mosquitto",
        _ => "nats-server",
    }
}

/// How it is told where its configuration is.
pub(super) fn arguments(system: System, config: &Path) -> Vec<String> {
    let config = config.display().to_string();
    match system {
        System::Redis => vec![config],
        System::Inspircd => vec![
            "--nofork".into(),
            "--runasroot".into(),
            format!("--config={config}"),
        ],
        System::Ngircd => vec!["--nodaemon".into(), "--config".into(), config],
        _ => vec!["-c".into(), config],
    }
}

/// Its configuration.
pub(super) fn config(system: System, address: SocketAddr, folder: &Path) -> String {
    let (port, folder) = (address.port(), folder.display());
    match system {
        System::Redis => format!(
            "bind 127.0.0.1\nport {port}\ndir {folder}\nsave \"\"\nappendonly no\n\
             maxclients 16000\ntcp-backlog 4096\n\
             client-output-buffer-limit normal 0 0 0\n\
             client-output-buffer-limit pubsub 0 0 0\n"
        ),
        System::Inspircd => inspircd(port, &folder.to_string()),
        System::Ngircd => format!(
            "[Global]\nName = irc.local\nInfo = measured\nListen = 127.0.0.1\nPorts = {port}\n\
             ServerUID = root\nServerGID = root\nMotdPhrase = none\n\
             [Limits]\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxJoins = 0\n\
             MaxNickLength = 20\nMaxPenaltyTime = 0\nPingTimeout = 3600\n\
             [Options]\nDNS = no\nIdent = no\nPAM = no\n"
        ),
        System::MosquittoQos0 | System::MosquittoQos1 => format!(
            "listener {port} 127.0.0.1\nuser root\nallow_anonymous true\npersistence false\n\
             set_tcp_nodelay true\nmax_connections -1\nmax_inflight_messages 0\n\
             max_queued_messages 0\nlog_dest stderr\nlog_type error\n"
        ),
        _ => nats(system, port, &folder.to_string()),
    }
}

fn nats(system: System, port: u16, folder: &str) -> String {
    let mut config = format!(
        "listen: \"127.0.0.1:{port}\"\nmax_connections: 16000\nmax_pending: 4GB\n\
         write_deadline: \"60s\"\nping_interval: \"1h\"\n"
    );
    match system {
        System::NatsJs => {
            config += &format!("jetstream {{ store_dir: \"{folder}\", max_file_store: 32GB }}\n");
        }
        System::NatsJsSync => {
            config += &format!(
                "jetstream {{ store_dir: \"{folder}\", max_file_store: 32GB, sync_interval: always }}\n"
            );
        }
        _ => {}
    }
    config
}

fn inspircd(port: u16, folder: &str) -> String {
    const MUCH: &str = "1000000000";
    format!(
        r#"<server name="irc.local" description="measured" network="local">
<admin name="a" nick="a" email="a@localhost">
<bind address="127.0.0.1" port="{port}" type="clients">
<power diepass="none" restartpass="none">
<connect name="all" allow="*" timeout="60" pingfreq="1h" threshold="{MUCH}"
  commandrate="{MUCH}" fakelag="no" hardsendq="{MUCH}" softsendq="{MUCH}" recvq="{MUCH}"
  localmax="100000" globalmax="100000" limit="100000" maxchans="100" useident="no"
  resolvehostnames="no">
<performance somaxconn="4096" softlimit="16000" clonesonconnect="no" netbuffersize="65534">
<options defaultmodes="nt">
<files motd="">
<pid file="{folder}/pid">
<path datadir="{folder}" logdir="{folder}" runtimedir="{folder}">
"#
    )
}

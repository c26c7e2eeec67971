//! A transfer: a socket, a permit, and bytes between the socket and the vault.
//!
//! Reading, hashing, writing and syncing happen on a thread of the pool, with the
//! socket in blocking mode; everything else is a future on the arbiter that
//! waits for that thread. A peer that stalls, or trickles below the least rate,
//! is cut off.

mod pace;
mod receive;
mod send;
mod stream;
mod under_way;

pub use receive::{Upload, receive};
pub use send::send;
pub use stream::Stream;
pub use under_way::Transfers;

use crate::admission::Ticket;
use crate::house::House;
use crate::presence::Here;
use bytes::Bytes;
use pace::Pace;
use qunliao_protocol::HeaderForm;
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Bytes that are read and written at once.
const BUFFER_BYTES: usize = 256 << 10;
/// Bytes that are thrown away at once.
const DISCARD_BYTES: usize = 4 << 10;
/// How often an upload of which nothing comes looks whether it goes on.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A connection's socket on its way through a transfer.
pub struct Wire {
    /// The socket, non-blocking as it came.
    pub stream: Stream,
    /// The connection's header.
    pub form: HeaderForm,
    /// The `seq` that replies repeat.
    pub seq: Option<u64>,
    /// What was read beyond the request: the first bytes of an upload.
    pub leading: Bytes,
    /// The connection's place.
    pub ticket: Ticket,
    /// Who asked for the transfer.
    pub here: Option<Here>,
}

fn prepare(socket: &TcpStream, pace: &Pace) -> io::Result<()> {
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(LOOK_EVERY.min(pace.window)))?;
    socket.set_write_timeout(Some(pace.window))
}

/// Answers, shuts our side, and throws away what still comes, for a while: closing
/// with something unread would reset the connection, and lose the answer.
async fn finish(house: &House, stream: Stream, answer: &[u8]) {
    let (socket, words) = match stream.into_last_words(answer) {
        Ok(parting) => parting,
        Err(why) => {
            log::debug!("event=answer_not_delivered error={:?}", why.kind());
            return;
        }
    };
    let Some(socket) = Arc::into_inner(socket) else {
        log::error!("event=answer_not_delivered error=\"the socket is in use\"");
        return;
    };
    let limits = &house.limits;
    let closing = async {
        socket.set_nonblocking(true)?;
        let mut socket = tokio::net::TcpStream::from_std(socket)?;
        tokio::time::timeout(limits.write_timeout(), socket.write_all(&words)).await??;
        socket.shutdown().await?;
        let discarding = async {
            let (mut rest, mut left) = ([0; DISCARD_BYTES], limits.discard_bytes_max);
            while let Ok(read @ 1..) = socket.read(&mut rest).await {
                left = left.saturating_sub(read as u64);
                if left == 0 {
                    break;
                }
            }
        };
        // When the time is over the client has had its chance.
        let _ = tokio::time::timeout(limits.discard_time(), discarding).await;
        io::Result::Ok(())
    };
    if let Err(why) = closing.await {
        log::debug!("event=answer_not_delivered error={:?}", why.kind());
    }
}

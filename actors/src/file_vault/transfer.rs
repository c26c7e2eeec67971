//! A transfer: a socket, a permit, and bytes between the socket and the vault.
//!
//! Reading, hashing, writing and syncing happen on a thread of the pool, with the
//! socket in blocking mode; everything else is a future on the arbiter that
//! waits for that thread. A peer that stalls, or trickles below the least rate,
//! is cut off.

mod pace;
mod receive;
mod send;
mod under_way;

pub use receive::{Upload, receive};
pub use send::send;
pub use under_way::Transfers;

use crate::admission::Ticket;
use crate::house::House;
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
/// How long a finished transfer waits for its client to close.
const LINGER: Duration = Duration::from_secs(2);

/// A connection's socket on its way through a transfer.
pub struct Wire {
    /// The socket, non-blocking as it came.
    pub socket: TcpStream,
    /// The connection's header.
    pub form: HeaderForm,
    /// The `seq` that replies repeat.
    pub seq: Option<u64>,
    /// What was read beyond the request: the first bytes of an upload.
    pub leading: Bytes,
    /// Replies that were not written yet.
    pub unsent: Vec<Bytes>,
    /// The connection's place.
    pub ticket: Ticket,
}

fn prepare(socket: &TcpStream, pace: &Pace) -> io::Result<()> {
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(pace.window))?;
    socket.set_write_timeout(Some(pace.window))
}

/// Answers, shuts our side, and waits a moment for the client to close: closing
/// with something unread would reset the connection, and lose the answer.
async fn finish(house: &House, socket: Arc<TcpStream>, answer: &[u8]) {
    let Some(socket) = Arc::into_inner(socket) else {
        return;
    };
    let closing = async {
        socket.set_nonblocking(true)?;
        let mut socket = tokio::net::TcpStream::from_std(socket)?;
        tokio::time::timeout(house.limits.write_timeout(), socket.write_all(answer)).await??;
        socket.shutdown().await?;
        let mut rest = [0; 512];
        let gone = async { while matches!(socket.read(&mut rest).await, Ok(read) if read > 0) {} };
        let _ = tokio::time::timeout(LINGER, gone).await;
        io::Result::Ok(())
    };
    if let Err(why) = closing.await {
        log::debug!("event=answer_not_delivered error={:?}", why.kind());
    }
}

//! The server's side of the socket: for its own user and for root alone.

use super::place::Place;
use super::wire::{self, REQUEST_BYTES_MAX};
use anyhow::Context as _;
use qunliao_actors::admin::{Caller, Desk, Refused, Reply};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Connections at once; others wait to be accepted.
const CONNECTIONS_MAX: usize = 64;
/// Requests at once. Who has not sent one whole yet holds up nobody.
const REQUESTS_MAX: usize = 8;
/// How long a request may take to arrive, and an answer to leave.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a request may take to be carried out.
const WORK: Duration = Duration::from_secs(60);
/// A pause after a failed accept: out of descriptors, the next would fail too.
const PAUSE: Duration = Duration::from_millis(100);

/// The socket, open.
pub(crate) struct AdminSocket {
    place: Place,
    task: JoinHandle<()>,
}

impl AdminSocket {
    /// Opens it. To be called with the data folder's lock held: what another server
    /// left behind is replaced.
    pub(crate) fn open(data_dir: &Path, desk: Desk) -> anyhow::Result<Self> {
        let failed = || format!("opening admin.sock in {}", data_dir.display());
        let place = Place::of(data_dir).with_context(failed)?;
        let listener = bind(&place).with_context(failed)?;
        let task = actix_rt::spawn(serve(listener, Arc::new(desk)));
        Ok(Self { place, task })
    }

    /// Closes it.
    pub(crate) fn close(self) {
        self.task.abort();
        if let Err(why) = fs::remove_file(self.place.socket()) {
            log::warn!("event=admin_socket_kept error={:?}", why.kind());
        }
    }
}

/// Binds under another name, so that the socket is its owner's alone from the
/// moment it can be found.
fn bind(place: &Place) -> io::Result<UnixListener> {
    let unfinished = place.unfinished();
    match fs::remove_file(&unfinished) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
        _ => {}
    }
    let listener = UnixListener::bind(&unfinished)?;
    fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o600))?;
    fs::rename(&unfinished, place.socket())?;
    Ok(listener)
}

async fn serve(listener: UnixListener, desk: Arc<Desk>) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let requests = Arc::new(Semaphore::new(REQUESTS_MAX));
    loop {
        let Ok(place) = Arc::clone(&connections).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((socket, _)) => {
                let (desk, requests) = (Arc::clone(&desk), Arc::clone(&requests));
                actix_rt::spawn(async move {
                    attend(socket, desk, requests).await;
                    drop(place);
                });
            }
            Err(why) => {
                log::warn!("event=accept_failed port=admin error=\"{why}\"");
                actix_rt::time::sleep(PAUSE).await;
            }
        }
    }
}

/// One request, one answer. Whoever says nothing, or hangs up, is not missed.
async fn attend(mut socket: UnixStream, desk: Arc<Desk>, requests: Arc<Semaphore>) {
    let answer = match timeout(PATIENCE, receive(&mut socket)).await {
        Ok(Ok(line)) => match admitted(&socket) {
            Ok(()) => answer(desk, &line, requests).await,
            Err(refused) => Err(refused),
        },
        Ok(Err(refused)) => Err(refused),
        Err(_) => return,
    };
    let line = wire::write_answer(answer);
    let _ = timeout(PATIENCE, socket.write_all(&line)).await;
}

async fn answer(desk: Arc<Desk>, line: &[u8], requests: Arc<Semaphore>) -> Result<Reply, Refused> {
    let request = wire::read_request(line)?;
    let Ok(Ok(permit)) = timeout(WORK, requests.acquire_owned()).await else {
        return Err(Refused::new("busy", "Too much is asked at once."));
    };
    let work = async move { desk.carry_out(Caller::Operator, request).await };
    see_through(work, permit, WORK).await.unwrap_or_else(|| {
        Err(Refused::new(
            "too_slow",
            "The server took too long. Whether it was done is not known.",
        ))
    })
}

/// Waits for `work`, but not for ever. The work goes on to its end, and keeps its
/// permit until then: what is committed must have its effect, however late.
async fn see_through<T: 'static>(
    work: impl Future<Output = T> + 'static,
    permit: OwnedSemaphorePermit,
    patience: Duration,
) -> Option<T> {
    let work = actix_rt::spawn(async move {
        let done = work.await;
        drop(permit);
        done
    });
    timeout(patience, work).await.ok()?.ok()
}

/// Reads one line.
async fn receive(socket: &mut UnixStream) -> Result<Vec<u8>, Refused> {
    let mut line = Vec::new();
    let mut bounded = BufReader::new(socket.take(REQUEST_BYTES_MAX));
    let broken = |_| Refused::new("bad_request", "The request broke off.");
    bounded.read_until(b'\n', &mut line).await.map_err(broken)?;
    if line.ends_with(b"\n") {
        return Ok(line);
    }
    let is_long = line.len() as u64 == REQUEST_BYTES_MAX;
    let why = if is_long { "is too long" } else { "broke off" };
    Err(Refused::new("bad_request", format!("The request {why}.")))
}

/// The folder and the mode keep others out already; should they not, this does.
fn admitted(socket: &UnixStream) -> Result<(), Refused> {
    let own = rustix::process::geteuid().as_raw();
    match socket.peer_cred() {
        Ok(peer) if may_enter(peer.uid(), own) => Ok(()),
        Ok(peer) => {
            log::warn!("event=admin_refused uid={}", peer.uid());
            Err(not_permitted())
        }
        Err(_) => Err(not_permitted()),
    }
}

/// The server's own user, and root.
fn may_enter(peer: u32, own: u32) -> bool {
    peer == own || peer == 0
}

fn not_permitted() -> Refused {
    Refused::new(
        "not_permitted",
        "Only the user that the server runs as, and root, may do this.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_nobody_waits_for_any_more_has_its_effect() {
        actix_rt::System::new().block_on(async {
            let places = Arc::new(Semaphore::new(1));
            let permit = Arc::clone(&places).try_acquire_owned().unwrap();
            let (commit, committed) = tokio::sync::oneshot::channel::<()>();
            let (effect, mut had) = tokio::sync::oneshot::channel();
            let work = async move {
                committed.await.unwrap();
                effect.send(()).unwrap();
            };
            assert_eq!(see_through(work, permit, Duration::ZERO).await, None);
            assert_eq!(places.available_permits(), 0, "it still is under way");
            assert!(had.try_recv().is_err());
            commit.send(()).unwrap();
            assert_eq!(had.await, Ok(()));
            assert!(places.acquire().await.is_ok());
        });
    }

    #[test]
    fn the_own_user_and_root_may_enter() {
        assert!(may_enter(1000, 1000));
        assert!(may_enter(0, 1000));
        assert!(!may_enter(1001, 1000));
        assert!(!may_enter(1000, 0));
    }
}

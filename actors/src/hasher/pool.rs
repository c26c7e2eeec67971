//! Threads that hash, each with memory of its own, and their queue.
//!
//! Their priority is the lowest there is, so that one that hashes makes way for
//! whatever else of the process has something to do. What waits is served in the
//! order in which it came: nobody starves.

use argon2::{Block, Params};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

/// A piece of work, done in memory for one hash.
pub(super) type Work = Box<dyn FnOnce(&mut [Block]) + Send>;

/// The pool. Its threads end when it is dropped and nothing waits any more.
pub(super) struct Pool {
    queue: Sender<Work>,
}

impl Pool {
    /// Starts so many threads.
    ///
    /// # Panics
    /// If the system has no thread to give.
    pub(super) fn start(threads: usize) -> Self {
        let (queue, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..threads {
            let waiting = Arc::clone(&waiting);
            std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || {
                    step_back();
                    serve(&waiting);
                })
                .expect("the system has a thread to give");
        }
        Self { queue }
    }

    /// Has `work` done in its turn; a panic in it is survived.
    pub(super) fn give(&self, work: Work) {
        self.queue
            .send(work)
            .expect("the threads live as long as the pool");
    }
}

fn serve(waiting: &Mutex<Receiver<Work>>) {
    let mut memory = Vec::new();
    loop {
        let next = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(work) = next else {
            return;
        };
        // Only a thread that was ever needed has memory.
        memory.resize(Params::DEFAULT.block_count(), Block::default());
        // What is left in the memory is overwritten by the next hash.
        let done = catch_unwind(AssertUnwindSafe(|| work(&mut memory)));
        if done.is_err() {
            log::error!("event=request_panicked thread=password");
        }
    }
}

/// On Linux, a thread has a priority of its own: as far below that of the others as
/// there is.
#[cfg(target_os = "linux")]
fn step_back() {
    const BELOW: i32 = 19;
    if let Err(why) = rustix::process::nice(BELOW) {
        log::warn!("event=priority_kept thread=password error=\"{why}\"");
    }
}

/// Elsewhere, the process has one, which the chat needs.
#[cfg(not(target_os = "linux"))]
fn step_back() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn who_hashes_makes_way_and_nobody_else_does() {
        let (tell, told) = channel();
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let own = priority();
        Pool::start(1).give(Box::new(move |_| tell.send(priority()).unwrap()));
        assert_eq!(told.recv().unwrap(), 19);
        assert_eq!(priority(), own);
    }
}

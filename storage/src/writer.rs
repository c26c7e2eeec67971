//! The one writer: a thread that gathers what waits, commits it at once, and
//! only then answers.
//!
//! While one commit waits for the disk the next group gathers, so the size of a
//! group follows the load by itself. A failed commit ends writing for good: what
//! reached the disk is then unknown, and trying again could bury the damage.

use crate::engine::{Changes, Engine};
use crate::error::StorageError;
use crate::space::Reserve;
use crate::transaction::Transaction;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A group is closed when its changes have this many bytes.
const GROUP_BYTES_MAX: usize = 4 << 20;

/// Told once, when writing has ended for good.
pub(crate) type OnFatal = Box<dyn Fn(&StorageError) + Send + Sync>;

/// A unit of work that waits for the writer.
trait Job: Send {
    /// Makes changes. They are dropped if it fails.
    fn run(&mut self, transaction: &mut Transaction<'_>) -> bool;
    /// Answers, after the commit or instead of it.
    fn answer(self: Box<Self>, committed: Result<(), StorageError>);
}

/// A handle to the writer. The last one dropped ends it.
#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    /// Starts the writer's thread.
    pub(crate) fn start(
        engine: Arc<dyn Engine>,
        reserve: Reserve,
        on_fatal: OnFatal,
    ) -> (Self, JoinHandle<()>) {
        let (jobs, waiting) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("storage-writer".into())
            .spawn(move || {
                let mut alarm = PanicAlarm(Some(on_fatal));
                work(
                    &*engine,
                    reserve,
                    &waiting,
                    alarm.0.as_ref().expect("set above"),
                );
                alarm.0 = None;
            })
            .expect("the system gives us a thread at start");
        (Self { jobs }, thread)
    }

    /// Runs `make` on the writer's thread, and answers once its changes are durable.
    ///
    /// # Errors
    /// What `make` failed with (its changes are dropped), or why the commit failed.
    pub(crate) async fn transact<T, F>(&self, make: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, StorageError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Work {
            make: Some(make),
            made: None,
            answer,
        };
        self.jobs
            .send(Box::new(job))
            .map_err(|_| StorageError::Closed)?;
        answered.await.unwrap_or(Err(StorageError::Closed))
    }
}

struct Work<T, F> {
    make: Option<F>,
    made: Option<Result<T, StorageError>>,
    answer: oneshot::Sender<Result<T, StorageError>>,
}

impl<T, F> Job for Work<T, F>
where
    T: Send,
    F: FnOnce(&mut Transaction<'_>) -> Result<T, StorageError> + Send,
{
    fn run(&mut self, transaction: &mut Transaction<'_>) -> bool {
        self.made = self.make.take().map(|make| make(transaction));
        matches!(self.made, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, committed: Result<(), StorageError>) {
        let made = self.made.unwrap_or(Err(StorageError::Closed));
        // The one who asked may have gone; the work is done all the same.
        let _ = self.answer.send(committed.and(made));
    }
}

fn work(
    engine: &dyn Engine,
    mut reserve: Reserve,
    waiting: &mpsc::Receiver<Box<dyn Job>>,
    on_fatal: &OnFatal,
) {
    let mut failed = false;
    while let Ok(first) = waiting.recv() {
        if failed {
            first.answer(Err(StorageError::ReadOnly));
            continue;
        }
        let (jobs, changes) = gather(engine, first, waiting);
        let committed = commit(engine, &mut reserve, &changes);
        if let Err(why @ StorageError::Commit(_)) = &committed {
            failed = true;
            on_fatal(why);
        }
        for job in jobs {
            job.answer(committed.clone());
        }
    }
}

fn gather(
    engine: &dyn Engine,
    first: Box<dyn Job>,
    waiting: &mpsc::Receiver<Box<dyn Job>>,
) -> (Vec<Box<dyn Job>>, Changes) {
    let mut jobs = Vec::new();
    let mut changes = Changes::new();
    let mut bytes = 0;
    let mut next = Some(first);
    while let Some(mut job) = next {
        let mut transaction = Transaction::new(engine, &changes);
        let kept = job.run(&mut transaction);
        let own = transaction.into_changes();
        if kept {
            bytes += own
                .iter()
                .map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len))
                .sum::<usize>();
            changes.extend(own);
        }
        jobs.push(job);
        next = if bytes < GROUP_BYTES_MAX {
            waiting.try_recv().ok()
        } else {
            None
        };
    }
    (jobs, changes)
}

fn commit(
    engine: &dyn Engine,
    reserve: &mut Reserve,
    changes: &Changes,
) -> Result<(), StorageError> {
    if changes.is_empty() {
        return Ok(());
    }
    reserve.check()?;
    engine.commit(changes)
}

/// Raises the alarm if the writer's thread panics.
struct PanicAlarm(Option<OnFatal>);

impl Drop for PanicAlarm {
    fn drop(&mut self) {
        if let Some(on_fatal) = &self.0 {
            on_fatal(&StorageError::Commit("the writer panicked".into()));
        }
    }
}

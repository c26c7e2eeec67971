//! The one writer: a thread that gathers what waits, commits it at once, and
//! only then answers.
//!
//! While one commit waits for the disk the next group gathers, so the size of a
//! group follows the load by itself. A failed commit ends writing for good: what
//! reached the disk is then unknown, and trying again could bury the damage.

use crate::engine::{Changes, Engine};
use crate::error::StorageError;
use crate::space::{Reserve, Urgency};
use crate::transaction::Transaction;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use tokio::sync::{oneshot, watch};

/// A group is closed when its changes have this many bytes.
const GROUP_BYTES_MAX: usize = 4 << 20;

/// A group is closed when this many have asked, so that the first of them is
/// not kept waiting by ever more.
const GROUP_JOBS_MAX: usize = 1_000;

/// Told once, when writing has ended for good.
pub(crate) type OnFatal = Box<dyn Fn(&StorageError) + Send + Sync>;

/// A unit of work that waits for the writer.
trait Job: Send {
    /// Makes changes. They are dropped if it fails.
    fn run(&mut self, transaction: &mut Transaction<'_>) -> bool;
    /// Whether its changes may use the reserve.
    fn urgency(&self) -> Urgency;
    /// Answers, after the commit or instead of it.
    fn answer(self: Box<Self>, committed: Result<(), StorageError>);
}

/// A handle to the writer. The last one dropped ends it.
#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
    progress: Arc<Progress>,
}

/// How many commits have begun, and how many have ended.
///
/// A read may see a commit that is not durable yet, and what is not durable is
/// not to be shown: a power cut could take it back, and give its ids to others.
/// So a read is answered when every commit that had begun before it ended is done.
struct Progress {
    begun: AtomicU64,
    ended: watch::Sender<u64>,
}

impl Writer {
    /// Starts the writer's thread.
    pub(crate) fn start(
        engine: Arc<dyn Engine>,
        reserve: Reserve,
        on_fatal: OnFatal,
    ) -> (Self, JoinHandle<()>) {
        let (jobs, waiting) = mpsc::channel();
        let progress = Arc::new(Progress {
            begun: AtomicU64::new(0),
            ended: watch::Sender::new(0),
        });
        let writer = Self {
            jobs,
            progress: Arc::clone(&progress),
        };
        let thread = std::thread::Builder::new()
            .name("storage-writer".into())
            .spawn(move || {
                let mut end = End {
                    panicked: true,
                    progress,
                    on_fatal,
                };
                work(&*engine, reserve, &waiting, &end.progress, &end.on_fatal);
                end.panicked = false;
            })
            .expect("the system gives us a thread at start");
        (writer, thread)
    }

    /// How many commits have begun.
    pub(crate) fn commits_begun(&self) -> u64 {
        self.progress.begun.load(Ordering::SeqCst)
    }

    /// How many commits have ended, whether or not they succeeded.
    pub(crate) fn commits_ended(&self) -> u64 {
        *self.progress.ended.borrow()
    }

    /// Waits until every commit that has begun is durable, or has failed.
    pub(crate) async fn settled(&self) {
        let begun = self.commits_begun();
        let mut ended = self.progress.ended.subscribe();
        // The sender cannot be gone: this handle holds it.
        let _ = ended.wait_for(|ended| *ended >= begun).await;
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
        self.ask(Urgency::Normal, make).await
    }

    /// As [`Writer::transact`], for what shuts somebody out: that must not wait until
    /// the disk has room again, and may use the reserve. It has to add little.
    ///
    /// # Errors
    /// As [`Writer::transact`].
    pub(crate) async fn transact_urgently<T, F>(&self, make: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, StorageError> + Send + 'static,
    {
        self.ask(Urgency::Urgent, make).await
    }

    async fn ask<T, F>(&self, urgency: Urgency, make: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, StorageError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Work {
            urgency,
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
    urgency: Urgency,
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

    fn urgency(&self) -> Urgency {
        self.urgency
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
    progress: &Progress,
    on_fatal: &OnFatal,
) {
    let mut failed = false;
    while let Ok(first) = waiting.recv() {
        if failed {
            first.answer(Err(StorageError::ReadOnly));
            continue;
        }
        let (jobs, changes) = gather(engine, &mut reserve, first, waiting);
        let ended = progress.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let committed = commit(engine, &changes);
        if let Err(why @ StorageError::Commit(_)) = &committed {
            // The alarm first: readers may have seen what now is not durable.
            failed = true;
            on_fatal(why);
        }
        progress.ended.send_replace(ended);
        for (job, admitted) in jobs {
            job.answer(admitted.and_then(|()| committed.clone()));
        }
    }
}

/// A job that was run, and whether there is space for its changes.
type Run = (Box<dyn Job>, Result<(), StorageError>);

fn gather(
    engine: &dyn Engine,
    reserve: &mut Reserve,
    first: Box<dyn Job>,
    waiting: &mpsc::Receiver<Box<dyn Job>>,
) -> (Vec<Run>, Changes) {
    let mut jobs = Vec::new();
    let mut changes = Changes::new();
    let mut bytes = 0;
    let mut next = Some(first);
    while let Some(mut job) = next {
        let mut transaction = Transaction::new(engine, &changes);
        let kept = job.run(&mut transaction);
        let own = transaction.into_changes();
        let admitted = match kept && !own.is_empty() {
            true => reserve.check(job.urgency()),
            false => Ok(()),
        };
        if kept && admitted.is_ok() {
            bytes += own
                .iter()
                .map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len))
                .sum::<usize>();
            changes.extend(own);
        }
        jobs.push((job, admitted));
        next = if bytes < GROUP_BYTES_MAX && jobs.len() < GROUP_JOBS_MAX {
            waiting.try_recv().ok()
        } else {
            None
        };
    }
    (jobs, changes)
}

fn commit(engine: &dyn Engine, changes: &Changes) -> Result<(), StorageError> {
    if changes.is_empty() {
        return Ok(());
    }
    engine.commit(changes)
}

/// The end of the writer's thread: lets go of readers that wait for a commit,
/// and raises the alarm if the thread panicked.
struct End {
    panicked: bool,
    progress: Arc<Progress>,
    on_fatal: OnFatal,
}

impl Drop for End {
    fn drop(&mut self) {
        self.progress.ended.send_replace(u64::MAX);
        if self.panicked {
            (self.on_fatal)(&StorageError::Commit("the writer panicked".into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::memory::MemoryEngine;
    use crate::space::FreeSpace;
    use std::task::{Context, Poll, Waker};

    fn writer(engine: &MemoryEngine, on_fatal: OnFatal) -> (Writer, JoinHandle<()>) {
        let space = FreeSpace::Fixed(Arc::new(AtomicU64::new(u64::MAX)));
        Writer::start(Arc::new(engine.clone()), Reserve::new(space, 0), on_fatal)
    }

    #[tokio::test]
    async fn a_reader_waits_for_the_commit_that_it_may_have_seen() {
        let engine = MemoryEngine::new();
        let (writer, _thread) = writer(&engine, Box::new(|_| {}));
        writer.settled().await;
        engine.faults().hold_commits(true);
        let asked = writer.clone();
        let writing = tokio::spawn(async move { asked.transact(|t| t.count("a")).await });
        while writer.progress.begun.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let mut settled = std::pin::pin!(writer.settled());
        let mut nobody = Context::from_waker(Waker::noop());
        assert_eq!(settled.as_mut().poll(&mut nobody), Poll::Pending);
        engine.faults().hold_commits(false);
        settled.await;
        assert_eq!(engine.faults().commits(), 1);
        assert_eq!(writing.await.unwrap().unwrap(), 1);
    }

    #[tokio::test]
    async fn who_fails_leaves_no_changes_for_the_others_of_the_group() {
        let engine = MemoryEngine::new();
        let (writer, _thread) = writer(&engine, Box::new(|_| {}));
        engine.faults().hold_commits(true);
        let counting = |fail: bool| {
            let writer = writer.clone();
            tokio::spawn(async move {
                let count = writer.transact(move |transaction| {
                    let count = transaction.count("a")?;
                    let failure = StorageError::damaged("told to fail");
                    if fail { Err(failure) } else { Ok(count) }
                });
                count.await
            })
        };
        let counted = [false, true, true, false, false].map(counting);
        tokio::task::yield_now().await;
        engine.faults().hold_commits(false);
        let mut numbers = Vec::new();
        for count in counted {
            numbers.push(count.await.unwrap().ok());
        }
        assert_eq!(numbers, [Some(1), None, None, Some(2), Some(3)]);
    }

    #[tokio::test]
    async fn a_writer_that_panics_raises_the_alarm_and_lets_go_of_everyone() {
        let (alarm, mut alarms) = tokio::sync::mpsc::unbounded_channel();
        let on_fatal: OnFatal = Box::new(move |why: &StorageError| {
            let _ = alarm.send(why.clone());
        });
        let (writer, _thread) = writer(&MemoryEngine::new(), on_fatal);
        let answer: Result<(), _> = writer.transact(|_| panic!("a bug")).await;
        assert!(matches!(answer, Err(StorageError::Closed)));
        assert!(matches!(alarms.recv().await, Some(StorageError::Commit(_))));
        writer.settled().await;
        let later = writer.transact(|transaction| transaction.count("a")).await;
        assert!(matches!(later, Err(StorageError::Closed)));
        assert!(alarms.recv().await.is_none());
    }
}

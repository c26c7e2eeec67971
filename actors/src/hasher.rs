//! Passwords are hashed in a bounded pool, beside the arbiters: chat never waits
//! for a login, and a flood of logins is refused rather than queued without end.
//!
//! argon2id with 19 MiB, two passes, one lane: OWASP's minimum, and the default
//! of the `argon2` crate. Each thread of the pool has the memory of one hash, from
//! its first hash on, so the pool costs 19 MiB for each of its threads and no more.
//! The threads are the least urgent ones of the process ([`pool`]).

mod pool;

use crate::passwords;
use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Argon2, Block, Params, Version};
use pool::Pool;
use qunliao_protocol::failure::Weakness;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::oneshot;
use unicode_normalization::UnicodeNormalization;

/// Bytes of a salt, as the PHC string format recommends.
const SALT_BYTES: usize = 16;

/// The pool is full, or gone: try again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// A bounded pool for password hashes.
pub struct Hasher {
    pool: Pool,
    waiting: Arc<AtomicUsize>,
    queue_max: usize,
    hashed: Arc<AtomicU64>,
    nobody: Arc<PasswordHash>,
}

/// How busy a pool is, asked from any thread.
#[derive(Clone)]
pub struct Workload {
    waiting: Arc<AtomicUsize>,
    hashed: Arc<AtomicU64>,
}

impl Workload {
    /// How many wait, or are being hashed.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How many have been hashed or checked so far.
    #[must_use]
    pub fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }
}

impl Hasher {
    /// A pool of `threads` (0: one per core), where `queue_max` wait or are at it.
    ///
    /// # Panics
    /// If the system has no thread or no randomness to give.
    #[must_use]
    pub fn new(threads: usize, queue_max: usize) -> Self {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if threads == 0 { cores() } else { threads };
        Self {
            pool: Pool::start(threads),
            waiting: Arc::default(),
            queue_max,
            hashed: Arc::default(),
            nobody: Arc::new(nobodys()),
        }
    }

    /// How many passwords have been hashed or checked so far.
    #[must_use]
    pub fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }

    /// How busy it is, for who tells of it later.
    #[must_use]
    pub fn workload(&self) -> Workload {
        Workload {
            waiting: Arc::clone(&self.waiting),
            hashed: Arc::clone(&self.hashed),
        }
    }

    /// The PHC string of a password that someone chose, unless it is one that is
    /// soon guessed, the more so by who knows `others`. Judging it can take longer
    /// than hashing it, which is why that is done here.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn judge_and_hash(
        &self,
        password: &str,
        others: Vec<String>,
    ) -> Result<Result<String, Weakness>, Busy> {
        let password = normal(password);
        self.run(move |memory| {
            let others: Vec<&str> = others.iter().map(String::as_str).collect();
            passwords::judge(&password, &others)?;
            Ok(made(&password, random::<SALT_BYTES>(), memory).to_string())
        })
        .await
    }

    /// Whether `password` is the one that `hash` was made of. Without a hash (no
    /// such user) the answer is no, and takes as long.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool, Busy> {
        let password = normal(password);
        let known = hash
            .as_deref()
            .and_then(|hash| PasswordHash::new(hash).ok());
        let is_known = known.is_some();
        let hash = known.map_or_else(|| Arc::clone(&self.nobody), Arc::new);
        let matches = self
            .run(move |memory| matches(&password, &hash, memory))
            .await?;
        Ok(matches && is_known)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut [Block]) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let place = Place::take(&self.waiting, self.queue_max)?;
        let hashed = Arc::clone(&self.hashed);
        let (answer, answered) = oneshot::channel();
        self.pool.give(Box::new(move |memory| {
            // Whoever is gone by now needs no answer.
            if !answer.is_closed() {
                hashed.fetch_add(1, Ordering::Relaxed);
                log::debug!("event=password_hashed");
                let outcome = work(memory);
                // Free for another before who waits for the answer can ask again.
                drop(place);
                let _ = answer.send(outcome);
            }
        }));
        // Without an answer the work has panicked.
        answered.await.map_err(|_| Busy)
    }
}

/// A place in the queue, given back when it is dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(waiting: &Arc<AtomicUsize>, max: usize) -> Result<Self, Busy> {
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        let place = Self(Arc::clone(waiting));
        if before >= max { Err(Busy) } else { Ok(place) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// NFKC, so that a password typed on another keyboard is the same one (NIST SP 800-63B).
fn normal(password: &str) -> String {
    password.nfkc().collect()
}

/// The hash of a password with this salt.
fn made(password: &str, salt: [u8; SALT_BYTES], memory: &mut [Block]) -> PasswordHash {
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    Argon2::default()
        .hash_password_into_with_memory(password.as_bytes(), &salt, &mut output, memory)
        .expect("the parameters are the crate's own, and the memory is theirs");
    phc(salt, output)
}

/// Whether a password has this hash; false also for one made with other
/// parameters, of which there are none yet.
fn matches(password: &str, hash: &PasswordHash, memory: &mut [Block]) -> bool {
    let salt = hash.salt.as_ref().and_then(|salt| (**salt).try_into().ok());
    // Outputs are compared in constant time.
    salt.is_some_and(|salt| made(password, salt, memory) == *hash)
}

fn phc(salt: [u8; SALT_BYTES], output: [u8; Params::DEFAULT_OUTPUT_LEN]) -> PasswordHash {
    PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: (&Params::DEFAULT)
            .try_into()
            .expect("the default parameters are few"),
        salt: Some(Salt::new(&salt).expect("as long as is recommended")),
        hash: Some(Output::new(&output).expect("as long as is recommended")),
    }
}

/// A hash that no password is known to have.
fn nobodys() -> PasswordHash {
    phc(random(), random())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn hash(hasher: &Hasher, password: &str) -> Result<String, Busy> {
        let judged = hasher.judge_and_hash(password, Vec::new()).await?;
        Ok(judged.expect("hard enough to guess"))
    }

    #[actix_rt::test]
    async fn the_right_password_alone_is_right_and_nobody_has_one() {
        let hasher = Hasher::new(1, 8);
        let hash = hash(&hasher, "pass phrase of mine").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(
            hasher
                .verify("pass phrase of mine", Some(hash.clone()))
                .await,
            Ok(true)
        );
        assert_eq!(
            hasher
                .verify("ｐass phrase of mine", Some(hash.clone()))
                .await,
            Ok(true)
        );
        assert_eq!(
            hasher.verify("pass phrase of mina", Some(hash)).await,
            Ok(false)
        );
        assert_eq!(hasher.verify("pass phrase of mine", None).await, Ok(false));
    }

    #[actix_rt::test]
    async fn hashes_are_those_of_every_other_argon2() {
        use argon2::password_hash::PasswordVerifier;
        let hash = hash(&Hasher::new(1, 8), "pass phrase of mine")
            .await
            .unwrap();
        let hash = PasswordHash::new(&hash).unwrap();
        let others = Argon2::default();
        assert!(
            others
                .verify_password(b"pass phrase of mine", &hash)
                .is_ok()
        );
        assert!(
            others
                .verify_password(b"pass phrase of mina", &hash)
                .is_err()
        );
    }

    #[actix_rt::test]
    async fn a_panic_is_the_end_of_one_hash_alone() {
        let hasher = Hasher::new(1, 8);
        let panicked = hasher.run(|_| panic!("of one hash")).await;
        assert_eq!(panicked, Err::<(), _>(Busy));
        assert!(hash(&hasher, "pass phrase of mine").await.is_ok());
        assert_eq!(hasher.hashed(), 2);
    }

    #[actix_rt::test]
    async fn a_full_queue_is_busy_and_recovers() {
        let hasher = Hasher::new(1, 1);
        let workload = hasher.workload();
        let (first, second) = futures_util::join!(
            hash(&hasher, "the first of two"),
            hash(&hasher, "the second of two")
        );
        assert!(first.is_ok());
        assert_eq!(second, Err(Busy));
        assert!(hash(&hasher, "one more than two").await.is_ok());
        assert_eq!((workload.waiting(), workload.hashed()), (0, 2));
    }
}

//! Passwords are hashed in a bounded pool, beside the arbiters: chat never waits
//! for a login, and a flood of logins is refused rather than queued without end.
//!
//! argon2id with 19 MiB, two passes, one lane: OWASP's minimum, and the default
//! of the `argon2` crate.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

/// The pool is full, or gone: try again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// A bounded pool for password hashes.
pub struct Hasher {
    threads: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue_max: usize,
    nobody: String,
}

impl Hasher {
    /// A pool of `threads` (0: one per core), in front of which `queue_max` wait.
    #[must_use]
    pub fn new(threads: usize, queue_max: usize) -> Self {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if threads == 0 { cores() } else { threads };
        Self {
            threads: Arc::new(Semaphore::new(threads)),
            waiting: AtomicUsize::new(0),
            queue_max,
            nobody: hash_now("a password that nobody has"),
        }
    }

    /// The PHC string of a password.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn hash(&self, password: &str) -> Result<String, Busy> {
        let password = normal(password);
        self.run(move || hash_now(&password)).await
    }

    /// Whether `password` is the one that `hash` was made of. Without a hash (no
    /// such user) the answer is no, and takes as long.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool, Busy> {
        let password = normal(password);
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let matches = self.run(move || verify_now(&password, &hash)).await?;
        Ok(matches && known)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let _place = Place::take(&self.waiting, self.queue_max)?;
        let thread = Arc::clone(&self.threads)
            .acquire_owned()
            .await
            .map_err(|_| Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let _thread = thread;
            work()
        });
        done.await.map_err(|_| Busy)
    }
}

/// A place in the queue, given back when it is dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, max: usize) -> Result<Self, Busy> {
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        let place = Self(waiting);
        if before >= max { Err(Busy) } else { Ok(place) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// NFKC, so that a password typed on another keyboard is the same one (NIST SP 800-63B).
fn normal(password: &str) -> String {
    password.nfkc().collect()
}

fn hash_now(password: &str) -> String {
    Argon2::default()
        .hash_password(password.as_bytes())
        .expect("the parameters are the crate's own and passwords are bounded")
        .to_string()
}

fn verify_now(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_rt::test]
    async fn the_right_password_alone_is_right_and_nobody_has_one() {
        let hasher = Hasher::new(1, 8);
        let hash = hasher.hash("pass phrase").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(
            hasher.verify("pass phrase", Some(hash.clone())).await,
            Ok(true)
        );
        assert_eq!(
            hasher.verify("ｐass phrase", Some(hash.clone())).await,
            Ok(true)
        );
        assert_eq!(hasher.verify("pass phrasf", Some(hash)).await, Ok(false));
        let nobody = "a password that nobody has";
        assert_eq!(hasher.verify(nobody, None).await, Ok(false));
    }

    #[actix_rt::test]
    async fn a_full_queue_is_busy_and_recovers() {
        let hasher = Hasher::new(1, 1);
        let (first, second) = futures_util::join!(hasher.hash("one"), hasher.hash("two"));
        assert!(first.is_ok());
        assert_eq!(second, Err(Busy));
        assert!(hasher.hash("three").await.is_ok());
    }
}

//! Work that makes way for all other, and work that may fail in unexpected ways.

use crate::error::SearchError;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How far below the others the priority is: while they take all there is, a tenth of
/// one core. With less, searches would not find for minutes what is said on a busy day.
#[cfg(target_os = "linux")]
const BELOW: i32 = 10;

/// Does something over files that may be damaged: the library may panic over them.
pub(crate) fn survive<T>(
    what: &'static str,
    work: impl FnOnce() -> Result<T, SearchError>,
) -> Result<T, SearchError> {
    // Nothing is used again of what a panic leaves behind.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let why = "the library panicked".into();
        Err(SearchError::Damaged { what, why })
    })
}

/// Does something on a thread of low priority, as are the threads that the library
/// starts from there; a panic is survived.
pub(crate) fn backstage<T: Send>(
    what: &'static str,
    work: impl FnOnce() -> Result<T, SearchError> + Send,
) -> Result<T, SearchError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("search".into());
        let begun = thread.spawn_scoped(scope, || {
            step_back();
            survive(what, work)
        });
        match begun {
            Ok(thread) => thread.join().expect("a panic was survived"),
            Err(why) => Err(SearchError::Io {
                what,
                why: why.to_string(),
            }),
        }
    })
}

/// On Linux, a thread has a priority of its own.
#[cfg(target_os = "linux")]
fn step_back() {
    if let Err(why) = rustix::process::nice(BELOW) {
        log::warn!("event=priority_kept thread=search error=\"{why}\"");
    }
}

/// Elsewhere, the process has one, which the chat needs.
#[cfg(not(target_os = "linux"))]
fn step_back() {}

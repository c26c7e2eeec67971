//! Everything that is logged while the tests run.

use log::{LevelFilter, Log, Metadata, Record};
use std::sync::{Mutex, Once, PoisonError};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
static INSTALL: Once = Once::new();

struct Capture;

impl Log for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{} {} {}", record.level(), record.target(), record.args());
        LINES
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    fn flush(&self) {}
}

/// Has everything recorded from now on, down to the smallest level.
pub(crate) fn record() {
    INSTALL.call_once(|| {
        log::set_logger(&Capture).expect("nobody else installs one");
        log::set_max_level(LevelFilter::Trace);
    });
}

/// What has been logged, by all tests of this process.
pub(crate) fn recorded() -> String {
    LINES
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .join("\n")
}

//! The end of an actor that the server cannot go on without.

use std::sync::Arc;

/// Told which core actor ended without having been asked to.
pub type OnLoss = Arc<dyn Fn(&'static str) + Send + Sync>;

/// Held by a core actor: dropped before it was released, by a panic or by any
/// other unplanned end, it raises the alarm. A supervisor would not notice a
/// panic, and everyone would go on writing to a dead address.
pub struct Vital {
    name: &'static str,
    on_loss: Option<OnLoss>,
}

impl Vital {
    /// The guard of the actor called `name`.
    #[must_use]
    pub fn new(name: &'static str, on_loss: OnLoss) -> Self {
        Self {
            name,
            on_loss: Some(on_loss),
        }
    }

    /// The actor ends because it was asked to.
    ///
    /// To be called when it stops. While a panic unwinds, this does nothing: actix
    /// has an actor stop then too, just before it drops it.
    pub fn release(&mut self) {
        if !std::thread::panicking() {
            self.on_loss = None;
        }
    }
}

impl Drop for Vital {
    fn drop(&mut self) {
        if let Some(on_loss) = &self.on_loss {
            on_loss(self.name);
        }
    }
}

//! A map that never outgrows its bound, however many strangers fill it.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Instant;

/// What is remembered of someone, and for how long it matters.
pub(super) trait Fades {
    /// Until when it makes a difference; `None` if it makes none.
    fn matters_until(&self) -> Option<Instant>;

    /// Whether it must not be forgotten yet, whatever it says.
    fn is_held(&self) -> bool {
        false
    }
}

/// The map.
pub(super) struct Table<K, V> {
    entries: HashMap<K, V>,
    entries_max: usize,
}

impl<K: Copy + Eq + Hash, V: Default + Fades> Table<K, V> {
    pub(super) fn new(entries_max: usize) -> Self {
        Self {
            entries: HashMap::new(),
            entries_max,
        }
    }

    /// What is remembered under `key`, made if need be.
    pub(super) fn entry(&mut self, key: K, now: Instant) -> &mut V {
        if self.entries.len() >= self.entries_max && !self.entries.contains_key(&key) {
            self.make_room(now);
        }
        self.entries.entry(key).or_default()
    }

    /// What is remembered under `key`.
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    /// Forgets what matters no more, and if that is not enough, of the rest the half
    /// that matters for the shortest time: whoever floods the map with new keys
    /// pushes out such keys, and none that much is held against.
    fn make_room(&mut self, now: Instant) {
        self.entries.retain(|_, value| {
            value.is_held() || value.matters_until().is_some_and(|until| until > now)
        });
        let mut until: Vec<Instant> = self.fading().collect();
        let too_many = until.len().saturating_sub(self.entries_max / 2);
        if too_many == 0 {
            return;
        }
        let (_, last, _) = until.select_nth_unstable(too_many - 1);
        let last = *last;
        let mut left = too_many;
        self.entries.retain(|_, value| {
            let goes = left > 0
                && !value.is_held()
                && value.matters_until().is_some_and(|until| until <= last);
            left -= usize::from(goes);
            !goes
        });
    }

    fn fading(&self) -> impl Iterator<Item = Instant> {
        let values = self.entries.values().filter(|value| !value.is_held());
        values.filter_map(Fades::matters_until)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[derive(Default)]
    struct Mark {
        until: Option<Instant>,
        held: bool,
    }

    impl Fades for Mark {
        fn matters_until(&self) -> Option<Instant> {
            self.until
        }

        fn is_held(&self) -> bool {
            self.held
        }
    }

    #[test]
    fn a_flood_of_strangers_pushes_out_strangers_alone() {
        let now = Instant::now();
        let mut table: Table<u32, Mark> = Table::new(100);
        table.entry(1_000_000, now).until = Some(now + Duration::from_secs(3_600));
        table.entry(1_000_001, now).held = true;
        for stranger in 0..10_000 {
            table.entry(stranger, now).until = Some(now + Duration::from_secs(60));
            assert!(table.len() <= 100);
        }
        assert!(table.get(&1_000_000).is_some());
        assert!(table.get(&1_000_001).is_some());
        let later = now + Duration::from_secs(61);
        for stranger in 10_000..10_200 {
            table.entry(stranger, later).until = Some(later);
        }
        assert!(table.get(&9_999).is_none(), "it mattered no more");
        assert!(table.get(&1_000_000).is_some());
    }
}

//! A set of rooms that is asked for every document.

use qunliao_protocol::RoomId;
use std::collections::HashSet;

/// Rooms below this number have a bit each: 128 KiB for all of them.
const WITH_BIT: u64 = 1 << 20;

/// Rooms. Their numbers are given out one after another, so bits hold nearly all.
pub(crate) struct RoomSet {
    bits: Vec<u64>,
    others: HashSet<RoomId>,
}

impl RoomSet {
    pub(crate) fn new(rooms: &[RoomId]) -> Self {
        let with_bit = |room: &&RoomId| room.0 < WITH_BIT;
        let highest = rooms.iter().filter(with_bit).map(|room| room.0).max();
        let mut bits = vec![0; highest.map_or(0, |highest| highest as usize / 64 + 1)];
        let mut others = HashSet::new();
        for room in rooms {
            match bits.get_mut(room.0 as usize / 64) {
                Some(word) => *word |= 1 << (room.0 % 64),
                None => _ = others.insert(*room),
            }
        }
        Self { bits, others }
    }

    pub(crate) fn has(&self, room: RoomId) -> bool {
        let word = self.bits.get((room.0 / 64) as usize);
        word.map_or_else(
            || !self.others.is_empty() && self.others.contains(&room),
            |word| word >> (room.0 % 64) & 1 == 1,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_into_it_and_nothing_else() {
        for rooms in [
            vec![],
            vec![1],
            vec![0, 63, 64, 127],
            vec![WITH_BIT - 1, WITH_BIT, u64::MAX],
            vec![u64::MAX],
        ] {
            let set = RoomSet::new(&rooms.iter().copied().map(RoomId).collect::<Vec<_>>());
            let near = [0, 1, 2, 62, 63, 64, 65, 127, 128, WITH_BIT - 1, WITH_BIT];
            for room in near.into_iter().chain([WITH_BIT + 1, 1 << 53, u64::MAX]) {
                assert_eq!(set.has(RoomId(room)), rooms.contains(&room), "{room}");
            }
        }
    }
}

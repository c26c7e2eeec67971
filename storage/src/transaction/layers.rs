//! What lies over what in a scan: a transaction's own changes over those of its
//! group, over the engine's pairs.

use crate::engine::{Changes, Pair};
use std::iter::Peekable;
use std::ops::Range;

/// Changes or pairs in the order of a scan.
pub(super) struct Layer<'a>(Peekable<Box<dyn Iterator<Item = Seen<'a>> + 'a>>);

/// A key, and its value unless it is deleted.
pub(super) type Seen<'a> = (&'a Vec<u8>, Option<&'a Vec<u8>>);

impl<'a> Layer<'a> {
    pub(super) fn new(seen: impl Iterator<Item = Seen<'a>> + 'a) -> Self {
        let seen: Box<dyn Iterator<Item = Seen<'a>> + 'a> = Box::new(seen);
        Self(seen.peekable())
    }

    pub(super) fn of(changes: &'a Changes, range: Range<Vec<u8>>, descending: bool) -> Self {
        let changes = changes
            .range(range)
            .map(|(key, value)| (key, value.as_ref()));
        if descending {
            Self::new(changes.rev())
        } else {
            Self::new(changes)
        }
    }
}

/// Appends to `pairs` what the layers show together, up to `limit`; of two that
/// have a key, the earlier layer hides the later one.
pub(super) fn merge<const N: usize>(
    mut layers: [Layer<'_>; N],
    descending: bool,
    limit: usize,
    pairs: &mut Vec<Pair>,
) {
    while pairs.len() < limit {
        let heads = layers.iter_mut().filter_map(|layer| layer.0.peek());
        let keys = heads.map(|(key, _)| *key);
        let next = if descending { keys.max() } else { keys.min() };
        let Some(key) = next else {
            return;
        };
        let mut shown = None;
        for layer in &mut layers {
            if let Some((_, value)) = layer.0.next_if(|(head, _)| *head == key) {
                shown = shown.or(Some(value));
            }
        }
        if let Some(Some(value)) = shown {
            pairs.push((key.clone(), value.clone()));
        }
    }
}

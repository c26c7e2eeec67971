//! The record of the codes to one contact for one purpose.
//!
//! Format 1 had one code in it, without who asked, and its wrong tries: read, that
//! is a code whose asker is unknown, and tries that others made.

use crate::content::to_hex;
use crate::keys::IndexHash;
use qunliao_protocol::UserId;
use serde::{Deserialize, Serialize};

/// Askers whose codes lie side by side: limits of sending allow for hardly more
/// in the lifetime of a code, and a record has to hold them.
const ASKERS_MAX: usize = 4;

/// The most wrong tries that a code can stand: their times, of all askers, must
/// fit into a record, or those beyond would not be counted.
const WRONG_TRIES_MAX: u32 = 20;

#[derive(Default, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub(super) struct CodeRecord {
    /// Oldest first; one for each asker.
    codes: Vec<AskedCode>,
    /// When wrong tries were made by those who asked for no code that lives.
    wrong_tries: Vec<u64>,
    wrong_tries_max: u32,
    wrong_tries_window_ms: u64,
}

/// A code that was sent, and the wrong tries of who asked for it.
#[derive(Serialize, Deserialize)]
pub(super) struct AskedCode {
    hash: String,
    /// Who asked, as a keyed hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    expires: u64,
    #[serde(default)]
    pub(super) spent: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<UserId>,
    /// When they were made: at most as many as burn the code.
    #[serde(default)]
    wrong_tries: Vec<u64>,
}

/// A record as it may lie on the disk.
#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    codes: Vec<AskedCode>,
    /// Of format 1, as the three that follow.
    hash: Option<String>,
    #[serde(default)]
    expires: u64,
    #[serde(default)]
    spent: bool,
    user: Option<UserId>,
    wrong_tries: Vec<u64>,
    wrong_tries_max: u32,
    wrong_tries_window_ms: u64,
}

impl From<Stored> for CodeRecord {
    fn from(stored: Stored) -> Self {
        let mut codes = stored.codes;
        codes.extend(stored.hash.map(|hash| AskedCode {
            hash,
            from: None,
            expires: stored.expires,
            spent: stored.spent,
            user: stored.user,
            wrong_tries: Vec::new(),
        }));
        Self {
            codes,
            wrong_tries: stored.wrong_tries,
            wrong_tries_max: stored.wrong_tries_max,
            wrong_tries_window_ms: stored.wrong_tries_window_ms,
        }
    }
}

/// A code that is to be recorded.
pub(super) struct Fresh {
    pub(super) hash: IndexHash,
    pub(super) from: Option<String>,
    pub(super) expires: u64,
    pub(super) user: Option<UserId>,
}

impl CodeRecord {
    /// From now on these rules hold.
    pub(super) fn rule(&mut self, wrong_tries_max: u32, wrong_tries_window_ms: u64) {
        self.wrong_tries_max = wrong_tries_max.min(WRONG_TRIES_MAX);
        self.wrong_tries_window_ms = wrong_tries_window_ms;
    }

    /// Takes a code in. It takes the place of the asker's last one, whose wrong
    /// tries go on to count; and with too many askers that of the oldest. One that
    /// is nobody's, and goes out to nobody, ends no user's code.
    pub(super) fn take_in(&mut self, fresh: Fresh, now: u64) {
        self.forgive(now);
        let is_users = |code: &AskedCode| code.user.is_some();
        let own = fresh.from.as_deref().and_then(|from| self.own(from, now));
        if fresh.user.is_none() && own.is_some_and(|own| is_users(&self.codes[own])) {
            return;
        }
        let place = self.codes.iter().position(|code| code.from == fresh.from);
        let wrong_tries = place.map(|place| self.codes.remove(place).wrong_tries);
        self.codes
            .retain(|code| code.expires > now || !code.wrong_tries.is_empty());
        while self.codes.len() >= ASKERS_MAX {
            // The dead make room first, then what is nobody's.
            let dead = self.codes.iter().position(|code| code.expires <= now);
            let room = dead.or_else(|| self.codes.iter().position(|code| !is_users(code)));
            self.codes.remove(room.unwrap_or(0));
        }
        self.codes.push(AskedCode {
            hash: to_hex(&fresh.hash),
            from: fresh.from,
            expires: fresh.expires,
            spent: false,
            user: fresh.user,
            wrong_tries: wrong_tries.unwrap_or_default(),
        });
    }

    /// How the code with this hash fares, presented by `from`: `None` if it is
    /// wrong, which counts. An asker's tries are for the asker's own code alone, or
    /// asking would be a way to have more tries at another's.
    pub(super) fn present(
        &mut self,
        hash: &IndexHash,
        from: Option<&str>,
        now: u64,
    ) -> Presented<'_> {
        self.forgive(now);
        let own = from.and_then(|from| self.own(from, now));
        if self.tries(own).len() >= self.wrong_tries_max as usize {
            return Presented::Wrong { counted: false };
        }
        let hash = to_hex(hash);
        // Both sides are keyed hashes: comparing them in any time tells nothing of the code.
        let is_right = |code: &AskedCode| code.expires > now && code.hash == hash;
        let candidates = match own {
            Some(own) => own..own + 1,
            None => 0..self.codes.len(),
        };
        let right = candidates.rev().find(|index| is_right(&self.codes[*index]));
        if let Some(right) = right {
            return Presented::Right(&self.codes[right]);
        }
        if !self.codes.iter().any(|code| code.expires > now) {
            return Presented::Wrong { counted: false };
        }
        match own {
            Some(own) => self.codes[own].wrong_tries.push(now),
            None => self.wrong_tries.push(now),
        }
        Presented::Wrong { counted: true }
    }

    /// The code with this hash was used: nothing else of the contact's is of any
    /// use, and all tries are forgiven.
    pub(super) fn spend(&mut self, hash: &IndexHash) {
        let hash = to_hex(hash);
        self.codes.retain(|code| code.hash == hash);
        for code in &mut self.codes {
            code.spent = true;
            code.wrong_tries.clear();
        }
        self.wrong_tries.clear();
    }

    /// No code is right any more; wrong tries stay counted.
    pub(super) fn withdraw(&mut self) {
        for code in &mut self.codes {
            code.expires = 0;
        }
    }

    /// No code that was sent for `user` is right any more.
    pub(super) fn withdraw_of(&mut self, user: UserId) {
        for code in &mut self.codes {
            if code.user == Some(user) {
                code.expires = 0;
            }
        }
    }

    /// The code with this hash, wherever it stands.
    pub(super) fn code(&self, hash: &IndexHash) -> Option<&AskedCode> {
        let hash = to_hex(hash);
        self.codes.iter().rev().find(|code| code.hash == hash)
    }

    /// Whether the codes are dead, and forgetting their wrong tries forgives nobody.
    pub(super) fn is_outdated(&self, now: u64) -> bool {
        let lists = self.codes.iter().map(|code| &code.wrong_tries);
        let mut tries = lists.chain([&self.wrong_tries]).flatten();
        self.codes.iter().all(|code| code.expires <= now)
            && !tries.any(|tried| self.counts(*tried, now))
    }

    /// How long no code of this asker can be right, in milliseconds, since too
    /// many wrong ones were tried; `None` if one can.
    pub(super) fn burnt_for(&self, from: Option<&str>, now: u64) -> Option<u64> {
        let own = from.and_then(|from| self.place(from));
        let mut tries = match own {
            // Who asked for none so far has all tries before them.
            None if from.is_some() => Vec::new(),
            own => self.tries(own).clone(),
        };
        tries.retain(|tried| self.counts(*tried, now));
        let too_many = tries.len().checked_sub(self.wrong_tries_max as usize)?;
        // Requests may overtake each other.
        tries.sort_unstable();
        // When this try no longer counts, one less than the maximum do.
        Some(match tries.get(too_many) {
            Some(tried) => tried.saturating_add(self.wrong_tries_window_ms) - now,
            // Not one try is allowed.
            None => self.wrong_tries_window_ms,
        })
    }

    /// Where the code stands that `from` asked for, if it lives.
    fn own(&self, from: &str, now: u64) -> Option<usize> {
        self.place(from)
            .filter(|place| self.codes[*place].expires > now)
    }

    fn place(&self, from: &str) -> Option<usize> {
        let is_own = |code: &AskedCode| code.from.as_deref() == Some(from);
        self.codes.iter().position(is_own)
    }

    fn tries(&self, own: Option<usize>) -> &Vec<u64> {
        own.map_or(&self.wrong_tries, |own| &self.codes[own].wrong_tries)
    }

    /// Whether a wrong try at `tried` still counts.
    fn counts(&self, tried: u64, now: u64) -> bool {
        tried > now.saturating_sub(self.wrong_tries_window_ms)
    }

    /// Forgets the wrong tries that no longer count.
    fn forgive(&mut self, now: u64) {
        let since = now.saturating_sub(self.wrong_tries_window_ms);
        let lists = self.codes.iter_mut().map(|code| &mut code.wrong_tries);
        for tries in lists.chain([&mut self.wrong_tries]) {
            tries.retain(|tried| *tried > since);
        }
    }
}

/// How a presented code fares.
pub(super) enum Presented<'a> {
    /// It is this one.
    Right(&'a AskedCode),
    /// It is none; `counted` says whether the record has changed.
    Wrong { counted: bool },
}

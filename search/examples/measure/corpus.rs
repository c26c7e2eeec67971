//! Made-up conversations, the same for the same seed: words after Zipf's law, most of
//! them Chinese, some English, some numbers, in rooms and by people of very different
//! activity.

use qunliao_protocol::{EntryId, RoomId, UserId};
use qunliao_search::Message;

/// The most frequent characters, in the order of their frequency.
const FREQUENT: &str = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实";
/// Characters in use.
const CHARACTERS: usize = 6_000;
/// Words of Chinese, of one to four characters.
const CHINESE_WORDS: usize = 60_000;
/// Words of English.
const ENGLISH_WORDS: usize = 30_000;
/// Rooms; the first has about an eighth of all messages.
const ROOMS: usize = 2_000;
/// People.
const PEOPLE: usize = 10_000;
/// Milliseconds from one message to the next: ten million in three years.
const PAUSE: u64 = 9_467;

/// A generator of numbers (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}

/// Ranks whose frequency falls with the rank.
struct Zipf(Vec<u64>);

impl Zipf {
    fn new(ranks: usize) -> Self {
        let mut sum = 0;
        let weights = (1..=ranks).map(|rank| {
            sum += 1_000_000_000 / (rank as u64 + 2);
            sum
        });
        Self(weights.collect())
    }

    fn roll(&self, dice: &mut Dice) -> usize {
        let total = self.0.last().copied().unwrap_or(1);
        let at = dice.below(total as usize) as u64;
        self.0.partition_point(|sum| *sum <= at)
    }
}

/// Writes messages.
pub(crate) struct Corpus {
    dice: Dice,
    /// The words, the most frequent first.
    pub(crate) chinese: Vec<String>,
    /// The English words likewise.
    pub(crate) english: Vec<String>,
    chinese_ranks: Zipf,
    english_ranks: Zipf,
    rooms: Zipf,
    people: Zipf,
    entries: Vec<u64>,
    time: u64,
}

impl Corpus {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut characters: Vec<char> = FREQUENT.chars().collect();
        let others = ('\u{4e00}'..='\u{9fff}').step_by(3);
        let others: Vec<char> = others.filter(|it| !characters.contains(it)).collect();
        characters.extend(others);
        characters.truncate(CHARACTERS);
        let ranks = Zipf::new(characters.len());
        // The most frequent words are single characters.
        let chinese = (0..CHINESE_WORDS).map(|rank| match characters.get(rank) {
            Some(character) if rank < 60 => character.to_string(),
            _ => (0..[2, 2, 2, 3, 4][dice.below(5)])
                .map(|_| characters[ranks.roll(&mut dice)])
                .collect(),
        });
        let chinese = chinese.collect();
        let letters = Zipf::new(26);
        let english = (0..ENGLISH_WORDS).map(|rank| {
            let length = 2 + dice.below(3 + rank.min(6));
            let letter = |dice: &mut Dice| b"etaoinshrdlcumwfgypbvkjxqz"[letters.roll(dice)];
            (0..length).map(|_| char::from(letter(&mut dice))).collect()
        });
        let english = english.collect();
        Self {
            dice,
            chinese,
            english,
            chinese_ranks: Zipf::new(CHINESE_WORDS),
            english_ranks: Zipf::new(ENGLISH_WORDS),
            rooms: Zipf::new(ROOMS),
            people: Zipf::new(PEOPLE),
            entries: vec![0; ROOMS],
            time: 1_700_000_000_000,
        }
    }

    /// The next message.
    pub(crate) fn message(&mut self) -> Message {
        let text = self.text();
        let room = self.rooms.roll(&mut self.dice);
        self.entries[room] += 1;
        self.time += self.dice.below(2 * PAUSE as usize) as u64;
        Message {
            room: RoomId(room as u64 + 1),
            entry: EntryId(self.entries[room]),
            time: self.time,
            author: UserId(self.people.roll(&mut self.dice) as u64 + 1),
            text,
        }
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        let is_english = self.dice.below(20) == 0;
        for _ in 0..2 + self.dice.below(4) + self.dice.below(12) {
            match self.dice.below(100) {
                0 => text.push_str(&format!("{} ", self.dice.below(1_000_000_000))),
                1..=6 => text.push('，'),
                other => {
                    if is_english || other < 15 {
                        text.push_str(&self.english[self.english_ranks.roll(&mut self.dice)]);
                        text.push(' ');
                    } else {
                        text.push_str(&self.chinese[self.chinese_ranks.roll(&mut self.dice)]);
                    }
                }
            }
        }
        text
    }
}

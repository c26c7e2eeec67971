//! What the index keeps of a document, and under which terms it is found.
//!
//! | field | what |
//! | --- | --- |
//! | `text` | terms with their positions: each single, each two that follow one another, each beginning of a word, and each whole word with a space after it |
//! | `key` | kind, room and number: what a change replaces |
//! | `room`, `author` | also as columns |
//! | `time`, `item` | columns: milliseconds; the number, doubled, plus one for a file |
//! | `is_file` | of files alone, to find them among the messages |
//!
//! Two characters that follow one another are a term of their own because either of
//! them is too common to start from. Beginnings of words are terms because what someone
//! has typed so far may begin ten thousand words. Texts are not kept.

use crate::change::{Change, FileName, Item, Message};
use crate::spelling::{SPELLER, Speller};
use qunliao_protocol::{RoomId, UserId};
use tantivy::TantivyDocument;
use tantivy::Term;
use tantivy::schema::{
    BytesOptions, FAST, Field, INDEXED, IndexRecordOption, NumericOptions, Schema,
    TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::TokenizerManager;

/// Of an index that is built differently; one of another format is built anew.
pub(crate) const FORMAT: u32 = 1;

/// The fields.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    pub(crate) schema: Schema,
    pub(crate) text: Field,
    pub(crate) key: Field,
    pub(crate) room: Field,
    pub(crate) author: Field,
    pub(crate) time: Field,
    pub(crate) item: Field,
    pub(crate) is_file: Field,
}

impl Fields {
    pub(crate) fn new() -> Self {
        let terms = TextFieldIndexing::default()
            .set_tokenizer(SPELLER)
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let both = NumericOptions::default().set_indexed().set_fast();
        let mut schema = Schema::builder();
        Self {
            text: schema.add_text_field("text", TextOptions::default().set_indexing_options(terms)),
            key: schema.add_bytes_field("key", BytesOptions::default().set_indexed()),
            room: schema.add_u64_field("room", both.clone()),
            author: schema.add_u64_field("author", both),
            time: schema.add_u64_field("time", FAST),
            item: schema.add_u64_field("item", FAST),
            is_file: schema.add_u64_field("is_file", INDEXED),
            schema: schema.build(),
        }
    }

    pub(crate) fn message(&self, message: &Message) -> TantivyDocument {
        let item = Item::Entry(message.entry);
        self.document(
            message.room,
            item,
            message.time,
            message.author,
            &message.text,
        )
    }

    pub(crate) fn file(&self, file: &FileName) -> TantivyDocument {
        let item = Item::File(file.file);
        let mut document = self.document(file.room, item, file.time, file.owner, &file.name);
        document.add_u64(self.is_file, 1);
        document
    }

    fn document(
        &self,
        room: RoomId,
        item: Item,
        time: u64,
        author: UserId,
        text: &str,
    ) -> TantivyDocument {
        let mut document = TantivyDocument::new();
        document.add_text(self.text, text);
        document.add_bytes(self.key, &key(room, item));
        document.add_u64(self.room, room.0);
        document.add_u64(self.author, author.0);
        document.add_u64(self.time, time);
        document.add_u64(self.item, item.number());
        document
    }

    /// The term of what a change replaces or removes.
    pub(crate) fn replaced(&self, change: &Change) -> Term {
        let keyed = |room: RoomId, item: Item| Term::from_field_bytes(self.key, &key(room, item));
        match change {
            Change::Message(it) => keyed(it.room, Item::Entry(it.entry)),
            Change::File(it) => keyed(it.room, Item::File(it.file)),
            Change::ForgetMessage { room, entry } => keyed(*room, Item::Entry(*entry)),
            Change::ForgetFile { room, file } => keyed(*room, Item::File(*file)),
            Change::ForgetRoom(room) => Term::from_field_u64(self.room, room.0),
        }
    }
}

fn key(room: RoomId, item: Item) -> [u8; 16] {
    let number = item.number().rotate_right(1);
    let mut key = [0; 16];
    key[..8].copy_from_slice(&room.0.to_be_bytes());
    key[8..].copy_from_slice(&number.to_be_bytes());
    key
}

/// What spells texts out into terms.
pub(crate) fn spellers() -> TokenizerManager {
    let spellers = TokenizerManager::default();
    spellers.register(SPELLER, Speller);
    spellers
}

//! The people in the tests, and the stores that they meet in.

use qunliao_protocol::files::Place;
use qunliao_protocol::label::{Label, Path as FolderPath};
use qunliao_protocol::{EntryId, RoomId, UserId};
use qunliao_storage::accounts::{NewAccount, RegisterRefusal, Role, User};
use qunliao_storage::audit::{Actor, By};
use qunliao_storage::codes::{Asker, CodeRules, Issued, NewCode, Proof, Purpose, SendingLimits};
use qunliao_storage::files::{FileRecord, NewFile};
use qunliao_storage::sessions::NewSession;
use qunliao_storage::{
    Accounts, Codes, Contact, Digest, EntryKind, Files, FreeSpace, Log, MemoryEngine,
    MessageChange, NewEntry, Reserve, RoomChange, Seal, SledEngine, Store,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// When the tests begin, in milliseconds since the epoch.
pub(crate) const NOW: u64 = 1_700_000_000_000;
pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

pub(crate) const LOBBY: RoomId = RoomId::LOBBY;

/// The seal key of every store in the tests.
pub(crate) const KEY: [u8; 32] = [7; 32];

pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) phone: &'static str,
    pub(crate) email: &'static str,
}

pub(crate) const ALICE: Person = Person {
    name: "小爱",
    phone: "+8613912345678",
    email: "alice@example.com",
};
pub(crate) const BOB: Person = Person {
    name: "小波",
    phone: "+8613887654321",
    email: "bob@example.com",
};
pub(crate) const CAROL: Person = Person {
    name: "Carol",
    phone: "+14155550123",
    email: "carol@example.com",
};

impl Person {
    /// An account without contacts.
    pub(crate) fn account(&self) -> NewAccount {
        NewAccount {
            name: self.name.to_owned(),
            folded_name: self.name.to_lowercase(),
            password_hash: format!("$argon2id$ of {}", self.name.len()),
            phone: None,
            email: None,
            proofs: Vec::new(),
            invite: None,
            role: Role::Member,
            pending: false,
            by: None,
            now: NOW,
        }
    }

    /// An account with a number and the code that was sent to it.
    pub(crate) fn account_by_phone(&self, code: &str) -> NewAccount {
        NewAccount {
            phone: Some(self.phone.to_owned()),
            proofs: vec![self.phone_proof(code)],
            ..self.account()
        }
    }

    /// An account with an address that no code has proved.
    pub(crate) fn account_with_email(&self, email: &str) -> NewAccount {
        NewAccount {
            email: Some(email.to_owned()),
            ..self.account()
        }
    }

    pub(crate) fn phone_contact(&self) -> Contact {
        Contact::Phone(self.phone.to_owned())
    }

    pub(crate) fn email_contact(&self) -> Contact {
        Contact::Email(self.email.to_owned())
    }

    pub(crate) fn phone_proof(&self, code: &str) -> Proof {
        proof(Purpose::Register, self.phone_contact(), code)
    }
}

pub(crate) fn proof(purpose: Purpose, contact: Contact, code: &str) -> Proof {
    Proof {
        purpose,
        contact,
        code: code.to_owned(),
        from: None,
    }
}

pub(crate) const RULES: CodeRules = CodeRules {
    lifetime_ms: 5 * MINUTE,
    wrong_tries_max: 5,
    wrong_tries_window_ms: HOUR,
};

pub(crate) const LIMITS: SendingLimits = SendingLimits {
    gap_ms: MINUTE,
    per_contact_hour: 5,
    per_contact_day: 10,
    per_contact_and_prefix_hour: 3,
    per_contact_and_prefix_day: 6,
    per_address_hour: 10,
    per_prefix_hour: 30,
    total_day: 100,
    sms_day: 50,
};

/// Someone who asks from `network`, alone in a prefix.
pub(crate) fn asker(network: &str) -> Asker {
    Asker {
        network: network.to_owned(),
        prefix: format!("around {network}"),
        counted: true,
    }
}

/// A code that nobody in particular asked for.
pub(crate) fn new_code(proof: Proof, now: u64) -> NewCode {
    NewCode {
        proof,
        user: None,
        discreet: false,
        now,
        rules: RULES,
        sending: LIMITS,
        asked_by: None,
    }
}

/// Sends a code for signing up to the person's phone.
pub(crate) async fn send_code(store: &Store, person: &Person, code: &str, now: u64) {
    let new = new_code(person.phone_proof(code), now);
    assert_eq!(store.issue(new).await.unwrap(), Issued::Send);
}

pub(crate) async fn sign_up(store: &Store, person: &Person) -> User {
    signed_up(store, person.account()).await
}

pub(crate) async fn signed_up(store: &Store, new: NewAccount) -> User {
    store.register(new).await.unwrap().ok().unwrap()
}

pub(crate) async fn refusal(store: &Store, new: NewAccount) -> RegisterRefusal {
    store.register(new).await.unwrap().err().unwrap()
}

pub(crate) async fn close(store: &Store, user: UserId) {
    let closed = store.close_account(user, None, operator(NOW)).await;
    assert_eq!(closed.unwrap(), Ok(()));
}

pub(crate) fn new_session(user: UserId, token: &str) -> NewSession {
    NewSession {
        user,
        token: token.to_owned(),
        now: NOW,
        idle_ms: DAY,
        lifetime_ms: 7 * DAY,
        sessions_max: 10,
        device: None,
        address: None,
    }
}

/// The operator, at some time.
pub(crate) fn operator(now: u64) -> By {
    By {
        actor: Actor::Operator,
        now,
    }
}

/// A user, by oneself, at some time.
pub(crate) fn oneself(id: UserId, now: u64) -> By {
    By {
        actor: Actor::User(id),
        now,
    }
}

pub(crate) fn said(author: u64, text: &str) -> NewEntry {
    NewEntry {
        time: NOW,
        kind: EntryKind::text(text),
        author: UserId(author),
        client_message_id: None,
    }
}

/// A change of a room.
pub(crate) fn changed(author: u64, change: RoomChange) -> NewEntry {
    NewEntry {
        kind: EntryKind::Room(change),
        ..said(author, "")
    }
}

/// A change of a message.
pub(crate) fn change(author: u64, target: u64, change: MessageChange) -> NewEntry {
    NewEntry {
        kind: EntryKind::Change {
            target: id(target),
            change,
        },
        ..said(author, "")
    }
}

pub(crate) async fn append(store: &Store, room: RoomId, after: u64, entries: Vec<NewEntry>) {
    let appended = store.append(room, id(after), entries).await;
    assert_eq!(appended.unwrap(), Ok(()));
}

/// The words of an entry.
pub(crate) fn words(entry: &NewEntry) -> &str {
    match &entry.kind {
        EntryKind::Message(message) => &message.text,
        other => panic!("{other:?} has no words"),
    }
}

pub(crate) async fn last(store: &Store, room: RoomId) -> EntryId {
    store.end(room).await.unwrap().last
}

pub(crate) fn id(number: u64) -> EntryId {
    EntryId(number)
}

pub(crate) fn label(name: &str) -> Label {
    Label::new(name).unwrap()
}

pub(crate) fn alone(name: &str) -> Place {
    Place::File(label(name))
}

pub(crate) fn within(folder: &str, path: &str) -> Place {
    Place::Folder {
        folder: label(folder),
        path: FolderPath::new(path).unwrap(),
    }
}

/// A file of `size` bytes whose content is told apart by `content`.
pub(crate) fn new_file(place: Place, content: u8, size: u64) -> NewFile {
    NewFile {
        room: LOBBY,
        place,
        size,
        sha256: Digest::new([content; 32]),
        owner: UserId(1),
        time: NOW + u64::from(content),
    }
}

pub(crate) async fn share(store: &Store, place: Place, content: u8, size: u64) -> FileRecord {
    let shared = store.add_file(new_file(place, content, size)).await;
    shared.unwrap().unwrap()
}

/// A reserve that is never reached.
pub(crate) fn plenty() -> Reserve {
    let space = FreeSpace::Fixed(Arc::new(AtomicU64::new(u64::MAX)));
    Reserve::new(space, 0)
}

pub(crate) fn memory_store(engine: &MemoryEngine) -> Store {
    let alarm = |why: &qunliao_storage::StorageError| panic!("{why}");
    Store::open(engine.clone(), Seal::new(&KEY), plenty(), alarm).unwrap()
}

pub(crate) fn sled_store(folder: &Path) -> Store {
    let engine = SledEngine::open(folder).unwrap();
    let alarm = |why: &qunliao_storage::StorageError| panic!("{why}");
    Store::open(engine, Seal::new(&KEY), plenty(), alarm).unwrap()
}

/// Runs each of the functions, which take a fresh store, over every engine.
macro_rules! over_every_engine {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test]
            async fn over_sled() {
                let folder = tempfile::tempdir().unwrap();
                super::$name(crate::cast::sled_store(folder.path())).await;
            }

            #[tokio::test]
            async fn in_memory() {
                let engine = qunliao_storage::MemoryEngine::new();
                super::$name(crate::cast::memory_store(&engine)).await;
            }
        }
    )+};
}

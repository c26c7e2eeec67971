//! What was acknowledged, and what anyone was shown, is there after whatever end.
//!
//! Senders, listeners and uploaders keep journals while the server is killed under
//! them, again and again. After each kill the data folder is read with the storage
//! crate, and held against all journals so far.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use qunliao_protocol::label::Label;
use qunliao_protocol::{EntryId, RoomId};
use qunliao_storage::files::Item;
use qunliao_storage::{
    DataFolder, Entry, EntryKind, Files, FreeSpace, Log, Reserve, SledEngine, Store, Vault,
};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::harness::{Addresses, Home, PATIENCE, Server};
use crate::people::{ALICE, BOB, CAROL, Person};
use crate::wire::{Header, Wire};

/// How often the server is killed.
const ROUNDS: u64 = 25;
/// After how many messages that a listener has heard: now early, now late.
const HEARD_BEFORE_KILL: [usize; 7] = [1, 40, 5, 150, 15, 400, 80];
/// Messages of a sender that wait for their acknowledgement.
const WINDOW: usize = 16;

/// A message that a sender has not seen acknowledged.
type Pending = (String, String);

/// What one client was told.
#[derive(Default)]
struct Journal {
    /// Ids and texts, acknowledged or heard.
    promised: Vec<(u64, String)>,
    /// Messages without an acknowledgement, by their own id, with their text.
    pending: Vec<Pending>,
    /// Names and hashes of uploads that were answered.
    uploads: Vec<(String, String)>,
}

impl Journal {
    /// Notes a forward.
    fn hear(&mut self, frame: &serde_json::Value) {
        let id = frame["id"].as_u64().expect("a forward has an id");
        let news = frame["news"].as_str().expect("a forward has news");
        self.promised.push((id, news.to_owned()));
    }
}

/// All that was ever promised.
#[derive(Default)]
struct Promises {
    texts: HashMap<u64, String>,
    uploads: Vec<(String, String)>,
}

impl Promises {
    fn add(&mut self, journal: &Journal) {
        for (id, text) in &journal.promised {
            let known = self.texts.entry(*id).or_insert_with(|| text.clone());
            assert_eq!(known, text, "entry {id} was shown with two texts");
        }
        self.uploads.extend(journal.uploads.iter().cloned());
    }

    /// Holds them against a data folder that no server has open.
    fn check(&self, home: &Home, checked_uploads: usize) {
        let folder = DataFolder::open(&home.data()).expect("the server is gone");
        let engine = SledEngine::open(&folder.database()).expect("a database");
        let reserve = Reserve::new(FreeSpace::of(folder.root()), 0);
        let seal = folder.seal().expect("a key");
        let store = Store::open(engine, seal, reserve, |why| panic!("{why}")).expect("a store");
        let vault = Vault::open(&folder.vault()).expect("a vault");
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(async {
            self.check_log(&read_log(&store).await);
            for (name, hash) in &self.uploads[checked_uploads..] {
                check_upload(&store, &vault, name, hash).await;
            }
        });
        store.close();
    }

    fn check_log(&self, entries: &[Entry]) {
        let mut texts = HashSet::new();
        for (entry, id) in entries.iter().zip(1..) {
            assert_eq!(entry.id, EntryId(id), "ids are dense");
            let text = words(entry);
            assert!(texts.insert(text), "{text:?} stands twice");
        }
        for (id, text) in &self.texts {
            let entry = entries.get(usize::try_from(*id).expect("small") - 1);
            let entry =
                entry.unwrap_or_else(|| panic!("{text:?} was promised as {id}, and is lost"));
            assert_eq!(words(entry), text, "entry {id}");
        }
    }
}

fn words(entry: &Entry) -> &str {
    match &entry.content.kind {
        EntryKind::Message(message) => &message.text,
        other => panic!("{other:?} was not said"),
    }
}

async fn read_log(store: &Store) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = entries.last().map_or(EntryId(0), |entry| entry.id);
        let page = store.page(RoomId::LOBBY, after, 1_000, 1 << 20).await;
        let page = page.expect("a log that can be read");
        if page.is_empty() {
            return entries;
        }
        entries.extend(page);
    }
}

async fn check_upload(store: &Store, vault: &Vault, name: &str, hash: &str) {
    let label = Label::new(name).expect("a label");
    let item = store.item(RoomId::LOBBY, label).await.expect("an index");
    let Some(Item::File(file)) = item else {
        panic!("{name} was answered, and is not listed");
    };
    assert_eq!(file.sha256.to_string(), hash, "{name}");
    let mut content = Vec::new();
    let source = vault.read(&file.sha256).expect("its content");
    { source }.read_to_end(&mut content).expect("its content");
    assert_eq!(hex(&content), hash, "{name}");
}

fn hex(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Sends with acknowledgements, first of all what is pending from earlier.
fn send_surely(to: Addresses, token: &str, label: &str, pending: Vec<Pending>) -> Journal {
    let mut journal = Journal {
        pending,
        ..Journal::default()
    };
    // The server may have been killed before this one came.
    let Some(mut wire) = Wire::try_open(to.chat, Header::Binary) else {
        return journal;
    };
    let say = |(id, text): &Pending| json!({ "op": 0, "token": token, "client_message_id": id, "news": text });
    let mut alive = journal
        .pending
        .iter()
        .all(|message| wire.try_send(&say(message)).is_ok());
    let mut number = 0;
    while alive {
        if journal.pending.len() < WINDOW {
            // Now short, now too long for one record of the database.
            let text = format!("{label}-{number} {}", "x".repeat(number * 997 % 9_000));
            let message = (format!("{label}-{number}"), text);
            number += 1;
            alive = wire.try_send(&say(&message)).is_ok();
            journal.pending.push(message);
            continue;
        }
        match wire.try_receive() {
            Ok(Some(frame)) if frame.get("test").is_none() => journal.hear(&frame),
            Ok(Some(frame)) => {
                assert_eq!(frame["test"], 0, "{frame}");
                let id = &frame["client_message_id"];
                let index = journal
                    .pending
                    .iter()
                    .position(|(pending, _)| id == pending);
                let (_, text) = journal.pending.remove(index.expect("it was pending"));
                journal
                    .promised
                    .push((frame["id"].as_u64().expect("an id"), text));
            }
            Ok(None) | Err(_) => alive = false,
        }
    }
    journal
}

/// As a client of the origin: says something after each word that it hears.
fn chat_plainly(to: Addresses, person: &Person, label: &str) -> Journal {
    let mut journal = Journal::default();
    let Some(mut wire) = Wire::try_open(to.chat, Header::Text) else {
        return journal;
    };
    let entrance = json!({ "op": 0, "args": person.args(), "news": "" });
    if wire.try_send(&entrance).is_err() {
        return journal;
    }
    let mut number = 0;
    while let Ok(Some(frame)) = wire.try_receive() {
        journal.hear(&frame);
        let news = format!("{label}-{number}");
        number += 1;
        if wire
            .try_send(&json!({ "op": 0, "args": person.args(), "news": news }))
            .is_err()
        {
            break;
        }
    }
    journal
}

/// Listens, and tells when it has heard enough.
fn listen(mut wire: Wire, enough: usize, tell: &Sender<()>) -> Journal {
    let mut journal = Journal::default();
    while let Ok(Some(frame)) = wire.try_receive() {
        journal.hear(&frame);
        if journal.promised.len() == enough {
            tell.send(()).expect("someone waits for this");
        }
    }
    let ids: Vec<u64> = journal.promised.iter().map(|(id, _)| *id).collect();
    assert!(
        ids.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "a listener misses nothing: {ids:?}"
    );
    journal
}

fn upload_on_and_on(to: Addresses, token: &str, label: &str) -> Journal {
    let mut journal = Journal::default();
    for number in 0_u32.. {
        let name = format!("{label}-{number}");
        let content: Vec<u8> = name
            .bytes()
            .cycle()
            .take(number as usize * 7_919 % 100_000)
            .collect();
        let Some(mut wire) = Wire::try_open(to.files, Header::Binary) else {
            break;
        };
        let frame = json!({ "op": 0, "token": token, "file_name": name, "file_type": 0,
            "file_size": content.len() });
        if wire.try_send(&frame).is_err() || wire.try_send_bytes(&content).is_err() {
            break;
        }
        match wire.try_receive() {
            Ok(Some(reply)) => {
                assert_eq!(reply["test"], 0, "{reply}");
                journal.uploads.push((name, hex(&content)));
            }
            Ok(None) | Err(_) => break,
        }
    }
    journal
}

/// One life of a server, from its start to its violent end.
fn live_and_die(
    home: Home,
    round: u64,
    tokens: &[String; 2],
    pending: &mut [Vec<Pending>; 2],
) -> (Home, Vec<Journal>) {
    let server = home.start();
    let to = server.addresses;
    let enough =
        HEARD_BEFORE_KILL[usize::try_from(round).expect("small") % HEARD_BEFORE_KILL.len()];
    // Both are in before anything is said.
    let mut plain = Wire::open(to.chat, Header::Text);
    CAROL.say(&mut plain, "");
    let mut extended = Wire::open(to.chat, Header::Binary);
    CAROL.enter(&mut extended);
    let (tell, told) = channel();
    let journals = thread::scope(|scope| {
        let ear = tell.clone();
        let mut clients = vec![
            scope.spawn(move || listen(plain, enough, &ear)),
            scope.spawn(move || listen(extended, usize::MAX, &tell)),
        ];
        let senders = tokens.iter().zip(pending.iter_mut()).zip(["a", "b"]);
        for ((token, pending), label) in senders {
            let label = format!("{label}{round}");
            let pending = std::mem::take(pending);
            clients.push(scope.spawn(move || send_surely(to, token, &label, pending)));
        }
        clients.push(scope.spawn(move || chat_plainly(to, &BOB, &format!("p{round}"))));
        clients.push(scope.spawn(move || upload_on_and_on(to, &tokens[0], &format!("u{round}"))));
        told.recv_timeout(PATIENCE)
            .expect("the listener hears enough");
        let home = server.kill9();
        let journals = clients
            .into_iter()
            .map(|client| client.join().expect("a client"));
        (home, journals.collect::<Vec<_>>())
    });
    let (home, mut journals) = journals;
    // The senders are the third and the fourth of them.
    for (pending, journal) in pending.iter_mut().zip(&mut journals[2..4]) {
        *pending = std::mem::take(&mut journal.pending);
    }
    (home, journals)
}

#[test]
fn nothing_that_was_acknowledged_or_shown_is_lost_when_the_server_is_killed() {
    let server = Server::start();
    for person in [&ALICE, &BOB, &CAROL] {
        person.sign_up(&server);
    }
    let tokens = [ALICE.token(&server), BOB.token(&server)];
    let mut home = server.terminate();
    let mut promises = Promises::default();
    let mut pending = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        let (left, journals) = live_and_die(home, round, &tokens, &mut pending);
        home = left;
        let checked = promises.uploads.len();
        journals.iter().for_each(|journal| promises.add(journal));
        promises.check(&home, checked);
    }
    let (messages, uploads) = (promises.texts.len(), promises.uploads.len());
    println!("{ROUNDS} kills, {messages} messages and {uploads} uploads promised, none lost");
    assert!(messages > 1_000 && uploads > 0);

    // And to those who come after, the server serves it.
    let server = home.start();
    let mut wire = Wire::open(server.addresses.files, Header::Text);
    let list = wire.ask(&json!({ "op": 1, "args": CAROL.args(), "look": 0 }));
    assert!(list["exist_file"].as_u64().expect("a number") >= uploads as u64);
    let (name, hash) = promises.uploads.last().expect("there are some");
    let frame = wire.ask(&json!({ "op": 1, "args": CAROL.args(), "look": 1, "file_name": name }));
    let size = frame["file_size"]
        .as_str()
        .expect("a text")
        .parse()
        .expect("a number");
    assert_eq!(&hex(&wire.read_bytes(size)), hash);
    server.terminate();
}

#[test]
fn a_stop_in_the_middle_of_a_conversation_loses_nothing_either() {
    let server = Server::start();
    ALICE.sign_up(&server);
    CAROL.sign_up(&server);
    let (token, to) = (ALICE.token(&server), server.addresses);
    let mut plain = Wire::open(to.chat, Header::Text);
    CAROL.say(&mut plain, "");
    let (tell, told) = channel();
    let (home, journals) = thread::scope(|scope| {
        let clients = [
            scope.spawn(move || listen(plain, 200, &tell)),
            scope.spawn(|| send_until_the_end(to, &token)),
        ];
        told.recv_timeout(PATIENCE)
            .expect("the listener hears enough");
        let home = server.terminate();
        (home, clients.map(|client| client.join().expect("a client")))
    });
    let mut promises = Promises::default();
    journals.iter().for_each(|journal| promises.add(journal));
    promises.check(&home, 0);
}

/// As [`send_surely`], with a server that says goodbye.
fn send_until_the_end(to: Addresses, token: &str) -> Journal {
    let mut journal = Journal::default();
    let mut wire = Wire::open(to.chat, Header::Binary);
    for number in 0.. {
        let text = format!("message {number}");
        let frame = json!({ "op": 0, "token": token, "seq": number, "news": text });
        if wire.try_send(&frame).is_err() {
            break;
        }
        match wire.try_receive() {
            Ok(Some(reply)) if reply["test"] == 0 => {
                journal
                    .promised
                    .push((reply["id"].as_u64().expect("an id"), text));
            }
            Ok(Some(reply)) => {
                assert_eq!(reply["error"], "shutting_down");
                break;
            }
            Ok(None) | Err(_) => break,
        }
    }
    journal
}

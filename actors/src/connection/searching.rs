//! op 7: searching.

use super::Connection;
use super::history::{ShownLine, lines};
use super::posts::Asked;
use crate::finder::{Wanted, searchable};
use crate::house::House;
use crate::overview::person;
use actix::Context;
use qunliao_protocol::chat::{FileCard, FoundFile, Person, SEARCH, Search, SearchReply};
use qunliao_protocol::reply::{Reply, Speaker};
use qunliao_protocol::{Credential, EntryId, Failure, FileId, RoomId, UserId};
use qunliao_search::{Among, Item, Place, Query};
use qunliao_storage::accounts::Standing;
use qunliao_storage::{EntryKind, RoomChange};
use std::sync::Arc;

/// What was found, with names.
struct Found {
    entries: Vec<(RoomId, ShownLine)>,
    files: Vec<FoundFile>,
    people: Vec<Person>,
    next: Option<Place>,
}

impl Connection {
    pub(super) fn search(
        &mut self,
        asked: Asked,
        search: Search<'_>,
        credential: Option<Credential<'_>>,
        ctx: &mut Context<Self>,
    ) {
        let before = search.before.map(read_place).transpose();
        let before = match before {
            Ok(before) => before,
            Err(failure) => return self.refuse_asked(asked, &failure),
        };
        let wanted = Wanted {
            query: Query::new(search.query),
            rooms: Vec::new(),
            room: search.room,
            author: search.from,
            before,
            limit: search.limit,
        };
        let typed = search.query.to_owned();
        self.as_speaker(asked, credential, ctx, move |act, asked, person, ctx| {
            if let Err(failure) = act.take_turn(&person) {
                return act.refuse_asked(asked, &failure);
            }
            let finding = find(Arc::clone(&act.house), person.id, typed, wanted);
            act.carry_out(ctx, finding, move |act, found, _| match found {
                Ok(found) => {
                    let entries = found.entries.iter();
                    let reply = SearchReply {
                        entries: entries.map(|(room, line)| line.frame(*room)).collect(),
                        files: found.files,
                        people: found.people,
                        more: found.next.is_some(),
                        before: found.next.map(write_place),
                    };
                    act.reply(&Reply::ok(SEARCH, asked.envelope.seq, reply));
                }
                Err(failure) => act.refuse_asked(asked, &failure),
            });
        });
    }
}

async fn find(
    house: Arc<House>,
    reader: UserId,
    typed: String,
    mut wanted: Wanted,
) -> Result<Found, Failure> {
    let failed = |why| crate::storage_failure(&why);
    let store = &house.room_store;
    wanted.rooms = store.room_ids_of(reader).await.map_err(failed)?;
    if wanted
        .room
        .is_some_and(|room| !wanted.rooms.contains(&room))
    {
        return Err(Failure::NotAMember);
    }
    let is_first_page = wanted.before.is_none();
    let (query, limit) = (wanted.query.clone(), wanted.limit);
    let page = house.finder.find(wanted.clone(), Among::Messages).await?;
    let hits = page.hits.iter().filter_map(|hit| match hit.place.item {
        Item::Entry(id) => Some((hit.place.room, id)),
        Item::File(_) => None,
    });
    let shown = store.shown(hits.collect(), reader).await.map_err(failed)?;
    let (rooms, shown): (Vec<_>, Vec<_>) = shown.into_iter().unzip();
    let lines = lines(&house, shown).await?;
    // The index may be a moment behind: what was recalled or edited is looked at again.
    let entries = rooms.into_iter().zip(lines).filter(|(_, line)| {
        let words = words_of(line);
        words.is_some_and(|words| query.matches(&words))
    });
    let files = match is_first_page {
        true => find_files(&house, wanted.clone(), &query).await?,
        false => Vec::new(),
    };
    let wants_people = is_first_page && wanted.room.is_none() && wanted.author.is_none();
    let people = match wants_people {
        true => find_people(&house, &typed, limit).await?,
        false => Vec::new(),
    };
    Ok(Found {
        entries: entries.collect(),
        files,
        people,
        next: page.next,
    })
}

/// The words by which an entry is found; `None` if it is not to be.
fn words_of(line: &ShownLine) -> Option<String> {
    match line.kind() {
        EntryKind::Message(message) if !message.recalled => {
            let file = message.file.as_ref().map(|file| &*file.name);
            Some(searchable(&message.text, file))
        }
        EntryKind::Room(RoomChange::Announced(text)) => Some(text.clone()),
        _ => None,
    }
}

async fn find_files(
    house: &House,
    wanted: Wanted,
    query: &Query,
) -> Result<Vec<FoundFile>, Failure> {
    let failed = |why| crate::storage_failure(&why);
    let page = house.finder.find(wanted, Among::Files).await?;
    let mut found = Vec::with_capacity(page.hits.len());
    for hit in page.hits {
        let Item::File(id) = hit.place.item else {
            continue;
        };
        let file = house.files.file(id).await.map_err(failed)?;
        let file = file.filter(|file| file.room == hit.place.room && query.matches(&file.name));
        found.extend(file);
    }
    let owners = found.iter().map(|file| file.owner).collect();
    let names = house.reading.names(owners).await.map_err(failed)?;
    let files = found.into_iter().map(|file| FoundFile {
        room: file.room,
        id: None,
        user: file.owner,
        speaker: Speaker {
            name: names.get(&file.owner).cloned().unwrap_or_default(),
        },
        time: file.time,
        file: FileCard {
            id: file.id,
            name: file.name,
            size: file.size,
        },
    });
    Ok(files.collect())
}

async fn find_people(house: &House, typed: &str, limit: usize) -> Result<Vec<Person>, Failure> {
    let mut people = Vec::new();
    for user in house.finder.find_people(typed, limit) {
        let user = house.accounts.user(user).await;
        let user = user.map_err(|why| crate::storage_failure(&why))?;
        let active = user.filter(|user| user.standing == Standing::Active);
        people.extend(active.map(person));
    }
    Ok(people)
}

/// A place as clients give it back: time, room, `e` for an entry or `f` for a file, id.
fn write_place(place: Place) -> String {
    let (time, room) = (place.time, place.room);
    match place.item {
        Item::Entry(id) => format!("{time}.{room}.e.{id}"),
        Item::File(id) => format!("{time}.{room}.f.{id}"),
    }
}

fn read_place(written: &str) -> Result<Place, Failure> {
    let mistyped = Failure::MistypedKey("before");
    let parts: Vec<&str> = written.split('.').collect();
    let [time, room, sort, id] = parts[..] else {
        return Err(mistyped);
    };
    let number = |text: &str| text.parse::<u64>().map_err(|_| mistyped.clone());
    let id = number(id)?;
    let item = match sort {
        "e" => Item::Entry(EntryId(id)),
        "f" => Item::File(FileId(id)),
        _ => return Err(mistyped),
    };
    Ok(Place {
        time: number(time)?,
        room: RoomId(number(room)?),
        item,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        for item in [Item::Entry(EntryId(7)), Item::File(FileId(9))] {
            let (time, room) = (1_700_000_000_000, RoomId(2));
            let place = Place { time, room, item };
            assert_eq!(read_place(&write_place(place)), Ok(place));
        }
        for wrong in ["", "1.2.e", "1.2.x.3", "1.2.e.-3", "1.2.e.3.4", "a.2.e.3"] {
            let refused = Err(Failure::MistypedKey("before"));
            assert_eq!(read_place(wrong), refused, "{wrong:?}");
        }
    }
}

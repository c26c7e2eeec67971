//! How requests about rooms are read.

use super::*;

fn read(keys: &str, check: impl FnOnce(Result<RoomRequest<'_>, Failure>)) {
    let body = format!("{{\"op\":3,{keys}}}");
    check(RoomRequest::read(&Object::parse(body.as_bytes()).unwrap()));
}

#[test]
fn every_verb_is_read_with_its_keys() {
    let user = UserId(2);
    let (after, limit) = (UserId(5), 10);
    let id = EntryId(4);
    let asks = [
        ("show", "", RoomAsk::Show),
        (
            "members",
            r#","after":5,"limit":10"#,
            RoomAsk::Members { after, limit },
        ),
        ("join", "", RoomAsk::Join),
        ("leave", "", RoomAsk::Leave),
        ("invite", r#","user":2"#, RoomAsk::Invite(user)),
        ("kick", r#","user":2"#, RoomAsk::Kick(user)),
        ("ban", r#","user":2"#, RoomAsk::Ban(user)),
        ("unban", r#","user":2"#, RoomAsk::Unban(user)),
        (
            "mute",
            r#","user":2,"seconds":60"#,
            RoomAsk::Mute {
                user,
                until: MuteEnd::After(60),
            },
        ),
        (
            "mute",
            r#","user":2,"until":1700000000000"#,
            RoomAsk::Mute {
                user,
                until: MuteEnd::At(1_700_000_000_000),
            },
        ),
        ("unmute", r#","user":2"#, RoomAsk::Unmute(user)),
        (
            "role",
            r#","user":2,"role":"admin""#,
            RoomAsk::Role {
                user,
                role: RoomRole::Admin,
            },
        ),
        ("title", r#","title":"茶""#, RoomAsk::Title("茶")),
        ("announce", r#","news":"""#, RoomAsk::Announce("")),
        ("confirm", r#","id":4"#, RoomAsk::Confirm(id)),
        (
            "roster",
            r#","id":4,"after":5,"limit":10"#,
            RoomAsk::Roster { id, after, limit },
        ),
        ("card", r#","card":"阿波""#, RoomAsk::Card(Some("阿波"))),
        ("card", r#","card":"""#, RoomAsk::Card(None)),
        ("card", "", RoomAsk::Card(None)),
        (
            "notify",
            r#","notify":"none""#,
            RoomAsk::Notify(Notify::None),
        ),
    ];
    for (verb, keys, ask) in asks {
        let keys = format!("\"do\":\"{verb}\",\"room\":\"7\"{keys}");
        let room = RoomId(7);
        read(&keys, |asked| {
            assert_eq!(asked, Ok(RoomRequest::In { room, ask }));
        });
    }
}

#[test]
fn rooms_are_listed_made_and_found_for_two() {
    read(r#""do":"list""#, |asked| {
        let (after, limit) = (RoomId(0), 50);
        assert_eq!(asked, Ok(RoomRequest::List { after, limit }));
    });
    read(r#""do":"list","after":"7","limit":1"#, |asked| {
        let (after, limit) = (RoomId(7), 1);
        assert_eq!(asked, Ok(RoomRequest::List { after, limit }));
    });
    read(r#""do":"create","title":"茶","access":"closed""#, |asked| {
        let (title, access) = ("茶", Access::Closed);
        assert_eq!(asked, Ok(RoomRequest::Create { title, access }));
    });
    read(r#""do":"direct","user":2"#, |asked| {
        let user = UserId(2);
        assert_eq!(asked, Ok(RoomRequest::Direct { user }));
    });
}

#[test]
fn what_is_missing_or_cannot_be_is_named() {
    let (missing, mistyped) = (Failure::MissingKey, Failure::MistypedKey);
    for (keys, failure) in [
        (r#""room":"7""#, missing("do")),
        (r#""room":"7","do":"burn""#, mistyped("do")),
        (r#""do":"show""#, missing("room")),
        (r#""do":"show","room":"attic""#, Failure::RoomNotFound),
        (r#""do":"kick","room":"7""#, missing("user")),
        (r#""do":"kick","room":"7","user":"2""#, mistyped("user")),
        (r#""do":"mute","room":"7","user":2"#, missing("until")),
        (
            r#""do":"mute","room":"7","user":2,"seconds":0"#,
            mistyped("seconds"),
        ),
        (
            r#""do":"mute","room":"7","user":2,"seconds":9,"until":9"#,
            mistyped("seconds"),
        ),
        (
            r#""do":"role","room":"7","user":2,"role":"king""#,
            mistyped("role"),
        ),
        (
            r#""do":"notify","room":"7","notify":"x""#,
            mistyped("notify"),
        ),
        (r#""do":"create","title":"x""#, missing("access")),
        (
            r#""do":"create","title":"x","access":"direct""#,
            mistyped("access"),
        ),
        (r#""do":"list","after":7"#, mistyped("after")),
        (r#""do":"list","after":"attic""#, mistyped("after")),
        (r#""do":"members","room":"7","limit":0"#, mistyped("limit")),
    ] {
        read(keys, |asked| assert_eq!(asked, Err(failure), "{keys}"));
    }
}

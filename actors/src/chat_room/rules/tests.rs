//! Who may do what, as tables.
//!
//! A row is a deed, a column someone who does it, by how they stand in the room. A cell
//! says `yes` (it becomes an entry), `so` (it is that way already) or why not; `.` where
//! there is nobody of the kind in such a room. In the lobby roles are those on the server.

mod wishes;

use super::*;
use qunliao_protocol::RoomId;
use qunliao_storage::accounts::Role;
use qunliao_storage::rooms::{End, Membership, RoomRecord, RoomState};
use wishes::{Wish, wish};

const OUTSIDER: UserId = UserId(1);
const MEMBER: UserId = UserId(2);
const MUTED: UserId = UserId(3);
const ADMIN: UserId = UserId(4);
const OWNER: UserId = UserId(5);
const OTHER_MEMBER: UserId = UserId(6);
const OTHER_ADMIN: UserId = UserId(7);
const BANNED: UserId = UserId(8);
const STRANGER: UserId = UserId(9);

/// The columns.
const COLUMNS: [(&str, UserId); 5] = [
    ("outsider", OUTSIDER),
    ("member", MEMBER),
    ("muted", MUTED),
    ("admin", ADMIN),
    ("owner", OWNER),
];

const NOW: u64 = 1_000_000;
const LAST: EntryId = EntryId(20);
const PINNED: EntryId = EntryId(3);

const RULES: RoomRules = RoomRules {
    members_max: 8,
    recall_ms: 1_000,
    edit_ms: 5_000,
    pins_max: 2,
    reactions_max: 2,
    edits_max: 2,
};

fn state(access: Access) -> State {
    let role = |user| match user {
        OWNER => RoomRole::Owner,
        ADMIN | OTHER_ADMIN => RoomRole::Admin,
        _ => RoomRole::Member,
    };
    let people: &[UserId] = match access {
        Access::Everyone => &[MUTED],
        Access::Direct => &[MEMBER, OTHER_MEMBER],
        _ => &[MEMBER, MUTED, ADMIN, OWNER, OTHER_MEMBER, OTHER_ADMIN],
    };
    let members = people.iter().map(|user| {
        let membership = Membership {
            role: match access {
                Access::Everyone | Access::Direct => RoomRole::Member,
                _ => role(*user),
            },
            muted_until: if *user == MUTED { NOW + 30_000 } else { 0 },
            ..Membership::default()
        };
        (*user, membership)
    });
    State::of(&RoomState {
        record: RoomRecord {
            id: RoomId(2),
            access,
            title: String::new(),
            created: 0,
            announcement: None,
            pins: vec![PINNED],
        },
        end: End::default(),
        members: members.collect(),
        banned: match access {
            Access::Open | Access::Closed => vec![BANNED],
            _ => Vec::new(),
        },
    })
}

fn party(id: UserId) -> Party {
    let role = match id {
        OWNER => Role::Owner,
        ADMIN | OTHER_ADMIN => Role::Admin,
        _ => Role::Member,
    };
    Party { id, role }
}

fn ruling(state: &State, rules: &RoomRules, by: UserId, wish: Wish) -> Ruling {
    let case = Case {
        state,
        rules,
        by: party(by),
        subject: wish.subject.map(party),
        target: wish.target.as_ref(),
        last: LAST,
        now: NOW,
    };
    case.judge(wish.deed)
}

fn check(access: Access, table: &str) {
    let state = state(access);
    let mut rows = table.lines().filter(|line| line.contains('|')).map(cells);
    let (_, head) = rows.next().unwrap();
    assert_eq!(head, COLUMNS.map(|(name, _)| name));
    for (row, cells) in rows {
        for (expected, (_, by)) in cells.into_iter().zip(COLUMNS) {
            if expected == "." {
                continue;
            }
            let ruled = match ruling(&state, &RULES, by, wish(row, by)) {
                Ok(Some(_)) => "yes".to_owned(),
                Ok(None) => "so".to_owned(),
                Err(failure) => failure.slug().replace('_', " "),
            };
            assert_eq!(ruled, expected, "{access:?}: {row}, by user {by}");
        }
    }
}

fn cells(line: &str) -> (&str, [&str; COLUMNS.len()]) {
    let mut cells = line.split('|').map(str::trim);
    let row = cells.next().unwrap();
    let cells: Vec<_> = cells.collect();
    (row, cells.try_into().expect("a cell for each column"))
}

#[test]
fn in_a_room_of_its_own_a_group_keeps_order_by_roles() {
    // Alike in open and in closed rooms.
    let table = "
        deed                         | outsider     | member      | muted       | admin       | owner
        say something                | not a member | yes         | muted       | yes         | yes
        mention everyone             | not a member | not allowed | muted       | yes         | yes
        mention a member             | not a member | yes         | muted       | yes         | yes
        mention a stranger           | not a member | user not found | muted    | user not found | user not found
        answer the last              | not a member | yes         | muted       | yes         | yes
        answer what is not there     | not a member | entry not found | muted   | entry not found | entry not found
        answer nothing               | not a member | entry not found | muted   | entry not found | entry not found

        leave                        | not a member | yes         | yes         | yes         | last owner
        kick: a member               | not a member | not allowed | not allowed | yes         | yes
        kick: an admin               | not a member | not allowed | not allowed | not allowed | yes
        kick: the owner              | not a member | not allowed | not allowed | not allowed | not allowed
        kick: oneself                | not a member | not allowed | not allowed | not allowed | not allowed
        kick: a stranger             | not a member | not allowed | not allowed | so          | so
        ban: a member                | not a member | not allowed | not allowed | yes         | yes
        ban: an admin                | not a member | not allowed | not allowed | not allowed | yes
        ban: the owner               | not a member | not allowed | not allowed | not allowed | not allowed
        ban: a stranger              | not a member | not allowed | not allowed | yes         | yes
        ban: a banned user           | not a member | not allowed | not allowed | so          | so
        unban: a banned user         | not a member | not allowed | not allowed | yes         | yes
        unban: a stranger            | not a member | not allowed | not allowed | so          | so
        mute: a member               | not a member | not allowed | not allowed | yes         | yes
        mute: an admin               | not a member | not allowed | not allowed | not allowed | yes
        mute: the owner              | not a member | not allowed | not allowed | not allowed | not allowed
        mute: oneself                | not a member | not allowed | not allowed | not allowed | not allowed
        mute: a stranger             | not a member | not allowed | not allowed | user not found | user not found
        mute into the past           | not a member | not allowed | not allowed | mistyped key | mistyped key
        unmute: a muted member       | not a member | not allowed | not allowed | yes         | yes
        unmute: a member             | not a member | not allowed | not allowed | so          | so
        make an admin of: a member   | not a member | not allowed | not allowed | not allowed | yes
        make an admin of: an admin   | not a member | not allowed | not allowed | not allowed | so
        make a member of: an admin   | not a member | not allowed | not allowed | not allowed | yes
        make the owner of: a member  | not a member | not allowed | not allowed | not allowed | yes
        make a member of: oneself    | not a member | not allowed | not allowed | not allowed | not allowed
        make an admin of: a stranger | not a member | not allowed | not allowed | not allowed | user not found
        give a title                 | not a member | not allowed | not allowed | yes         | yes
        announce                     | not a member | not allowed | not allowed | yes         | yes
        take an announcement back    | not a member | not allowed | not allowed | so          | so

        recall one's own             | not a member | yes         | yes         | yes         | yes
        recall one's own late        | not a member | too late    | too late    | too late    | yes
        recall a member's            | not a member | not allowed | not allowed | yes         | yes
        recall an admin's            | not a member | not allowed | not allowed | not allowed | yes
        recall the owner's           | not a member | not allowed | not allowed | not allowed | yes
        recall a stranger's          | not a member | not allowed | not allowed | yes         | yes
        recall what was recalled     | not a member | so          | so          | so          | so
        edit one's own               | not a member | yes         | muted       | yes         | yes
        edit one's own late          | not a member | too late    | muted       | too late    | too late
        edit one's own once more     | not a member | too many changes | muted  | too many changes | too many changes
        edit one's own file          | not a member | not allowed | muted       | not allowed | not allowed
        edit a member's              | not a member | not allowed | muted       | not allowed | not allowed
        edit what was recalled       | not a member | recalled    | recalled    | recalled    | recalled
        edit to mention everyone     | not a member | not allowed | muted       | yes         | yes
        react                        | not a member | yes         | muted       | yes         | yes
        react again                  | not a member | so          | muted       | so          | so
        react as someone did         | not a member | yes         | muted       | yes         | yes
        react in a third way         | not a member | too many changes | muted  | too many changes | too many changes
        take a reaction back         | not a member | yes         | yes         | yes         | yes
        take another's reaction back | not a member | so          | so          | so          | so
        pin                          | not a member | not allowed | not allowed | yes         | yes
        unpin what is not            | not a member | not allowed | not allowed | so          | so
        react to what is no message  | not a member | not a message | not a message | not a message | not a message
    ";
    check(Access::Open, table);
    check(Access::Closed, table);
}

#[test]
fn who_may_come_in_depends_on_the_room() {
    check(
        Access::Open,
        "
        deed                  | outsider     | member | muted  | admin  | owner
        join                  | yes          | so     | so     | so     | so
        invite: a stranger    | not a member | yes    | yes    | yes    | yes
        invite: a member      | not a member | so     | so     | so     | so
        invite: a banned user | not a member | banned | banned | banned | banned
        ",
    );
    check(
        Access::Closed,
        "
        deed                  | outsider     | member      | muted       | admin  | owner
        join                  | room closed  | so          | so          | so     | so
        invite: a stranger    | not a member | not allowed | not allowed | yes    | yes
        invite: a member      | not a member | not allowed | not allowed | so     | so
        invite: a banned user | not a member | not allowed | not allowed | banned | banned
        ",
    );
    for access in [Access::Open, Access::Closed] {
        let ruling = ruling(&state(access), &RULES, BANNED, Wish::of(Deed::Join));
        assert_eq!(ruling, Err(Failure::Banned));
    }
}

#[test]
fn in_the_lobby_the_roles_of_the_server_hold_and_nobody_comes_or_goes() {
    check(
        Access::Everyone,
        "
        deed                         | outsider    | member      | muted       | admin       | owner
        say something                | yes         | yes         | muted       | yes         | yes
        mention everyone             | not allowed | not allowed | muted       | yes         | yes
        mention a stranger           | yes         | yes         | muted       | yes         | yes
        join                         | so          | so          | so          | so          | so
        leave                        | not in this room | not in this room | not in this room | not in this room | not in this room
        invite: a stranger           | not in this room | not in this room | not in this room | not in this room | not in this room
        kick: a member               | not in this room | not in this room | not in this room | not in this room | not in this room
        ban: a member                | not in this room | not in this room | not in this room | not in this room | not in this room
        unban: a member              | not allowed | not allowed | not allowed | not in this room | not in this room
        make an admin of: a member   | not in this room | not in this room | not in this room | not in this room | not in this room
        mute: a member               | not allowed | not allowed | not allowed | yes         | yes
        mute: an admin               | not allowed | not allowed | not allowed | not allowed | yes
        mute: the owner              | not allowed | not allowed | not allowed | not allowed | not allowed
        unmute: a muted member       | not allowed | not allowed | not allowed | yes         | yes
        give a title                 | not allowed | not allowed | not allowed | yes         | yes
        announce                     | not allowed | not allowed | not allowed | yes         | yes
        recall one's own             | yes         | yes         | yes         | yes         | yes
        recall one's own late        | too late    | too late    | too late    | yes         | yes
        recall a member's            | not allowed | not allowed | not allowed | yes         | yes
        edit one's own               | yes         | yes         | muted       | yes         | yes
        react                        | yes         | yes         | muted       | yes         | yes
        pin                          | not allowed | not allowed | not allowed | yes         | yes
        ",
    );
}

#[test]
fn between_two_nobody_rules_the_other() {
    check(
        Access::Direct,
        "
        deed                       | outsider         | member           | muted | admin | owner
        say something              | not a member     | yes              | .     | .     | .
        mention everyone           | not a member     | not allowed      | .     | .     | .
        mention a member           | not a member     | yes              | .     | .     | .
        mention a stranger         | not a member     | user not found   | .     | .     | .
        join                       | room not found   | so               | .     | .     | .
        leave                      | not a member     | not in this room | .     | .     | .
        invite: a stranger         | not a member     | not in this room | .     | .     | .
        kick: a member             | not in this room | not in this room | .     | .     | .
        ban: a member              | not in this room | not in this room | .     | .     | .
        unban: a member            | not a member     | not in this room | .     | .     | .
        mute: a member             | not a member     | not in this room | .     | .     | .
        unmute: a member           | not a member     | not in this room | .     | .     | .
        make an admin of: a member | not a member     | not in this room | .     | .     | .
        give a title               | not a member     | not in this room | .     | .     | .
        announce                   | not a member     | not in this room | .     | .     | .
        recall one's own           | not a member     | yes              | .     | .     | .
        recall one's own late      | not a member     | too late         | .     | .     | .
        recall a member's          | not a member     | not allowed      | .     | .     | .
        edit one's own             | not a member     | yes              | .     | .     | .
        react                      | not a member     | yes              | .     | .     | .
        pin                        | not a member     | yes              | .     | .     | .
        unpin what is not          | not a member     | so               | .     | .     | .
        ",
    );
}

#[test]
fn a_room_is_full_and_its_pins_are_used_up() {
    let full = RoomRules {
        members_max: 6,
        pins_max: 1,
        ..RULES
    };
    let state = state(Access::Open);
    let join = ruling(&state, &full, STRANGER, Wish::of(Deed::Join));
    assert_eq!(join, Err(Failure::RoomFull));
    let invite = ruling(&state, &full, OWNER, Wish::about(Deed::Invite, STRANGER));
    assert_eq!(invite, Err(Failure::RoomFull));
    let pin = ruling(&state, &full, ADMIN, wish("pin", ADMIN));
    assert_eq!(pin, Err(Failure::TooManyPins(1)));
    // What is pinned already takes no further place.
    let mut again = wish("pin", ADMIN);
    again.deed = Deed::Change {
        target: PINNED,
        change: MessageChange::Pinned,
    };
    assert_eq!(ruling(&state, &full, ADMIN, again), Ok(None));
}

#[test]
fn who_is_muted_is_told_for_how_long_and_speaks_when_that_is_over() {
    let state = state(Access::Open);
    let said = |now| {
        let case = Case {
            state: &state,
            rules: &RULES,
            by: party(MUTED),
            subject: None,
            target: None,
            last: LAST,
            now,
        };
        case.judge(Deed::Say(Message::default())).map(drop)
    };
    assert_eq!(said(NOW), Err(Failure::Muted(30)));
    assert_eq!(said(NOW + 29_999), Err(Failure::Muted(1)));
    assert_eq!(said(NOW + 30_000), Ok(()));
}

//! Each answer, as it is printed.

use super::*;
use qunliao_protocol::{LinkId, SessionId, UserId};

const NOW: u64 = 1_700_000_000_000;

fn alice() -> UserLine {
    UserLine {
        id: UserId(1),
        name: "小爱".into(),
        role: Role::Owner,
        standing: Standing::Active,
        phone: Some("+8618671289536".into()),
        phone_verified: true,
        email: Some("alice@example.org".into()),
        email_confirmed: false,
        nickname: None,
        created: NOW,
    }
}

fn text(it: &Reply) -> String {
    reply(it, &When::utc())
}

#[test]
fn users_are_a_table() {
    let users = Reply::Users {
        users: vec![
            alice(),
            UserLine {
                id: UserId(12),
                name: "Bob".into(),
                role: Role::Member,
                standing: Standing::Pending,
                phone: None,
                email: None,
                ..alice()
            },
        ],
        more: false,
    };
    let expected = "\
ID   NAME  ROLE    STANDING  PHONE           E-MAIL                        SINCE
#1   小爱  owner   active    +8618671289536  alice@example.org (unproved)  2023-11-14 22:13
#12  Bob   member  pending                                                 2023-11-14 22:13
";
    assert_eq!(text(&users), expected);
}

#[test]
fn a_change_and_no_change_are_told_apart() {
    let said = |changed| {
        text(&Reply::User {
            user: alice(),
            changed,
            told: None,
        })
    };
    assert_eq!(said(true), "小爱 (#1) is active, owner.\n");
    assert_eq!(said(false), "小爱 (#1) is already active, owner.\n");
}

#[test]
fn who_is_told_and_who_is_not_is_said() {
    let said = |told| {
        text(&Reply::User {
            user: alice(),
            changed: true,
            told: Some(told),
        })
    };
    let expected = "小爱 (#1) is active, owner. They are told by mail.\n";
    assert_eq!(said(Told::ByMail), expected);
    for told in [Told::NoContact, Told::NoServer] {
        assert!(said(told).contains("They are not told: "));
    }
}

#[test]
fn a_link_stands_on_a_line_of_its_own() {
    let link = Link {
        id: LinkId(3),
        url: "https://chat.example.org/invite/abc".into(),
        token: "abc".into(),
        expires: NOW,
    };
    let invitation = Invitation {
        id: LinkId(3),
        role: Role::Member,
        note: Some("小波".into()),
        made: NOW,
        expires: NOW,
    };
    let invited = text(&Reply::Invited {
        invitation,
        link: link.clone(),
    });
    let expected = "Invitation 3 (for 小波): one account, member, until 2023-11-14 22:13:\n\
                    https://chat.example.org/invite/abc\n";
    assert_eq!(invited, expected);
    let reset = text(&Reply::ResetLink {
        user: alice(),
        link,
    });
    assert!(reset.starts_with("With this, 小爱 (#1) can set a new password, once, until "));
    assert_eq!(
        reset.lines().nth(1),
        Some("https://chat.example.org/invite/abc")
    );
}

#[test]
fn a_device_cannot_steer_the_terminal() {
    let sessions = text(&Reply::Sessions {
        user: alice(),
        sessions: vec![SessionLine {
            id: SessionId(4),
            device: Some("\u{1b}]0;evil\u{7}".into()),
            address: Some("192.0.2.1".into()),
            issued: NOW,
            last_used: NOW,
            expires: NOW,
        }],
    });
    assert!(!sessions.contains(['\u{1b}', '\u{7}']), "{sessions:?}");
    assert!(
        sessions.contains("192.0.2.1") && sessions.contains("e-mail: alice@example.org (unproved)")
    );
}

#[test]
fn the_audit_trail_says_who_did_what_to_whom() {
    let entries = vec![AuditLine {
        id: 1,
        time: NOW,
        actor: Who::Operator,
        action: Action::RoleChanged,
        subject: Some(UserRef {
            id: UserId(1),
            name: Some("小爱".into()),
        }),
        detail: Some("member -> owner".into()),
    }];
    let expected = "\
TIME                 WHO       WHAT          WHOSE ACCOUNT  DETAIL
2023-11-14 22:13:20  operator  role changed  小爱 (#1)      member -> owner
";
    assert_eq!(text(&Reply::Audit { entries }), expected);
    assert_eq!(text(&Reply::Audit { entries: vec![] }), "Nothing yet.\n");
}

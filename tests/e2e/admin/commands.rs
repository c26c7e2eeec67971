//! Every command, its documents, its refusals and its exit codes.

use super::*;

/// All commands once, about people with these names.
fn go_through(home: &Home, owner: &str, other: &str) {
    let added = add(home, owner, "owner");
    assert_eq!(
        (&added["name"], &added["role"]),
        (&owner.into(), &"owner".into())
    );
    let id = format!("#{}", add(home, other, "member")["id"]);
    let listed = done(home, &["user", "list", "--role", "owner"]);
    let names: Vec<&Value> = listed["users"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert!(
        names.contains(&&owner.into()) && !names.contains(&&other.into()),
        "{listed}"
    );
    assert_eq!(done(home, &["user", "show", &id])["user"]["name"], other);

    let disabled = done(home, &["user", "disable", other]);
    assert_eq!(
        (&disabled["user"]["standing"], &disabled["changed"]),
        (&"disabled".into(), &true.into())
    );
    assert_eq!(done(home, &["user", "disable", other])["changed"], false);
    assert_eq!(
        done(home, &["user", "enable", other])["user"]["standing"],
        "active"
    );
    assert_eq!(done(home, &["user", "approve", other])["changed"], false);
    assert_eq!(
        done(home, &["user", "role", other, "admin", "--yes"])["user"]["role"],
        "admin"
    );

    let link = done(home, &["user", "reset-link", other])["link"].clone();
    let token = link["token"].as_str().expect("a text");
    assert!(
        link["url"]
            .as_str()
            .expect("a text")
            .ends_with(&format!("/reset/{token}")),
        "{link}"
    );
    let invited = done(
        home,
        &[
            "invite",
            "--for",
            "小朋",
            "--expires",
            "2d",
            "--role",
            "admin",
        ],
    );
    let invitation = &invited["invitation"];
    let lifetime = invitation["expires"].as_u64().expect("a number")
        - invitation["made"].as_u64().expect("a number");
    assert_eq!(
        (lifetime, &invitation["note"]),
        (2 * 24 * 3600 * 1000, &"小朋".into())
    );
    let invitations = || done(home, &["invite", "list"])["invitations"].clone();
    assert!(
        invitations()
            .as_array()
            .expect("a list")
            .contains(invitation)
    );
    let id_text = invitation["id"].to_string();
    assert_eq!(
        done(home, &["invite", "revoke", &id_text])["id"],
        invitation["id"]
    );
    assert!(
        !invitations()
            .as_array()
            .expect("a list")
            .contains(invitation)
    );
    let instead = done(home, &["user", "add", "小朋", "--invite"]);
    assert_eq!(instead["invitation"]["note"], "小朋");

    assert_eq!(
        done(home, &["sessions", "list", other])["sessions"],
        serde_json::json!([])
    );
    assert_eq!(
        done(home, &["sessions", "revoke", other, "--all"])["revoked"],
        0
    );
    assert_eq!(
        done(home, &["user", "delete", other, "--yes"])["user"]["standing"],
        "closed"
    );

    let audit = done(home, &["audit", "--user", &id, "--limit", "3"]);
    let entries = audit["entries"].as_array().expect("a list");
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[2]["action"], "closed", "the newest last: {audit}");
    assert_eq!(entries[2]["subject"]["name"], other);
    assert_eq!(entries[2]["actor"], "operator");
}

#[test]
fn every_command_does_the_same_with_a_server_and_without() {
    let home = Home::new();
    go_through(&home, "小爱", "小波");
    assert_eq!(done(&home, &["stats"])["server"], Value::Null);
    let server = home.start();
    go_through(server.home(), "Carol", "Dave");
    let counted = done(server.home(), &["stats"]);
    assert_eq!(counted["server"]["pid"], server.process());
    assert_eq!(
        (&counted["owners"], &counted["closed"]),
        (&2.into(), &2.into())
    );
    let home = server.terminate();
    let counted = done(&home, &["stats"]);
    assert_eq!(
        (&counted["active"], &counted["server"]),
        (&2.into(), &Value::Null)
    );
}

#[test]
fn refusals_have_a_word_and_an_exit_code() {
    let home = Home::new();
    assert_eq!(
        refused(&home, &["user", "list"]),
        (3, "no_data_folder".into())
    );
    assert!(!home.data().exists(), "looking makes no folder");
    add(&home, "小爱", "owner");
    for (arguments, word) in [
        (&["user", "show", "nobody"][..], "no_such_user"),
        (&["user", "disable", "小爱"], "last_owner"),
        (&["user", "delete", "小爱", "--yes"], "last_owner"),
        (&["user", "delete", "小爱"], "unconfirmed"),
        (&["user", "role", "小爱", "member"], "unconfirmed"),
        (&["invite", "revoke", "99"], "no_such_invitation"),
        (
            &["sessions", "revoke", "小爱", "--session", "9"],
            "no_such_session",
        ),
        (&["user", "add", "小波", "--password-stdin"], "no_password"),
    ] {
        assert_eq!(refused(&home, arguments), (1, word.into()), "{arguments:?}");
    }
    for arguments in [
        &["user", "add", "小波", "--password", "x"][..],
        &["user", "role", "小爱", "king"],
        &["sessions", "revoke", "小爱"],
        &["invite", "--expires", "soon"],
        &["audit", "--limit", "0"],
    ] {
        assert_eq!(
            run(&home, arguments).status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
    let weak = run_with(
        &home,
        &["user", "add", "小波", "--password-stdin"],
        "password1\n",
    );
    assert_eq!(weak.status.code(), Some(1));
    assert!(weak.stdout.is_empty() && !weak.stderr.is_empty());
}

#[test]
fn for_people_it_prints_tables_that_stand_straight() {
    let home = Home::new();
    add(&home, "小爱", "owner");
    add(&home, "Carol", "member");
    let printed = text(&home, &["user", "list"]);
    let lines: Vec<&str> = printed.lines().collect();
    assert!(
        lines[0].starts_with("ID  NAME   ROLE    STANDING"),
        "{printed}"
    );
    assert!(
        lines[1].starts_with("#1  小爱   owner   active"),
        "{printed}"
    );
    assert!(
        lines[2].starts_with("#2  Carol  member  active"),
        "{printed}"
    );
    let audit = text(&home, &["audit", "--limit", "1"]);
    assert!(audit.contains("operator  signed up  Carol (#2)"), "{audit}");
    assert!(text(&home, &["stats"]).contains("2 active (1 of them owners)"));
    let invited = text(&home, &["invite"]);
    assert!(
        invited
            .lines()
            .nth(1)
            .is_some_and(|line| line.starts_with("http://")),
        "{invited}"
    );
}

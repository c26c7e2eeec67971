//! Accounts and sessions.

use super::*;
use qunliao_actors::admin::Told;
use qunliao_actors::auth_registry::CodeSettings;
use qunliao_actors::hasher::Hasher;
use qunliao_storage::accounts::{Login, NewAccount};
use qunliao_storage::codes::{NewCode, Proof, Purpose};
use qunliao_storage::{Accounts as _, Codes as _, Contact};

#[actix_rt::test]
async fn who_is_added_can_sign_in_with_the_password() {
    let office = Office::open();
    let (alice, changed) = office.user(add("小爱", Role::Owner)).await;
    assert!(changed);
    assert_eq!(
        (alice.role, alice.standing),
        (Role::Owner, Standing::Active)
    );
    let found = office.store.find(Login::Name("小爱".into())).await.unwrap();
    let hash = found.unwrap().password_hash;
    let hasher = Hasher::new(1, 1);
    assert_eq!(hasher.verify(PASSWORD, Some(hash)).await, Ok(true));
}

#[actix_rt::test]
async fn the_rules_of_a_sign_up_hold_for_who_is_added() {
    let office = Office::open();
    office.add("Alice", Role::Member).await;
    assert_eq!(
        office.refusal(add("aLICE", Role::Member)).await,
        "name_taken"
    );
    assert_eq!(
        office.refusal(add("系统", Role::Member)).await,
        "invalid_name"
    );
    for weak in ["short", "password1234", "12345678"] {
        let mut request = add("小波", Role::Member);
        if let Request::AddUser { password, .. } = &mut request {
            weak.clone_into(password);
        }
        assert_eq!(office.refusal(request).await, "weak_password", "{weak}");
    }
}

#[actix_rt::test]
async fn a_user_is_named_by_name_id_number_or_address() {
    let office = Office::open();
    let mut request = add("小爱", Role::Member);
    if let Request::AddUser { phone, email, .. } = &mut request {
        *phone = Some("186 7128 9536".into());
        *email = Some("Alice@example.org".into());
    }
    let alice = office.user(request).await.0;
    assert!(
        !alice.phone_verified && !alice.email_confirmed,
        "nobody proved them"
    );
    for name in [
        "小爱",
        " 小爱 ",
        "#1",
        "id:1",
        "18671289536",
        "+86 186-7128-9536",
        "alice@EXAMPLE.org",
    ] {
        let request = Request::User { user: named(name) };
        assert_eq!(office.user(request).await.0.id, alice.id, "{name}");
    }
    for nobody in ["小波", "#2", "1", "13912345678", "bob@example.org", ""] {
        let request = Request::User {
            user: named(nobody),
        };
        assert_eq!(office.refusal(request).await, "no_such_user", "{nobody}");
    }
}

#[actix_rt::test]
async fn where_two_could_be_meant_both_are_told() {
    let office = Office::open();
    for name in ["小爱", "小波"] {
        let mut request = add(name, Role::Member);
        if let Request::AddUser { email, .. } = &mut request {
            *email = Some("team@example.org".into());
        }
        office.user(request).await;
    }
    let request = Request::Disable {
        user: named("team@example.org"),
    };
    let refused = office.ask(request).await.unwrap_err();
    assert_eq!(refused.code, "ambiguous");
    assert!(refused.message.contains("#1, #2"), "{}", refused.message);
}

#[actix_rt::test]
async fn who_is_approved_is_told_where_a_contact_is_proved_and_a_server_runs() {
    let office = Office::open();
    let address = || "bob@example.org".to_owned();
    let codes = CodeSettings::default();
    let proof = Proof {
        purpose: Purpose::Register,
        contact: Contact::Email(address()),
        code: "123456".into(),
        from: None,
    };
    let sent = NewCode {
        proof: proof.clone(),
        user: None,
        discreet: false,
        now: 1,
        rules: codes.rules(),
        sending: codes.sending(),
        asked_by: None,
    };
    office.store.issue(sent).await.unwrap();
    let waiting = |name: &str, proofs: Vec<Proof>| NewAccount {
        name: name.into(),
        folded_name: name.into(),
        password_hash: "none".into(),
        phone: None,
        email: (!proofs.is_empty()).then(address),
        proofs,
        invite: None,
        role: Role::Member,
        pending: true,
        by: None,
        now: 1,
    };
    for (name, proofs) in [("小波", vec![proof]), ("小爱", vec![])] {
        let registered = office.store.register(waiting(name, proofs)).await.unwrap();
        assert!(registered.is_ok());
    }
    let approve = async |name: &str| {
        let request = Request::Approve { user: named(name) };
        match office.ask(request).await.unwrap() {
            Reply::User { told, .. } => told,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(approve("小波").await, Some(Told::ByMail));
    let told = office.door.told.lock().unwrap().clone();
    let expected = (UserId(1), Contact::Email(address()), Notice::Approved);
    assert!(told == [expected]);
    assert_eq!(approve("小波").await, None, "once");
    assert_eq!(approve("小爱").await, Some(Told::NoContact));
    assert_eq!(office.door.told.lock().unwrap().len(), 1);
}

#[actix_rt::test]
async fn whose_name_is_anothers_number_is_not_taken_for_them() {
    let office = Office::open();
    let number = "+8613812345678";
    let called_so = NewAccount {
        name: "13812345678".into(),
        folded_name: "13812345678".into(),
        password_hash: "none".into(),
        phone: None,
        email: None,
        proofs: Vec::new(),
        invite: None,
        role: Role::Member,
        pending: false,
        by: None,
        now: 1,
    };
    let proof = Proof {
        purpose: Purpose::Register,
        contact: Contact::Phone(number.into()),
        code: "123456".into(),
        from: None,
    };
    let codes = CodeSettings::default();
    let sent = NewCode {
        proof: proof.clone(),
        user: None,
        discreet: false,
        now: 1,
        rules: codes.rules(),
        sending: codes.sending(),
        asked_by: None,
    };
    office.store.issue(sent).await.unwrap();
    let reached_so = NewAccount {
        name: "小波".into(),
        folded_name: "小波".into(),
        phone: Some(number.into()),
        proofs: vec![proof],
        ..called_so.clone()
    };
    for new in [called_so, reached_so] {
        assert!(office.store.register(new).await.unwrap().is_ok());
    }
    let request = Request::Disable {
        user: named("13812345678"),
    };
    assert_eq!(office.refusal(request).await, "ambiguous");
}

#[actix_rt::test]
async fn who_is_disabled_is_out_at_once_until_enabled() {
    let office = Office::open();
    let alice = office.add("小爱", Role::Member).await;
    office.open_session(alice.id, "t").await;
    let disable = || Request::Disable {
        user: named("小爱"),
    };
    let (user, changed) = office.user(disable()).await;
    assert_eq!((user.standing, changed), (Standing::Disabled, true));
    assert_eq!(office.shut_out(), [(alice.id, None)]);
    let now = qunliao_actors::clock::now_ms();
    assert!(
        office
            .store
            .session("t".into(), now)
            .await
            .unwrap()
            .is_none()
    );
    assert!(!office.user(disable()).await.1, "it was so already");
    let approve = Request::Approve {
        user: named("小爱"),
    };
    assert_eq!(office.refusal(approve).await, "disabled");
    let enable = || Request::Enable {
        user: named("小爱"),
    };
    assert_eq!(office.user(enable()).await.0.standing, Standing::Active);
    assert!(!office.user(enable()).await.1);
}

#[actix_rt::test]
async fn who_waits_is_approved_and_not_enabled() {
    let office = Office::open();
    let new = NewAccount {
        name: "小波".into(),
        folded_name: "小波".into(),
        password_hash: "none".into(),
        phone: None,
        email: None,
        proofs: Vec::new(),
        invite: None,
        role: Role::Member,
        pending: true,
        by: None,
        now: 1,
    };
    let pending = office.store.register(new).await.unwrap();
    assert!(pending.is_ok());
    let enable = Request::Enable {
        user: named("小波"),
    };
    assert_eq!(office.refusal(enable).await, "pending");
    let link = Request::MakeResetLink {
        user: named("小波"),
    };
    assert_eq!(office.refusal(link).await, "pending");
    let approve = || Request::Approve {
        user: named("小波"),
    };
    let (bob, changed) = office.user(approve()).await;
    assert_eq!((bob.standing, changed), (Standing::Active, true));
    assert!(!office.user(approve()).await.1);
}

#[actix_rt::test]
async fn the_last_owner_stays_one_and_is_told_what_to_do() {
    let office = Office::open();
    office.add("小爱", Role::Owner).await;
    for request in [
        Request::Disable {
            user: named("小爱"),
        },
        Request::Delete {
            user: named("小爱"),
        },
        Request::SetRole {
            user: named("小爱"),
            role: Role::Member,
        },
    ] {
        let refused = office.ask(request).await.unwrap_err();
        assert_eq!(refused.code, "last_owner");
        let advice = "小爱 (#1) is the last owner";
        assert!(refused.message.starts_with(advice), "{}", refused.message);
    }
    assert_eq!(office.shut_out(), [], "nothing happened");
    office.add("小波", Role::Owner).await;
    let request = Request::SetRole {
        user: named("小爱"),
        role: Role::Member,
    };
    assert_eq!(office.user(request).await.0.role, Role::Member);
}

#[actix_rt::test]
async fn a_deleted_user_is_out_and_the_name_stays_taken() {
    let office = Office::open();
    let alice = office.add("小爱", Role::Member).await;
    let delete = || Request::Delete {
        user: named("小爱"),
    };
    let (user, changed) = office.user(delete()).await;
    assert_eq!((user.standing, changed), (Standing::Closed, true));
    assert_eq!(office.shut_out(), [(alice.id, None)]);
    assert_eq!(
        office.refusal(add("小爱", Role::Member)).await,
        "name_taken"
    );
    // Closed accounts can still be looked at, and are not brought back.
    assert!(!office.user(delete()).await.1);
    for request in [
        Request::Enable { user: named("#1") },
        Request::Approve { user: named("#1") },
        Request::Disable { user: named("#1") },
        Request::MakeResetLink { user: named("#1") },
        Request::SetRole {
            user: named("#1"),
            role: Role::Owner,
        },
    ] {
        assert_eq!(office.refusal(request).await, "closed");
    }
}

#[actix_rt::test]
async fn one_session_ends_or_all() {
    let office = Office::open();
    let alice = office.add("小爱", Role::Member).await.id;
    let first = office.open_session(alice, "a").await;
    let second = office.open_session(alice, "b").await;
    office.open_session(alice, "c").await;
    let revoke = |session| Request::RevokeSessions {
        user: named("小爱"),
        session,
    };
    let revoked = |reply| match reply {
        Reply::Revoked { revoked, .. } => revoked,
        other => panic!("{other:?}"),
    };
    assert_eq!(revoked(office.ask(revoke(Some(first))).await.unwrap()), 1);
    assert_eq!(office.shut_out(), [(alice, Some(first))]);
    assert_eq!(office.refusal(revoke(Some(first))).await, "no_such_session");
    let listed = office.ask(Request::Sessions {
        user: named("小爱"),
    });
    let Reply::Sessions { sessions, .. } = listed.await.unwrap() else {
        panic!("sessions");
    };
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0].id, second);
    assert_eq!(sessions[0].device.as_deref(), Some("phone"));
    assert_eq!(revoked(office.ask(revoke(None)).await.unwrap()), 2);
    assert_eq!(office.shut_out()[1], (alice, None));
}

#[actix_rt::test]
async fn a_full_disk_is_told() {
    let office = Office::open();
    office.add("小爱", Role::Member).await;
    office.disk.fill();
    let request = Request::SetRole {
        user: named("小爱"),
        role: Role::Admin,
    };
    assert_eq!(office.refusal(request).await, "storage_full");
    assert_eq!(office.shut_out(), []);
}

#[actix_rt::test]
async fn an_administrator_among_the_users_is_asked_for_the_role() {
    let office = Office::open();
    let owner = office.add("小爱", Role::Owner).await;
    let admin = office.add("小波", Role::Admin).await;
    let member = office.add("Carol", Role::Member).await;
    let ask = |by: &UserLine, request| {
        let caller = caller(by);
        let desk = &office.desk;
        async move { desk.carry_out(caller, request).await.map_err(|it| it.code) }
    };
    let disable = |user: &str| Request::Disable { user: named(user) };
    // Who may not ask learns nothing, not even who there is.
    assert_eq!(
        ask(&member, disable("nobody")).await,
        Err("not_allowed".into())
    );
    assert_eq!(
        ask(&admin, disable("小爱")).await,
        Err("not_allowed".into())
    );
    assert!(ask(&admin, disable("Carol")).await.is_ok());
    let promote = || Request::SetRole {
        user: named("Carol"),
        role: Role::Admin,
    };
    assert_eq!(ask(&admin, promote()).await, Err("not_allowed".into()));
    assert!(ask(&owner, promote()).await.is_ok());
}

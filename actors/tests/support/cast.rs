//! The people in the tests.

use qunliao_actors::admission::Network;
use qunliao_actors::auth_registry::SignUp;
use qunliao_actors::person::{People, Person};
use qunliao_protocol::{SessionId, UserId};
use qunliao_storage::Accounts;
use qunliao_storage::accounts::{NewAccount, Profile, Role, Standing, User};
use std::sync::Arc;

/// Someone who chats.
pub(crate) struct Someone {
    /// The id, where all three have signed up in this order.
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    /// As it is written at home, and as it is kept.
    pub(crate) phone: (&'static str, &'static str),
    pub(crate) email: &'static str,
    pub(crate) password: &'static str,
    pub(crate) token: &'static str,
}

pub(crate) const ALICE: Someone = Someone {
    id: 1,
    name: "小爱",
    phone: ("139 1234 5678", "+8613912345678"),
    email: "alice@example.com",
    password: "alice likes long walks",
    token: "token-of-alice",
};
pub(crate) const BOB: Someone = Someone {
    id: 2,
    name: "小波",
    phone: ("13887654321", "+8613887654321"),
    email: "bob@example.com",
    password: "bob bakes bread daily",
    token: "token-of-bob",
};
pub(crate) const CAROL: Someone = Someone {
    id: 3,
    name: "Carol",
    phone: ("186-7128-9536", "+8618671289536"),
    email: "carol@example.com",
    password: "carol collects old coins",
    token: "token-of-carol",
};

impl Someone {
    pub(crate) fn user(&self) -> UserId {
        UserId(self.id)
    }

    /// The session of the token.
    pub(crate) fn session(&self) -> SessionId {
        SessionId(self.id)
    }

    /// This someone, as connections know a user.
    pub(crate) fn person(&self) -> Arc<Person> {
        People::default().meet(&User {
            id: self.user(),
            name: self.name.to_owned(),
            phone: None,
            phone_verified: false,
            email: None,
            email_confirmed: false,
            role: Role::default(),
            standing: Standing::default(),
            profile: Profile::default(),
            created: 0,
        })
    }

    /// A sign-up with the number alone, and this code.
    pub(crate) fn sign_up(&self, code: &str) -> SignUp {
        SignUp {
            user_name: self.name.to_owned(),
            user_pwd: self.password.to_owned(),
            user_phone: Some(self.phone.0.to_owned()),
            user_vcode: Some(code.to_owned()),
            user_email: None,
            user_ecode: None,
            invite: None,
            wants_session: true,
            device: None,
            language: None,
            asked_by: Network::of([127, 0, 0, 1].into()),
        }
    }
}

/// Gives all three an account, so that names can be read.
pub(crate) async fn settle(accounts: &dyn Accounts) {
    for someone in [ALICE, BOB, CAROL] {
        let new = NewAccount {
            name: someone.name.to_owned(),
            folded_name: someone.name.to_lowercase(),
            password_hash: "none".to_owned(),
            phone: None,
            email: None,
            proofs: Vec::new(),
            invite: None,
            role: Role::Member,
            pending: false,
            by: None,
            now: 1,
        };
        let user = accounts.register(new).await.unwrap().ok().unwrap();
        assert_eq!(user.id, someone.user());
    }
}

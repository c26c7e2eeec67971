//! The cast: the same few people in all tests.

use serde_json::{Value, json};

use crate::harness::Server;
use crate::wire::{Wire, ask};

/// Someone who uses the chat.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) password: &'static str,
    /// Without the country's code, as people write it.
    pub(crate) phone: &'static str,
    pub(crate) email: &'static str,
}

/// Alice
pub(crate) const ALICE: Person = Person {
    name: "小爱",
    password: "correct horse battery",
    phone: "18671289536",
    email: "alice@example.org",
};

/// Bob
pub(crate) const BOB: Person = Person {
    name: "小波",
    password: "群聊真好用吗今天",
    phone: "13912345678",
    email: "bob@example.org",
};

/// Carol
pub(crate) const CAROL: Person = Person {
    name: "Carol",
    password: "7k2!pQx9 and more",
    phone: "13800138000",
    email: "carol@example.net",
};

impl Person {
    /// The number as messages go to it.
    pub(crate) fn full_phone(&self) -> String {
        format!("+86{}", self.phone)
    }

    /// `args` on the chat and files ports.
    pub(crate) fn args(&self) -> Value {
        json!({ "name": self.name, "password": self.password })
    }

    /// `args` of a login.
    pub(crate) fn login_args(&self) -> Value {
        json!({ "user_name": self.name, "user_pwd": self.password })
    }

    /// Has a code sent, signs up with it, and answers the reply.
    pub(crate) fn sign_up(&self, server: &Server) -> Value {
        let auth = server.addresses.auth;
        let asked = ask(
            auth,
            &json!({ "op": 1, "args": { "user_phone": self.phone } }),
        );
        assert_eq!(asked["test"], 0, "{asked}");
        let reply = ask(
            auth,
            &json!({ "op": 2, "args": {
                "user_name": self.name,
                "user_pwd": self.password,
                "user_phone": self.phone,
                "user_vcode": server.code_to(&self.full_phone()),
                "user_email": self.email,
            }}),
        );
        assert_eq!(reply["test"], 0, "{reply}");
        reply
    }

    /// The token of a new session.
    pub(crate) fn token(&self, server: &Server) -> String {
        let reply = ask(
            server.addresses.auth,
            &json!({ "op": 0, "args": self.login_args() }),
        );
        reply["token"].as_str().expect("a token").to_owned()
    }

    /// Says something, as a client of the origin does.
    pub(crate) fn say(&self, wire: &mut Wire, news: &str) {
        wire.send(&json!({ "op": 0, "args": self.args(), "news": news }));
    }

    /// Enters, and waits until that is done: with an answer, which makes the
    /// connection an extended one.
    pub(crate) fn enter(&self, wire: &mut Wire) {
        let reply = wire.ask(&json!({ "op": 0, "seq": 1, "args": self.args(), "news": "" }));
        assert_eq!(reply, json!({ "op": 0, "test": 0, "seq": 1 }));
    }
}

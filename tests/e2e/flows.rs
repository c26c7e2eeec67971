//! From signing up to a password that was forgotten: each conversation once without
//! any encryption, and once with all of it, to the clients and to the mail server.

mod races;

use serde_json::{Value, json};

use crate::admin::done;
use crate::certificates::Certificates;
use crate::delivery::{SIGNING_IN, code_in, mailing};
use crate::encrypted::Trust;
use crate::harness::{Home, Server, eventually};
use crate::people::{ALICE, BOB, Person};
use crate::smtp_server::{Mail, Protection, SmtpServer};
use crate::wire::{Header, Wire};
use std::net::SocketAddr;

const NEW: &str = "an owl looks at the moon";
const NEWER: &str = "the moon looks at an owl";

/// A server with a real mail server beside it; numbers lead to the outbox.
struct Scene {
    server: Server,
    mail: SmtpServer,
    /// If everything is encrypted.
    trust: Option<Trust>,
    _certificates: Certificates,
}

impl Scene {
    fn plain(verify: &str) -> Self {
        let certificates = Certificates::make();
        let mail = SmtpServer::start(&Protection::None, &SIGNING_IN);
        let home = mailing("none", &mail, &certificates).set("tls.mode", "off");
        Self::start(home, verify, mail, certificates)
    }

    fn encrypted(verify: &str) -> Self {
        let certificates = Certificates::make();
        let protection = Protection::Implicit {
            certificate: &certificates.server,
            key: &certificates.key,
        };
        let mail = SmtpServer::start(&protection, &SIGNING_IN);
        let home = mailing("implicit", &mail, &certificates).set("tls.mode", "required");
        let scene = Self::start(home, verify, mail, certificates);
        let trust = Some(scene.server.trust());
        Self { trust, ..scene }
    }

    fn start(home: Home, verify: &str, mail: SmtpServer, certificates: Certificates) -> Self {
        let home = home.set("language", "en");
        Self {
            server: home.set("registration.verify", verify).start(),
            mail,
            trust: None,
            _certificates: certificates,
        }
    }

    fn open(&self, port: SocketAddr) -> Wire {
        let wire = Wire::open(port, Header::Binary);
        match &self.trust {
            None => wire,
            Some(trust) => wire.encrypt(trust),
        }
    }

    fn auth(&self, op: u64, args: &Value) -> Value {
        let request = json!({ "op": op, "args": args });
        self.open(self.server.addresses.auth).ask(&request)
    }

    /// Asks for what is granted.
    fn granted(&self, op: u64, args: &Value) -> Value {
        let reply = self.auth(op, args);
        assert_eq!(reply["test"], 0, "{reply}");
        reply
    }

    /// The word for why it is refused.
    fn refused(&self, op: u64, args: &Value) -> String {
        let reply = self.auth(op, args);
        let word = reply["error"].as_str();
        word.unwrap_or_else(|| panic!("{reply}")).to_owned()
    }

    /// The next mail, which is for this person and came as it should.
    fn next_mail(&self, person: &Person) -> Mail {
        let letter = self.mail.next_mail();
        assert_eq!(letter.to, person.email);
        let encrypted = self.trust.is_some();
        assert_eq!((letter.encrypted, letter.signed_in), (encrypted, true));
        letter
    }

    fn mailed_code(&self, person: &Person) -> String {
        code_in(&self.next_mail(person).body)
    }

    /// The code for `kind`, `register` or `reset`, that went to the number.
    fn texted_code(&self, kind: &str, person: &Person) -> String {
        eventually("a code by SMS", || {
            self.server.codes_for(kind, &person.full_phone()).pop()
        })
    }

    /// Signs up with a code by SMS, and with an address that is not confirmed.
    fn sign_up_by_sms(&self, person: &Person) -> Value {
        self.granted(1, &json!({ "user_phone": person.phone }));
        let code = self.texted_code("register", person);
        let form = json!({ "user_name": person.name, "user_pwd": person.password,
            "user_phone": person.phone, "user_vcode": code, "user_email": person.email });
        let reply = self.granted(2, &form);
        assert_eq!(reply["user"]["email_confirmed"], false);
        reply
    }

    /// Signs up with a code by mail.
    fn sign_up_by_mail(&self, person: &Person) -> Value {
        self.granted(1, &json!({ "user_email": person.email }));
        let form = |code: &str| {
            json!({ "user_name": person.name, "user_pwd": person.password,
            "user_email": person.email, "user_ecode": code })
        };
        let code = self.mailed_code(person);
        assert_eq!(self.refused(2, &form("not it")), "wrong_code");
        let reply = self.granted(2, &form(&code));
        assert_eq!(reply["user"]["email_confirmed"], true);
        reply
    }

    /// Confirms the address with the code that was mailed at sign-up.
    fn confirm(&self, person: &Person) {
        let args = |code: &str| json!({ "user_email": person.email, "user_ecode": code });
        let code = self.mailed_code(person);
        assert_eq!(self.refused(3, &args("not it")), "wrong_code");
        assert!(!self.lets_in(person.email, person.password));
        self.granted(3, &args(&code));
        assert!(self.lets_in(person.email, person.password));
    }

    fn lets_in(&self, user_name: &str, password: &str) -> bool {
        let args = json!({ "user_name": user_name, "user_pwd": password });
        self.auth(0, &args)["test"] == 0
    }

    /// Whether the session of this reply opens the chat.
    fn opens_chat(&self, session: &Value) -> bool {
        let enter = json!({ "op": 0, "seq": 1, "token": session["token"], "news": "" });
        self.open(self.server.addresses.chat).ask(&enter)["test"] == 0
    }

    /// The token of an invitation, or of the link that resets a password.
    fn link(&self, command: &[&str]) -> String {
        let made = done(self.server.home(), command);
        let token = made["link"]["token"].as_str();
        token.unwrap_or_else(|| panic!("{made}")).to_owned()
    }
}

/// Plays each of the functions, which take a way to set the scene, in both.
macro_rules! plain_and_encrypted {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[test]
            fn plain() {
                super::$name(super::Scene::plain);
            }

            #[test]
            fn encrypted() {
                super::$name(super::Scene::encrypted);
            }
        }
    )+};
}
use plain_and_encrypted;

plain_and_encrypted!(
    whoever_signs_up_by_sms_confirms_the_address_later,
    whoever_signs_up_by_mail_needs_no_number,
    with_either_a_code_by_sms_is_enough_and_so_is_one_by_mail,
    an_invitation_takes_the_place_of_codes_once,
    a_forgotten_password_is_reset_by_mail_and_by_sms,
    a_forgotten_password_is_reset_by_a_link_of_the_operator,
);

fn whoever_signs_up_by_sms_confirms_the_address_later(set: fn(&str) -> Scene) {
    let scene = set("sms");
    let session = scene.sign_up_by_sms(&ALICE);
    assert!(scene.opens_chat(&session));
    for known_as in [ALICE.name, ALICE.phone] {
        assert!(scene.lets_in(known_as, ALICE.password));
    }
    scene.confirm(&ALICE);
}

fn whoever_signs_up_by_mail_needs_no_number(set: fn(&str) -> Scene) {
    let scene = set("email");
    let session = scene.sign_up_by_mail(&ALICE);
    assert!(scene.opens_chat(&session));
    for known_as in [ALICE.name, ALICE.email] {
        assert!(scene.lets_in(known_as, ALICE.password));
    }
    assert!(!scene.lets_in(ALICE.phone, ALICE.password));
}

fn with_either_a_code_by_sms_is_enough_and_so_is_one_by_mail(set: fn(&str) -> Scene) {
    let scene = set("either");
    let alice = scene.sign_up_by_sms(&ALICE);
    scene.confirm(&ALICE);
    let bob = scene.sign_up_by_mail(&BOB);
    for (person, session) in [(&ALICE, &alice), (&BOB, &bob)] {
        assert!(scene.opens_chat(session));
        assert!(scene.lets_in(person.email, person.password));
    }
    assert!(scene.lets_in(ALICE.phone, ALICE.password));
}

fn an_invitation_takes_the_place_of_codes_once(set: fn(&str) -> Scene) {
    let scene = set("invite");
    let sms = scene.refused(1, &json!({ "user_phone": ALICE.phone }));
    assert_eq!(sms, "invite_needed");
    let invite = scene.link(&["invite"]);
    let form = |person: &Person, email: &str| {
        let mut form = person.login_args();
        form["invite"] = json!(invite);
        form["user_email"] = json!(email);
        form
    };
    let session = scene.granted(2, &form(&ALICE, ALICE.email));
    assert_eq!(session["user"]["email_confirmed"], false);
    assert!(scene.opens_chat(&session));
    assert_eq!(scene.refused(2, &form(&BOB, "")), "bad_invite");
    scene.confirm(&ALICE);
}

fn a_forgotten_password_is_reset_by_mail_and_by_sms(set: fn(&str) -> Scene) {
    let scene = set("sms");
    let first = scene.sign_up_by_sms(&ALICE);
    scene.confirm(&ALICE);

    let mut forgot = json!({ "user_email": ALICE.email, "purpose": "reset" });
    scene.granted(1, &forgot);
    let code = scene.mailed_code(&ALICE);
    let by_mail =
        |code: &str| json!({ "user_email": ALICE.email, "user_ecode": code, "user_pwd": NEW });
    assert_eq!(scene.refused(4, &by_mail("not it")), "wrong_code");
    scene.granted(4, &by_mail(&code));
    assert!(!scene.opens_chat(&first), "its session is over");
    assert!(!scene.lets_in(ALICE.name, ALICE.password));
    assert!(scene.lets_in(ALICE.name, NEW));
    assert_eq!(scene.refused(4, &by_mail(&code)), "wrong_code");

    forgot = json!({ "user_phone": ALICE.phone, "purpose": "reset" });
    scene.granted(1, &forgot);
    let code = scene.texted_code("reset", &ALICE);
    let by_sms =
        |code: &str| json!({ "user_phone": ALICE.phone, "user_vcode": code, "user_pwd": NEWER });
    assert_eq!(scene.refused(4, &by_sms("not it")), "wrong_code");
    scene.granted(4, &by_sms(&code));
    assert!(!scene.lets_in(ALICE.name, NEW));
    assert!(scene.lets_in(ALICE.name, NEWER));
    // The address, which took no part this time, hears of it.
    let notice = scene.next_mail(&ALICE);
    assert_eq!(notice.subject, "Your Qunliao password was changed");
}

fn a_forgotten_password_is_reset_by_a_link_of_the_operator(set: fn(&str) -> Scene) {
    let scene = set("email");
    let session = scene.sign_up_by_mail(&ALICE);
    let link = scene.link(&["user", "reset-link", ALICE.name]);
    let args = |password: &str| json!({ "reset": link, "user_pwd": password });
    assert_eq!(scene.refused(4, &args("12345678")), "weak_password");
    assert!(scene.opens_chat(&session), "nothing has happened yet");
    scene.granted(4, &args(NEW));
    assert!(!scene.opens_chat(&session));
    assert!(!scene.lets_in(ALICE.email, ALICE.password));
    assert!(scene.lets_in(ALICE.email, NEW));
    assert_eq!(scene.refused(4, &args(NEWER)), "bad_link");
    let notice = scene.next_mail(&ALICE);
    assert_eq!(notice.subject, "Your Qunliao password was changed");
}

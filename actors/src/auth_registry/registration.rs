//! Who may sign up: the ladder of ways (SMS, e-mail, invitation), and how it is told.

use crate::breaker::SmsBreaker;
use crate::courier::Rungs;
use qunliao_delivery::Rung;
use qunliao_protocol::auth::{Registration, Way};
use serde::Deserialize;
use std::time::Instant;

/// Which contacts a sign-up has to prove with a code, unless it brings an invitation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// The phone number.
    #[default]
    Sms,
    /// The e-mail address.
    Email,
    /// Both.
    Both,
    /// One of them.
    Either,
    /// Nobody signs up without an invitation.
    Invite,
    /// Neither.
    None,
}

/// The section `registration` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistrationSettings {
    /// What a sign-up has to prove.
    pub verify: Verify,
    /// Whether accounts made without an invitation wait for approval.
    pub approval: bool,
    /// How long the link for the owner's set-up works, in hours.
    pub setup_hours: u32,
    /// How long an invitation works if nothing else is asked for, in hours.
    pub invite_hours: u32,
    /// How long a link for a new password works, in hours.
    pub reset_link_hours: u32,
    /// The region that numbers without a country code belong to (ISO 3166).
    pub phone_region: String,
    /// Codes go to numbers with these prefixes alone; none means to all.
    pub phone_prefixes: Vec<String>,
}

impl Default for RegistrationSettings {
    fn default() -> Self {
        Self {
            verify: Verify::Sms,
            approval: false,
            setup_hours: 48,
            invite_hours: 168,
            reset_link_hours: 24,
            phone_region: "CN".into(),
            phone_prefixes: vec!["+86".into()],
        }
    }
}

/// How it stands with one way for codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// There is no gateway for it.
    Absent,
    /// There is one, and it fails.
    Failing,
    /// There is one, and messages to newcomers are held back for now: robots ask for
    /// codes and enter none.
    Paused,
    /// There is one, and nothing is known against it.
    Working,
}

/// The ways for codes, as they are at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// To phones.
    pub sms: Reach,
    /// To addresses.
    pub mail: Reach,
}

const OPEN: &[&str] = &["user_name", "user_pwd"];
const BY_PHONE: &[&str] = &["user_name", "user_pwd", "user_phone", "user_vcode"];
const BY_MAIL: &[&str] = &["user_name", "user_pwd", "user_email", "user_ecode"];
const BY_BOTH: &[&str] = &[
    "user_name",
    "user_pwd",
    "user_phone",
    "user_vcode",
    "user_email",
    "user_ecode",
];
const BY_INVITATION: &[&str] = &["user_name", "user_pwd", "invite"];

impl From<&Rungs> for Ladder {
    fn from(rungs: &Rungs) -> Self {
        let reach = |rung: &Rung| match (rung.is_configured(), rung.is_alive()) {
            (false, _) => Reach::Absent,
            (true, false) => Reach::Failing,
            (true, true) => Reach::Working,
        };
        Self {
            sms: reach(&rungs.sms),
            mail: reach(&rungs.mail),
        }
    }
}

impl Ladder {
    /// As it is `now` for newcomers, whose messages the breaker may hold back.
    #[must_use]
    pub fn now(rungs: &Rungs, breaker: &SmsBreaker, now: Instant) -> Self {
        let ladder = Self::from(rungs);
        let sms = match ladder.sms {
            Reach::Working if breaker.check(now).is_err() => Reach::Paused,
            sms => sms,
        };
        Self { sms, ..ladder }
    }
}

impl Verify {
    /// Whether a sign-up without an invitation has to name a phone number.
    pub(super) fn phone(self) -> bool {
        matches!(self, Self::Sms | Self::Both)
    }

    /// Whether a sign-up without an invitation has to name an address.
    pub(super) fn email(self) -> bool {
        matches!(self, Self::Email | Self::Both)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Email => "email",
            Self::Both => "both",
            Self::Either => "either",
            Self::Invite => "invite",
            Self::None => "none",
        }
    }

    /// The ways to sign up, the preferred one first. An invitation is always one.
    fn ways(self, ladder: Ladder) -> Vec<Way> {
        let works = |rung| rung == Reach::Working;
        let sms = || way("sms", BY_PHONE, works(ladder.sms));
        let mail = || way("email", BY_MAIL, works(ladder.mail));
        let mut ways = match self {
            Self::Sms => vec![sms()],
            Self::Email => vec![mail()],
            Self::Both => {
                let both = works(ladder.sms) && works(ladder.mail);
                vec![way("both", BY_BOTH, both)]
            }
            // What is not there cannot come back, and is no way at all.
            Self::Either => [(ladder.sms, sms()), (ladder.mail, mail())]
                .into_iter()
                .filter(|(rung, _)| *rung != Reach::Absent)
                .map(|(_, way)| way)
                .collect(),
            Self::Invite => Vec::new(),
            Self::None => vec![way("none", OPEN, true)],
        };
        ways.push(way("invite", BY_INVITATION, true));
        ways
    }

    /// What op 9 tells of signing up.
    #[must_use]
    pub fn described(self, approval: bool, ladder: Ladder) -> Registration {
        let ways = self.ways(ladder);
        // Without `either`, what is demanded stays so while it does not work.
        let first = match self {
            Self::Either => ways.iter().find(|way| way.works),
            _ => ways.first(),
        };
        Registration {
            verify: self.word().to_owned(),
            needs: first.map(|way| way.needs.clone()).unwrap_or_default(),
            ways,
            approval,
            invite: self == Self::Invite,
        }
    }
}

fn way(name: &str, needs: &[&str], works: bool) -> Way {
    Way {
        way: name.to_owned(),
        needs: needs.iter().map(|key| (*key).to_owned()).collect(),
        works,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Ladder = Ladder {
        sms: Reach::Working,
        mail: Reach::Working,
    };

    fn told(verify: Verify, ladder: Ladder) -> (Vec<(String, bool)>, Vec<String>) {
        let told = verify.described(false, ladder);
        let ways = told.ways.into_iter().map(|way| (way.way, way.works));
        (ways.collect(), told.needs)
    }

    fn ways(ways: &[(&str, bool)]) -> Vec<(String, bool)> {
        let owned = ways.iter().map(|(way, works)| ((*way).to_owned(), *works));
        owned.collect()
    }

    #[test]
    fn an_invitation_is_the_last_way_of_every_ladder() {
        for (verify, first) in [
            (Verify::Sms, "sms"),
            (Verify::Email, "email"),
            (Verify::Both, "both"),
            (Verify::None, "none"),
        ] {
            let expected = ways(&[(first, true), ("invite", true)]);
            assert_eq!(told(verify, ALL).0, expected);
        }
        let (only, needs) = told(Verify::Invite, ALL);
        assert_eq!(only, ways(&[("invite", true)]));
        assert_eq!(needs, BY_INVITATION);
        assert!(Verify::Invite.described(false, ALL).invite);
        assert!(!Verify::Either.described(false, ALL).invite);
        assert!(Verify::Sms.described(true, ALL).approval);
    }

    #[test]
    fn either_falls_to_the_next_way_that_works() {
        let (all, needs) = told(Verify::Either, ALL);
        assert_eq!(
            all,
            ways(&[("sms", true), ("email", true), ("invite", true)])
        );
        assert_eq!(needs, BY_PHONE);
        for sms in [Reach::Failing, Reach::Paused] {
            let (some, needs) = told(Verify::Either, Ladder { sms, ..ALL });
            assert_eq!(
                some,
                ways(&[("sms", false), ("email", true), ("invite", true)])
            );
            assert_eq!(needs, BY_MAIL);
        }
        let without = Ladder {
            sms: Reach::Absent,
            mail: Reach::Failing,
        };
        let (last, needs) = told(Verify::Either, without);
        assert_eq!(last, ways(&[("email", false), ("invite", true)]));
        assert_eq!(needs, BY_INVITATION);
    }

    #[test]
    fn what_is_demanded_stays_so_while_its_gateway_fails() {
        let down = Ladder {
            sms: Reach::Failing,
            ..ALL
        };
        for (verify, first, needs) in [
            (Verify::Sms, "sms", BY_PHONE),
            (Verify::Both, "both", BY_BOTH),
        ] {
            let (told, needed) = told(verify, down);
            assert_eq!(told, ways(&[(first, false), ("invite", true)]));
            assert_eq!(needed, needs);
        }
    }
}

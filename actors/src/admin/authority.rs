//! Who may ask for what. Pure.
//!
//! | | operator, owner | admin | member |
//! | --- | --- | --- | --- |
//! | see users, sessions, invitations, statistics | yes | yes | |
//! | invite, add, approve, disable, enable, end sessions | yes | members | |
//! | reset links, delete, roles, the audit trail | yes | | |
//!
//! Nobody disables or deletes the own account here: op 8 of the protocol is for that.

use super::refused::Refused;
use super::request::{Caller, Request};
use qunliao_protocol::UserId;
use qunliao_storage::accounts::Role;

/// The account that a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) id: UserId,
    pub(super) role: Role,
}

/// Whether `caller` may ask this at all: answered before anything is looked up, so
/// that who may not ask learns nothing.
pub(super) fn may_ask(caller: Caller, request: &Request) -> Result<(), Refused> {
    let Caller::User { role, .. } = caller else {
        return Ok(());
    };
    let least = match request {
        Request::MakeResetLink { .. }
        | Request::Delete { .. }
        | Request::SetRole { .. }
        | Request::Audit { .. } => Role::Owner,
        _ => Role::Admin,
    };
    if role < least {
        return Err(Refused::not_allowed(match least {
            Role::Owner => "Only an owner may do this.",
            _ => "Only an administrator may do this.",
        }));
    }
    match request {
        Request::AddUser { role: given, .. } | Request::Invite { role: given, .. } => {
            may_give(role, *given)
        }
        _ => Ok(()),
    }
}

/// Whether a user with `role` may let someone in as `given`.
pub(super) fn may_give(role: Role, given: Role) -> Result<(), Refused> {
    if role < Role::Owner && given > Role::Member {
        return Err(Refused::not_allowed("Only an owner may give out roles."));
    }
    Ok(())
}

/// Whether `caller`, who may ask this, may ask it of `subject`.
pub(super) fn may_touch(
    caller: Caller,
    request: &Request,
    subject: Subject,
) -> Result<(), Refused> {
    let Caller::User { id, role } = caller else {
        return Ok(());
    };
    let only_looks = matches!(request, Request::User { .. } | Request::Sessions { .. });
    if only_looks {
        return Ok(());
    }
    let ends_it = matches!(request, Request::Disable { .. } | Request::Delete { .. });
    if ends_it && id == subject.id {
        return Err(Refused::not_allowed(
            "This is your own account. Close it in your own settings.",
        ));
    }
    if role < Role::Owner && subject.role > Role::Member && id != subject.id {
        return Err(Refused::not_allowed(
            "An administrator may do this to members alone.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: u64, role: Role) -> Caller {
        Caller::User {
            id: UserId(id),
            role,
        }
    }

    fn whom() -> String {
        "#9".into()
    }

    fn all() -> Vec<Request> {
        vec![
            Request::Users { after: None },
            Request::User { user: whom() },
            Request::Approve { user: whom() },
            Request::Disable { user: whom() },
            Request::Enable { user: whom() },
            Request::Delete { user: whom() },
            Request::SetRole {
                user: whom(),
                role: Role::Member,
            },
            Request::MakeResetLink { user: whom() },
            Request::Invite {
                role: Role::Member,
                note: None,
                lifetime_seconds: None,
            },
            Request::Sessions { user: whom() },
            Request::RevokeSessions {
                user: whom(),
                session: None,
            },
            Request::Statistics,
            Request::Audit {
                user: None,
                before: None,
                limit: 1,
            },
        ]
    }

    #[test]
    fn a_member_may_ask_nothing_and_an_owner_and_the_operator_everything() {
        for request in all() {
            assert!(may_ask(user(1, Role::Member), &request).is_err());
            for caller in [user(1, Role::Owner), Caller::Operator] {
                assert_eq!(may_ask(caller, &request), Ok(()));
                let subject = Subject {
                    id: UserId(9),
                    role: Role::Owner,
                };
                assert_eq!(may_touch(caller, &request, subject), Ok(()));
            }
        }
    }

    #[test]
    fn an_admin_looks_after_members_and_looks_at_the_others() {
        let admin = user(1, Role::Admin);
        let disable = Request::Disable { user: whom() };
        let look = Request::Sessions { user: whom() };
        for (role, may) in [
            (Role::Member, true),
            (Role::Admin, false),
            (Role::Owner, false),
        ] {
            let subject = Subject {
                id: UserId(9),
                role,
            };
            assert_eq!(may_touch(admin, &disable, subject).is_ok(), may, "{role:?}");
            assert_eq!(may_touch(admin, &look, subject), Ok(()));
        }
        for request in [
            Request::Delete { user: whom() },
            Request::MakeResetLink { user: whom() },
            Request::SetRole {
                user: whom(),
                role: Role::Admin,
            },
        ] {
            assert_eq!(may_ask(admin, &request).unwrap_err().code, "not_allowed");
        }
    }

    #[test]
    fn an_admin_lets_in_members_alone() {
        let invite = |role| Request::Invite {
            role,
            note: None,
            lifetime_seconds: None,
        };
        let admin = user(1, Role::Admin);
        assert!(may_ask(admin, &invite(Role::Member)).is_ok());
        assert!(may_ask(admin, &invite(Role::Admin)).is_err());
        assert!(may_ask(user(1, Role::Owner), &invite(Role::Owner)).is_ok());
    }

    #[test]
    fn nobody_ends_the_own_account_here() {
        let own = Subject {
            id: UserId(1),
            role: Role::Owner,
        };
        let owner = user(1, Role::Owner);
        assert!(may_touch(owner, &Request::Disable { user: whom() }, own).is_err());
        assert!(may_touch(owner, &Request::Delete { user: whom() }, own).is_err());
        let revoke = Request::RevokeSessions {
            user: whom(),
            session: None,
        };
        assert!(may_touch(owner, &revoke, own).is_ok());
    }
}

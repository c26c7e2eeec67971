//! What can be asked, and by whom.

use qunliao_protocol::{LinkId, SessionId, UserId};
use qunliao_storage::accounts::{Role, User};
use qunliao_storage::audit::Actor;
use serde::{Deserialize, Serialize};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Whoever runs the server, from its own machine: may do everything.
    Operator,
    /// A user, as far as the role goes.
    User {
        /// The id.
        id: UserId,
        /// The role now.
        role: Role,
    },
}

impl Caller {
    /// A signed-in user.
    #[must_use]
    pub fn user(user: &User) -> Self {
        Self::User {
            id: user.id,
            role: user.role,
        }
    }

    /// Who it is, for the audit trail.
    #[must_use]
    pub fn actor(self) -> Actor {
        match self {
            Self::Operator => Actor::Operator,
            Self::User { id, .. } => Actor::User(id),
        }
    }
}

/// What can be asked. A `user` is what someone typed: a name, a number, an address,
/// or an id as `#5` or `id:5`.
///
/// Not `Debug`: there may be a password in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Users by id, those after `after`.
    Users {
        /// The last id that was seen.
        after: Option<UserId>,
    },
    /// One user, with the sessions.
    User {
        /// Whom.
        user: String,
    },
    /// Make an account, without codes.
    AddUser {
        /// The name.
        name: String,
        /// The password.
        password: String,
        /// The role.
        role: Role,
        /// A number, which is not verified by that.
        phone: Option<String>,
        /// An address, which is not confirmed by that.
        email: Option<String>,
    },
    /// Let someone in who waits for it.
    Approve {
        /// Whom.
        user: String,
    },
    /// Keep someone out, at once.
    Disable {
        /// Whom.
        user: String,
    },
    /// The opposite.
    Enable {
        /// Whom.
        user: String,
    },
    /// Close an account for good.
    Delete {
        /// Whose.
        user: String,
    },
    /// Give a role.
    SetRole {
        /// Whom.
        user: String,
        /// Which.
        role: Role,
    },
    /// Make a link with which a user sets a new password.
    MakeResetLink {
        /// Whom.
        user: String,
    },
    /// Make an invitation.
    Invite {
        /// The role it gives.
        role: Role,
        /// For whom it is, or another note.
        note: Option<String>,
        /// Seconds for which it can be used; by default as configured.
        lifetime_seconds: Option<u64>,
    },
    /// The invitations that can be used.
    Invitations,
    /// Withdraw one.
    RevokeInvitation {
        /// Which.
        id: LinkId,
    },
    /// The sessions of a user.
    Sessions {
        /// Whose.
        user: String,
    },
    /// End sessions.
    RevokeSessions {
        /// Whose.
        user: String,
        /// This one; otherwise all.
        session: Option<SessionId>,
    },
    /// How much there is of everything.
    Statistics,
    /// The audit trail, newest first.
    Audit {
        /// Only what this user did, or what was done to this user.
        user: Option<String>,
        /// Only entries before this id.
        before: Option<u64>,
        /// At most so many.
        limit: usize,
    },
}

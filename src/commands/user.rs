//! `qunliao user`.

use super::ask::{Trouble, meant, one, unexpected, with_access};
use super::print::called;
use super::{Configuration, Output, password};
use clap::{Subcommand, ValueEnum};
use qunliao_actors::admin::{Reply, Request, UserLine};
use qunliao_storage::accounts::{Role, Standing};
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// All users, or those of one standing or role.
    List {
        /// Only those.
        #[arg(long)]
        standing: Option<StandingName>,
        /// Only those.
        #[arg(long)]
        role: Option<RoleName>,
    },
    /// One user, with the sessions.
    Show(Named),
    /// Make an account without codes; asks for the password.
    Add(Add),
    /// Let someone in who waits for approval.
    Approve(Named),
    /// Keep someone out: sessions and connections end at once.
    Disable(Named),
    /// Let someone in again.
    Enable(Named),
    /// Close an account for good. Its name is never given out again.
    Delete {
        #[command(flatten)]
        user: Named,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Give a role.
    Role {
        #[command(flatten)]
        user: Named,
        /// Which.
        role: RoleName,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Print a link with which a user sets a new password, once.
    ResetLink(Named),
}

#[derive(clap::Args)]
pub(super) struct Named {
    /// A name, an id (#5 or id:5), a phone number or an e-mail address.
    #[arg(value_name = "USER")]
    pub(super) user: String,
}

#[derive(clap::Args)]
struct Add {
    /// The name.
    name: String,
    /// The role.
    #[arg(long, default_value = "member")]
    role: RoleName,
    /// A phone number. It counts as unverified.
    #[arg(long)]
    phone: Option<String>,
    /// An e-mail address. It counts as unconfirmed.
    #[arg(long)]
    email: Option<String>,
    /// Read the password from standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Print an invitation instead: the name stays a note, and who gets the link
    /// chooses name and password.
    #[arg(long, conflicts_with_all = ["phone", "email", "password_stdin"])]
    invite: bool,
}

#[derive(clap::Args)]
struct Confirmation {
    /// Do not ask whether to go on.
    #[arg(long)]
    yes: bool,
}

/// A role, as it is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RoleName {
    Member,
    Admin,
    Owner,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Member => Self::Member,
            RoleName::Admin => Self::Admin,
            RoleName::Owner => Self::Owner,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StandingName {
    Active,
    Pending,
    Disabled,
    Closed,
}

impl From<StandingName> for Standing {
    fn from(name: StandingName) -> Self {
        match name {
            StandingName::Active => Self::Active,
            StandingName::Pending => Self::Pending,
            StandingName::Disabled => Self::Disabled,
            StandingName::Closed => Self::Closed,
        }
    }
}

impl Arguments {
    pub(super) fn run(self, configuration: &Configuration) -> ExitCode {
        let output = self.output;
        let request = match self.action {
            Action::List { standing, role } => {
                let wanted = |user: &UserLine| {
                    standing.is_none_or(|it| user.standing == it.into())
                        && role.is_none_or(|it| user.role == it.into())
                };
                return output.finish(list(configuration, wanted));
            }
            Action::Add(add) => return output.finish(add.run(configuration)),
            Action::Delete { user, confirmation } => {
                let question =
                    |user: &UserLine| format!("Close the account of {} for good?", called(user));
                let request = |user| Request::Delete { user };
                let done = confirmed(configuration, user, &confirmation, question, request);
                return output.finish(done);
            }
            Action::Role {
                user,
                role,
                confirmation,
            } => {
                let role = Role::from(role);
                let question = |user: &UserLine| {
                    let now = super::print::role(user.role);
                    format!(
                        "Make {}, {now}, {}?",
                        called(user),
                        super::print::role(role)
                    )
                };
                let request = |user| Request::SetRole { user, role };
                let done = confirmed(configuration, user, &confirmation, question, request);
                return output.finish(done);
            }
            Action::Show(Named { user }) => Request::User { user },
            Action::Approve(Named { user }) => Request::Approve { user },
            Action::Disable(Named { user }) => Request::Disable { user },
            Action::Enable(Named { user }) => Request::Enable { user },
            Action::ResetLink(Named { user }) => Request::MakeResetLink { user },
        };
        one(configuration, output, request)
    }
}

/// All pages as one.
fn list(
    configuration: &Configuration,
    wanted: impl Fn(&UserLine) -> bool,
) -> Result<Reply, Trouble> {
    with_access(configuration, false, async |access| {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let Reply::Users { users, more } = access.ask(Request::Users { after }).await? else {
                return Err(unexpected());
            };
            after = users.last().map(|user| user.id);
            all.extend(users.into_iter().filter(&wanted));
            if !more {
                return Ok(Reply::Users {
                    users: all,
                    more: false,
                });
            }
        }
    })
}

fn confirmed(
    configuration: &Configuration,
    Named { user }: Named,
    confirmation: &Confirmation,
    question: impl FnOnce(&UserLine) -> String,
    request: impl FnOnce(String) -> Request,
) -> Result<Reply, Trouble> {
    let (question, request) = (question, request);
    with_access(configuration, false, async move |access| {
        let user = meant(access, user).await?;
        if !confirmation.yes {
            password::confirm(&question(&user))?;
        }
        Ok(access.ask(request(format!("#{}", user.id))).await?)
    })
}

impl Add {
    fn run(self, configuration: &Configuration) -> Result<Reply, Trouble> {
        let role = self.role.into();
        let request = if self.invite {
            Request::Invite {
                role,
                note: Some(self.name),
                lifetime_seconds: None,
            }
        } else {
            Request::AddUser {
                password: password::new_password(self.password_stdin)?,
                name: self.name,
                role,
                phone: self.phone,
                email: self.email,
            }
        };
        with_access(configuration, true, async move |access| {
            Ok(access.ask(request).await?)
        })
    }
}

//! Answers as people read them. Pure.

mod statistics;
mod table;
mod when;

pub(super) use table::{plain, table};
pub(super) use when::When;
pub(crate) use when::bytes;

use qunliao_actors::admin::{
    AuditLine, Invitation, Link, Reply, SessionLine, Told, UserLine, UserRef, Who,
};
use qunliao_storage::accounts::{Role, Standing};
use qunliao_storage::audit::Action;

/// The whole text.
pub(super) fn reply(reply: &Reply, when: &When) -> String {
    match reply {
        Reply::Users { users, .. } => users_table(users, when),
        Reply::User {
            user,
            changed,
            told,
        } => {
            let already = if *changed { "" } else { " already" };
            let (name, standing, role) = (called(user), standing(user.standing), role(user.role));
            let told = told.map_or("", hears);
            format!("{name} is{already} {standing}, {role}.{told}\n")
        }
        Reply::Sessions { user, sessions } => {
            format!(
                "{}\n{}",
                details(user, when),
                sessions_table(sessions, when)
            )
        }
        Reply::Revoked { user, revoked } => {
            format!(
                "{} of {} ended.\n",
                counted(*revoked, "session"),
                called(user)
            )
        }
        Reply::ResetLink { user, link } => {
            let what = format!("With this, {} can set a new password, once", called(user));
            told(&what, link, when)
        }
        Reply::Invited { invitation, link } => {
            let note = invitation.note.as_deref().map(plain);
            let note = note.map_or_else(String::new, |note| format!(" (for {note})"));
            let role = role(invitation.role);
            let what = format!("Invitation {}{note}: one account, {role}", invitation.id);
            told(&what, link, when)
        }
        Reply::Invitations { invitations } => invitations_table(invitations, when),
        Reply::Withdrawn { id } => format!("Invitation {id} can no longer be used.\n"),
        Reply::Statistics(statistics) => statistics::text(statistics),
        Reply::Audit { entries } => audit_table(entries, when),
    }
}

/// How a user is spoken of.
pub(super) fn called(user: &UserLine) -> String {
    format!("{} (#{})", plain(&user.name), user.id)
}

/// Whether a user hears of it, behind what was done.
fn hears(told: Told) -> &'static str {
    match told {
        Told::ByMail => " They are told by mail.",
        Told::BySms => " They are told by SMS.",
        Told::NoContact => " They are not told: no number or address is proved to be theirs.",
        Told::NoServer => " They are not told: no server runs that could.",
    }
}

pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Member => "member",
        Role::Admin => "admin",
        Role::Owner => "owner",
    }
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Active => "active",
        Standing::Pending => "pending",
        Standing::Disabled => "disabled",
        Standing::Closed => "closed",
    }
}

/// `1 session`, `2 sessions`.
fn counted(count: usize, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{s}")
}

fn told(what: &str, link: &Link, when: &When) -> String {
    let until = when.minute(link.expires);
    format!("{what}, until {until}:\n{}\n", link.url)
}

/// A contact, marked when nobody has proved it.
fn contact(contact: Option<&str>, proved: bool) -> String {
    let mark = if proved { "" } else { " (unproved)" };
    contact.map_or_else(String::new, |it| format!("{it}{mark}"))
}

fn users_table(users: &[UserLine], when: &When) -> String {
    let rows = users.iter().map(|user| {
        vec![
            format!("#{}", user.id),
            user.name.clone(),
            role(user.role).to_owned(),
            standing(user.standing).to_owned(),
            contact(user.phone.as_deref(), user.phone_verified),
            contact(user.email.as_deref(), user.email_confirmed),
            when.minute(user.created),
        ]
    });
    let head = ["ID", "NAME", "ROLE", "STANDING", "PHONE", "E-MAIL", "SINCE"];
    table(&head, rows, "No users.\n")
}

fn details(user: &UserLine, when: &When) -> String {
    let mut text = format!(
        "{}: {}, {}, since {}\n",
        called(user),
        role(user.role),
        standing(user.standing),
        when.minute(user.created)
    );
    for (what, value) in [
        ("shown as", user.nickname.clone().unwrap_or_default()),
        ("phone", contact(user.phone.as_deref(), user.phone_verified)),
        (
            "e-mail",
            contact(user.email.as_deref(), user.email_confirmed),
        ),
    ] {
        if !value.is_empty() {
            text += &format!("  {what}: {}\n", plain(&value));
        }
    }
    text
}

fn sessions_table(sessions: &[SessionLine], when: &When) -> String {
    let rows = sessions.iter().map(|session| {
        vec![
            session.id.to_string(),
            session.device.clone().unwrap_or_default(),
            session.address.clone().unwrap_or_default(),
            when.minute(session.issued),
            when.minute(session.last_used),
            when.minute(session.expires),
        ]
    });
    let head = ["SESSION", "DEVICE", "FROM", "BEGAN", "LAST USED", "ENDS"];
    table(&head, rows, "No sessions.\n")
}

fn invitations_table(invitations: &[Invitation], when: &When) -> String {
    let rows = invitations.iter().map(|invitation| {
        vec![
            invitation.id.to_string(),
            role(invitation.role).to_owned(),
            invitation.note.clone().unwrap_or_default(),
            when.minute(invitation.made),
            when.minute(invitation.expires),
        ]
    });
    let head = ["ID", "ROLE", "FOR", "MADE", "EXPIRES"];
    table(&head, rows, "No invitations.\n")
}

fn audit_table(entries: &[AuditLine], when: &When) -> String {
    let user = |user: &UserRef| match &user.name {
        Some(name) => format!("{name} (#{})", user.id),
        None => format!("#{}", user.id),
    };
    let rows = entries.iter().map(|entry| {
        vec![
            when.second(entry.time),
            match &entry.actor {
                Who::User(who) => user(who),
                Who::Operator => "operator".to_owned(),
                Who::Server => "server".to_owned(),
            },
            action(entry.action),
            entry.subject.as_ref().map(user).unwrap_or_default(),
            entry.detail.clone().unwrap_or_default(),
        ]
    });
    let head = ["TIME", "WHO", "WHAT", "WHOSE ACCOUNT", "DETAIL"];
    table(&head, rows, "Nothing yet.\n")
}

/// The word that stands in JSON, with blanks.
fn action(action: Action) -> String {
    let word = serde_json::to_value(action).unwrap_or_default();
    word.as_str().unwrap_or_default().replace('_', " ")
}

#[cfg(test)]
mod tests;

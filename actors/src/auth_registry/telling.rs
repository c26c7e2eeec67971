//! What others than its owner do to an account, for the owner to hear of.

use super::AuthRegistry;
use actix::prelude::*;
use qunliao_delivery::Notice;
use qunliao_protocol::Failure;
use qunliao_storage::Contact;
use qunliao_storage::accounts::User;

/// Tell a user something, while nobody waits for it.
#[derive(Message)]
#[rtype(result = "Result<(), Failure>")]
pub struct Tell {
    /// Whom.
    pub user: User,
    /// Where: a contact that is proved to be theirs.
    pub contact: Contact,
    /// What.
    pub notice: Notice,
}

impl Handler<Tell> for AuthRegistry {
    type Result = ResponseActFuture<Self, Result<(), Failure>>;

    fn handle(&mut self, ask: Tell, _: &mut Self::Context) -> Self::Result {
        self.work_and_run(|desk| async move {
            let errand = desk.tell(&ask.user, vec![ask.contact], ask.notice);
            Ok(((), [errand]))
        })
    }
}

//! What SMS providers over HTTP have in common: one request, one answer, and what
//! the answer means.

use async_trait::async_trait;

use crate::complaint::Complaint;
use crate::http::{Answer, Http, Request};
use crate::{DeliveryError, DryRun, Message, SmsGateway};

/// A provider: whoever is one is an [`SmsGateway`].
pub(crate) trait Provider: Send + Sync {
    /// Its name, as the configuration spells it.
    const NAME: &'static str;

    /// Where it is.
    fn http(&self) -> &Http;

    /// What it is asked for this message, now.
    fn ask(&self, message: &Message) -> Result<Request, DeliveryError>;

    /// What its answer means.
    fn verdict(answer: &Answer) -> Result<(), Complaint>;
}

#[async_trait]
impl<P: Provider> SmsGateway for P {
    async fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        let answer = self.http().ask(self.ask(message)?).await?;
        P::verdict(&answer).map_err(|complaint| complaint.tell(&message.request_id))
    }

    fn name(&self) -> &'static str {
        P::NAME
    }

    /// No provider is: what some let a sending be named by (`OutId`,
    /// `SessionContext`) is only repeated in what they report of it.
    fn idempotent(&self) -> bool {
        false
    }

    fn dry_run(&self, message: &Message) -> Result<Option<DryRun>, DeliveryError> {
        Ok(Some(DryRun::of(P::NAME, self.ask(message)?)))
    }
}

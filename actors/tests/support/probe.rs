//! A probe plays a neighbour: it hands what it is asked to the test, and answers
//! as it was told to or when the test says so. It asserts nothing itself, since
//! actix would swallow the failure.

use super::within;
use actix::prelude::*;
use std::marker::PhantomData;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// What a probe was asked.
pub(crate) struct Asked<M: Message> {
    pub(crate) message: M,
    answer: Option<oneshot::Sender<M::Result>>,
}

impl<M: Message> Asked<M> {
    /// Answers, where the probe left that to the test.
    pub(crate) fn answer(self, result: M::Result) {
        let answer = self.answer.expect("the answer is left to the test");
        // Whoever asked may have gone.
        let _ = answer.send(result);
    }
}

/// A probe, and everything that it is asked, in order.
pub(crate) struct Asks<M: Message + Unpin + 'static> {
    probe: Addr<Probe<M>>,
    asked: UnboundedReceiver<Asked<M>>,
}

impl<M> Asks<M>
where
    M: Message + Send + Unpin + 'static,
    M::Result: Send,
{
    /// The next one, which has to come.
    #[track_caller]
    pub(crate) fn next(&mut self) -> impl Future<Output = Asked<M>> {
        let asked = within(self.asked.recv());
        async { asked.await.expect("the probe lives") }
    }

    /// How many there are that the test has not looked at.
    pub(crate) fn count(&self) -> usize {
        self.asked.len()
    }

    /// The probe, for the actor whose neighbour it plays.
    pub(crate) fn recipient(&self) -> Recipient<M> {
        self.probe.clone().recipient()
    }

    /// Ends the probe: a neighbour that is gone.
    pub(crate) async fn end(&self) {
        self.probe.do_send(End(PhantomData));
        let probe = self.probe.clone();
        super::until(move || !probe.connected()).await;
    }
}

type Answer<M> = Box<dyn FnMut(&M) -> <M as Message>::Result>;

/// The actor.
pub(crate) struct Probe<M: Message> {
    asks: UnboundedSender<Asked<M>>,
    answer: Option<Answer<M>>,
}

impl<M> Probe<M>
where
    M: Message + Send + Unpin + 'static,
    M::Result: Send,
{
    /// A probe that leaves the answers to the test.
    pub(crate) fn held() -> Asks<M> {
        Self::start_with(None)
    }

    /// A probe that answers at once.
    pub(crate) fn answering(answer: impl FnMut(&M) -> M::Result + 'static) -> Asks<M> {
        Self::start_with(Some(Box::new(answer)))
    }

    fn start_with(answer: Option<Answer<M>>) -> Asks<M> {
        let (asks, asked) = unbounded_channel();
        let probe = Self { asks, answer }.start();
        Asks { probe, asked }
    }
}

impl<M: Message + Unpin + 'static> Actor for Probe<M> {
    type Context = Context<Self>;
}

impl<M> Handler<M> for Probe<M>
where
    M: Message + Unpin + 'static,
{
    type Result = ResponseFuture<M::Result>;

    fn handle(&mut self, message: M, _: &mut Self::Context) -> Self::Result {
        let (held, answered) = match &mut self.answer {
            Some(answer) => (None, Ok(answer(&message))),
            None => {
                let (held, answered) = oneshot::channel();
                (Some(held), Err(answered))
            }
        };
        // The test may look no longer.
        let _ = self.asks.send(Asked {
            message,
            answer: held,
        });
        Box::pin(async move {
            match answered {
                Ok(result) => result,
                Err(answered) => match answered.await {
                    Ok(result) => result,
                    Err(_) => std::future::pending().await,
                },
            }
        })
    }
}

/// The end of a probe. Of its own kind for each `M`, so that a probe may also be
/// asked whatever other actors are.
struct End<M>(PhantomData<M>);

impl<M> Message for End<M> {
    type Result = ();
}

impl<M: Message + Unpin + 'static> Handler<End<M>> for Probe<M> {
    type Result = ();

    fn handle(&mut self, _: End<M>, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

//! How long a message takes from who says it to everyone who hears it: while nothing
//! else happens, and while a great many people log in at once.

use crate::figures::Figures;
use crate::people::{self, PASSWORD};
use crate::server::Server;
use anyhow::{Context as _, ensure};
use clap::Args;
use futures_util::future::{join_all, try_join_all};
use qunliao_client::{AuthClient, ChatClient, Credential, Event, HeaderForm};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Waits for the last messages to be heard.
const SETTLING: Duration = Duration::from_secs(1);

/// How much is measured.
#[derive(Args)]
pub(crate) struct Plan {
    /// Who are in the room.
    #[arg(long, default_value_t = 20)]
    members: usize,
    /// Messages in a second, of all members together.
    #[arg(long, default_value_t = 50)]
    messages: u32,
    /// Logins at once.
    #[arg(long, default_value_t = 1_000)]
    logins: usize,
    /// Rounds, each without and with logins.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of a round without.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
}

pub(crate) async fn run(binary: &Path, plan: &Plan) -> anyhow::Result<()> {
    let server = Server::start(binary)?;
    println!("signing up {} people …", plan.logins);
    let names = people::sign_up(&server, plan.logins.max(plan.members)).await?;
    let room = tokio::task::LocalSet::new();
    room.run_until(measure(&server, plan, &names)).await
}

async fn measure(server: &Server, plan: &Plan, names: &[String]) -> anyhow::Result<()> {
    let talk = Talk::begin(server, &names[..plan.members], plan.messages).await?;
    let (idle, _) = server.memory_mib()?;
    let (mut quiet_p50, mut quiet_p99) = <(Figures, Figures)>::default();
    let (mut loud_p50, mut loud_p99) = <(Figures, Figures)>::default();
    let (mut rise, mut last) = <(Figures, Figures)>::default();
    let mut heard = 0;
    for _ in 0..plan.rounds {
        talk.heard.take();
        tokio::time::sleep(Duration::from_secs(plan.seconds)).await;
        let quiet = talk.heard.take();
        // All are connected before any of them asks.
        let flood = connect(server, plan.logins).await?;
        tokio::time::sleep(SETTLING).await;
        talk.heard.take();
        let slowest = log_in_at_once(flood, names).await?;
        let loud = talk.heard.take();
        for (figures, p50, p99) in [
            (&quiet, &mut quiet_p50, &mut quiet_p99),
            (&loud, &mut loud_p50, &mut loud_p99),
        ] {
            ensure!(figures.count() > 0, "nobody heard anything");
            p50.add(figures.median());
            p99.add(figures.percentile(0.99));
        }
        rise.add(loud.percentile(0.99) - quiet.percentile(0.99));
        last.add(slowest.as_secs_f64());
        heard += loud.count();
        tokio::time::sleep(SETTLING).await;
    }
    let (now, most) = server.memory_mib()?;
    let (members, messages, logins) = (plan.members, plan.messages, plan.logins);
    println!("room                      {members} members, {messages} messages/s");
    println!("quiet, p50 ms             {}", quiet_p50.spread());
    println!("quiet, p99 ms             {}", quiet_p99.spread());
    println!("beside logins, p50 ms     {}", loud_p50.spread());
    println!(
        "beside logins, p99 ms     {} of {heard} heard",
        loud_p99.spread()
    );
    println!("rise of p99, ms           {}", rise.spread());
    println!("logins at once            {logins}, all answered rightly");
    println!("the last after, s         {}", last.spread());
    println!("server's memory, MiB      {idle} before, {now} after, at most {most}");
    Ok(())
}

/// Members who talk, and what they have heard of each other.
struct Talk {
    heard: Rc<RefCell<Figures>>,
}

impl Talk {
    async fn begin(server: &Server, names: &[String], messages: u32) -> anyhow::Result<Self> {
        let heard = Rc::new(RefCell::new(Figures::default()));
        let begun = Instant::now();
        let count = u32::try_from(names.len())?;
        let pause = Duration::from_secs(1) * count / messages;
        for (number, name) in (0..).zip(names) {
            let mut auth = AuthClient::open(server.auth, HeaderForm::Binary).await?;
            let signed_in = auth.log_in(name, PASSWORD).await?;
            let credential = Credential::Token(signed_in.token);
            let mut member = ChatClient::open(server.chat, HeaderForm::Binary, credential).await?;
            member.enter().await?;
            let heard = Rc::clone(&heard);
            // Each in their own turn.
            let first = tokio::time::Instant::now() + pause * number / count;
            tokio::task::spawn_local(async move {
                let mut turns = tokio::time::interval_at(first, pause);
                loop {
                    let done = tokio::select! {
                        _ = turns.tick() => {
                            member.say(&begun.elapsed().as_nanos().to_string()).await
                        }
                        event = member.next_event() => match event {
                            Ok(Some(Event::Entry(forward))) => {
                                hear(&heard, begun, &forward.news);
                                Ok(())
                            }
                            Ok(Some(_)) => Ok(()),
                            Ok(None) => return,
                            Err(why) => Err(why),
                        },
                    };
                    if let Err(why) = done {
                        eprintln!("a member is gone: {why}");
                        return;
                    }
                }
            });
        }
        Ok(Self { heard })
    }
}

/// A message says when it was said.
fn hear(heard: &RefCell<Figures>, begun: Instant, news: &str) {
    if let Ok(said) = news.parse::<u64>() {
        let taken = begun.elapsed().saturating_sub(Duration::from_nanos(said));
        heard.borrow_mut().add_time(taken);
    }
}

async fn connect(server: &Server, count: usize) -> anyhow::Result<Vec<AuthClient>> {
    let clients = (0..count).map(|_| AuthClient::open(server.auth, HeaderForm::Binary));
    try_join_all(clients).await.context("connecting")
}

/// Has everyone log in at once; answers when the last one was let in.
async fn log_in_at_once(flood: Vec<AuthClient>, names: &[String]) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let logins = flood
        .into_iter()
        .zip(names)
        .map(|(mut client, name)| async move {
            client.log_in(name, PASSWORD).await.map(|_| begun.elapsed())
        });
    let mut slowest = Duration::ZERO;
    for answered in join_all(logins).await {
        slowest = slowest.max(answered.context("a login")?);
    }
    Ok(slowest)
}

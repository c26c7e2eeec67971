//! Logins in a second, beside what argon2 alone does with as many threads; and how
//! long a refusal takes, of a user that there is and of one that there is not.
//!
//! Rounds of both alternate, so that what else the machine does meets both. The
//! bare threads have the priority that the server's have, for the same reason.

use crate::figures::Figures;
use crate::people::{self, PASSWORD};
use crate::server::Server;
use anyhow::ensure;
use argon2::{Argon2, Block, Params};
use clap::Args;
use futures_util::future::try_join_all;
use qunliao_client::{AuthClient, HeaderForm};
use std::cell::Cell;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant};

/// How much is measured.
#[derive(Args)]
pub(crate) struct Plan {
    /// Rounds of each.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds of a round.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// People who log in, in turn: so many that nobody has more sessions at the end
    /// than one may have.
    #[arg(long, default_value = "500")]
    people: NonZeroUsize,
    /// Logins under way at once, for each core.
    #[arg(long, default_value_t = 16)]
    at_once: usize,
    /// Refusals of each kind that are timed.
    #[arg(long, default_value_t = 200)]
    refusals: usize,
}

pub(crate) async fn run(binary: &Path, plan: &Plan) -> anyhow::Result<()> {
    let threads = std::thread::available_parallelism()?.get();
    let server = Server::start(binary)?;
    let names = people::sign_up(&server, plan.people.get()).await?;
    let time = Duration::from_secs(plan.seconds);
    let turn = Cell::new(0);
    let (mut bare, mut ours, mut ratio) = <(Figures, Figures, Figures)>::default();
    let (mut bare_cost, mut our_cost) = <(Figures, Figures)>::default();
    // Both have their memory mapped before it counts.
    bare_hashes(threads, Duration::from_millis(500)).await?;
    for _ in 0..plan.rounds {
        // Around each of ours, so that a drift of the machine cancels out.
        let before = bare_hashes(threads, time / 2).await?;
        let spent = server.cpu_time()?;
        let logins = log_in(&server, (&names, &turn), plan.at_once * threads, time).await?;
        let spent = server.cpu_time()?.saturating_sub(spent);
        let after = bare_hashes(threads, time / 2).await?;
        let hashes = f64::midpoint(before.rate, after.rate);
        bare.add(hashes);
        ours.add(logins.rate);
        ratio.add(logins.rate / hashes);
        bare_cost.add(f64::midpoint(before.cost_ms, after.cost_ms));
        our_cost.add(spent.as_secs_f64() * 1_000.0 / logins.count);
    }
    println!("threads                   {threads}");
    println!(
        "rounds                    {} of {} s",
        plan.rounds, plan.seconds
    );
    println!("bare argon2, hashes/s     {}", bare.spread());
    println!("server, logins/s          {}", ours.spread());
    println!("ratio                     {}", ratio.spread());
    println!("bare argon2, CPU ms each  {}", bare_cost.spread());
    println!("server, CPU ms a login    {}", our_cost.spread());
    let (known, unknown) = refusals(&server, &names[0], plan.refusals).await?;
    println!("refusal, known user, ms   {}", known.spread());
    println!("refusal, unknown user, ms {}", unknown.spread());
    let (now, most) = server.memory_mib()?;
    println!("server's memory, MiB      {now}, at most {most}");
    Ok(())
}

/// What threads that do nothing else come to.
#[derive(Default)]
struct Bare {
    /// Hashes in a second.
    rate: f64,
    /// Milliseconds of a core for each.
    cost_ms: f64,
}

async fn bare_hashes(threads: usize, time: Duration) -> anyhow::Result<Bare> {
    let until = Instant::now() + time;
    let work = move || {
        #[cfg(target_os = "linux")]
        rustix::process::nice(19)?;
        let mut memory = vec![Block::default(); Params::DEFAULT.block_count()];
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        let (begun, spent) = (Instant::now(), thread_time());
        let mut hashed = 0.0;
        while Instant::now() < until {
            Argon2::default()
                .hash_password_into_with_memory(
                    PASSWORD.as_bytes(),
                    &[7; 16],
                    &mut output,
                    &mut memory,
                )
                .map_err(|why| anyhow::anyhow!("argon2: {why}"))?;
            hashed += 1.0;
        }
        // To the end of the last hash, which may be past the end of the round.
        let spent = thread_time().saturating_sub(spent);
        Ok::<Bare, anyhow::Error>(Bare {
            rate: hashed / begun.elapsed().as_secs_f64(),
            cost_ms: spent.as_secs_f64() * 1_000.0 / hashed,
        })
    };
    let workers: Vec<_> = (0..threads).map(|_| std::thread::spawn(work)).collect();
    tokio::time::sleep(time).await;
    let count = f64::from(u32::try_from(threads)?);
    let mut all = Bare::default();
    for worker in workers {
        let worker = worker.join();
        let of_one = worker.map_err(|_| anyhow::anyhow!("a thread panicked"))??;
        all.rate += of_one.rate;
        all.cost_ms += of_one.cost_ms / count;
    }
    Ok(all)
}

/// How long this thread has had a core.
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Logins, and how many there were in a second.
struct Logins {
    count: f64,
    rate: f64,
}

/// Logins in a second, each over a connection of its own, so many at once. Whose
/// turn it is goes on from round to round.
async fn log_in(
    server: &Server,
    (names, turn): (&[String], &Cell<usize>),
    at_once: usize,
    time: Duration,
) -> anyhow::Result<Logins> {
    let begun = Instant::now();
    let until = begun + time;
    let clients = (0..at_once).map(|_| async move {
        let mut count = 0.0;
        while Instant::now() < until {
            let name = &names[turn.replace((turn.get() + 1) % names.len())];
            let mut client = AuthClient::open(server.auth, HeaderForm::Binary).await?;
            client.log_in(name, PASSWORD).await?;
            count += 1.0;
        }
        Ok::<f64, anyhow::Error>(count)
    });
    let count: f64 = try_join_all(clients).await?.iter().sum();
    let rate = count / begun.elapsed().as_secs_f64();
    Ok(Logins { count, rate })
}

/// How long it takes to be refused, one after the other.
async fn refusals(server: &Server, name: &str, count: usize) -> anyhow::Result<(Figures, Figures)> {
    let (mut known, mut unknown) = <(Figures, Figures)>::default();
    let mut client = AuthClient::open(server.auth, HeaderForm::Binary).await?;
    for _ in 0..count {
        for (name, figures) in [(name, &mut known), ("nobody00000", &mut unknown)] {
            let begun = Instant::now();
            let refused = client.log_in(name, "not the password").await;
            figures.add_time(begun.elapsed());
            let code = refused.err().and_then(|why| Some(why.refused()?.code));
            ensure!(code == Some(1), "not refused as expected: {code:?}");
        }
    }
    Ok((known, unknown))
}

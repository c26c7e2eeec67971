//! Everything in one go: rounds of all systems in turn, then the tables.

use crate::commits;
use crate::fan_out::{self, ROWS, Row, Time};
use crate::figures::Figures;
use crate::idle::{self, Idle};
use crate::latency::{self, Pace};
use crate::results::Results;
use crate::slow::{self, Slow};
use crate::startup;
use crate::systems::{Stage, System};
use crate::table::{Table, short, spread};
use crate::targets::Targets;
use clap::{Args, ValueEnum};
use std::time::Duration;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Deliveries in a second.
    FanOut,
    /// How long a message takes.
    Latency,
    /// Connections that do nothing.
    Idle,
    /// Connections that do not read.
    Slow,
    /// How long our server takes to start.
    StartUp,
}

/// How much is measured.
#[derive(Args)]
pub(crate) struct Plan {
    /// These parts alone.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// These systems alone.
    #[arg(long, value_delimiter = ',')]
    systems: Vec<System>,
    /// These rooms alone: members:senders:window.
    #[arg(long, value_delimiter = ',', value_parser = parse_row)]
    rooms: Vec<Row>,
    /// Rounds of each.
    #[arg(long)]
    rounds: Option<usize>,
    /// Seconds that deliveries are counted for; latency is measured three times as long.
    #[arg(long)]
    seconds: Option<f64>,
    /// A short run: one round, of a fraction of a second each, and smaller crowds.
    #[arg(long)]
    quick: bool,
}

fn parse_row(text: &str) -> Result<Row, String> {
    let numbers: Result<Vec<usize>, _> = text.split(':').map(str::parse).collect();
    match numbers.as_deref() {
        Ok([members, senders, window]) => Ok(Row::new(*members, *senders, *window)),
        _ => Err("it has to be three numbers, such as 100:10:64".into()),
    }
}

impl Plan {
    fn has(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 1 } else { 3 }).max(1)
    }

    fn measured(&self) -> Duration {
        let seconds = self.seconds.unwrap_or(if self.quick { 1.0 } else { 2.0 });
        Duration::from_secs_f64(seconds)
    }

    fn systems(&self) -> Vec<System> {
        if self.systems.is_empty() {
            System::value_variants().to_vec()
        } else {
            self.systems.clone()
        }
    }

    fn rooms(&self) -> Vec<Row> {
        if self.rooms.is_empty() {
            ROWS.to_vec()
        } else {
            self.rooms.clone()
        }
    }

    /// How many people have to be signed up: everyone in the greatest room is somebody
    /// else.
    pub(crate) fn people(&self) -> usize {
        let talking = self.rooms().iter().map(|row| row.members).max();
        let talking = talking.filter(|_| self.has(Part::FanOut));
        let others = if self.quick { 100 } else { 1_000 };
        talking.unwrap_or_default().max(others)
    }
}

/// Measures, and prints.
pub(crate) fn run(stage: &Stage, plan: &Plan) -> anyhow::Result<()> {
    let mut results = Results::default();
    let mut targets = Targets::new();
    let systems = plan.systems();
    if plan.has(Part::FanOut) {
        measure_fan_out(stage, plan, &systems, &mut results);
        println!("\n{}", results.fan_out_table());
        println!("\\* the generator was at its limit\n");
        targets.fan_out(&results);
    }
    if plan.has(Part::Latency) {
        measure_latency(stage, plan, &systems, &mut results)?;
        println!("{}", results.latency_table());
        targets.latency(&results);
    }
    if plan.has(Part::Idle) {
        let (few, many) = if plan.quick {
            (1_000, 1_500)
        } else {
            (10_000, 15_000)
        };
        for system in idle_systems(&systems) {
            let idle = report(system, "idle", idle::measure(stage, system, few));
            results.idle.extend(idle.map(|idle| (system, idle)));
        }
        println!("{}", results.idle_table(few));
        let held = systems
            .contains(&System::Ours)
            .then(|| idle::measure(stage, System::Ours, many));
        let held = held.and_then(|held| report(System::Ours, "held", held));
        if let Some(held) = &held {
            print_held(many, held);
        }
        if !plan.quick {
            targets.idle(results.idle.get(&System::Ours), held.as_ref());
        }
    }
    if plan.has(Part::Slow) && systems.contains(&System::Ours) {
        let slow = slow::measure(stage, slow_plan(plan))?;
        print_slow(&slow);
        targets.slow(&slow);
    }
    if plan.has(Part::StartUp) && systems.contains(&System::Ours) {
        measure_start_up(stage, plan, &mut targets)?;
    }
    println!("{}", targets.into_table());
    Ok(())
}

fn measure_fan_out(stage: &Stage, plan: &Plan, systems: &[System], results: &mut Results) {
    let time = Time {
        warm_up: plan.measured() / 3,
        measured: plan.measured(),
    };
    for round in 1..=plan.rounds() {
        for row in plan.rooms() {
            for system in systems {
                let what = format!("round {round}, {}", row.name());
                let outcome = fan_out::measure(stage, *system, row, time);
                let outcome = report(*system, &what, outcome);
                if let Some(outcome) = &outcome {
                    let (rate, load) = (short(outcome.rate), outcome.generator_load);
                    eprintln!("{what}: {} {rate} (generator {load:.2})", system.name());
                }
                results.add(row, *system, outcome);
            }
        }
    }
}

fn measure_latency(
    stage: &Stage,
    plan: &Plan,
    systems: &[System],
    results: &mut Results,
) -> anyhow::Result<()> {
    let pace = Pace {
        members: 100,
        messages: 200,
        time: plan.measured() * 3,
    };
    for round in 1..=plan.rounds() {
        let commits = if plan.quick { 300 } else { 2_000 };
        let bare = on_core(stage.server_core, || commits::measure(commits, 200))?;
        results.commits.0.add(bare.median());
        results.commits.1.add(bare.percentile(0.99));
        for system in systems {
            let what = format!("round {round}, latency");
            let Some(times) = report(*system, &what, latency::measure(stage, *system, pace)) else {
                continue;
            };
            let (p50, p99) = results.latency.entry(*system).or_default();
            p50.add(times.median());
            p99.add(times.percentile(0.99));
            eprintln!("{what}: {} {:.0} µs", system.name(), times.median());
        }
    }
    Ok(())
}

/// Runs something where servers run.
fn on_core<T: Send>(
    core: Option<usize>,
    act: impl FnOnce() -> anyhow::Result<T> + Send,
) -> anyhow::Result<T> {
    let pinned = || {
        if let Some(core) = core {
            let mut cores = rustix::thread::CpuSet::new();
            cores.set(core);
            rustix::thread::sched_setaffinity(None, &cores)?;
        }
        act()
    };
    let done = std::thread::scope(|scope| scope.spawn(pinned).join());
    done.map_err(|_| anyhow::anyhow!("a thread panicked"))?
}

/// Of several that are the same while nobody talks, one.
fn idle_systems(systems: &[System]) -> impl Iterator<Item = System> {
    use System::{MosquittoQos1, NatsJs, NatsJsSync, RawDurable};
    let systems = systems.iter().copied();
    systems.filter(|system| !matches!(system, RawDurable | NatsJs | NatsJsSync | MosquittoQos1))
}

fn slow_plan(plan: &Plan) -> slow::Plan {
    let (readers, sleepers, flood_bytes) = if plan.quick {
        (100, 10, 2 << 20)
    } else {
        (1_000, 100, 8 << 20)
    };
    slow::Plan {
        readers,
        sleepers,
        messages: 200,
        time: plan.measured() * 3,
        flood_bytes,
    }
}

fn measure_start_up(stage: &Stage, plan: &Plan, targets: &mut Targets) -> anyhow::Result<()> {
    let lengths: &[u64] = if plan.quick {
        &[1_000, 100_000]
    } else {
        &[1_000, 1_000_000, 10_000_000]
    };
    let mut table = Table::new(["entries", "start-up, ms"]);
    for entries in lengths {
        let times = startup::measure(stage, *entries, plan.rounds().max(3))?;
        table.add([short(*entries as f64), spread(&times)]);
        if *entries == 1_000_000 {
            targets.start_up(&times);
        }
    }
    println!("{table}");
    Ok(())
}

fn print_held(many: usize, held: &Idle) {
    let mib = held.all >> 20;
    let (rate, bytes) = (short(held.rate), short(held.bytes));
    println!(
        "{many} connections held: {mib} MiB in all, {bytes} bytes each, {rate} came a second\n"
    );
}

fn print_slow(slow: &Slow) {
    let mib = |bytes: u64| format!("{:.1}", bytes as f64 / 1_048_576.0);
    let mut table = Table::new(["slow readers", "all read", "some do not"]);
    let row = |what: &str, part| {
        let figures = |of: &Figures| short(of.percentile(part));
        [what.to_owned(), figures(&slow.alone), figures(&slow.beside)]
    };
    table.add(row("p50, µs", 0.5));
    table.add(row("p99, µs", 0.99));
    table.add([
        "memory grows by, MiB".to_owned(),
        mib(slow.growth_alone),
        mib(slow.growth),
    ]);
    let most = mib(slow.growth_most);
    table.add(["at most by, MiB".to_owned(), "–".into(), most]);
    println!("{table}");
    let (missed, woken) = (slow.missed, slow.woken.as_secs_f64());
    println!("one that woke up got {missed} messages, in order, in {woken:.2} s\n");
}

/// What failed is told, and the others go on.
fn report<T>(system: System, what: &str, outcome: anyhow::Result<T>) -> Option<T> {
    outcome
        .inspect_err(|why| eprintln!("{what}: {} failed: {why:#}", system.name()))
        .ok()
}

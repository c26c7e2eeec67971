//! What we are after, and whether it was met.

use crate::fan_out::{ROWS, Row};
use crate::figures::Figures;
use crate::idle::Idle;
use crate::results::Results;
use crate::slow::Slow;
use crate::systems::System;
use crate::table::{Table, short, spread};

/// What a bare commit may cost latency, as a multiple.
const COMMIT: f64 = 1.2;
const MIB: f64 = 1_048_576.0;

/// A list of targets.
pub(crate) struct Targets(Table);

impl Targets {
    pub(crate) fn new() -> Self {
        Self(Table::new(["target", "asked for", "measured", "met"]))
    }

    fn at_least(&mut self, what: String, least: f64, measured: &Figures) {
        let is_met = measured.median() >= least;
        self.add(
            what,
            format!("≥ {}", short(least)),
            spread(measured),
            is_met,
        );
    }

    fn at_most(&mut self, what: &str, most: f64, measured: f64) {
        let is_met = measured <= most;
        self.add(
            what.into(),
            format!("≤ {}", short(most)),
            short(measured),
            is_met,
        );
    }

    fn add(&mut self, what: String, asked: String, measured: String, is_met: bool) {
        let met = if is_met { "yes" } else { "**no**" };
        self.0.add([what, asked, measured, met.to_owned()]);
    }

    /// Fan-out, each a ratio within one round.
    pub(crate) fn fan_out(&mut self, results: &Results) {
        let [ten, one_one, ten_one, one_many, hundred, thousand] = ROWS;
        for (row, least) in [(ten, 0.8), (hundred, 1.3), (thousand, 2.5)] {
            if let Some(best) = results.best_peer(row) {
                self.ratio(results, row, best, least);
            }
        }
        for (row, to, least) in [
            (hundred, System::Raw, 0.5),
            (thousand, System::Raw, 0.7),
            (ten_one, System::RawDurable, 0.8),
            (ten_one, System::Nats, 1.0),
            (ten, System::NatsJsSync, 3.0),
            (one_many, System::NatsJsSync, 3.0),
            (hundred, System::NatsJsSync, 3.0),
            (thousand, System::NatsJsSync, 3.0),
            (one_one, System::NatsJsSync, 1.0),
            (ten_one, System::NatsJsSync, 1.0),
        ] {
            self.ratio(results, row, to, least);
        }
    }

    fn ratio(&mut self, results: &Results, row: Row, to: System, least: f64) {
        let ratio = results.ratio(row, System::Ours, to);
        if ratio.count() > 0 {
            self.at_least(format!("{}: × {}", row.name(), to.name()), least, &ratio);
        }
    }

    /// Latency: the best peer's, and what a commit costs.
    pub(crate) fn latency(&mut self, results: &Results) {
        type Pick = fn(&(Figures, Figures)) -> f64;
        let p50: Pick = |figures| figures.0.median();
        let p99: Pick = |figures| figures.1.median();
        for (name, pick) in [("p50", p50), ("p99", p99)] {
            let peers = results
                .latency
                .iter()
                .filter(|(system, _)| system.is_peer());
            let best = peers
                .map(|(_, figures)| pick(figures))
                .min_by(f64::total_cmp);
            let ours = results.latency.get(&System::Ours).map(pick);
            if let (Some(best), Some(ours)) = (best, ours) {
                let most = best + COMMIT * pick(&results.commits);
                self.at_most(&format!("latency, {name}, µs"), most, ours);
            }
        }
    }

    /// Memory of ten thousand connections, and fifteen thousand that are held.
    pub(crate) fn idle(&mut self, ten: Option<&Idle>, fifteen: Option<&Idle>) {
        if let Some(idle) = ten {
            self.at_most("bytes per idle connection", 5_000.0, idle.bytes);
        }
        if let Some(idle) = fifteen {
            let mib = idle.all as f64 / MIB;
            self.at_most("15 000 connections, MiB in all", 90e6 / MIB, mib);
            let mut rate = Figures::default();
            rate.add(idle.rate);
            self.at_least("15 000 connections, a second".into(), 2_000.0, &rate);
        }
    }

    /// Slow readers.
    pub(crate) fn slow(&mut self, slow: &Slow) {
        let growth = slow.growth as f64 / MIB;
        self.at_most("memory grows by, beside 100 sleepers, MiB", 64.0, growth);
        let (alone, beside) = (slow.alone.percentile(0.99), slow.beside.percentile(0.99));
        self.at_most("p99 beside them, as a multiple", 2.0, beside / alone);
    }

    /// Starting with a million entries, in milliseconds.
    pub(crate) fn start_up(&mut self, million: &Figures) {
        self.at_most(
            "start-up with a million entries, ms",
            500.0,
            million.median(),
        );
    }

    pub(crate) fn into_table(self) -> Table {
        self.0
    }
}

//! What all rounds came to, and the tables of it.

use crate::fan_out::{FanOut, ROWS, Row};
use crate::figures::Figures;
use crate::idle::Idle;
use crate::systems::System;
use crate::table::{Table, short, spread};
use std::collections::BTreeMap;

/// Part of its core from which on the generator was the one at its limit.
const SATURATED: f64 = 0.97;

/// What was measured of one system in one row, a value a round, `NaN` where it failed.
#[derive(Default)]
pub(crate) struct Rounds {
    pub(crate) rate: Vec<f64>,
    cpu_ns: Figures,
    wire_bytes: Figures,
    generator_load: Figures,
}

/// Everything that was measured.
#[derive(Default)]
pub(crate) struct Results {
    pub(crate) fan_out: BTreeMap<(Row, System), Rounds>,
    /// p50 and p99, in microseconds.
    pub(crate) latency: BTreeMap<System, (Figures, Figures)>,
    /// The same of bare commits.
    pub(crate) commits: (Figures, Figures),
    pub(crate) idle: BTreeMap<System, Idle>,
}

impl Results {
    /// Takes in a round's outcome.
    pub(crate) fn add(&mut self, row: Row, system: System, outcome: Option<FanOut>) {
        let rounds = self.fan_out.entry((row, system)).or_default();
        rounds
            .rate
            .push(outcome.map_or(f64::NAN, |outcome| outcome.rate));
        if let Some(outcome) = outcome {
            rounds.cpu_ns.add(outcome.cpu_ns);
            rounds.wire_bytes.add(outcome.wire_bytes);
            rounds.generator_load.add(outcome.generator_load);
        }
    }

    fn rates(&self, row: Row, system: System) -> Figures {
        let rounds = self.fan_out.get(&(row, system));
        rounds.map_or_else(Figures::default, |rounds| figures(&rounds.rate))
    }

    /// The fastest of those that people would take instead.
    pub(crate) fn best_peer(&self, row: Row) -> Option<System> {
        let peers = self
            .fan_out
            .keys()
            .filter(|(of, system)| *of == row && system.is_peer());
        let rate = |system: &System| self.rates(row, *system).median();
        peers
            .map(|(_, system)| *system)
            .filter(|system| rate(system).is_finite())
            .max_by(|a, b| rate(a).total_cmp(&rate(b)))
    }

    /// One system's rate as a multiple of another's, round by round.
    pub(crate) fn ratio(&self, row: Row, of: System, to: System) -> Figures {
        let rates = |system| self.fan_out.get(&(row, system)).map(|rounds| &rounds.rate);
        let mut ratios = Figures::default();
        if let (Some(of), Some(to)) = (rates(of), rates(to)) {
            let pairs = of.iter().zip(to).map(|(of, to)| of / to);
            pairs
                .filter(|ratio| ratio.is_finite())
                .for_each(|ratio| ratios.add(ratio));
        }
        ratios
    }

    fn systems(&self) -> Vec<System> {
        let mut systems: Vec<System> = self.fan_out.keys().map(|(_, system)| *system).collect();
        systems.sort_unstable();
        systems.dedup();
        systems
    }

    fn rows(&self) -> impl Iterator<Item = Row> {
        let is_measured = |row: &Row| self.fan_out.keys().any(|(of, _)| of == row);
        ROWS.into_iter().filter(is_measured)
    }

    /// Deliveries in a second, and what they are as a multiple of the floor and of the
    /// best peer.
    pub(crate) fn fan_out_table(&self) -> Table {
        let mut table = Table::new([
            "room",
            "system",
            "deliveries/s",
            "× raw",
            "× best peer",
            "server CPU, ns each",
            "wire, bytes each",
        ]);
        for row in self.rows() {
            let best = self.best_peer(row);
            for system in self.systems() {
                let Some(rounds) = self.fan_out.get(&(row, system)) else {
                    continue;
                };
                let to_best =
                    best.map_or_else(Figures::default, |best| self.ratio(row, system, best));
                // A star where the generator was at its limit.
                let star = if rounds.generator_load.median() > SATURATED {
                    " *"
                } else {
                    ""
                };
                table.add([
                    row.name(),
                    system.name().to_owned(),
                    format!("{}{star}", spread(&figures(&rounds.rate))),
                    short(self.ratio(row, system, System::Raw).median()),
                    short(to_best.median()),
                    short(rounds.cpu_ns.median()),
                    short(rounds.wire_bytes.median()),
                ]);
            }
        }
        table
    }

    pub(crate) fn latency_table(&self) -> Table {
        let mut table = Table::new(["latency, µs", "p50", "p99"]);
        for (system, (p50, p99)) in &self.latency {
            table.add([system.name().to_owned(), spread(p50), spread(p99)]);
        }
        let (p50, p99) = &self.commits;
        table.add(["a bare commit".to_owned(), spread(p50), spread(p99)]);
        table
    }

    pub(crate) fn idle_table(&self, members: usize) -> Table {
        let head = format!("{members} idle connections");
        let mut table = Table::new([
            head.as_str(),
            "bytes each",
            "connections/s",
            "CPU while idle, %",
        ]);
        for (system, idle) in &self.idle {
            table.add([
                system.name().to_owned(),
                short(idle.bytes),
                short(idle.rate),
                short(idle.load * 100.0),
            ]);
        }
        table
    }
}

fn figures(values: &[f64]) -> Figures {
    let mut figures = Figures::default();
    for value in values.iter().filter(|value| value.is_finite()) {
        figures.add(*value);
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Row = ROWS[0];

    fn outcome(rate: f64) -> Option<FanOut> {
        Some(FanOut {
            rate,
            cpu_ns: 100.0,
            wire_bytes: 180.0,
            generator_load: 0.5,
        })
    }

    fn results() -> Results {
        let mut results = Results::default();
        for (system, rates) in [
            (System::Raw, [Some(10.0), Some(20.0), Some(30.0)]),
            (System::Ours, [Some(5.0), Some(10.0), Some(18.0)]),
            (System::Redis, [Some(4.0), None, Some(9.0)]),
            (System::NatsJs, [Some(40.0), Some(40.0), Some(40.0)]),
        ] {
            for rate in rates {
                results.add(ROW, system, rate.and_then(outcome));
            }
        }
        results
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let ratios = results().ratio(ROW, System::Ours, System::Raw);
        assert_eq!((ratios.median(), ratios.percentile(1.0)), (0.5, 0.6));
        let ratios = results().ratio(ROW, System::Ours, System::Redis);
        assert_eq!((ratios.count(), ratios.percentile(0.0)), (2, 1.25));
    }

    #[test]
    fn the_best_peer_is_one_that_keeps_nothing() {
        assert_eq!(results().best_peer(ROW), Some(System::Redis));
        assert_eq!(results().best_peer(ROWS[1]), None);
    }
}

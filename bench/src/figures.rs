//! What many measurements come to.

use std::time::Duration;

/// Measurements of one thing, in the unit of whoever took them.
#[derive(Default)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Adds a time, in milliseconds.
    pub(crate) fn add_time(&mut self, time: Duration) {
        self.add(time.as_secs_f64() * 1_000.0);
    }

    /// The value that this part of all, from 0 to 1, does not exceed.
    pub(crate) fn percentile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        let rank = (part * sorted.len() as f64).ceil() as usize;
        let index = rank.saturating_sub(1).min(sorted.len().saturating_sub(1));
        sorted.get(index).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(0.5)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The median, and between what all of them lie.
    pub(crate) fn spread(&self) -> String {
        let (least, most) = (self.percentile(0.0), self.percentile(1.0));
        format!("{:.2} ({least:.2} to {most:.2})", self.median())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let mut figures = Figures::default();
        for value in (1..=100).rev() {
            figures.add(f64::from(value));
        }
        assert_eq!(figures.median().to_string(), "50");
        assert_eq!(figures.percentile(0.99).to_string(), "99");
        assert_eq!(figures.spread(), "50.00 (1.00 to 100.00)");
        assert!(Figures::default().median().is_nan());
    }
}

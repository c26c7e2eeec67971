//! Tables, as they stand in a README.

use crate::figures::Figures;

/// A table in the making.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<T: Into<String>>(head: impl IntoIterator<Item = T>) -> Self {
        let mut table = Self { rows: Vec::new() };
        table.add(head);
        table
    }

    pub(crate) fn add<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, row) in self.rows.iter().enumerate() {
            writeln!(f, "| {} |", row.join(" | "))?;
            if number == 0 {
                writeln!(f, "|{}", " --- |".repeat(row.len()))?;
            }
        }
        Ok(())
    }
}

/// A number with three digits that count: 0.0123, 1.23, 123, 12 300, 1.23 M.
pub(crate) fn short(value: f64) -> String {
    match value {
        value if !value.is_finite() => "–".into(),
        value if value >= 1e6 => format!("{} M", digits(value / 1e6)),
        value if value >= 1e3 => format!("{} k", digits(value / 1e3)),
        value => digits(value),
    }
}

fn digits(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// The median, and, of several, the least and the greatest.
pub(crate) fn spread(figures: &Figures) -> String {
    let median = short(figures.median());
    if figures.count() < 2 {
        return median;
    }
    let (least, most) = (figures.percentile(0.0), figures.percentile(1.0));
    format!("{median} ({} to {})", short(least), short(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, 0.123, 12.34, 123.4, 1_234.0, 24_100_000.0, f64::NAN].map(short);
        assert_eq!(
            shown,
            ["0.00", "0.12", "12.3", "123", "1.23 k", "24.1 M", "–"]
        );
    }

    #[test]
    fn a_table_has_a_rule_below_its_head() {
        let mut table = Table::new(["a", "b"]);
        table.add(["1", "2"]);
        assert_eq!(table.to_string(), "| a | b |\n| --- | --- |\n| 1 | 2 |\n");
    }
}

//! Totals: what an invoice comes to.
//!
//! Owns:  the sums of lines and of taxes, and where they are rounded.
//! Never: takes a sum from a caller.
//! Read:  `Totals::of`.

use crate::money::{Amount, Fixed, Price, Quantity, Rate, round_half_up};

/// Hundredths of any sum of an invoice.
const SUM_MAX: i128 = 99_999_999_999_999;
/// From (ten-thousandths of a piece) times (ten-thousandths of a price) to hundredths.
const LINE_UNIT: i128 = 1_000_000;
/// From (hundredths) times (hundredths of a percent) to hundredths.
const TAX_UNIT: i128 = 10_000;

/// A line as far as it counts. `K` tells apart what is taxed apart beside the rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<K> {
    pub(crate) quantity: Quantity,
    pub(crate) price: Price,
    pub(crate) rate: Rate,
    pub(crate) kind: K,
}

/// What is taxed in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group<K> {
    pub(crate) kind: K,
    pub(crate) rate: Rate,
    pub(crate) taxable: Amount,
    pub(crate) tax: Amount,
}

/// The sums of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Totals<K> {
    /// Of each line, without tax.
    pub(crate) lines: Vec<Amount>,
    /// In the order of kind and rate.
    pub(crate) groups: Vec<Group<K>>,
    pub(crate) net: Amount,
    pub(crate) tax: Amount,
    pub(crate) total: Amount,
}

impl<K: Copy + Ord> Totals<K> {
    /// Each line is rounded, the tax of each group is rounded, and sums are sums of what was rounded (EN 16931). None when
    /// a sum is larger than an amount can be.
    pub(crate) fn of(lines: &[Line<K>]) -> Option<Self> {
        let mut nets = Vec::with_capacity(lines.len());
        let mut groups: Vec<(K, Rate, i128)> = Vec::new();
        for line in lines {
            let net = round_half_up(i128::from(line.quantity.0) * i128::from(line.price.0), LINE_UNIT);
            nets.push(amount(net)?);
            match groups.iter_mut().find(|(kind, rate, _)| (*kind, *rate) == (line.kind, line.rate)) {
                Some((_, _, taxable)) => *taxable += net,
                None => groups.push((line.kind, line.rate, net)),
            }
        }
        groups.sort_by_key(|(kind, rate, _)| (*kind, *rate));
        let (mut net, mut tax) = (0_i128, 0_i128);
        let mut taxed = Vec::with_capacity(groups.len());
        for (kind, rate, taxable) in groups {
            let due = round_half_up(taxable * i128::from(rate.0), TAX_UNIT);
            net += taxable;
            tax += due;
            taxed.push(Group { kind, rate, taxable: amount(taxable)?, tax: amount(due)? });
        }
        Some(Self { lines: nets, groups: taxed, net: amount(net)?, tax: amount(tax)?, total: amount(net + tax)? })
    }
}

fn amount(units: i128) -> Option<Amount> {
    (units.abs() <= SUM_MAX).then(|| i64::try_from(units).ok().map(Fixed)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(quantity: i64, price: i64, rate: i64) -> Line<u8> {
        Line { quantity: Fixed(quantity), price: Fixed(price), rate: Fixed(rate), kind: 0 }
    }

    #[test]
    fn tax_is_of_the_sum_of_a_rate_not_of_its_lines() {
        // Three times 0.335 at 5 %: 0.34 each; 5 % of 1.02 is 0.05, of each line it would be 0.02.
        let lines = [line(10_000, 3_350, 500); 3];
        let totals = Totals::of(&lines).unwrap();
        assert_eq!(totals.lines, vec![Fixed(34); 3]);
        assert_eq!((totals.net, totals.tax, totals.total), (Fixed(102), Fixed(5), Fixed(107)));
        let mixed = Totals::of(&[line(10_000, 1_000_000, 2_200), line(20_000, 50_000, 0)]).unwrap();
        assert_eq!(mixed.groups.len(), 2);
        assert_eq!((mixed.net, mixed.tax, mixed.total), (Fixed(11_000), Fixed(2_200), Fixed(13_200)));
        assert!(Totals::of(&[line(10_000_000_000_000_000, 10_000_000_000_000_000, 0)]).is_none());
    }

    proptest! {
        #[test]
        fn sums_are_sums_and_taxes_are_near(lines in prop::collection::vec((1_i64..10_000_000, 0_i64..100_000_000, 0_i64..4), 1..40)) {
            let lines: Vec<_> = lines.into_iter().map(|(q, p, r)| line(q, p, r * 550)).collect();
            let totals = Totals::of(&lines).unwrap();
            prop_assert_eq!(totals.net.0, totals.lines.iter().map(|a| a.0).sum::<i64>());
            prop_assert_eq!(totals.net.0, totals.groups.iter().map(|g| g.taxable.0).sum::<i64>());
            prop_assert_eq!(totals.tax.0, totals.groups.iter().map(|g| g.tax.0).sum::<i64>());
            prop_assert_eq!(totals.total.0, totals.net.0 + totals.tax.0);
            for group in &totals.groups {
                let exact = i128::from(group.taxable.0) * i128::from(group.rate.0);
                prop_assert!((i128::from(group.tax.0) * TAX_UNIT - exact).abs() * 2 <= TAX_UNIT);
            }
            let mut other = lines.clone();
            other.reverse();
            let reversed = Totals::of(&other).unwrap();
            prop_assert_eq!((reversed.net, reversed.tax, reversed.groups), (totals.net, totals.tax, totals.groups));
        }
    }
}

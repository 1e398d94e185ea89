//! Networks: from which addresses a key may be used (D12, R85).
//!
//! Owns:  `Network` (a CIDR block, IPv4 or IPv6) and a key's list of them.
//! Never: decides what the caller's address is; the gateway does, from trusted proxies only.
//! Read:  `NetworkList`, then `Network::contains`.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The most networks of one key (D12).
pub const NETWORKS_MAX: usize = 64;

/// A block of addresses: `203.0.113.0/24`, `2001:db8::/32`. An IPv4-mapped address is the IPv4 address that it stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Network {
    /// IPv4: the first address and the length of the prefix, 0 to 32.
    V4(Ipv4Addr, u8),
    /// IPv6: the first address and the length of the prefix, 0 to 128.
    V6(Ipv6Addr, u8),
}

impl Network {
    /// From `address` or `address/length`. Bits behind the prefix must be zero, so that a block has one spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = |max: u8| match length {
            None => Some(max),
            Some(text) => {
                let number: u8 = text.parse().ok()?;
                (number <= max && number.to_string() == text).then_some(number)
            }
        };
        match address {
            IpAddr::V4(address) => {
                let length = width(32)?;
                (u32::from(address) & !mask4(length) == 0).then_some(Self::V4(address, length))
            }
            IpAddr::V6(address) => {
                let length = width(128)?;
                if let Some(mapped) = address.to_ipv4_mapped() {
                    let length = length.checked_sub(96)?;
                    return (u32::from(mapped) & !mask4(length) == 0).then_some(Self::V4(mapped, length));
                }
                (u128::from(address) & !mask6(length) == 0).then_some(Self::V6(address, length))
            }
        }
    }

    /// The block of one address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address, 32),
            IpAddr::V6(address) => Self::V6(address, 128),
        }
    }

    /// The first address of the block.
    #[must_use]
    pub const fn first(&self) -> IpAddr {
        match self {
            Self::V4(first, _) => IpAddr::V4(*first),
            Self::V6(first, _) => IpAddr::V6(*first),
        }
    }

    /// Whether the address is in the block; an IPv4-mapped one is looked at as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self, address.to_canonical()) {
            (Self::V4(first, length), IpAddr::V4(address)) => u32::from(address) & mask4(*length) == u32::from(*first),
            (Self::V6(first, length), IpAddr::V6(address)) => {
                u128::from(address) & mask6(*length) == u128::from(*first)
            }
            (Self::V4(..), IpAddr::V6(_)) | (Self::V6(..), IpAddr::V4(_)) => false,
        }
    }

    /// Whether every address of `other` is in this block.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::V4(_, here), Self::V4(first, there)) => here <= there && self.contains(IpAddr::V4(*first)),
            (Self::V6(_, here), Self::V6(first, there)) => here <= there && self.contains(IpAddr::V6(*first)),
            (Self::V4(..), Self::V6(..)) | (Self::V6(..), Self::V4(..)) => false,
        }
    }
}

const fn mask4(length: u8) -> u32 {
    match 32u32.checked_sub(length as u32) {
        Some(0) => u32::MAX,
        Some(shift) if shift < 32 => u32::MAX << shift,
        Some(_) | None => 0,
    }
}

const fn mask6(length: u8) -> u128 {
    match 128u32.checked_sub(length as u32) {
        Some(0) => u128::MAX,
        Some(shift) if shift < 128 => u128::MAX << shift,
        Some(_) | None => 0,
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(first, length) => write!(f, "{first}/{length}"),
            Self::V6(first, length) => write!(f, "{first}/{length}"),
        }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A key's networks. Empty, the default: it may be used from anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkList(Box<[Network]>);

impl NetworkList {
    /// At most `NETWORKS_MAX` networks, sorted and without repeats; `None` for more.
    #[must_use]
    pub fn new(mut networks: Vec<Network>) -> Option<Self> {
        networks.sort_unstable();
        networks.dedup();
        (networks.len() <= NETWORKS_MAX).then(|| Self(networks.into()))
    }

    /// The networks, sorted.
    #[must_use]
    pub fn as_slice(&self) -> &[Network] {
        &self.0
    }

    /// Whether there is no list: any address passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a caller at `address` may use the key.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        self.0.is_empty() || self.0.iter().any(|network| network.contains(address))
    }

    /// Whether every address that `other` allows is allowed here too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.0.is_empty()
            || (!other.0.is_empty() && other.0.iter().all(|there| self.0.iter().any(|here| here.covers(there))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d12_networks_round_trip_in_one_spelling() {
        for (text, spelt) in [
            ("203.0.113.7", "203.0.113.7/32"),
            ("203.0.113.0/24", "203.0.113.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("::/0", "::/0"),
            ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
            ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ] {
            assert_eq!(Network::parse(text).unwrap().to_string(), spelt);
        }
        for text in [
            "",
            "203.0.113.7/24",
            "203.0.113.0/33",
            "203.0.113.0/024",
            "::1/129",
            "x/8",
            "2001:db8::1/32",
            "::ffff:0:0/95",
        ] {
            assert!(Network::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn d12_edges_of_a_block_and_mapped_addresses() {
        let block = Network::parse("203.0.113.64/26").unwrap();
        for (address, inside) in [
            ("203.0.113.63", false),
            ("203.0.113.64", true),
            ("203.0.113.127", true),
            ("203.0.113.128", false),
            ("::ffff:203.0.113.64", true),
            ("::ffff:203.0.113.128", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(block.contains(address.parse().unwrap()), inside, "{address}");
        }
        let six = Network::parse("2001:db8::/33").unwrap();
        assert!(six.contains("2001:db8:7fff:ffff::1".parse().unwrap()));
        assert!(!six.contains("2001:db8:8000::".parse().unwrap()));
        assert!(!Network::parse("::/0").unwrap().contains("203.0.113.1".parse().unwrap()));
    }

    #[test]
    fn d41_a_list_covers_what_is_inside_it() {
        let list =
            |texts: &[&str]| NetworkList::new(texts.iter().map(|t| Network::parse(t).unwrap()).collect()).unwrap();
        let (wide, narrow, any) = (list(&["10.0.0.0/8", "::/0"]), list(&["10.1.0.0/16"]), NetworkList::default());
        assert!(wide.covers(&narrow) && !narrow.covers(&wide) && any.covers(&wide) && !wide.covers(&any));
        assert!(any.allows("192.0.2.1".parse().unwrap()) && !narrow.allows("192.0.2.1".parse().unwrap()));
    }
}

//! Networks that say nothing about a place, since everybody has them.
//!
//! A home router gives out `192.168.1.0/24`, whoever's home it is; two clients there are strangers
//! to each other. Source: Microsoft Learn, Quality of Experience Review Guide, "common subnets".
//! Link-local networks (RFC 3927, RFC 4291) are the same on every wire, and stand here too.
//!
//! A list and a look into it: what follows from it is decided elsewhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, bits: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), bits))
}

/// The networks, disjoint.
pub(crate) const COMMON: [IpNet; 8] = [
    v4(10, 0, 0, 24),
    v4(192, 168, 0, 24),
    v4(192, 168, 1, 24),
    v4(192, 168, 2, 24),
    // a phone's hotspot
    v4(172, 20, 10, 24),
    v4(192, 168, 43, 24),
    // nobody gave an address out
    v4(169, 254, 0, 16),
    IpNet::V6(Ipv6Net::new_assert(
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0),
        10,
    )),
];

/// The common network that holds the address, if one does.
pub(crate) fn common(address: IpAddr) -> Option<IpNet> {
    COMMON
        .into_iter()
        .find(|network| network.contains(&address))
}

/// Whether a text is an address, or a network with or without its mask, that strangers share.
pub(crate) fn is_common(text: &str) -> bool {
    super::address(text).is_some_and(|(address, _)| common(address).is_some())
}

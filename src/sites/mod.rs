//! Where is a client? The Call Quality Dashboard's building file, asked by address.
//!
//! A [`Sites`] is read once ([`Sites::load`]) and never changes, so that threads share it and a new
//! one can take its place. Its networks are disjoint: at most one row holds an address, and a look
//! takes a binary search and no memory.
//!
//! As the dashboard does, it goes by the client's subnet, and calls a network that no row holds
//! outside. It opens its own file alone, and knows neither calls nor rules.

mod form;
mod home;
mod keep;
mod read;

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use ipnet::IpNet;

pub(crate) use home::is_common;

use crate::diagnostic::Faults;

/// What every text of an unmapped network's site reads.
pub const OUTSIDE: &str = "outside";

/// A text column of the building file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Column {
    /// `NetworkName`
    NetworkName,
    /// `BuildingName`
    Building,
    /// `OwnershipType`
    OwnershipType,
    /// `BuildingType`
    BuildingType,
    /// `BuildingOfficeType`
    BuildingOfficeType,
    /// `City`
    City,
    /// `ZipCode`
    ZipCode,
    /// `Country`
    Country,
    /// `State`
    State,
    /// `Region`
    Region,
}

impl Column {
    /// Every text column, in the file's order.
    pub const ALL: [Column; 10] = [
        Column::NetworkName,
        Column::Building,
        Column::OwnershipType,
        Column::BuildingType,
        Column::BuildingOfficeType,
        Column::City,
        Column::ZipCode,
        Column::Country,
        Column::State,
        Column::Region,
    ];

    /// Its name in rules.
    pub const fn name(self) -> &'static str {
        match self {
            Column::NetworkName => "network_name",
            Column::Building => "building",
            Column::OwnershipType => "ownership_type",
            Column::BuildingType => "building_type",
            Column::BuildingOfficeType => "building_office_type",
            Column::City => "city",
            Column::ZipCode => "zip_code",
            Column::Country => "country",
            Column::State => "state",
            Column::Region => "region",
        }
    }
}

/// A stretch of the file's texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Range {
    start: u32,
    length: u32,
}

/// One row.
#[derive(Clone, Debug)]
struct Row {
    network: IpNet,
    cidr: Range,
    texts: [Range; Column::ALL.len()],
    inside_corp: bool,
    express_route: bool,
    vpn: bool,
}

impl Row {
    /// Whether the row stands for single addresses: one alone, or each of a VPN's.
    fn is_of_addresses(&self) -> bool {
        self.vpn || self.is_of_one()
    }

    fn is_of_one(&self) -> bool {
        self.network.prefix_len() == self.network.max_prefix_len()
    }
}

/// The first and the last address of a row's network, and the row.
type Stretch<N> = (N, N, u32);

/// The building file, ready to be asked.
#[derive(Clone)]
pub struct Sites {
    file: Arc<str>,
    rows: Box<[Row]>,
    texts: Box<str>,
    four: Box<[Stretch<u32>]>,
    six: Box<[Stretch<u128>]>,
    trusts_home_subnets: bool,
    notices: Arc<Faults>,
}

impl fmt::Debug for Sites {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sites")
            .field("file", &self.file)
            .field("rows", &self.rows.len())
            .finish_non_exhaustive()
    }
}

/// What a record says of one end's network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addresses<'t> {
    /// `subnet`
    pub subnet: Option<&'t str>,
    /// `ipAddress`
    pub own: Option<&'t str>,
    /// `reflexiveIPAddress`
    pub reflexive: Option<&'t str>,
}

/// Which of them decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// `subnet`
    Subnet,
    /// `ipAddress`
    Own,
    /// `reflexiveIPAddress`
    Reflexive,
}

/// Where a network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts<'s> {
    /// in this row
    At(Site<'s>),
    /// in none
    Outside,
}

/// One row of the file, in a reader's hands.
#[derive(Clone, Copy)]
pub struct Site<'s> {
    sites: &'s Sites,
    row: &'s Row,
}

impl PartialEq for Site<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.row, other.row)
    }
}

impl Eq for Site<'_> {}

impl fmt::Debug for Site<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Site({})", self.row.network)
    }
}

impl<'s> Site<'s> {
    /// Its network.
    pub fn network(self) -> IpNet {
        self.row.network
    }

    /// Its network as text, such as `10.1.2.0/24`.
    pub fn cidr(self) -> &'s str {
        self.sites.text(self.row.cidr)
    }

    /// What stands in a column; `None` if nothing does.
    pub fn text(self, column: Column) -> Option<&'s str> {
        let range = self.row.texts[column as usize];
        (range.length > 0).then(|| self.sites.text(range))
    }

    /// `InsideCorp`
    pub fn inside_corp(self) -> bool {
        self.row.inside_corp
    }

    /// `ExpressRoute`
    pub fn express_route(self) -> bool {
        self.row.express_route
    }

    /// `VPN`
    pub fn vpn(self) -> bool {
        self.row.vpn
    }
}

impl Sites {
    /// Reads the file at `path`. With `trust_home_subnets`, what it says about the networks that
    /// home routers give out counts; else a client there is outside, whatever it says.
    ///
    /// # Errors
    /// The file cannot be read, or something in it is wrong: everything that is, with places.
    pub fn load(path: &Path, trust_home_subnets: bool) -> Result<Sites, Faults> {
        read::load(path, trust_home_subnets)
    }

    /// Reads a text that is at hand; `file` is its name in messages.
    ///
    /// # Errors
    /// As [`Sites::load`].
    pub fn parse(file: &str, text: &[u8], trust_home_subnets: bool) -> Result<Sites, Faults> {
        read::parse(&Arc::from(file), text, trust_home_subnets)
    }

    /// The file, as it was named.
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// What is worth knowing of the file.
    pub fn notices(&self) -> &Faults {
        &self.notices
    }

    /// How many networks it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row that holds an address.
    pub fn find(&self, address: IpAddr) -> Option<Site<'_>> {
        let row = match address.to_canonical() {
            IpAddr::V4(address) => find(&self.four, address.to_bits()),
            IpAddr::V6(address) => find(&self.six, address.to_bits()),
        };
        let row = self.rows.get(row? as usize)?;
        Some(Site { sites: self, row })
    }

    /// Where a client is; `None` if its record says no address.
    ///
    /// The subnet decides, as in the dashboard. Beyond that: where the subnet is missing, the
    /// client's own address does; where it is in no row, a row for single addresses (of 32 or 128
    /// bits, or marked as VPN) may hold the client's own address, since VPNs report wrong subnets;
    /// and a row for one address may hold the one that the internet sees.
    pub fn place(&self, addresses: Addresses<'_>) -> Option<(Whereabouts<'_>, By)> {
        let read = |text: Option<&str>| text.and_then(address);
        let (subnet, own) = (read(addresses.subnet), read(addresses.own));
        let by_subnet = subnet.and_then(|(network, bits)| self.of_subnet(network, bits, own));
        if let Some(found) = by_subnet {
            return Some(found);
        }
        let shared = subnet.is_some_and(|(network, _)| self.is_shared(network));
        let by_own = own
            .filter(|_| !shared)
            .and_then(|(address, _)| self.of_address(address))
            .filter(|site| subnet.is_none() || site.row.is_of_addresses());
        if let Some(site) = by_own {
            return Some((Whereabouts::At(site), By::Own));
        }
        let by_reflexive = read(addresses.reflexive)
            .and_then(|(address, _)| self.of_address(address))
            .filter(|site| site.row.is_of_one());
        if let Some(site) = by_reflexive {
            return Some((Whereabouts::At(site), By::Reflexive));
        }
        let by = match (subnet, own) {
            (Some(_), _) => By::Subnet,
            (None, Some(_)) => By::Own,
            (None, None) => return None,
        };
        Some((Whereabouts::Outside, by))
    }

    /// The row of a client's subnet. Where the record tells its mask, and the row is only a part
    /// of it, the client's own address says whether it is in that part.
    fn of_subnet(
        &self,
        network: IpAddr,
        bits: Option<u8>,
        own: Option<(IpAddr, Option<u8>)>,
    ) -> Option<(Whereabouts<'_>, By)> {
        let site = self.of_address(network)?;
        match own {
            Some((own, _)) if bits.is_some_and(|bits| bits < site.network().prefix_len()) => {
                let site = self.of_address(own)?;
                Some((Whereabouts::At(site), By::Own))
            }
            _ => Some((Whereabouts::At(site), By::Subnet)),
        }
    }

    /// The row of an address, unless strangers share it.
    fn of_address(&self, address: IpAddr) -> Option<Site<'_>> {
        let site = self.find(address)?;
        // A VPN's clients report their own address; a home's report that of the network.
        let alone = site.row.is_of_addresses()
            && home::common(address).is_none_or(|common| common.network() != address);
        (alone || !self.is_shared(address)).then_some(site)
    }

    fn is_shared(&self, address: IpAddr) -> bool {
        !self.trusts_home_subnets && home::common(address).is_some()
    }

    fn text(&self, range: Range) -> &str {
        let start = range.start as usize;
        &self.texts[start..start + range.length as usize]
    }
}

/// The row of the stretch that holds `address`; stretches are ascending and disjoint.
fn find<N: Copy + Ord>(stretches: &[Stretch<N>], address: N) -> Option<u32> {
    let behind = stretches.partition_point(|(first, ..)| *first <= address);
    let (_, last, row) = stretches.get(behind.checked_sub(1)?)?;
    (address <= *last).then_some(*row)
}

/// Reads `10.1.2.0`, `10.1.2.0/24`, `2001:db8::7`, `fe80::1%eth0`. `None` for what is no address,
/// and for the unspecified one, which says nothing.
fn address(text: &str) -> Option<(IpAddr, Option<u8>)> {
    let text = text.trim();
    let (text, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let text = text.split_once('%').map_or(text, |(address, _)| address);
    let address = text.parse::<IpAddr>().ok()?.to_canonical();
    (!address.is_unspecified()).then_some((address, bits))
}

//! The building file's text to [`Sites`]: every fault with its line, column and what was wanted.
//!
//! The form is the one that the Call Quality Dashboard takes on upload: commas or tabs, no header,
//! 14 columns or 15 with `VPN`, no two networks that overlap. Source: Microsoft Learn, Upload
//! building and endpoint data. A byte order mark, either line end, quotes, and blanks around a
//! value are fine; so are IPv6, and a network written with its bits.
//!
//! Nothing is guessed: a file with one fault is not used.

use std::fs::File;
use std::io::Read as _;
use std::net::IpAddr;
use std::ops::Range as Span;
use std::path::Path;
use std::sync::Arc;

use csv::StringRecord;
use ipnet::IpNet;

use super::form::{cells, decode, delimiter};
use super::home;
use super::keep::{Kept, Texts};
use super::{Column, Row, Sites, Stretch};
use crate::diagnostic::{Fault, Faults, Place, Sources, Tone};

/// The columns, as the dashboard names them.
pub(super) const COLUMNS: [&str; 15] = [
    "NetworkIP",
    "NetworkName",
    "NetworkRange",
    "BuildingName",
    "OwnershipType",
    "BuildingType",
    "BuildingOfficeType",
    "City",
    "ZipCode",
    "Country",
    "State",
    "Region",
    "InsideCorp",
    "ExpressRoute",
    "VPN",
];
/// Where each text column stands in them.
const TEXTS: [usize; Column::ALL.len()] = [1, 3, 4, 5, 6, 7, 8, 9, 10, 11];
/// The fewest bits of a network: the dashboard takes no larger one.
const FEWEST_BITS: u8 = 8;
/// No sites file is longer than this.
const LONGEST: u64 = 64 << 20;

/// Opens and reads the file.
pub(super) fn load(path: &Path, trust: bool) -> Result<Sites, Faults> {
    let name = path.display().to_string();
    let cannot = |why: &dyn std::fmt::Display| {
        Faults::of_file(format!("cannot read the sites file {name}: {why}"), None)
    };
    let file = File::open(path).map_err(|error| cannot(&error))?;
    let about = file.metadata().map_err(|error| cannot(&error))?;
    if !about.is_file() {
        return Err(cannot(&"not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| cannot(&error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(cannot(&"longer than 64 MiB"));
    }
    parse(&name.as_str().into(), &bytes, trust)
}

/// Reads the text.
pub(super) fn parse(file: &Arc<str>, bytes: &[u8], trust: bool) -> Result<Sites, Faults> {
    let text = decode(file, bytes)?;
    let mut reader = Reader {
        file,
        text,
        delimiter: delimiter(text),
        trust,
        faults: Kept::default(),
        notices: Kept::default(),
        rows: Vec::new(),
        places: Vec::new(),
        texts: Texts::default(),
    };
    reader.records();
    let (four, six) = reader.stretches();
    if reader.rows.is_empty() && reader.faults.all == 0 {
        let help = format!("a row is {}", COLUMNS.join(","));
        reader.fault(0, "the sites file has no row".to_owned(), help);
    }
    let told = |tone: Tone, kept: Kept| {
        let mut faults = kept.list;
        faults.sort_by(|a, b| a.place.cmp(&b.place));
        // No more of the text is kept than is shown.
        let places = faults.iter().flat_map(|fault| {
            let also = fault.also.iter().map(|(place, _)| place);
            fault.place.iter().chain(also)
        });
        let sources = match places.map(|place| place.span.end).max() {
            None => Sources::new(),
            Some(last) => {
                let rest = &text[last..];
                let end = last + rest.find('\n').unwrap_or(rest.len());
                Sources::from([(Arc::clone(file), Arc::from(&text[..end]))])
            }
        };
        Faults {
            tone,
            more: kept.all - faults.len(),
            faults,
            sources,
        }
    };
    if reader.faults.all > 0 {
        return Err(told(Tone::Error, reader.faults));
    }
    let notices = told(Tone::Note, reader.notices);
    let sites = Sites {
        file: Arc::clone(file),
        rows: reader.rows.into(),
        texts: reader.texts.all.into(),
        four: four.into(),
        six: six.into(),
        trusts_home_subnets: trust,
        notices: Arc::new(notices),
    };
    Ok(sites)
}

struct Reader<'r> {
    file: &'r Arc<str>,
    text: &'r str,
    delimiter: u8,
    trust: bool,
    faults: Kept,
    notices: Kept,
    rows: Vec<Row>,
    /// where each row begins
    places: Vec<usize>,
    texts: Texts,
}

impl Reader<'_> {
    fn place(&self, span: Span<usize>) -> Place {
        Place::of_span(self.file, self.text, span)
    }

    /// A fault of the whole row that begins at `start`.
    fn fault(&mut self, start: usize, what: String, help: impl Into<String>) {
        if self.faults.count() {
            let fault = Fault::new(Some(self.place(self.line(start))), what).help(help);
            self.faults.list.push(fault);
        }
    }

    /// Where a cell stands; behind the last one, the end of the row.
    fn cell(&self, start: usize, column: usize) -> Span<usize> {
        let mut last = start..start;
        for (index, span) in cells(self.text, start, self.delimiter).enumerate() {
            if index == column {
                let text = &self.text[span.clone()];
                let from = span.start + text.len() - text.trim_start().len();
                return from..(from + text.trim().len()).max(from);
            }
            last = span;
        }
        last.end..last.end
    }

    fn line(&self, start: usize) -> Span<usize> {
        let rest = &self.text[start..];
        start..start + rest.find(['\n', '\r']).unwrap_or(rest.len())
    }

    fn records(&mut self) {
        if self.delimiter == b';' {
            let what = "columns are separated by semicolons, wanted commas or tabs".to_owned();
            let help =
                "in Excel, save it as `Text (Tab delimited)`, or set the list separator to a comma";
            self.fault(0, what, help);
            return;
        }
        let mut records = csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(self.text.as_bytes());
        let mut record = StringRecord::new();
        // The text is UTF-8 and in memory, and rows may be of any length: nothing can fail.
        while records.read_record(&mut record).unwrap_or(false) {
            let from = record.position().map_or(0, |at| at.byte() as usize);
            let rest = &self.text[from..];
            let start = from + rest.len() - rest.trim_start_matches(['\r', '\n']).len();
            if !self.is_whole(&record, start) {
                continue;
            }
            if let Some(row) = self.row(&record, start) {
                self.rows.push(row);
                self.places.push(start);
            }
        }
    }

    /// Whether the record has the form of a row.
    fn is_whole(&mut self, record: &StringRecord, start: usize) -> bool {
        let broken = record.iter().position(|cell| cell.contains(['\n', '\r']));
        if let Some(broken) = broken {
            self.open_quote(start, broken);
        } else if record.iter().all(|cell| cell.trim().is_empty()) {
            self.fault(start, "a row without any value".to_owned(), "take it away");
        } else if start == 0 && record.get(0).is_some_and(is_header) {
            let what = "a header row, wanted data from the first line on".to_owned();
            let help = "take the line away; the Call Quality Dashboard takes none either";
            self.fault(start, what, help);
        } else if !(14..=15).contains(&record.len()) {
            let what = format!("found {} columns, wanted 14 or 15", record.len());
            let sign = match self.delimiter {
                b'\t' => "tabs",
                _ => "commas",
            };
            let help = format!("they are, between {sign}: {}", COLUMNS.join(", "));
            self.fault(start, what, help);
        } else {
            return true;
        }
        false
    }

    fn open_quote(&mut self, start: usize, column: usize) {
        if self.faults.count() {
            let cell = self.cell(start, column);
            let quote = cell.start..(cell.start + 1).min(cell.end);
            let what = "a quote opens here, and the line ends before another closes it";
            let help = "close it, or double it if the value has one";
            let fault = Fault::new(Some(self.place(quote)), what).help(help);
            self.faults.list.push(fault);
        }
    }

    fn row(&mut self, record: &StringRecord, start: usize) -> Option<Row> {
        let network = self.network(record, start);
        let flags = [12, 13, 14].map(|column| self.flag(record, start, column));
        let (network, [Some(inside_corp), Some(express_route), Some(vpn)]) = (network?, flags)
        else {
            return None;
        };
        let cidr = self.texts.keep(&network.to_string());
        let texts = TEXTS.map(|column| {
            let cell = record.get(column).unwrap_or_default();
            self.texts.keep(cell.trim())
        });
        let row = Row {
            network,
            cidr,
            texts,
            inside_corp,
            express_route,
            vpn,
        };
        self.home(&row, start);
        Some(row)
    }

    fn network(&mut self, record: &StringRecord, start: usize) -> Option<IpNet> {
        let cell = |column| record.get(column).unwrap_or_default().trim();
        let (written, range) = (cell(0), cell(2));
        let (address, own_bits) = match written.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (written, None),
        };
        let Ok(address) = address.parse::<IpAddr>() else {
            let help = "write the network's first address, such as 10.1.2.0";
            self.unwanted(start, 0, written, "an IPv4 or IPv6 address", Some(help));
            return None;
        };
        let most = if address.is_ipv4() { 32 } else { 128 };
        let written_bits = range.strip_prefix('/').unwrap_or(range);
        let bits = match (written_bits, own_bits) {
            ("", Some(own)) => own,
            (given, Some(own)) if given != own => {
                let want = format!("the {own} bits that NetworkIP says");
                self.unwanted(start, 2, range, &want, None);
                return None;
            }
            (given, _) => given,
        };
        let Some(bits) = bits
            .parse::<u8>()
            .ok()
            .filter(|bits| (FEWEST_BITS..=most).contains(bits))
        else {
            let want = format!("the network's bits, a whole number from {FEWEST_BITS} to {most}");
            self.unwanted(start, 2, range, &want, None);
            return None;
        };
        let network = IpNet::new_assert(address, bits);
        let whole = network.trunc();
        if whole != network && self.notices.count() {
            let what = format!(
                "{address} is no first address of a network of {bits} bits, so it is read as {whole}"
            );
            let place = self.place(self.cell(start, 0));
            self.notices.list.push(Fault::new(Some(place), what));
        }
        Some(whole)
    }

    fn flag(&mut self, record: &StringRecord, start: usize, column: usize) -> Option<bool> {
        match record.get(column).unwrap_or_default().trim() {
            "1" => Some(true),
            "0" => Some(false),
            // The dashboard's own default.
            "" if column == 14 => Some(false),
            other => {
                self.unwanted(start, column, other, "0 or 1", None);
                None
            }
        }
    }

    fn unwanted(
        &mut self,
        start: usize,
        column: usize,
        found: &str,
        want: &str,
        help: Option<&str>,
    ) {
        if !self.faults.count() {
            return;
        }
        let found = match found {
            "" => "nothing".to_owned(),
            found => format!("`{}`", shortened(found)),
        };
        let (name, number) = (COLUMNS[column], column + 1);
        let what = format!("{name}, column {number}: found {found}, wanted {want}");
        let place = self.place(self.cell(start, column));
        let fault = Fault::new(Some(place), what).maybe_help(help.map(str::to_owned));
        self.faults.list.push(fault);
    }

    /// A notice about a row that claims what home routers give out.
    fn home(&mut self, row: &Row, start: usize) {
        if self.trust || row.is_of_addresses() {
            return;
        }
        let network = row.network;
        let Some(common) = home::COMMON
            .into_iter()
            .find(|common| common.contains(&network) || network.contains(common))
        else {
            return;
        };
        if !self.notices.count() {
            return;
        }
        let which = if network.contains(&common) && network != common {
            format!("{common} in {network}")
        } else {
            network.to_string()
        };
        let what = format!(
            "{which} is what home routers and hotspots give out, so clients there stay outside"
        );
        let help = "with --trust-home-subnets they count as being here, whoever's home it is; a row of 32 bits with the office's public address tells the office from homes";
        let place = self.place(self.cell(start, 0));
        self.notices
            .list
            .push(Fault::new(Some(place), what).help(help));
    }

    /// The rows as ascending stretches of addresses; those that overlap are faults.
    fn stretches(&mut self) -> (Vec<Stretch<u32>>, Vec<Stretch<u128>>) {
        let mut order: Vec<u32> = (0..self.rows.len() as u32).collect();
        // A network that holds another stands before it.
        order.sort_by_key(|row| {
            let network = self.rows[*row as usize].network;
            (network.network(), network.prefix_len(), *row)
        });
        let (mut four, mut six) = (Vec::new(), Vec::new());
        let mut holder: Option<u32> = None;
        for row in order {
            let network = self.rows[row as usize].network;
            let held = holder.filter(|row| self.rows[*row as usize].network.contains(&network));
            if let Some(held) = held {
                self.overlap(held, row);
                continue;
            }
            holder = Some(row);
            match network {
                IpNet::V4(net) => {
                    four.push((net.network().to_bits(), net.broadcast().to_bits(), row))
                }
                IpNet::V6(net) => {
                    six.push((net.network().to_bits(), net.broadcast().to_bits(), row))
                }
            }
        }
        (four, six)
    }

    /// `inner` lies in `outer`; the fault stands at the later of the two.
    fn overlap(&mut self, outer: u32, inner: u32) {
        if !self.faults.count() {
            return;
        }
        let network = |row: u32| self.rows[row as usize].network;
        let at = |row: u32| self.place(self.cell(self.places[row as usize], 0));
        let (holding, held) = (network(outer), network(inner));
        let (what, label) = if holding == held {
            (format!("{held} stands twice"), "the first one")
        } else if outer < inner {
            (format!("{held} lies in {holding}"), "which stands here")
        } else {
            (format!("{holding} holds {held}"), "which stands here")
        };
        let fault = Fault::new(Some(at(outer.max(inner))), what)
            .also(at(outer.min(inner)), label)
            .help("an address belongs to one row at most; the Call Quality Dashboard refuses overlaps too");
        self.faults.list.push(fault);
    }
}

fn is_header(cell: &str) -> bool {
    let cell = cell.trim().to_ascii_lowercase();
    cell.contains("network") || cell.contains("subnet") || cell == "ip"
}

fn shortened(text: &str) -> String {
    const LONG: usize = 40;
    match text.char_indices().nth(LONG) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

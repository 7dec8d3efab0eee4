//! Building files as cases, places as a table, and the look-up against a naive scan.
//!
//! `QUALWATCH_BLESS=1` writes the expectations anew; read the difference before you keep it.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use proptest::prelude::*;

use super::{Addresses, Column, Sites, Whereabouts};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/sites")
}

/// What is said of a file: why it is not used, or its rows and what is worth knowing.
fn said(name: &str, text: &[u8]) -> String {
    let sites = match Sites::parse(name, text, false) {
        Ok(read) => read,
        Err(faults) => return format!("{faults}\n"),
    };
    let mut said = String::new();
    for row in &sites.rows {
        let site = sites.find(row.network.network()).expect("its own row");
        let texts = Column::ALL.map(|column| site.text(column).unwrap_or("-"));
        let flags = [site.inside_corp(), site.express_route(), site.vpn()];
        let flags = flags.map(|flag| if flag { "1" } else { "0" });
        said.push_str(&format!(
            "{} | {} | {}\n",
            site.cidr(),
            texts.join(" | "),
            flags.join(" ")
        ));
    }
    if !sites.notices().is_empty() {
        said.push_str(&format!("{}\n", sites.notices()));
    }
    said
}

#[test]
fn building_files_read_as_expected() {
    let (mut seen, mut failed) = (0, Vec::new());
    for entry in fs::read_dir(folder()).expect("the cases") {
        let path = entry.expect("a case").path();
        let kind = path.extension().and_then(|kind| kind.to_str());
        if !matches!(kind, Some("csv" | "tsv")) {
            continue;
        }
        seen += 1;
        let name = format!("sites.{}", kind.unwrap_or_default());
        let got = said(&name, &fs::read(&path).expect("a case"));
        let expected = path.with_extension("expected");
        if std::env::var_os("QUALWATCH_BLESS").is_some() {
            fs::write(&expected, &got).expect("an expectation");
        }
        let want = fs::read_to_string(&expected).unwrap_or_default();
        if want != got {
            failed.push(format!(
                "{}\n--- want\n{want}--- got\n{got}",
                path.display()
            ));
        }
    }
    assert!(seen > 20, "{seen} cases");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[derive(serde::Deserialize)]
struct Cases {
    file: String,
    case: BTreeMap<String, Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    subnet: Option<String>,
    own: Option<String>,
    reflexive: Option<String>,
    #[serde(default)]
    trust: bool,
    /// a building, `outside`, or `missing`
    want: String,
}

#[test]
fn clients_are_placed_as_the_table_says() {
    let text = fs::read_to_string(folder().join("places.toml")).expect("the table");
    let cases: Cases = toml::from_str(&text).expect("a table");
    let [plain, trusting] = [false, true].map(|trust| {
        let read = Sites::parse("places", cases.file.as_bytes(), trust);
        read.expect("a building file")
    });
    assert!(cases.case.len() > 20);
    for (name, case) in &cases.case {
        let sites = if case.trust { &trusting } else { &plain };
        let found = sites.place(Addresses {
            subnet: case.subnet.as_deref(),
            own: case.own.as_deref(),
            reflexive: case.reflexive.as_deref(),
        });
        let got = match found {
            None => "missing",
            Some((Whereabouts::Outside, _)) => "outside",
            Some((Whereabouts::At(site), _)) => site.text(Column::Building).expect("a building"),
        };
        assert_eq!(got, case.want, "{name}");
    }
}

/// Networks in a small space, so that they touch and overlap; some at the very ends of it.
fn network() -> impl Strategy<Value = IpNet> {
    let four = (any::<bool>(), 0u32..1 << 12, 20u8..=32).prop_map(|(high, low, bits)| {
        let address = if high {
            u32::MAX - low
        } else {
            0x0a00_1000 + low
        };
        Ipv4Net::new_assert(Ipv4Addr::from_bits(address), bits)
            .trunc()
            .into()
    });
    let six = (any::<bool>(), 0u128..1 << 12, 116u8..=128).prop_map(|(high, low, bits)| {
        let address = if high {
            u128::MAX - low
        } else {
            0x2001_0db8 << 96 | low
        };
        Ipv6Net::new_assert(Ipv6Addr::from_bits(address), bits)
            .trunc()
            .into()
    });
    prop_oneof![four, six]
}

fn file(networks: &[IpNet]) -> String {
    networks
        .iter()
        .enumerate()
        .map(|(row, network)| {
            let (address, bits) = (network.network(), network.prefix_len());
            format!("{address},,{bits},b{row},,,,,,,,,1,0\n")
        })
        .collect()
}

proptest! {
    #[test]
    fn an_address_is_found_as_a_scan_over_all_rows_finds_it(
        networks in proptest::collection::vec(network(), 1..40),
        near in proptest::collection::vec((any::<prop::sample::Index>(), -2i64..=2), 1..40),
    ) {
        let mut disjoint: Vec<IpNet> = Vec::new();
        for network in &networks {
            let overlaps = |known: &IpNet| known.contains(network) || network.contains(known);
            if !disjoint.iter().any(overlaps) {
                disjoint.push(*network);
            }
        }
        // A file with an overlap is refused, and only such a file.
        let read = Sites::parse("all", file(&networks).as_bytes(), false);
        prop_assert_eq!(read.is_ok(), disjoint.len() == networks.len());
        let sites = Sites::parse("some", file(&disjoint).as_bytes(), false).expect("disjoint");
        for (index, step) in near {
            let network = index.get(&networks);
            for edge in [network.network(), network.broadcast()] {
                let address = match edge {
                    IpAddr::V4(edge) => {
                        let bits = i64::from(edge.to_bits()) + step;
                        let Ok(bits) = u32::try_from(bits) else { continue };
                        IpAddr::V4(Ipv4Addr::from_bits(bits))
                    }
                    IpAddr::V6(edge) => {
                        let bits = edge.to_bits().wrapping_add_signed(i128::from(step));
                        IpAddr::V6(Ipv6Addr::from_bits(bits))
                    }
                };
                let scanned = disjoint
                    .iter()
                    .filter(|network| network.contains(&address))
                    .max_by_key(|network| network.prefix_len())
                    .copied();
                prop_assert_eq!(sites.find(address).map(|site| site.network()), scanned);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Sites::parse("any", &bytes, false);
    }

    #[test]
    fn any_cells_are_read_or_refused(
        cells in proptest::collection::vec("[0-9a-f:./\",\t\r\n é]{0,6}", 0..60),
        sign in prop_oneof![Just(","), Just("\t")],
    ) {
        if let Err(faults) = Sites::parse("any", cells.join(sign).as_bytes(), false) {
            let _ = faults.to_string();
        }
    }
}

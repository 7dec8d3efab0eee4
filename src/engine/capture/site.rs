//! The site of a network, for rules that read one.
//!
//! Made only where some rule follows `site` and there is a sites file. A network without any
//! address has no site: all of it is missing. One that no row holds has one, which is outside.

use super::Capture;
use crate::record::Item;
use crate::record::call::{End, Media};
use crate::rules::facts::ObjectId;
use crate::rules::fields::{Level, Link};
use crate::sites::{Addresses, By, Column, OUTSIDE, Site, Whereabouts};

/// The members that hold addresses.
const SUBNET: &str = "subnet";
const OWN: &str = "ipAddress";
const REFLEXIVE: &str = "reflexiveIPAddress";

impl Capture<'_> {
    /// Whether sites are to be made at all.
    pub(super) fn wants_site(&self) -> bool {
        self.sites.is_some() && self.layout.wants_link(Link::Site)
    }

    /// Links `from`, a network or an end, to the site of `network`. True if it has one.
    pub(super) fn link_site(&mut self, from: ObjectId, network: Item<'_>) -> bool {
        let site = self.site(network);
        self.link(from, Link::Site, site);
        site.is_some()
    }

    /// Links an end of a session or a segment to the site of the first of its media that tells.
    pub(super) fn link_first_site<'t>(
        &mut self,
        from: ObjectId,
        end: End,
        media: impl Iterator<Item = Media<'t>>,
    ) {
        if self.wants_site() {
            let mut networks = media.filter_map(|media| media.network(end));
            networks.any(|network| self.link_site(from, network));
        }
    }

    fn site(&mut self, network: Item<'_>) -> Option<ObjectId> {
        let sites = self.sites.filter(|_| self.layout.wants_link(Link::Site))?;
        let member = |name| {
            let value = network.get(name)?;
            Some(value).filter(|value| !self.violated.covers(self.node(*value)))
        };
        let text = |name| member(name).and_then(Item::as_str);
        let (whereabouts, by) = sites.place(Addresses {
            subnet: text(SUBNET),
            own: text(OWN),
            reflexive: text(REFLEXIVE),
        })?;
        let decided = member(match by {
            By::Subnet => SUBNET,
            By::Own => OWN,
            By::Reflexive => REFLEXIVE,
        });
        let node = self.node(decided?);
        let id = self.facts.push_object(Level::Site, node);
        let site = match whereabouts {
            Whereabouts::At(site) => Some(site),
            Whereabouts::Outside => None,
        };
        let mut set_text = |name: &str, text: Option<&str>| {
            self.compute(Level::Site, name, |facts, field| match text {
                Some(text) => facts.set_text(id, field, text, node),
                None => facts.set_missing(id, field, node),
            });
        };
        set_text("cidr", Some(site.map_or(OUTSIDE, Site::cidr)));
        for column in Column::ALL {
            let text = match site {
                Some(site) => site.text(column),
                None => Some(OUTSIDE),
            };
            set_text(column.name(), text);
        }
        for (name, value) in [
            ("inside_corp", site.is_some_and(Site::inside_corp)),
            ("express_route", site.is_some_and(Site::express_route)),
            ("vpn", site.is_some_and(Site::vpn)),
        ] {
            self.compute(Level::Site, name, |facts, field| {
                facts.set_bool(id, field, value, node);
            });
        }
        Some(id)
    }
}

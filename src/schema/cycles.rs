//! Combinations of schemas that lead back to themselves without going into the value.
//!
//! A walk along them would never end; the sites where they close are made unsure, and no other.

use super::program::{Combined, NOTHING, Program, Site, SiteId, Types};

/// Cuts each such circle; says whether there was one.
pub(super) fn cut(program: &mut Program) -> bool {
    let closing = closing(program);
    for site in &closing {
        if let Some(site) = program.sites.get_mut(*site as usize) {
            site.unsure = Types::ALL;
            site.combined = NOTHING;
            // A dependent schema is a combination too.
            if let Some(shape) = program.shapes.get_mut(site.shape as usize)
                && let Some(rare) = &mut shape.rare
            {
                rare.dependent_sites.clear();
            }
        }
    }
    !closing.is_empty()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    UnderWay,
    Done,
}

/// The sites at which a search from all sites meets one that it has not left yet.
fn closing(program: &Program) -> Vec<SiteId> {
    let mut marks = vec![Mark::New; program.sites.len()];
    let mut closing = Vec::new();
    for start in 0..program.sites.len() as SiteId {
        let mut path: Vec<(SiteId, Vec<SiteId>)> = Vec::new();
        let mut next = Some(start);
        loop {
            if let Some(site) = next.take() {
                match marks.get(site as usize) {
                    Some(Mark::New) => {
                        marks[site as usize] = Mark::UnderWay;
                        path.push((site, asked(program, site)));
                    }
                    Some(Mark::UnderWay) => closing.push(site),
                    _ => {}
                }
            }
            let Some((site, left)) = path.last_mut() else {
                break;
            };
            next = left.pop();
            if next.is_none() {
                marks[*site as usize] = Mark::Done;
                path.pop();
            }
        }
    }
    closing
}

/// The sites that `site` asks of the same value.
fn asked(program: &Program, site: SiteId) -> Vec<SiteId> {
    let Some(Site {
        combined, shape, ..
    }) = program.sites.get(site as usize)
    else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for combination in program
        .combined
        .get(*combined as usize)
        .into_iter()
        .flatten()
    {
        match combination {
            Combined::Any(sites) | Combined::One(sites) => all.extend(sites),
            Combined::Not(site) => all.push(*site),
            Combined::If {
                condition,
                then,
                otherwise,
            } => all.extend([condition, then, otherwise]),
        }
    }
    let rare = program.shapes.get(*shape as usize);
    let rare = rare.and_then(|shape| shape.rare.as_ref());
    all.extend(
        rare.iter()
            .flat_map(|rare| rare.dependent_sites.iter().map(|(_, site)| site)),
    );
    all
}

//! What is told over time: timed records in, timed states out.
//!
//! Each file of `tests/cases/over_time` is a case, named by its sentence: rules, records made of
//! pieces with a time of their own, and every line that is told, in order. With `any_order`, the same
//! records in each order must end with the same standing alerts.

mod support;

#[path = "over_time/case.rs"]
mod case;
#[path = "over_time/replay.rs"]
mod replay;

use std::collections::BTreeMap;
use std::fs;

use case::{Case, Run};

#[test]
fn every_case_tells_what_it_wants() {
    let folder = support::root("tests/cases/over_time");
    let mut seen = 0;
    let mut wrong = Vec::new();
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("cases")
        .flatten()
        .map(|it| it.path())
        .collect();
    files.sort();
    for path in files {
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(&path).expect("readable");
        let case: Case = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let run = Run::of(&case, &(0..case.given.len()).collect::<Vec<_>>());
        if run.told != case.want {
            wrong.push(format!(
                "{name}\n  want\n    {}\n  told\n    {}",
                case.want.join("\n    "),
                run.told.join("\n    ")
            ));
        }
        // While the program is not there nothing can be silent; all else goes on as if it never ended.
        if !case.rules.contains("silence") {
            let again = Run::with_restarts(&case);
            if again.told != run.told {
                wrong.push(format!(
                    "{name}: with restarts\n    {}\n  told without\n    {}",
                    again.told.join("\n    "),
                    run.told.join("\n    ")
                ));
            }
        }
        let counts: BTreeMap<&str, u64> = run.counts.named().into_iter().collect();
        for (count, want) in &case.counts {
            let got = counts
                .get(count.as_str())
                .unwrap_or_else(|| panic!("{name}: no count {count}"));
            if got != want {
                wrong.push(format!("{name}: {count} is {got}, wanted {want}"));
            }
        }
        if let Some(standing) = &case.any_order {
            for order in orders(case.given.len()) {
                let run = Run::of(&case, &order);
                if run.standing != *standing {
                    wrong.push(format!(
                        "{name}: in the order {order:?} there stands {:?}, wanted {standing:?}",
                        run.standing
                    ));
                    break;
                }
            }
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 20, "{seen} cases");
}

/// Every order of so many things.
fn orders(number: usize) -> Vec<Vec<usize>> {
    assert!(number <= 6, "{number} records are too many for every order");
    let mut all = vec![Vec::new()];
    for next in 0..number {
        let mut longer = Vec::new();
        for order in &all {
            for at in 0..=order.len() {
                let mut order: Vec<usize> = order.clone();
                order.insert(at, next);
                longer.push(order);
            }
        }
        all = longer;
    }
    all
}

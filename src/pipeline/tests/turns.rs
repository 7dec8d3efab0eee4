//! Turns at a source: how long they are, when they are told, and that their order is kept.

use super::*;
use crate::source::pull::OneAfterAnother;

/// Batches of some bytes each, and then the end.
struct Batches {
    left: Vec<usize>,
    waits: bool,
    ended: bool,
}

impl Batches {
    fn new(mut bytes: Vec<usize>, waits: bool) -> Batches {
        bytes.reverse();
        Batches {
            left: bytes,
            waits,
            ended: false,
        }
    }
}

impl Pull for Batches {
    fn next(&mut self, _: &BatchPool) -> Option<Delivery> {
        if let Some(bytes) = self.left.pop() {
            let (source, batch) = (source("a"), batch(bytes));
            return Some(Delivery::Batch { source, batch });
        }
        (!std::mem::replace(&mut self.ended, true)).then(|| end("a"))
    }

    fn may_wait(&mut self) -> bool {
        self.waits && !self.ended
    }

    fn never_waits(&mut self) -> bool {
        !self.waits
    }

    fn is_over(&self) -> bool {
        self.ended
    }
}

/// Waits for the test, and has nothing else.
struct Silent(Receiver<()>, bool);

impl Pull for Silent {
    fn next(&mut self, _: &BatchPool) -> Option<Delivery> {
        let _ = self.0.recv();
        (!std::mem::replace(&mut self.1, true)).then(|| end("silent"))
    }

    fn may_wait(&mut self) -> bool {
        !self.1
    }

    fn never_waits(&mut self) -> bool {
        false
    }

    fn is_over(&self) -> bool {
        self.1
    }
}

#[test]
fn what_was_read_is_told_while_the_next_source_waits() {
    // Two batches are a turn, so that turns before the last one are not told at once.
    for files in 1..24 {
        let (go_on, wait) = bounded(0);
        let sources: [Box<dyn Pull + Send>; 2] = [
            Box::new(Batches::new(vec![300 << 10; files], false)),
            Box::new(Silent(wait, false)),
        ];
        let intake = Intake(Way::Pulled(Box::new(OneAfterAnother::new(sources))));
        let options = Options {
            workers: 2 + files % 2,
            ..Options::default()
        };
        let running = run(Engine::builder().build().unwrap(), vec![intake], options);
        let mut told = 0;
        while told <= files {
            let several = running.events.several().recv_timeout(PATIENT).unwrap();
            told += several.len();
        }
        assert_eq!(told, files + 1, "the batches and their end");
        drop(go_on);
        let rest: Vec<String> = running
            .events
            .into_iter()
            .map(|event| line(&event))
            .collect();
        assert_eq!(rest, ["silent ends", "over"]);
        running.join();
    }
}

/// Batches by their bytes, and whether the source may wait; then the deliveries of each turn, and how
/// many turns there were when no more was taken in.
type TurnCase = (&'static str, Vec<usize>, bool, &'static [usize], usize);

#[test]
fn a_turn_takes_what_is_there_up_to_a_parcel_and_the_last_one_says_that_it_is_over() {
    let large = 300 << 10;
    let cases: Vec<TurnCase> = vec![
        ("nothing", vec![], false, &[2], 9),
        ("a few", vec![10; 3], false, &[5], 9),
        ("many", vec![10; 600], false, &[512, 90], 9),
        ("large ones", vec![large; 5], false, &[2, 2, 3], 9),
        ("it may wait", vec![10; 3], true, &[1, 1, 1, 2], 9),
        ("a stop before", vec![10; 3], true, &[], 0),
        ("a stop in the midst", vec![10; 3], true, &[1, 1], 2),
    ];
    for (name, bytes, waits, wanted, until) in cases {
        let gate = Arc::new(Gate::default());
        let (tickets, held) = bounded(100);
        let (over_sender, over) = bounded(1);
        let (late_sender, late) = bounded(1);
        let source = Box::new(Batches::new(bytes, waits));
        let turns = Turns::new(source, Arc::clone(&gate), tickets, over_sender, late_sender);
        let (mut sizes, stopped) = (Vec::new(), until < 9);
        loop {
            if sizes.len() == until {
                gate.close();
            }
            assert!(turns.has_ticket(), "{name}");
            let Some(turn) = turns.next(&BatchPool::default(), || {}) else {
                break;
            };
            let Parcel { number, work } = turn.parcel;
            assert_eq!(number, sizes.len() as u64, "{name}");
            sizes.push(work.len());
            // Where more may have to be waited for, nothing waits for it.
            let last = sizes.len() == wanted.len() && !stopped;
            assert_eq!(turn.at_once, waits || last, "{name}");
        }
        assert_eq!(sizes, wanted, "{name}");
        assert_eq!(gate.state(), (true, sizes.len() as u64), "{name}");
        assert!(
            over.try_recv().is_ok() && held.len() >= sizes.len(),
            "{name}"
        );
        // It is told once that it is over: in its place, or late.
        assert_eq!(late.len(), usize::from(stopped), "{name}");
        assert!(turns.next(&BatchPool::default(), || {}).is_none(), "{name}");
        assert!(over.is_empty() && late.len() <= 1, "{name}");
    }
}

#[test]
fn what_workers_read_in_turns_keeps_its_order() {
    for (workers, waits) in [(2, false), (3, true), (3, false)] {
        let bytes: Vec<usize> = (0..900).map(|number| 10 + number % 300 * 100).collect();
        let intake = Intake(Way::Pulled(Box::new(Batches::new(bytes.clone(), waits))));
        let options = Options {
            workers,
            ..Options::default()
        };
        let running = run(Engine::builder().build().unwrap(), vec![intake], options);
        let mut judged = Vec::new();
        let mut ends = Vec::new();
        for event in &running.events {
            match event {
                Event::Judged { counts, .. } => judged.push(counts.bytes as usize),
                other => ends.push(line(&other)),
            }
        }
        assert_eq!(judged, bytes);
        assert_eq!(ends, ["a ends", "over"]);
        running.join();
    }
}

//! The promises of D38, on one thread and on many.

use crate::{Asking, Exceeded, Limits, Micros, Standing};
use model::{
    AccountId, Entropy, Environment, HttpMethod, KeyId, KeyLimits, Limit, LimitClass, LimitKind, LimitMethods,
    LimitName, LimitSubject, Timestamp,
};
use proptest::prelude::*;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

const SECOND: Micros = 1_000_000;
/// Where the tests begin: some hours after the process did.
const START: Micros = 20_000 * SECOND;

fn limit(kind: LimitKind, count: u32) -> Limit {
    Limit {
        name: LimitName::new("default").unwrap(),
        subject: LimitSubject::Key,
        class: None,
        methods: LimitMethods::All,
        kind,
        count,
    }
}

fn window(seconds: u32, count: u32) -> Limit {
    limit(LimitKind::Window { seconds }, count)
}

fn key(n: u8) -> (KeyId, AccountId) {
    let now = Timestamp::from_secs(1);
    (KeyId::new(now, Entropy([n; 10])), AccountId::new(now, Entropy([0; 10])))
}

struct World {
    limits: Limits,
    class: LimitClass,
    own: KeyLimits,
}

impl World {
    fn new(limit: Limit) -> Self {
        Self { limits: Limits::new(vec![limit]), class: LimitClass::default(), own: KeyLimits::default() }
    }

    fn asking(&self) -> Asking<'_> {
        Asking {
            class: &self.class,
            method: HttpMethod::Get,
            environment: Environment::Live,
            key: Some(key(1)),
            address: None,
            own: &self.own,
        }
    }

    /// Whether a request is admitted now, or how long it has to wait.
    fn ask(&self, now: Micros) -> Result<Standing, Micros> {
        match self.limits.reserve(&self.asking(), now) {
            Ok(reservation) => Ok(reservation.tightest().unwrap()),
            Err(Exceeded::Limit { standing }) => Err(standing.reset),
            Err(Exceeded::Crowded) => panic!("crowded"),
        }
    }
}

/// The most admissions in any half-open window.
fn busiest(times: &[Micros], window: Micros) -> usize {
    let mut times = times.to_vec();
    times.sort_unstable();
    let (mut first, mut most) = (0, 0);
    for (index, time) in times.iter().enumerate() {
        while times[first] + window <= *time {
            first += 1;
        }
        most = most.max(index - first + 1);
    }
    most
}

const COUNTS: [u32; 7] = [1, 2, 20, 60, 256, 257, 10_000];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn d15_no_window_ever_holds_more_than_the_count(
        count in proptest::sample::select(COUNTS.as_slice()),
        seconds in 1u32..90,
        bursts in proptest::collection::vec((0u64..3_000, 1usize..400), 1..60),
    ) {
        let world = World::new(window(seconds, count));
        let length = Micros::from(seconds) * SECOND;
        let (mut now, mut admitted) = (START, Vec::new());
        for (thousandths, burst) in bursts {
            now += length * thousandths / 1_000;
            for _ in 0..burst.min(count as usize + 2) {
                if world.ask(now).is_ok() {
                    admitted.push(now);
                }
            }
        }
        prop_assert!(busiest(&admitted, length) <= count as usize);
    }

    #[test]
    fn d38_evenly_spaced_requests_are_never_fewer_than_the_floor(
        count in proptest::sample::select(COUNTS.as_slice()),
        seconds in 1u32..90,
        offset in 0u64..1_000_000,
    ) {
        let world = World::new(window(seconds, count));
        let length = Micros::from(seconds) * SECOND;
        let asked = u64::from(count) * 3;
        let admitted = (0..asked).filter(|n| world.ask(START + offset + n * length / u64::from(count)).is_ok()).count();
        if count <= crate::RING_MAX {
            // Exactly the count a window, spaced to the microsecond or a little closer.
            let lost = asked - admitted as u64;
            prop_assert!(!length.is_multiple_of(u64::from(count)) || lost == 0, "{lost} of {asked}");
        }
        // L W / (W + w) a window, with w = W / 60.
        let floor = asked * 60 / 61;
        prop_assert!(admitted as u64 + 3 >= floor, "{admitted} of {asked}, floor {floor}");
    }

    #[test]
    fn r78_r130_waiting_as_long_as_told_is_enough_and_a_second_less_is_not(
        count in proptest::sample::select(COUNTS.as_slice()),
        seconds in 2u32..90,
        gaps in proptest::collection::vec(0u64..2_000, 1..40),
    ) {
        let world = World::new(window(seconds, count));
        let length = Micros::from(seconds) * SECOND;
        let mut now = START;
        for gap in gaps {
            now += length * gap / 10_000;
            for _ in 0..=count.div_ceil(4) {
                if world.ask(now).is_ok() { continue }
                let wait = world.ask(now).unwrap_err();
                let told = wait.div_ceil(SECOND) * SECOND;
                // One second less than what is told in whole seconds.
                prop_assert!(told >= SECOND && world.ask(now + told - SECOND).is_err());
                now += told;
                prop_assert!(world.ask(now).is_ok());
            }
        }
    }

    #[test]
    fn d39_what_is_given_back_can_be_taken_again_and_never_makes_one_too_many(
        count in proptest::sample::select(COUNTS.as_slice()),
        steps in proptest::collection::vec((0u64..400_000, any::<bool>()), 1..200),
    ) {
        let world = World::new(window(10, count));
        let (mut now, mut kept) = (START, Vec::new());
        for (gap, give_back) in steps {
            now += gap;
            let Ok(reservation) = world.limits.reserve(&world.asking(), now) else { continue };
            if give_back {
                world.limits.refund(&reservation);
            } else {
                kept.push(now);
            }
        }
        prop_assert!(busiest(&kept, 10 * SECOND) <= count as usize);
        let idle = now + 30 * SECOND;
        for n in 0..count.min(300) {
            prop_assert!(world.ask(idle).is_ok(), "{n}");
        }
    }

    #[test]
    fn d15_a_number_can_change_without_losing_what_was_counted(
        changes in proptest::collection::vec((1u32..600, 0u64..3_000_000, 1usize..200), 1..30),
    ) {
        let mut world = World::new(window(10, 60));
        let (mut now, mut admitted, mut largest) = (START, Vec::new(), 0);
        for (count, gap, burst) in changes {
            now += gap;
            world.own = KeyLimits::new(vec![(LimitName::new("default").unwrap(), count)]).unwrap();
            largest = largest.max(count as usize);
            for _ in 0..burst {
                let before = admitted.iter().filter(|at| **at + 10 * SECOND > now).count();
                if world.ask(now).is_ok() {
                    prop_assert!(before < count as usize, "{before} were admitted, {count} may be");
                    admitted.push(now);
                }
            }
        }
        prop_assert!(busiest(&admitted, 10 * SECOND) <= largest);
    }
}

#[test]
fn d38_exactly_the_count_a_window_passes_and_the_window_is_half_open() {
    let world = World::new(window(60, 60));
    for second in 0..600 {
        assert!(world.ask(START + second * SECOND).is_ok(), "{second}");
    }
    let world = World::new(window(60, 1));
    assert!(world.ask(START).is_ok());
    assert_eq!(world.ask(START + 60 * SECOND - 1), Err(1));
    assert!(world.ask(START + 60 * SECOND).is_ok());
}

#[test]
fn d15_a_clock_that_stands_still_or_goes_back_admits_nothing_more() {
    let world = World::new(window(60, 20));
    let admitted = (0..100u64).filter(|n| world.ask(START - n * SECOND).is_ok()).count();
    assert_eq!(admitted, 20);
}

#[test]
fn d38_threads_together_never_take_more_than_the_count() {
    for count in COUNTS {
        let world = Arc::new(World::new(window(1, count)));
        let clock = Arc::new(AtomicU64::new(START));
        let threads: Vec<_> = (0..8)
            .map(|n: u64| {
                let (world, clock) = (Arc::clone(&world), Arc::clone(&clock));
                std::thread::spawn(move || {
                    let mut admitted = Vec::new();
                    for step in 0..4_000u64 {
                        // Every thread moves the time on, and sees it a little late.
                        let now = clock.fetch_add(197, Ordering::AcqRel) - (n * 31 + step) % 150;
                        if let Ok(reservation) = world.limits.reserve(&world.asking(), now) {
                            if step % 7 == 0 {
                                world.limits.refund(&reservation);
                            } else {
                                admitted.push(reservation.counted_at());
                            }
                        }
                    }
                    admitted
                })
            })
            .collect();
        let admitted: Vec<Micros> = threads.into_iter().flat_map(|t| t.join().unwrap()).collect();
        assert!(busiest(&admitted, SECOND) <= count as usize, "{count}");
        assert!(!admitted.is_empty());
    }
}

#[test]
fn d38_a_bucket_gives_its_burst_and_then_its_rate() {
    let world = World::new(limit(LimitKind::Bucket { refill: 60, seconds: 60 }, 200));
    let burst = (0..300).filter(|_| world.ask(START).is_ok()).count();
    assert_eq!(burst, 200);
    assert_eq!(world.ask(START), Err(SECOND));
    for second in 1..100 {
        assert!(world.ask(START + second * SECOND).is_ok(), "{second}");
        assert!(world.ask(START + second * SECOND).is_err(), "{second}");
    }
}

#[test]
fn d38_so_many_at_the_same_time_and_no_more() {
    let world = World::new(limit(LimitKind::Concurrency, 2));
    let one = world.limits.reserve(&world.asking(), START).unwrap();
    let two = world.limits.reserve(&world.asking(), START).unwrap();
    assert!(world.limits.holds_on(&one) && world.ask(START).is_err());
    world.limits.release(&one);
    assert!(world.ask(START).is_ok());
    assert!(world.ask(START).is_err());
    world.limits.refund(&two);
    assert!(world.ask(START).is_ok());
}

#[test]
fn d15_environments_and_keys_are_counted_apart() {
    let world = World::new(window(60, 1));
    let other = Asking { key: Some(key(2)), ..world.asking() };
    let test = Asking { environment: Environment::Test, ..world.asking() };
    for asking in [world.asking(), other, test] {
        assert!(world.limits.reserve(&asking, START).is_ok());
        assert!(world.limits.reserve(&asking, START).is_err());
    }
}

#[test]
fn d22_ipv6_addresses_are_counted_by_their_64() {
    let mut limit = window(60, 1);
    limit.subject = LimitSubject::Address;
    let world = World::new(limit);
    let ask = |address: &str| {
        let asking = Asking { key: None, address: Some(address.parse().unwrap()), ..world.asking() };
        world.limits.reserve(&asking, START).is_ok()
    };
    assert!(ask("2001:db8::1") && !ask("2001:db8::ffff:1") && ask("2001:db8:0:1::1"));
    assert!(ask("192.0.2.1") && ask("192.0.2.2") && !ask("::ffff:192.0.2.1"));
}

#[test]
fn what_counts_no_more_is_forgotten_and_a_full_table_refuses() {
    let limits = Limits::bounded(vec![window(60, 5)], 3);
    let world = World::new(window(60, 5));
    let ask = |n: u8, now| limits.reserve(&Asking { key: Some(key(n)), ..world.asking() }, now);
    for n in 0..3 {
        assert!(ask(n, START).is_ok());
    }
    assert_eq!(ask(9, START).unwrap_err(), Exceeded::Crowded);
    limits.sweep(START + 59 * SECOND);
    assert_eq!(limits.len(), 3);
    limits.sweep(START + 60 * SECOND);
    assert!(limits.is_empty() && ask(9, START + 60 * SECOND).is_ok());
}

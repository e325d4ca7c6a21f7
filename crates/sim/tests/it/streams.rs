//! Streams: leased in the batch that creates the job, within the credit, in turn.

use base::Variables;
use engine::{Input, StreamId};
use fermata_sim::{Crash, World};

use crate::{line, model, service};

const ONE: StreamId = StreamId(1);
const TWO: StreamId = StreamId(2);

fn world(shards: u16) -> World {
    let mut world = World::new(shards, Crash::Never);
    world
        .deploy(&[&model(&line(&[("work", &service("work")), ("more", &service("more"))]))])
        .unwrap();
    world
}

fn pushed_to(world: &World, stream: StreamId) -> usize {
    world.pushed.iter().filter(|(to, _)| *to == stream).count()
}

#[test]
fn a_stream_gets_what_waits_and_what_comes_up_but_never_more_than_its_credit() {
    for shards in [1, 3] {
        let mut world = world(shards);
        for _ in 0..6 {
            world.create("p", "{}");
        }
        world.open_stream(ONE, "work", 3);
        let credit = usize::from(shards) * 3;
        assert_eq!(pushed_to(&world, ONE), credit.min(6));
        for _ in 0..20 {
            world.create("p", "{}");
        }
        assert_eq!(pushed_to(&world, ONE), credit);
        assert_eq!(
            world.activate("work", 100).len(),
            26 - credit,
            "the rest is for those who poll"
        );
        world.tell_all(|| Input::Credit(ONE, 1));
        for _ in 0..usize::from(shards) {
            world.create("p", "{}");
        }
        assert_eq!(pushed_to(&world, ONE), credit + usize::from(shards));
        world.verify();
    }
}

#[test]
fn streams_of_a_type_take_turns_and_a_closed_one_gets_nothing() {
    for shards in [1, 3] {
        let mut world = world(shards);
        world.open_stream(ONE, "work", 100);
        world.open_stream(TWO, "work", 100);
        for _ in 0..12 {
            world.create("p", "{}");
        }
        assert_eq!((pushed_to(&world, ONE), pushed_to(&world, TWO)), (6, 6));
        world.tell_all(|| Input::CloseStream(ONE));
        for _ in 0..6 {
            world.create("p", "{}");
        }
        assert_eq!((pushed_to(&world, ONE), pushed_to(&world, TWO)), (6, 12));
        world.verify();
    }
}

#[test]
fn a_step_with_a_stream_is_one_batch_and_one_log_row() {
    let mut world = world(1);
    world.open_stream(ONE, "work", 10);
    world.open_stream(TWO, "more", 10);
    let instance = world.create("p", "{}");
    let rows = |world: &mut World| world.reader().log(instance, 0, 100).unwrap().len();
    assert_eq!(rows(&mut world), 1);
    let job = world.pushed.pop().unwrap().1;
    assert_eq!(job.worker, "s");
    let variables = Variables::new();
    world.command(base::Command::CompleteJob { job: job.job, variables }).unwrap();
    assert_eq!(rows(&mut world), 2);
    assert_eq!(world.pushed.pop().unwrap().0, TWO);
    world.verify();
}

#[test]
fn a_lease_that_ends_and_a_backoff_reach_a_stream() {
    for shards in [1, 3] {
        let mut world = world(shards);
        world.open_stream(ONE, "work", 10);
        world.create("p", "{}");
        assert_eq!(world.pushed.len(), 1);
        world.advance(60_000);
        assert_eq!(world.pushed.len(), 2, "its worker is gone; the job comes again");
        assert_eq!(world.pushed[0].1.job, world.pushed[1].1.job);
    }
}

//! Random conversations, side by side with a model that tells them again from the
//! beginning.

mod cast;
mod judgement;
mod model;
mod stage;

use cast::{Step, step};
use proptest::prelude::*;
use qunliao_storage::Access;
use stage::Stage;

fn play(access: Access, steps: Vec<Step>) {
    let mut stage = Stage::new(access);
    for step in steps {
        stage.play(step);
        stage.compare();
    }
    stage.finish();
}

fn access() -> impl Strategy<Value = Access> {
    prop::sample::select(vec![
        Access::Open,
        Access::Closed,
        Access::Everyone,
        Access::Direct,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_room_is_what_its_entries_say_and_allows_what_the_rules_say(
        access in access(),
        steps in prop::collection::vec(step(), 0..80),
    ) {
        play(access, steps);
    }
}

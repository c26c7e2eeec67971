//! Sessions, whatever is done to them in whatever order, end when they should.

use crate::cast::*;
use proptest::prelude::*;
use qunliao_protocol::{SessionId, UserId};
use qunliao_storage::sessions::NewSession;
use qunliao_storage::{MemoryEngine, Sessions, Store};

const IDLE: u64 = HOUR;
const LIFETIME: u64 = 5 * HOUR;
/// A touch this soon after the last one that was noted may go unnoted.
const NOTED_AFTER: u64 = IDLE / 10;
const SESSIONS_MAX: usize = 3;

/// What is done, to which of the users or of the sessions so far.
#[derive(Clone, Debug)]
enum Step {
    Open(usize),
    Touch(usize),
    End(usize),
    EndOthers(usize),
    EndAll(usize),
    Wait(u64),
    Sweep,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![0..10 * MINUTE, 0..2 * HOUR];
    let step = prop_oneof![
        4 => (0usize..2).prop_map(Step::Open),
        6 => any::<usize>().prop_map(Step::Touch),
        1 => any::<usize>().prop_map(Step::End),
        1 => any::<usize>().prop_map(Step::EndOthers),
        1 => (0usize..2).prop_map(Step::EndAll),
        6 => wait.prop_map(Step::Wait),
        1 => Just(Step::Sweep),
    ];
    prop::collection::vec(step, 1..60)
}

/// A session as it should be.
struct Model {
    id: SessionId,
    user: UserId,
    token: String,
    issued: u64,
    last_used: u64,
    is_ended: bool,
}

impl Model {
    fn is_alive(&self, now: u64) -> bool {
        let expires = (self.last_used + IDLE).min(self.issued + LIFETIME);
        !self.is_ended && expires > now
    }
}

/// Ends those of the living sessions of `user` that `which` says, in the model;
/// answers how many.
fn end(model: &mut [Model], user: UserId, now: u64, which: impl Fn(&Model) -> bool) -> usize {
    let mut ended = 0;
    for session in model {
        if session.user == user && session.is_alive(now) && which(session) {
            session.is_ended = true;
            ended += 1;
        }
    }
    ended
}

async fn open(store: &Store, model: &mut Vec<Model>, user: UserId, now: u64) {
    let token = format!("token {}", model.len());
    let new = NewSession {
        now,
        idle_ms: IDLE,
        lifetime_ms: LIFETIME,
        sessions_max: SESSIONS_MAX,
        ..new_session(user, &token)
    };
    let begun = store.open_session(new).await.unwrap();
    let living = model
        .iter_mut()
        .filter(|session| session.user == user && session.is_alive(now));
    let mut living: Vec<_> = living.collect();
    let too_many = (living.len() + 1).saturating_sub(SESSIONS_MAX);
    for oldest in &mut living[..too_many] {
        oldest.is_ended = true;
        assert!(begun.ended.contains(&oldest.id));
    }
    let living = model
        .iter()
        .filter(|session| session.user == user && session.is_alive(now));
    for session in living {
        assert!(!begun.ended.contains(&session.id));
    }
    model.push(Model {
        id: begun.id,
        user,
        token,
        issued: now,
        last_used: now,
        is_ended: false,
    });
}

async fn take(store: &Store, model: &mut Vec<Model>, users: [UserId; 2], step: Step, now: u64) {
    let count = model.len();
    let of = |which: usize| which.checked_rem(count);
    match step {
        Step::Open(user) => open(store, model, users[user], now).await,
        Step::Touch(which) => {
            let Some(which) = of(which) else { return };
            let session = &mut model[which];
            let touched = store.touch_session(session.user, session.id, now, None);
            touched.await.unwrap();
            if session.is_alive(now) && session.last_used + NOTED_AFTER <= now {
                session.last_used = now;
            }
        }
        Step::End(which) => {
            let Some(which) = of(which) else { return };
            let (user, id) = (model[which].user, model[which].id);
            let ended = store.end_session(user, id, operator(now)).await.unwrap();
            let expected = end(model, user, now, |session| session.id == id);
            assert_eq!(usize::from(ended), expected);
        }
        Step::EndOthers(which) => {
            let Some(which) = of(which) else { return };
            let (user, id) = (model[which].user, model[which].id);
            let ended = store.end_sessions(user, Some(id), operator(now)).await;
            let expected = end(model, user, now, |session| session.id != id);
            assert_eq!(ended.unwrap(), expected);
        }
        Step::EndAll(user) => {
            let ended = store.end_sessions(users[user], None, operator(now)).await;
            let expected = end(model, users[user], now, |_| true);
            assert_eq!(ended.unwrap(), expected);
        }
        Step::Wait(_) => {}
        Step::Sweep => {
            store.sweep_sessions(now).await.unwrap();
        }
    }
}

async fn compare(store: &Store, model: &[Model], users: [UserId; 2], now: u64) {
    for session in model {
        let found = store.session(session.token.clone(), now).await.unwrap();
        let found = found.map(|(user, found)| (user.id, found.id, found.last_used));
        let expected = (session.user, session.id, session.last_used);
        assert_eq!(found, session.is_alive(now).then_some(expected));
    }
    for user in users {
        let listed = store.sessions_of(user, now).await.unwrap();
        let listed: Vec<_> = listed.iter().map(|session| session.id).collect();
        let living = model
            .iter()
            .filter(|session| session.user == user && session.is_alive(now));
        let living: Vec<_> = living.map(|session| session.id).collect();
        assert_eq!(listed, living);
    }
}

async fn follow(store: &Store, steps: Vec<Step>) {
    let users = [
        sign_up(store, &ALICE).await.id,
        sign_up(store, &BOB).await.id,
    ];
    let (mut model, mut now) = (Vec::new(), NOW);
    for step in steps {
        if let Step::Wait(ms) = step {
            now += ms;
        }
        take(store, &mut model, users, step, now).await;
        compare(store, &model, users, now).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]
    #[test]
    fn sessions_live_and_end_as_a_list_of_them_would(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(follow(&memory_store(&MemoryEngine::new()), steps));
    }
}

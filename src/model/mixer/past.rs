//! What a mixer knows of the positions seen, and the way back to an earlier one.
//!
//! Keys and values can be cut back to any position. A state of one size for all positions together
//! cannot: what the last token did to it is not undone. So states of some earlier positions are
//! kept, and what lies between one of them and where somebody wants to go back to is read again.

use std::sync::Arc;

use candle_core::Result;

use crate::model::kv_cache::KvCache;

/// How many states of earlier positions are kept, each of the size of the state itself.
pub const MARKS: usize = 8;

/// What a mixer knows of the positions seen; it uses one of the two.
#[derive(Debug, Default)]
pub struct Past {
    /// Something of each position.
    pub cache: KvCache,
    /// Something of all of them together.
    pub state: State,
}

impl Past {
    /// The last position not behind `len` that it can go back to.
    #[must_use]
    pub fn reach(&self, len: usize) -> usize {
        self.state.reach(len)
    }

    /// Counts the first `len` positions as seen: those of a pass that is over, or fewer, up to
    /// which it [reaches](Self::reach).
    pub fn keep(&mut self, len: usize) {
        self.cache.keep(len);
        self.state.keep(len);
    }

    /// Remembers the positions seen as they are now, until [`Past::take_up`].
    pub fn set_aside(&mut self) {
        self.cache.set_aside();
        self.state.set_aside();
    }

    /// Makes the positions seen what they were when they were set aside.
    pub fn take_up(&mut self) -> Result<()> {
        self.state.take_up();
        self.cache.take_up()
    }
}

/// A state behind some number of positions.
#[derive(Clone, Debug)]
struct Mark {
    len: usize,
    numbers: Arc<Vec<f32>>,
}

/// Numbers of one size for all positions together; zeros where none has been seen.
///
/// As in the cache of keys and values, what a pass [puts](State::put) does not count before it is
/// [kept](State::keep): a pass that is given up half-way leaves the state as it was.
#[derive(Debug, Default)]
pub struct State {
    now: Option<Mark>,
    /// Of a pass that does not count yet.
    next: Option<Arc<Vec<f32>>>,
    /// Earlier states and this one, first one first.
    marks: Vec<Mark>,
    aside: Option<Aside>,
}

/// What it takes to make a state again what it was.
#[derive(Debug)]
struct Aside {
    now: Option<Mark>,
    marks: Vec<Mark>,
}

impl State {
    /// A copy of the numbers, `size` of them.
    #[must_use]
    pub fn take(&self, size: usize) -> Vec<f32> {
        match &self.now {
            Some(mark) if mark.numbers.len() == size => mark.numbers.to_vec(),
            _ => vec![0.0; size],
        }
    }

    /// The numbers behind a pass.
    pub fn put(&mut self, numbers: Vec<f32>) {
        self.next = Some(Arc::new(numbers));
    }

    fn reach(&self, len: usize) -> usize {
        match &self.now {
            // It is not used, or nothing is seen: then there is nothing to go back to.
            None => len,
            Some(now) if now.len <= len => now.len,
            Some(_) => self.before(len).map_or(0, |mark| mark.len),
        }
    }

    /// The last state that is kept of a position not behind `len`.
    fn before(&self, len: usize) -> Option<&Mark> {
        self.marks.iter().rev().find(|mark| mark.len <= len)
    }

    fn keep(&mut self, len: usize) {
        let next = self.next.take();
        let seen = self.now.as_ref().map_or(0, |now| now.len);
        if len > seen {
            if let Some(numbers) = next {
                let mark = Mark { len, numbers };
                self.marks.push(mark.clone());
                self.now = Some(mark);
                thin(&mut self.marks);
            }
        } else if len < seen {
            self.marks.retain(|mark| mark.len <= len);
            self.now = self.marks.last().cloned();
        }
    }

    fn set_aside(&mut self) {
        let Self { now, marks, .. } = &*self;
        let aside = Aside {
            now: now.clone(),
            marks: marks.clone(),
        };
        self.aside.get_or_insert(aside);
    }

    fn take_up(&mut self) {
        if let Some(Aside { now, marks }) = self.aside.take() {
            (self.now, self.marks, self.next) = (now, marks, None);
        }
    }
}

/// Gives up states until there are no more than [`MARKS`], those first whose loss costs the least:
/// the way from the one before to the one behind, by how far back they are. So the last positions
/// have one each, and the further back, the fewer.
fn thin(marks: &mut Vec<Mark>) {
    #[expect(clippy::cast_precision_loss, reason = "positions are below 2^52")]
    let cost = |three: (usize, usize, usize), now: usize| {
        let (before, own, behind) = three;
        (behind - before) as f64 / (now - own + 1) as f64
    };
    while marks.len() > MARKS {
        let now = marks.last().map_or(0, |mark| mark.len);
        let places: Vec<usize> = std::iter::once(0)
            .chain(marks.iter().map(|mark| mark.len))
            .collect();
        let costs = places.windows(3).map(|three| match three {
            [before, own, behind] => cost((*before, *own, *behind), now),
            _ => f64::INFINITY,
        });
        let cheapest = costs
            .enumerate()
            .min_by(|(_, a), (_, b)| a.total_cmp(b))
            .map_or(0, |(i, _)| i);
        marks.remove(cheapest);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A state whose one number is how many positions were seen, one pass each.
    fn after(passes: usize) -> State {
        let mut state = State::default();
        step(&mut state, passes);
        state
    }

    fn step(state: &mut State, passes: usize) {
        for _ in 0..passes {
            let next = state.take(1)[0] + 1.0;
            state.put(vec![next]);
            state.keep(next as usize);
        }
    }

    #[test]
    fn it_goes_back_to_a_state_that_is_kept_and_no_further_than_it_must() {
        let mut state = after(1000);
        assert!(state.marks.len() <= MARKS);
        assert_eq!(state.reach(1000), 1000);
        assert_eq!(state.reach(1200), 1000);
        for back in [1, 2, 10, 100, 900] {
            let len = 1000 - back;
            let reached = state.reach(len);
            // Twice as far back at the most, or nearly.
            assert!(
                reached <= len && 1000 - reached <= 4 * back,
                "{back}: {reached}"
            );
        }
        let reached = state.reach(990);
        state.keep(reached);
        assert_eq!(state.take(1), [reached as f32]);
        step(&mut state, 3);
        assert_eq!(state.take(1), [reached as f32 + 3.0]);
    }

    #[test]
    fn the_way_back_to_the_start_is_always_open() {
        let mut state = after(50);
        state.keep(0);
        assert_eq!(state.take(1), [0.0]);
        assert_eq!(state.reach(0), 0);
    }

    #[test]
    fn a_pass_that_is_given_up_changes_nothing() {
        let mut state = after(5);
        state.put(vec![77.0]);
        state.keep(5);
        assert_eq!(state.take(1), [5.0]);
        step(&mut state, 1);
        assert_eq!(state.take(1), [6.0]);
    }

    #[test]
    fn what_is_set_aside_comes_back() {
        let mut state = after(20);
        let marks: Vec<usize> = state.marks.iter().map(|mark| mark.len).collect();
        state.set_aside();
        let reached = state.reach(3);
        state.keep(reached);
        step(&mut state, 40);
        state.put(vec![9.0]);
        state.take_up();
        assert_eq!(state.take(1), [20.0]);
        let found: Vec<usize> = state.marks.iter().map(|mark| mark.len).collect();
        assert_eq!(found, marks);
        step(&mut state, 1);
        assert_eq!(state.take(1), [21.0]);
    }
}

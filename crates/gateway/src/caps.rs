//! Daily caps: how many requests of a channel a key may still make on a UTC day (R80, D15, D38).
//!
//! Owns:  the block that is reserved of each key's cap and not spent yet, shared by all cores; the task that has blocks
//!        reserved durably before they are spent.
//! Never: admits what was not reserved: a crash wastes the rest of a block.
//! Read:  `Caps::take`, then `Task::run`.

use crate::{
    core::Core,
    errands::Desk,
    fault::{Fault, Refusal},
    forward::until_cut,
    inflight::Ticket,
};
use model::{DailyCap, Environment, KeyId, LimitName, Timestamp};
use papaya::{HashMap as SharedMap, ResizeMode};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{
            AtomicU64,
            Ordering::{AcqRel, Acquire},
        },
    },
    time::Duration,
};
use store::{DailyBlock, DailyTake};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

/// Requests that may wait for a block; further ones are turned away.
const WAITING_MAX: usize = 4_096;
/// Waiting requests that are served together.
const TOGETHER_MAX: usize = 64;
/// How long a request waits for a block.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// A block is this part of its cap.
const BLOCKS: u32 = 64;
/// Seconds of a UTC day.
const DAY_SECS: i64 = 86_400;

/// What a request got of its channel's cap.
#[derive(Debug)]
#[must_use = "what was taken is given back unless it is kept"]
pub(crate) enum Taken {
    /// There is no cap for it.
    Free,
    /// One of the day's.
    One(Spent),
    /// Nothing is left of the day.
    Exceeded {
        /// Whole seconds until the next day begins.
        retry_after: u64,
    },
}

/// One of a day's, given back unless it is kept: a later stage may say no, and whoever waits may go away.
#[derive(Debug)]
pub(crate) struct Spent {
    block: Arc<Block>,
    day: u32,
    kept: bool,
}

impl Spent {
    const fn of(block: Arc<Block>, day: u32) -> Self {
        Self { block, day, kept: false }
    }

    /// The request goes out.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Spent {
    fn drop(&mut self) {
        if !self.kept {
            self.block.refund(self.day);
        }
    }
}

/// What is reserved for one key, environment and channel: one word, so that cores need no lock.
#[derive(Debug)]
struct Block {
    key: KeyId,
    environment: Environment,
    cap: DailyCap,
    state: AtomicU64,
}

/// The parts of the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    /// In days since 1970-01-01.
    day: u32,
    /// The store has no more for the day.
    closed: bool,
    /// Reserved and not spent; `COUNT_MAX` fits into 31 bits.
    left: u32,
}

impl State {
    const CLOSED: u32 = 1 << 31;

    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    const fn of(word: u64) -> Self {
        let low = word as u32;
        Self { day: (word >> 32) as u32, closed: low & Self::CLOSED != 0, left: low & !Self::CLOSED }
    }

    fn word(self) -> u64 {
        let closed = if self.closed { Self::CLOSED } else { 0 };
        u64::from(self.day) << 32 | u64::from(closed | self.left)
    }
}

/// What a look at a block says.
enum Look {
    Spent(u32),
    Closed(u32),
    Empty,
}

impl Block {
    /// Spends one of `day`, or of a later day that was seen already: a clock set back opens no second one.
    fn spend(&self, day: u32) -> Look {
        let less = |word| {
            let state = State::of(word);
            (state.day >= day && state.left > 0).then(|| State { left: state.left - 1, ..state }.word())
        };
        match self.state.fetch_update(AcqRel, Acquire, less) {
            Ok(before) => Look::Spent(State::of(before).day),
            Err(word) => {
                let state = State::of(word);
                if state.closed && state.day >= day { Look::Closed(state.day) } else { Look::Empty }
            }
        }
    }

    fn refund(&self, day: u32) {
        // A day that is over takes nothing back.
        let _over = self.state.fetch_update(AcqRel, Acquire, |word| {
            let state = State::of(word);
            (state.day == day).then(|| State { left: state.left + 1, ..state }.word())
        });
    }

    fn add(&self, day: u32, left: u32, closed: bool) {
        let _never_back = self.state.fetch_update(AcqRel, Acquire, |word| {
            let state = State::of(word);
            let before = if state.day == day { state.left } else { 0 };
            (state.day <= day).then(|| State { day, left: before + left, closed }.word())
        });
    }
}

/// A request that waits for a block.
struct Ask {
    block: Arc<Block>,
    day: u32,
    answer: oneshot::Sender<Granted>,
}

/// What it is told; without a word, the store could not be asked.
enum Granted {
    One(Spent),
    Closed(u32),
}

type Blocks = SharedMap<(KeyId, Environment, usize), Arc<Block>>;

/// The caps of a deployment.
pub(crate) struct Caps {
    caps: Box<[DailyCap]>,
    /// One for each key that was admitted on the newest day, and channel.
    blocks: Arc<Blocks>,
    queue: mpsc::Sender<Ask>,
}

impl Caps {
    /// Starts the task that reserves blocks; it ends when the caps are gone.
    pub(crate) fn start(caps: Vec<DailyCap>, desk: Desk) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        let blocks = Arc::new(Blocks::builder().resize_mode(ResizeMode::Blocking).build());
        let task = Task { desk, blocks: Arc::clone(&blocks), newest: 0 };
        drop(tokio::spawn(task.run(waiting)));
        Self { caps: caps.into(), blocks, queue }
    }

    /// Takes one of the channel's cap for the day; waits for the store, bounded, when nothing is reserved.
    async fn take(
        &self,
        key: KeyId,
        environment: Environment,
        channel: &LimitName,
        now: Timestamp,
    ) -> Result<Taken, Fault> {
        let Some(index) = self.caps.iter().position(|cap| cap.channel == *channel) else { return Ok(Taken::Free) };
        let cap = self.caps.get(index).ok_or(Fault::Internal)?;
        let block = {
            let blocks = self.blocks.pin();
            let new = || {
                let state = AtomicU64::new(0);
                Arc::new(Block { key, environment, cap: cap.clone(), state })
            };
            Arc::clone(blocks.get_or_insert_with((key, environment, index), new))
        };
        let day = day(now);
        match block.spend(day) {
            Look::Spent(day) => return Ok(Taken::One(Spent::of(block, day))),
            Look::Closed(day) => return Ok(exceeded(day, now)),
            Look::Empty => {}
        }
        let (answer, granted) = oneshot::channel();
        self.queue.try_send(Ask { block, day, answer }).map_err(|_full| Fault::Overloaded)?;
        match tokio::time::timeout(WAIT_MAX, granted).await {
            Ok(Ok(Granted::One(spent))) => Ok(Taken::One(spent)),
            Ok(Ok(Granted::Closed(day))) => Ok(exceeded(day, now)),
            Ok(Err(_)) | Err(_) => Err(Fault::Overloaded),
        }
    }
}

/// Takes one of the cap of a channel for a request of a key; 401 when it is cut while it waits.
pub(crate) async fn take(
    core: &Core,
    ticket: &Ticket,
    key: KeyId,
    environment: Environment,
    channel: &LimitName,
    now: Timestamp,
) -> Result<Taken, Refusal> {
    Ok(until_cut(ticket, core.shared.caps.take(key, environment, channel, now)).await??)
}

fn day(now: Timestamp) -> u32 {
    u32::try_from(now.as_secs().div_euclid(DAY_SECS).max(0)).unwrap_or(u32::MAX)
}

/// Until the day after `day` begins.
fn exceeded(day: u32, now: Timestamp) -> Taken {
    let end = Timestamp::from_secs((i64::from(day) + 1).saturating_mul(DAY_SECS));
    let micros = u64::try_from(end.micros_since(now)).unwrap_or(0);
    Taken::Exceeded { retry_after: micros.div_ceil(1_000_000).max(1) }
}

/// Reserves blocks.
struct Task {
    desk: Desk,
    blocks: Arc<Blocks>,
    /// The newest day that was seen.
    newest: u32,
}

impl Task {
    async fn run(mut self, mut waiting: mpsc::Receiver<Ask>) {
        let mut asks = Vec::with_capacity(TOGETHER_MAX);
        // 0 means that nobody can ask any more.
        while waiting.recv_many(&mut asks, TOGETHER_MAX).await > 0 {
            let mut by_block: HashMap<usize, Vec<Ask>> = HashMap::new();
            for ask in asks.drain(..) {
                by_block.entry(Arc::as_ptr(&ask.block).addr()).or_default().push(ask);
            }
            // Side by side, so that they share a commit; never two of one block.
            let mut fills = JoinSet::new();
            for asks in by_block.into_values() {
                fills.spawn(fill(self.desk.clone(), asks));
            }
            while let Some(filled) = fills.join_next().await {
                self.saw(filled.unwrap_or_default());
            }
        }
    }

    /// With a new day, the blocks of keys that were not seen on it leave memory.
    fn saw(&mut self, day: u32) {
        if day > self.newest {
            self.newest = day;
            self.blocks.pin().retain(|_, block| State::of(block.state.load(Acquire)).day >= day);
        }
    }
}

/// Serves requests that wait for one block; returns the day that they were served of, 0 when the store was not asked.
async fn fill(desk: Desk, asks: Vec<Ask>) -> u32 {
    let mut left = Vec::with_capacity(asks.len());
    for ask in asks {
        // Another one's block may have come meanwhile.
        match ask.block.spend(ask.day) {
            Look::Spent(day) => grant(ask, day),
            Look::Closed(day) => close(ask, day),
            Look::Empty => left.push(ask),
        }
    }
    let Some(day) = left.iter().map(|ask| ask.day).max() else { return 0 };
    let Some(block) = left.first().map(|ask| Arc::clone(&ask.block)) else { return 0 };
    let waiting = u32::try_from(left.len()).unwrap_or(u32::MAX);
    let (cap, channel) = (block.cap.count, block.cap.channel.clone());
    let want = (cap / BLOCKS).max(1).max(waiting);
    let take = DailyTake { key: block.key, environment: block.environment, channel, day, cap, want };
    let DailyBlock { day, got } = match desk.store.take_daily(desk.stamp(None), take).await {
        Ok(taken) => taken.value,
        Err(error) => {
            tracing::error!(%error, waiting, "a daily cap cannot be reserved; the requests that wait for it are refused");
            return 0;
        }
    };
    block.add(day, got.saturating_sub(waiting), got < want);
    let served = usize::try_from(got).unwrap_or(usize::MAX);
    for (index, ask) in left.into_iter().enumerate() {
        if index < served { grant(ask, day) } else { close(ask, day) }
    }
    day
}

fn grant(ask: Ask, day: u32) {
    // Nobody there: what comes back is given back.
    let _gone = ask.answer.send(Granted::One(Spent::of(ask.block, day)));
}

fn close(ask: Ask, day: u32) {
    let _gone = ask.answer.send(Granted::Closed(day));
}

#[cfg(test)]
mod tests;

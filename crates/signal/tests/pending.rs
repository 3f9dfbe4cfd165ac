//! The pending queue against a plain model: a list of everything sent, searched by the rules of `signal(7)`.

use abi::Errno;
use abi::signal::KernelSigInfo;
use proptest::prelude::*;
use signal::{PendingQueue, Queued, SigSet, Signal};

#[derive(Default)]
struct Model {
    /// Signal and information, in the order sent.
    list: Vec<(Signal, Option<KernelSigInfo>)>,
}

impl Model {
    fn stored(&self) -> usize {
        self.list.iter().filter(|(_, info)| info.is_some()).count()
    }

    fn queue(&mut self, signal: Signal, info: KernelSigInfo, room: usize) -> Result<Queued, Errno> {
        let pending = self.list.iter().any(|&(other, _)| other == signal);
        if signal.raw() < 32 {
            if pending {
                return Ok(Queued::Merged);
            }
            self.list
                .push((signal, (room > 0 || info.si_code >= 0).then_some(info)));
        } else if room > 0 {
            self.list.push((signal, Some(info)));
        } else if info.si_code != 0 {
            return Err(Errno::EAGAIN);
        } else if !pending {
            self.list.push((signal, None));
        }
        Ok(Queued::New)
    }

    fn dequeue(&mut self, blocked: SigSet) -> Option<(Signal, KernelSigInfo)> {
        let synchronous = [11, 7, 4, 5, 8, 31];
        let signal = self
            .list
            .iter()
            .map(|&(signal, _)| signal)
            .filter(|&signal| !blocked.contains(signal))
            .min_by_key(|signal| (!synchronous.contains(&signal.raw()), signal.raw()))?;
        // One with information comes first; an instance that lost its own is only left when no other is.
        let mine = |entry: &(Signal, Option<KernelSigInfo>)| entry.0 == signal;
        let at = self
            .list
            .iter()
            .position(|entry| mine(entry) && entry.1.is_some());
        let at = at.or_else(|| self.list.iter().position(mine))?;
        let (_, info) = self.list.remove(at);
        if !self
            .list
            .iter()
            .any(|entry| mine(entry) && entry.1.is_some())
        {
            self.list.retain(|entry| !mine(entry));
        }
        Some((
            signal,
            info.unwrap_or(KernelSigInfo::kill(signal.raw(), 0, 0)),
        ))
    }

    fn mask(&self) -> SigSet {
        self.list
            .iter()
            .fold(SigSet::EMPTY, |set, &(signal, _)| set | signal.into())
    }
}

#[derive(Clone, Debug)]
enum Op {
    Queue(Signal, i32, u64, usize),
    Dequeue(u64),
    Discard(u64),
}

fn signal() -> impl Strategy<Value = Signal> {
    prop_oneof![1i32..=64, 1..=12, 32..=34].prop_map(|number| Signal::from_raw(number).unwrap())
}

fn op() -> impl Strategy<Value = Op> {
    let code = prop::sample::select(vec![0, -1, -6, 0x80, 1]);
    prop_oneof![
        4 => (signal(), code, any::<u64>(), 0usize..3).prop_map(|(s, c, v, r)| Op::Queue(s, c, v, r)),
        3 => prop_oneof![Just(0), any::<u64>()].prop_map(Op::Dequeue),
        1 => any::<u64>().prop_map(Op::Discard),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn agrees_with_the_model(ops in prop::collection::vec(op(), 0..60)) {
        let (mut queue, mut model) = (PendingQueue::new(), Model::default());
        for op in ops {
            match op {
                Op::Queue(signal, code, value, room) => {
                    let info = KernelSigInfo { si_code: code, ..KernelSigInfo::queue(signal.raw(), 1, 2, value) };
                    prop_assert_eq!(queue.queue(signal, info, room), model.queue(signal, info, room));
                }
                Op::Dequeue(blocked) => {
                    let blocked = SigSet::from_bits(blocked);
                    let next = queue.next(blocked);
                    let taken = queue.dequeue(blocked);
                    prop_assert_eq!(next, taken.map(|(signal, _)| signal));
                    prop_assert_eq!(taken, model.dequeue(blocked));
                }
                Op::Discard(bits) => {
                    let set = SigSet::from_bits(bits);
                    queue.discard(set);
                    model.list.retain(|&(signal, _)| !set.contains(signal));
                }
            }
            prop_assert_eq!(queue.mask(), model.mask());
            prop_assert_eq!(queue.len(), model.stored());
            prop_assert_eq!(queue.is_empty(), model.list.is_empty());
        }
    }
}

#[test]
fn a_timer_finds_its_pending_signal() {
    let mut queue = PendingQueue::new();
    queue
        .queue(Signal::SIGALRM, KernelSigInfo::timer(14, 3, 0, 0), 1)
        .unwrap();
    let bump = |info: &mut KernelSigInfo| {
        info.fields[0] += 1 << 32;
        true
    };
    assert!(queue.amend(Signal::SIGALRM, bump));
    assert!(!queue.amend(Signal::SIGHUP, bump));
    assert_eq!(
        queue.dequeue(SigSet::EMPTY).unwrap().1,
        KernelSigInfo::timer(14, 3, 1, 0)
    );
    queue
        .queue(Signal::SIGHUP, KernelSigInfo::bare(1, 0x80), 1)
        .unwrap();
    queue.clear();
    assert_eq!((queue.is_empty(), queue.len()), (true, 0));
}

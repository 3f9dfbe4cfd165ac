//! Rust's standard threads on glibc: spawn, join, channels, locks, parking, panics.
// test: timeout=60
#[path = "common/check.rs"]
mod check;

use check::{equal, error, section, truth};
use std::cell::Cell;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, Once, RwLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

thread_local!(static OWN: Cell<u32> = const { Cell::new(1) });

fn counting() {
    section("counting");
    let plain = AtomicU64::new(0);
    let locked = Mutex::new(0u64);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5000 {
                    plain.fetch_add(1, Ordering::Relaxed);
                    *locked.lock().unwrap() += 1;
                }
            });
        }
    });
    equal("atomic", plain.into_inner(), 40000);
    equal("mutex", locked.into_inner().unwrap(), 40000);
}

fn channels() {
    section("channels");
    let (send, receive) = mpsc::sync_channel::<u64>(4);
    let producers: Vec<_> = (0..4)
        .map(|id| {
            let send = send.clone();
            thread::spawn(move || (0..1000).for_each(|i| send.send(id * 1000 + i).unwrap()))
        })
        .collect();
    drop(send);
    equal("sum", receive.iter().sum::<u64>(), (0..4000).sum::<u64>());
    producers
        .into_iter()
        .for_each(|producer| producer.join().unwrap());
    truth("closed", receive.recv().is_err());
    let (_keep, receive) = mpsc::channel::<()>();
    let start = Instant::now();
    equal(
        "time-out",
        receive.recv_timeout(Duration::from_millis(40)),
        Err(mpsc::RecvTimeoutError::Timeout),
    );
    truth(
        "it took its time",
        start.elapsed() >= Duration::from_millis(39),
    );
}

fn meeting() {
    section("barriers, conditions, read-write locks, parking");
    let barrier = Arc::new(Barrier::new(5));
    let leaders: usize = (0..5)
        .map(|_| {
            let barrier = barrier.clone();
            thread::spawn(move || usize::from(barrier.wait().is_leader()))
        })
        .collect::<Vec<_>>()
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    equal("leaders", leaders, 1);

    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let other = pair.clone();
    let waiter = thread::spawn(move || {
        let guard = other.0.lock().unwrap();
        *other.1.wait_while(guard, |ready| !*ready).unwrap()
    });
    *pair.0.lock().unwrap() = true;
    pair.1.notify_all();
    equal("condition", waiter.join().unwrap(), true);

    let table = RwLock::new(vec![0u32; 10]);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..500).for_each(|i| table.write().unwrap()[i % 10] += 1));
            scope.spawn(|| (0..500).for_each(|_| assert!(table.read().unwrap().len() == 10)));
        }
    });
    equal(
        "written",
        table.into_inner().unwrap().iter().sum::<u32>(),
        2000,
    );

    let parked = thread::spawn(|| {
        thread::park();
        7
    });
    parked.thread().unpark();
    equal("parked", parked.join().unwrap(), 7);
    static START: Once = Once::new();
    let ran = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                START.call_once(|| {
                    ran.fetch_add(1, Ordering::Relaxed);
                })
            });
        }
    });
    equal("once", ran.into_inner(), 1);
}

fn locals() {
    section("thread-local storage and names");
    OWN.set(5);
    equal(
        "in a new thread",
        thread::spawn(|| OWN.get()).join().unwrap(),
        1,
    );
    equal("here", OWN.get(), 5);
    let named = thread::Builder::new()
        .name("worker-thread".into())
        .stack_size(1 << 20);
    let comm = named
        .spawn(|| std::fs::read_to_string("/proc/thread-self/comm").unwrap_or_default())
        .unwrap();
    equal("name", comm.join().unwrap().as_str(), "worker-thread\n");
    let huge = thread::Builder::new().stack_size(1 << 60).spawn(|| ());
    error("a stack too big", huge, ErrorKind::WouldBlock);
    truth(
        "parallelism",
        thread::available_parallelism().is_ok_and(|count| count.get() >= 1),
    );
}

fn deep(level: u32) -> u64 {
    let block = std::hint::black_box([u64::from(level); 64]);
    if level == 0 {
        block[0]
    } else {
        deep(level - 1) + block[63]
    }
}

fn stacks() {
    section("stacks");
    let big = thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(|| deep(50_000))
        .unwrap();
    equal("a deep recursion", big.join().unwrap(), 50_000 * 50_001 / 2);
}

fn main() {
    counting();
    channels();
    meeting();
    locals();
    stacks();
    check::finish();
}

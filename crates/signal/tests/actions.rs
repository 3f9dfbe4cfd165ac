//! Dispositions, sending and delivery, case by case as `signal(7)`, `sigaction(2)` and Linux have them.

use abi::Errno;
use abi::Restart;
use abi::signal::{
    SA_NOCLDSTOP, SA_NOCLDWAIT, SA_NODEFER, SA_ONSTACK, SA_RESETHAND, SA_RESTART, SA_UNSUPPORTED,
    SIG_DFL, SIG_IGN, SS_AUTODISARM, SS_DISABLE, SS_ONSTACK, SigAction, StackT,
};
use proptest::prelude::*;
use signal::{
    AltStack, DefaultAction, Delivery, Disposition, Resume, SigActions, SigSet, Signal, Target,
    generate, resume,
};

fn action(handler: u64, flags: u64) -> SigAction {
    SigAction {
        sa_handler: handler,
        sa_flags: flags,
        sa_restorer: 0x1000,
        sa_mask: 0,
    }
}

fn target(actions: &SigActions) -> Target<'_> {
    Target {
        actions,
        blocked: SigSet::EMPTY,
        unkillable: false,
        force: false,
        traced: false,
        exiting: false,
    }
}

#[test]
fn default_actions_are_those_of_the_manual() {
    let by = |action| {
        (1..=64)
            .filter(|&n| Signal::from_raw(n).unwrap().default_action() == action)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        by(DefaultAction::CoreDump),
        [3, 4, 5, 6, 7, 8, 11, 24, 25, 31]
    );
    assert_eq!(by(DefaultAction::Ignore), [17, 23, 28]);
    assert_eq!(by(DefaultAction::Stop), [19, 20, 21, 22]);
    assert_eq!(by(DefaultAction::Continue), [18]);
    assert_eq!(
        (
            Signal::from_raw(0),
            Signal::from_raw(65),
            Signal::from_raw(-1)
        ),
        (None, None, None)
    );
    assert_eq!(Signal::SIGINT.to_string(), "SIGINT");
    assert_eq!(Signal::from_raw(34).unwrap().to_string(), "SIGRT34");
}

#[test]
fn sets_are_words() {
    assert_eq!(
        SigSet::STOP.iter().map(Signal::raw).collect::<Vec<_>>(),
        [19, 20, 21, 22]
    );
    assert_eq!(
        SigSet::IGNORED_BY_DEFAULT
            .iter()
            .map(Signal::raw)
            .collect::<Vec<_>>(),
        [17, 18, 23, 28]
    );
    assert_eq!(SigSet::ALL.blockable().bits(), !(1 << 8 | 1 << 18));
    assert_eq!(
        SigSet::from_bits(1 << 63).first().map(Signal::raw),
        Some(64)
    );
    assert_eq!(SigSet::EMPTY.first(), None);
}

#[test]
fn kill_and_stop_cannot_be_set() {
    let mut actions = SigActions::new();
    for signal in [Signal::SIGKILL, Signal::SIGSTOP] {
        assert_eq!(actions.set(signal, action(SIG_IGN, 0)), Err(Errno::EINVAL));
    }
}

#[test]
fn unknown_flags_and_unblockable_signals_are_dropped() {
    let mut actions = SigActions::new();
    let asked = SigAction {
        sa_mask: u64::MAX,
        ..action(0x5000, SA_RESTART | SA_UNSUPPORTED | 1 << 40)
    };
    actions.set(Signal::SIGUSR1, asked).unwrap();
    let got = actions.get(Signal::SIGUSR1);
    assert_eq!(
        (got.sa_flags, got.sa_mask, got.sa_handler),
        (SA_RESTART, SigSet::ALL.blockable().bits(), 0x5000)
    );
}

#[test]
fn exec_keeps_only_what_is_ignored() {
    let mut actions = SigActions::new();
    actions.set(Signal::SIGINT, action(0x5000, 0)).unwrap();
    actions
        .set(Signal::SIGHUP, action(SIG_IGN, SA_RESTART))
        .unwrap();
    actions.reset_handlers();
    assert_eq!(
        actions.disposition(Signal::SIGINT),
        Disposition::Default(DefaultAction::Terminate)
    );
    assert_eq!(actions.disposition(Signal::SIGHUP), Disposition::Ignore);
    let hangup = actions.get(Signal::SIGHUP);
    assert_eq!((hangup.sa_handler, hangup.sa_flags), (SIG_IGN, 0));
    actions.set(Signal::SIGTERM, action(0x6000, 0)).unwrap();
    assert_eq!(actions.get(Signal::SIGHUP), hangup);
}

proptest! {
    #[test]
    fn the_table_is_a_table(
        ops in prop::collection::vec((1i32..=64, prop::sample::select(vec![SIG_DFL, SIG_IGN, 0x5000]), any::<u64>(), any::<bool>()), 0..40),
    ) {
        let mut actions = SigActions::new();
        let mut model = [SigAction::default(); 65];
        for (number, handler, mask, exec) in ops {
            let signal = Signal::from_raw(number).unwrap();
            let new = SigAction { sa_mask: SigSet::from_bits(mask).blockable().bits(), ..action(handler, 0) };
            if exec {
                actions.reset_handlers();
                for old in &mut model {
                    let handler = if old.sa_handler == SIG_IGN { SIG_IGN } else { SIG_DFL };
                    *old = SigAction { sa_handler: handler, ..SigAction::default() };
                }
            } else if !signal.is_kernel_only() {
                prop_assert_eq!(actions.set(signal, new), Ok(model[number as usize]));
                model[number as usize] = new;
            }
            let copy = actions.try_clone().unwrap();
            for signal in SigSet::ALL.iter() {
                let expected = model[signal.raw() as usize];
                prop_assert_eq!(copy.get(signal), expected);
                prop_assert_eq!(actions.handled().contains(signal), expected.sa_handler > 1);
                prop_assert_eq!(actions.ignored().contains(signal), expected.sa_handler == SIG_IGN);
                let harmless = expected.sa_handler == SIG_DFL && [17, 18, 23, 28].contains(&signal.raw());
                prop_assert_eq!(actions.ignores(signal), expected.sa_handler == SIG_IGN || harmless);
            }
        }
    }
}

#[test]
fn delivery_follows_the_disposition() {
    let mut actions = SigActions::new();
    assert_eq!(actions.deliver(Signal::SIGCHLD, false), Delivery::Ignore);
    assert_eq!(actions.deliver(Signal::SIGCONT, false), Delivery::Ignore);
    assert_eq!(actions.deliver(Signal::SIGTSTP, false), Delivery::Stop);
    assert_eq!(
        actions.deliver(Signal::SIGTERM, false),
        Delivery::Terminate { core: false }
    );
    assert_eq!(
        actions.deliver(Signal::SIGSEGV, false),
        Delivery::Terminate { core: true }
    );
    assert_eq!(actions.deliver(Signal::SIGTERM, true), Delivery::Ignore);
    assert_eq!(
        actions.deliver(Signal::SIGKILL, true),
        Delivery::Terminate { core: false }
    );
    let once = action(0x5000, SA_RESETHAND);
    actions.set(Signal::SIGTERM, once).unwrap();
    assert_eq!(
        actions.deliver(Signal::SIGTERM, true),
        Delivery::Handle(once)
    );
    assert_eq!(
        actions.deliver(Signal::SIGTERM, false),
        Delivery::Terminate { core: false }
    );
}

#[test]
fn ignored_signals_vanish_unless_blocked_or_traced() {
    let mut actions = SigActions::new();
    actions.set(Signal::SIGUSR1, action(SIG_IGN, 0)).unwrap();
    for signal in [Signal::SIGUSR1, Signal::SIGCHLD, Signal::SIGWINCH] {
        assert!(!generate(signal, &target(&actions)).queue);
        assert!(
            generate(
                signal,
                &Target {
                    blocked: signal.into(),
                    ..target(&actions)
                }
            )
            .queue
        );
        assert!(
            generate(
                signal,
                &Target {
                    traced: true,
                    ..target(&actions)
                }
            )
            .queue
        );
        assert!(
            !generate(
                signal,
                &Target {
                    exiting: true,
                    ..target(&actions)
                }
            )
            .queue
        );
    }
    assert!(generate(Signal::SIGUSR2, &target(&actions)).queue);
}

#[test]
fn stop_and_continue_cancel_each_other() {
    let actions = SigActions::new();
    let stop = generate(Signal::SIGTSTP, &target(&actions));
    assert_eq!(
        (stop.discard, stop.continues, stop.queue),
        (SigSet::CONTINUE, false, true)
    );
    let cont = generate(Signal::SIGCONT, &target(&actions));
    assert_eq!(
        (cont.discard, cont.continues, cont.queue),
        (SigSet::STOP, true, false)
    );
    let mut handled = SigActions::new();
    handled.set(Signal::SIGCONT, action(0x5000, 0)).unwrap();
    assert!(generate(Signal::SIGCONT, &target(&handled)).queue);
}

#[test]
fn init_gets_only_what_it_handles() {
    let mut actions = SigActions::new();
    fn init(actions: &SigActions, force: bool) -> Target<'_> {
        Target {
            unkillable: true,
            force,
            ..target(actions)
        }
    }
    for signal in [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGSTOP] {
        assert!(!generate(signal, &init(&actions, false)).queue);
    }
    assert!(generate(Signal::SIGKILL, &init(&actions, true)).queue);
    assert!(!generate(Signal::SIGTERM, &init(&actions, true)).queue);
    actions.set(Signal::SIGTERM, action(0x5000, 0)).unwrap();
    assert!(generate(Signal::SIGTERM, &init(&actions, false)).queue);
}

#[test]
fn a_fault_cannot_be_escaped() {
    let mut actions = SigActions::new();
    actions.set(Signal::SIGSEGV, action(SIG_IGN, 0)).unwrap();
    let mut blocked = SigSet::EMPTY;
    assert!(actions.force(Signal::SIGSEGV, &mut blocked));
    assert_eq!(
        actions.deliver(Signal::SIGSEGV, false),
        Delivery::Terminate { core: true }
    );
    actions.set(Signal::SIGSEGV, action(0x5000, 0)).unwrap();
    assert!(!actions.force(Signal::SIGSEGV, &mut blocked));
    blocked.insert(Signal::SIGSEGV);
    assert!(actions.force(Signal::SIGSEGV, &mut blocked));
    assert!(blocked.is_empty());
}

#[test]
fn children_are_announced_as_asked() {
    let mut actions = SigActions::new();
    assert_eq!(
        (actions.reaps_children(), actions.wants_child_stops()),
        (false, true)
    );
    for (handler, flags, reaps, stops) in [
        (SIG_IGN, 0, true, false),
        (SIG_DFL, SA_NOCLDWAIT, true, true),
        (0x5000, SA_NOCLDSTOP, false, false),
    ] {
        actions
            .set(Signal::SIGCHLD, action(handler, flags))
            .unwrap();
        assert_eq!(
            (actions.reaps_children(), actions.wants_child_stops()),
            (reaps, stops)
        );
    }
}

#[test]
fn masks_in_handlers() {
    let plain = SigAction {
        sa_mask: 1 << 9 | 1 << 8,
        ..action(0x5000, 0)
    };
    let mask = SigActions::mask_in_handler(&plain, Signal::SIGINT, Signal::SIGHUP.into());
    assert_eq!(mask.iter().map(Signal::raw).collect::<Vec<_>>(), [1, 2, 10]);
    let open = action(0x5000, SA_NODEFER);
    assert!(SigActions::mask_in_handler(&open, Signal::SIGINT, SigSet::EMPTY).is_empty());
}

#[test]
fn restarts_are_those_of_the_manual() {
    let (plain, restart) = (action(0x5000, 0), action(0x5000, SA_RESTART));
    for (code, none, with_plain, with_restart) in [
        (
            Restart::Sys,
            Resume::Again,
            Resume::Interrupted,
            Resume::Again,
        ),
        (Restart::NoIntr, Resume::Again, Resume::Again, Resume::Again),
        (
            Restart::NoHand,
            Resume::Again,
            Resume::Interrupted,
            Resume::Interrupted,
        ),
        (
            Restart::Block,
            Resume::RestartSyscall,
            Resume::Interrupted,
            Resume::Interrupted,
        ),
    ] {
        assert_eq!(resume(code, None), none);
        assert_eq!(resume(code, Some(&plain)), with_plain);
        assert_eq!(resume(code, Some(&restart)), with_restart);
    }
}

#[test]
fn alternate_stacks() {
    let ask = |flags: u32, size| StackT {
        ss_sp: 0x10000,
        ss_flags: flags as i32,
        ss_size: size,
        ..StackT::default()
    };
    let none = AltStack::NONE;
    assert_eq!(none.report(0x9000).ss_flags, SS_DISABLE);
    assert_eq!(none.set(&ask(0, 2047), 0x9000), Err(Errno::ENOMEM));
    assert_eq!(none.set(&ask(4, 8192), 0x9000), Err(Errno::EINVAL));
    let stack = none.set(&ask(0, 8192), 0x9000).unwrap();
    assert_eq!(stack.report(0x9000), ask(0, 8192));
    assert_eq!(stack.report(0x11000).ss_flags, SS_ONSTACK);
    assert_eq!(stack.set(&ask(0, 8192), 0x11000), Err(Errno::EPERM));
    assert_eq!(stack.set(&ask(SS_DISABLE as u32, 0), 0x9000), Ok(none));

    let on = action(0x5000, SA_ONSTACK);
    assert_eq!(stack.place(&on, 0x9000, 1000), Ok(0x12000));
    assert_eq!(
        stack.place(&action(0x5000, 0), 0x9000, 1000),
        Ok(0x9000 - 128)
    );
    assert_eq!(stack.place(&on, 0x11000, 1000), Ok(0x11000 - 128));
    assert_eq!(stack.place(&on, 0x10100, 1000), Err(Errno::EFAULT));
    assert_eq!(none.place(&on, 0x9000, 1000), Ok(0x9000 - 128));

    let disarmed = none.set(&ask(SS_AUTODISARM, 8192), 0x9000).unwrap();
    assert_eq!((disarmed.in_handler(), stack.in_handler()), (none, stack));
    assert_eq!(disarmed.report(0x11000).ss_flags as u32, SS_AUTODISARM);
}

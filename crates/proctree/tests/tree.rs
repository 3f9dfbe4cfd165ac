//! The process tree against stated rules and a naive model.

use abi::Errno;
use proctree::{Pid, ProcTree};
use proptest::prelude::*;
use std::collections::BTreeMap;

type Tree = ProcTree<u32, ()>;

fn pid(number: u32) -> Pid {
    Pid::new(number).unwrap()
}

fn spawn(tree: &mut Tree, parent: Option<Pid>) -> Pid {
    let pid = tree.reserve_pid().unwrap();
    tree.add_process(pid, parent, pid.raw()).unwrap();
    pid
}

/// The first process with a leader of a session of its own below it, as `setsid sh` makes it.
fn shell() -> (Tree, Pid) {
    let mut tree = Tree::new();
    let init = spawn(&mut tree, None);
    let shell = spawn(&mut tree, Some(init));
    tree.new_session(shell).unwrap();
    (tree, shell)
}

#[test]
fn a_number_is_not_given_out_while_a_group_goes_by_it() {
    let (mut tree, shell) = shell();
    // The lowest 300 numbers are not given out a second time.
    let low: Vec<_> = (0..300).map(|_| tree.reserve_pid()).collect();
    assert!(low.iter().all(Result::is_ok));
    let leader = spawn(&mut tree, Some(shell));
    let member = spawn(&mut tree, Some(shell));
    tree.set_group(shell, leader, leader).unwrap();
    tree.set_group(shell, member, leader).unwrap();
    tree.set_zombie(leader);
    tree.reap(leader);
    tree.set_pid_max(400).unwrap();
    let taken: Vec<_> = std::iter::from_fn(|| tree.reserve_pid().ok()).collect();
    assert!(!taken.contains(&leader));
    assert_eq!(tree.reserve_pid(), Err(Errno::EAGAIN));
    tree.reap(member);
    assert_eq!(tree.reserve_pid(), Ok(leader));
}

#[test]
fn setpgid_follows_the_manual_page() {
    let (mut tree, shell) = shell();
    let child = spawn(&mut tree, Some(shell));
    let grandchild = spawn(&mut tree, Some(child));
    assert_eq!(
        tree.set_group(shell, grandchild, grandchild),
        Err(Errno::ESRCH)
    );
    assert_eq!(tree.set_group(shell, shell, shell), Err(Errno::EPERM));
    assert_eq!(tree.set_group(shell, child, pid(1)), Err(Errno::EPERM));
    assert_eq!(tree.set_group(shell, child, pid(299)), Err(Errno::EPERM));
    tree.set_group(shell, child, child).unwrap();
    tree.set_execed(child);
    assert_eq!(tree.set_group(shell, child, shell), Err(Errno::EACCES));
    assert_eq!(tree.new_session(child), Err(Errno::EPERM));
    tree.new_session(grandchild).unwrap();
    assert_eq!(tree.set_group(child, grandchild, child), Err(Errno::EPERM));
}

#[test]
fn the_last_member_may_join_its_group_again() {
    let (mut tree, shell) = shell();
    let leader = spawn(&mut tree, Some(shell));
    let member = spawn(&mut tree, Some(shell));
    tree.set_group(shell, leader, leader).unwrap();
    tree.set_group(shell, member, leader).unwrap();
    tree.reap(leader);
    tree.set_group(member, member, leader).unwrap();
    assert_eq!(tree.session_of_group(leader), Some(shell));
}

#[test]
fn a_job_is_orphaned_when_its_shell_ends() {
    let (mut tree, shell) = shell();
    let job = spawn(&mut tree, Some(shell));
    tree.set_group(shell, job, job).unwrap();
    assert!(!tree.is_orphaned(job, None));
    assert!(
        tree.is_orphaned(shell, None),
        "its parent is the first process"
    );
    let reaper = tree.reaper_of(shell);
    let mut moved = Vec::new();
    tree.reparent_children(shell, reaper, |node| moved.push(node.pid()));
    assert_eq!((reaper, moved), (Pid::INIT, vec![job]));
    assert!(tree.is_orphaned(job, None));
}

#[test]
fn the_nearest_living_subreaper_adopts() {
    let (mut tree, shell) = shell();
    let manager = spawn(&mut tree, Some(shell));
    let middle = spawn(&mut tree, Some(manager));
    let child = spawn(&mut tree, Some(middle));
    tree.set_subreaper(manager, true);
    assert_eq!(tree.reaper_of(middle), manager);
    assert_eq!(tree.reaper_of(child), manager);
    tree.set_zombie(manager);
    assert_eq!(tree.reaper_of(middle), Pid::INIT);
}

#[derive(Clone, Debug)]
enum Step {
    Spawn(prop::sample::Index),
    Exit(prop::sample::Index),
    Group(prop::sample::Index, prop::sample::Index),
    Session(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        3 => index().prop_map(Step::Spawn),
        2 => index().prop_map(Step::Exit),
        2 => (index(), index()).prop_map(|(a, b)| Step::Group(a, b)),
        1 => index().prop_map(Step::Session),
    ]
}

/// pid -> (parent, group, session)
type Model = BTreeMap<u32, (u32, u32, u32)>;

fn apply(tree: &mut Tree, model: &mut Model, step: &Step) {
    let pids: Vec<u32> = model.keys().copied().collect();
    match step {
        Step::Spawn(index) => {
            let parent = *index.get(&pids);
            let (_, group, session) = model[&parent];
            let child = spawn(tree, Some(pid(parent)));
            model.insert(child.raw(), (parent, group, session));
        }
        Step::Exit(index) => {
            let gone = *index.get(&pids);
            if gone == 1 {
                return;
            }
            tree.reparent_children(pid(gone), Pid::INIT, |_| {});
            tree.reap(pid(gone));
            model.remove(&gone);
            for entry in model.values_mut().filter(|entry| entry.0 == gone) {
                entry.0 = 1;
            }
        }
        Step::Group(target, group) => {
            // Any process or group, also one whose leader is gone.
            let groups: Vec<u32> = model
                .iter()
                .flat_map(|(&pid, entry)| [pid, entry.1])
                .collect();
            let (target, group) = (*target.get(&pids), *group.get(&groups));
            let session = model[&target].2;
            let exists = model.values().any(|&(_, g, s)| g == group && s == session);
            let allowed = session != target && (group == target || exists);
            let moved = tree.set_group(pid(target), pid(target), pid(group));
            assert_eq!(moved.is_ok(), allowed);
            if allowed {
                model.get_mut(&target).unwrap().1 = group;
            }
        }
        Step::Session(index) => {
            let leader = *index.get(&pids);
            let allowed = !model.values().any(|&(_, group, _)| group == leader);
            assert_eq!(tree.new_session(pid(leader)).is_ok(), allowed);
            if allowed {
                let entry = model.get_mut(&leader).unwrap();
                (entry.1, entry.2) = (leader, leader);
            }
        }
    }
}

proptest! {
    #[test]
    fn behaves_like_a_map_of_relations(steps in prop::collection::vec(step(), 1..200)) {
        let mut tree = Tree::new();
        spawn(&mut tree, None);
        let mut model = Model::from([(1, (0, 1, 1))]);
        for step in &steps {
            apply(&mut tree, &mut model, step);
            let seen: Model = tree
                .processes()
                .map(|node| {
                    let parent = node.parent().map_or(0, Pid::raw);
                    (node.pid().raw(), (parent, node.group().raw(), node.session().raw()))
                })
                .collect();
            prop_assert_eq!(&seen, &model);
            for &process in model.keys() {
                let mut children: Vec<u32> =
                    tree.children(pid(process)).map(|node| node.pid().raw()).collect();
                children.sort_unstable();
                let expected: Vec<u32> =
                    model.iter().filter(|(_, e)| e.0 == process).map(|(&p, _)| p).collect();
                prop_assert_eq!(children, expected);
            }
            for group in model.values().map(|entry| entry.1) {
                let mut members: Vec<u32> =
                    tree.group_members(pid(group)).map(|node| node.pid().raw()).collect();
                members.sort_unstable();
                let expected: Vec<u32> =
                    model.iter().filter(|(_, e)| e.1 == group).map(|(&p, _)| p).collect();
                prop_assert_eq!(members, expected);
            }
        }
    }
}

//! The directories of processes, `/proc/PID`, and of their threads, `/proc/PID/task/TID`.

mod descriptors;
mod image;
mod memory;
mod mounts;
mod stat;
mod status;
mod tuning;

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use abi::time::Timespec;

use super::parse_pid;
use crate::fs::inode::Inode;
use crate::fs::metadata::FileType;
use crate::fs::pseudo::{Changing, Directory, Entry, Name, Subject};
use crate::memory::MemoryMap;
use crate::process::{Pid, Process, ThreadRef, table, with_current_thread};

/// A process, or one thread of it.
#[derive(Clone)]
pub struct Target {
    process: Arc<Process>,
    /// Set for the directory of a thread.
    single: Option<ThreadRef>,
}

impl Target {
    /// The process with this id; for the id of a thread, its process as seen from the thread.
    pub fn find(pid: Pid) -> Option<Target> {
        if let Some(process) = table::find(pid) {
            return Some(Target {
                process,
                single: None,
            });
        }
        let thread = table::find_thread(pid)?;
        let process = thread.process()?.clone();
        Some(Target {
            process,
            single: None,
        })
    }

    /// The process.
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// The thread it is about, or the process's first one; none once all have ended.
    pub fn thread(&self) -> Option<ThreadRef> {
        self.single.clone().or_else(|| self.process.main_thread())
    }

    /// Whether it is about one thread only.
    pub fn is_thread(&self) -> bool {
        self.single.is_some()
    }

    /// The id its files show first.
    pub fn id(&self) -> Pid {
        self.single
            .as_ref()
            .and_then(|thread| thread.tid())
            .unwrap_or(self.process.pid())
    }

    /// Its address space; none for a process that has ended.
    pub fn memory(&self) -> Option<Arc<MemoryMap>> {
        self.thread()?.memory()
    }

    /// Fails unless the caller may look into the process as a debugger might (`ptrace(2)`, "access mode checking").
    ///
    /// # Errors
    /// `EACCES` if not; `ESRCH` if it has ended.
    pub fn check_inspection(&self) -> Result<(), Errno> {
        let thread = self.thread().ok_or(Errno::ESRCH)?;
        let allowed = with_current_thread(|caller| {
            if caller
                .process()
                .is_some_and(|process| Arc::ptr_eq(process, &self.process))
            {
                return true;
            }
            let (caller, target) = (caller.credentials(), thread.credentials());
            let is_users = |id: u32| id == caller.user.fs;
            let is_groups = |id: u32| id == caller.group.fs;
            let (user, group) = (&target.user, &target.group);
            let same = [user.real, user.effective, user.saved]
                .into_iter()
                .all(is_users)
                && [group.real, group.effective, group.saved]
                    .into_iter()
                    .all(is_groups);
            same && self.is_dumpable() || caller.is_superuser()
        });
        if allowed.unwrap_or(true) {
            Ok(())
        } else {
            Err(Errno::EACCES)
        }
    }

    fn is_dumpable(&self) -> bool {
        self.process
            .dumpable()
            .load(core::sync::atomic::Ordering::Relaxed)
            == 1
    }
}

impl Subject for Target {
    fn owner(&self) -> (u32, u32) {
        match self.thread() {
            Some(thread) if self.is_dumpable() => {
                let credentials = thread.credentials();
                (credentials.user.effective, credentials.group.effective)
            }
            _ => (0, 0),
        }
    }

    fn device(&self) -> u64 {
        super::device()
    }

    fn time(&self) -> Timespec {
        let nanos = machine::time::boot_wall_clock().wrapping_add(self.process.created());
        Timespec::from_nanos(nanos)
    }

    fn check(&self) -> Result<(), Errno> {
        let listed =
            table::find(self.process.pid()).is_some_and(|found| Arc::ptr_eq(&found, &self.process));
        let thread_lives = self.single.as_ref().is_none_or(|thread| {
            thread
                .tid()
                .and_then(table::find_thread)
                .is_some_and(|found| Arc::ptr_eq(&found, thread))
        });
        if listed && thread_lives {
            Ok(())
        } else {
            Err(Errno::ESRCH)
        }
    }
}

macro_rules! common_entries {
    ($($more:expr),* $(,)?) => {
        &[
            $($more,)*
            Entry::private("auxv", image::auxv),
            Entry::text("cgroup", |_, text| {
                text.push(b"0::/\n");
                Ok(())
            }),
            Entry::text("cmdline", image::command_line),
            Entry::setting("comm", status::name, status::set_name),
            Entry::link("cwd", image::working_directory),
            Entry::private("environ", image::environment),
            Entry::link("exe", image::executable),
            Entry::other("fd", 0o500, FileType::Directory, descriptors::links),
            Entry::other("fdinfo", 0o555, FileType::Directory, descriptors::details),
            Entry::text("limits", tuning::limits),
            Entry::text("maps", memory::maps),
            Entry::text("mountinfo", mounts::mountinfo),
            Entry::text("mounts", mounts::mounts),
            Entry::text("oom_score", tuning::oom_score),
            Entry::setting("oom_score_adj", tuning::oom_score_adj, tuning::set_oom_score_adj),
            Entry::private("personality", tuning::personality),
            Entry::link("root", image::root),
            Entry::text("smaps", memory::smaps),
            Entry::text("stat", stat::stat),
            Entry::text("statm", stat::statm),
            Entry::text("status", status::status),
            Entry::text("wchan", stat::wait_channel),
        ]
    };
}

static OF_PROCESS: &[Entry<Target>] = common_entries![
    Entry::private("mountstats", mounts::mountstats),
    Entry::other("task", 0o555, FileType::Directory, |target, number| {
        Directory::inode(target.clone(), number, 0o555, &[], Some(&Threads))
    }),
];

static OF_THREAD: &[Entry<Target>] = common_entries![Entry::text("children", status::children)];

/// The directory of a process.
pub fn directory(target: Target, number: u64) -> Arc<dyn Inode> {
    let entries = if target.is_thread() {
        OF_THREAD
    } else {
        OF_PROCESS
    };
    Directory::inode(target, number, 0o555, entries, None)
}

/// The directories in `task`.
struct Threads;

impl Changing<Target> for Threads {
    fn names(&self, target: &Target, from: u64) -> Result<Vec<Name>, Errno> {
        let threads = target.process.threads();
        let ids = threads.iter().filter_map(|thread| thread.tid());
        let mut names: Vec<Name> = ids
            .map(|tid| Name {
                key: tid.raw().into(),
                name: format!("{tid}").into_bytes(),
                file_type: FileType::Directory,
            })
            .filter(|name| name.key >= from)
            .collect();
        names.sort_unstable_by_key(|name| name.key);
        Ok(names)
    }

    fn find(&self, target: &Target, name: &[u8], number: u64) -> Result<Arc<dyn Inode>, Errno> {
        let tid = parse_pid(name).ok_or(Errno::ENOENT)?;
        let threads = target.process.threads();
        let thread = threads
            .into_iter()
            .find(|thread| thread.tid() == Some(tid))
            .ok_or(Errno::ENOENT)?;
        Ok(directory(
            Target {
                process: target.process.clone(),
                single: Some(thread),
            },
            number,
        ))
    }
}

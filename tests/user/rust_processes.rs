//! Rust's standard library on processes, pipes and files.
#[path = "common/check.rs"]
mod check;

use check::{equal, error, section, truth};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

fn me() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

/// What the program does when it is started with a role.
fn role(name: &str) -> ! {
    match name {
        "cat" => drop(std::io::copy(&mut std::io::stdin(), &mut std::io::stdout())),
        "env" => std::env::vars().for_each(|(key, value)| println!("{key}={value}")),
        "both" => {
            println!("out");
            eprintln!("err");
        }
        "sleep" => std::thread::sleep(Duration::from_secs(30)),
        "abort" => std::process::abort(),
        "panic" => panic!("on purpose"),
        code => std::process::exit(code.parse().unwrap_or(99)),
    }
    std::process::exit(0);
}

fn statuses() {
    section("statuses");
    equal("exit 5", me().arg("5").status().unwrap().code(), Some(5));
    let aborted = me().arg("abort").stderr(Stdio::null()).status().unwrap();
    equal("abort", aborted.signal(), Some(6));
    error(
        "a missing program",
        Command::new("/missing").status(),
        ErrorKind::NotFound,
    );
    error(
        "a directory",
        Command::new("/").status(),
        ErrorKind::PermissionDenied,
    );
    let mut child = me().arg("sleep").spawn().unwrap();
    equal("still running", child.try_wait().unwrap(), None);
    child.kill().unwrap();
    equal("killed", child.wait().unwrap().signal(), Some(9));
    equal("asked again", child.wait().unwrap().signal(), Some(9));
}

fn pipes() {
    section("pipes");
    let output = me().arg("both").output().unwrap();
    equal(
        "stdout",
        String::from_utf8_lossy(&output.stdout).as_ref(),
        "out\n",
    );
    equal(
        "stderr",
        String::from_utf8_lossy(&output.stderr).as_ref(),
        "err\n",
    );
    let mut child = me()
        .arg("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let data: Vec<u8> = (0..500_000u32).map(|i| (i % 251) as u8).collect();
    let mut stdin = child.stdin.take().unwrap();
    let copy = data.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&copy).is_ok());
    let mut back = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut back).unwrap();
    truth("written", writer.join().unwrap());
    truth("the same came back", back == data);
    truth("cat ended well", child.wait().unwrap().success());
    let first = me()
        .arg("both")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let second = me()
        .arg("cat")
        .stdin(first.stdout.unwrap())
        .output()
        .unwrap();
    equal("two in a row", second.stdout, b"out\n".to_vec());
}

fn surroundings() {
    section("environment");
    let output = me()
        .arg("env")
        .env_clear()
        .env("KEY", "value")
        .output()
        .unwrap();
    equal(
        "environment",
        String::from_utf8_lossy(&output.stdout).as_ref(),
        "KEY=value\n",
    );
}

fn files() {
    section("files");
    fs::write("file", "first line\nsecond line\n").unwrap();
    equal(
        "read",
        fs::read_to_string("file").unwrap().lines().count(),
        2,
    );
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .open("file")
        .unwrap();
    writeln!(file, "third").unwrap();
    file.seek(SeekFrom::Start(6)).unwrap();
    let mut word = [0; 4];
    file.read_exact(&mut word).unwrap();
    equal("seek", &word, b"line");
    equal("length", file.metadata().unwrap().len(), 29);
    file.set_len(5).unwrap();
    equal("cut", fs::read_to_string("file").unwrap().as_str(), "first");
    error(
        "create_new",
        File::create_new("file"),
        ErrorKind::AlreadyExists,
    );
    error("missing", File::open("missing"), ErrorKind::NotFound);
    error(
        "not a directory",
        fs::read_dir("file"),
        ErrorKind::NotADirectory,
    );
    error(
        "directory not empty",
        fs::remove_dir("."),
        ErrorKind::InvalidInput,
    );
    fs::set_permissions("file", fs::Permissions::from_mode(0o640)).unwrap();
    equal("mode", fs::metadata("file").unwrap().mode() & 0o777, 0o640);
    symlink("file", "link").unwrap();
    truth(
        "symlink",
        fs::symlink_metadata("link").unwrap().is_symlink(),
    );
    fs::hard_link("file", "hard").unwrap();
    equal("links", fs::metadata("file").unwrap().nlink(), 2);
    equal("copy", fs::copy("file", "copy").unwrap(), 5);
    fs::rename("copy", "moved").unwrap();
    fs::create_dir_all("a/b/c").unwrap();
    fs::write("a/b/c/x", "x").unwrap();
    let mut names: Vec<_> = fs::read_dir(".")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    equal("names", names.join(" ").as_str(), "a file hard link moved");
    fs::remove_dir_all("a").unwrap();
    truth("removed", !fs::exists("a").unwrap());
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    file.set_modified(then).unwrap();
    equal(
        "time",
        fs::metadata("file").unwrap().modified().unwrap(),
        then,
    );
    file.lock().unwrap();
    truth(
        "lock held by another",
        File::open("file").unwrap().try_lock().is_err(),
    );
    drop(file);
    truth(
        "lock given back",
        File::open("file").unwrap().try_lock().is_ok(),
    );
}

fn time() {
    section("time");
    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(50));
    truth("sleep", start.elapsed() >= Duration::from_millis(50));
    truth(
        "the clock is set",
        SystemTime::now() > SystemTime::UNIX_EPOCH,
    );
}

fn main() {
    if let Some(name) = std::env::args().nth(1) {
        role(&name);
    }
    statuses();
    pipes();
    surroundings();
    files();
    time();
    check::finish();
}

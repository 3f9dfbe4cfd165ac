//! The requests of `ioctl_tty(2)`.

use abi::Errno;
use abi::termios::*;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{Kind, Tty, TtyFile, job, pty};
use crate::memory::user::UserAddr;
use crate::process::Pid;
use crate::process::syscalls::{Call, SysResult};

/// `struct termio`, the settings in their System V form.
#[derive(Clone, Copy, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Termio {
    iflag: u16,
    oflag: u16,
    cflag: u16,
    lflag: u16,
    line: u8,
    characters: [u8; 8],
    padding: u8,
}

/// `struct serial_struct`: what `TIOCGSERIAL` tells of a serial port.
#[derive(Clone, Copy, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct SerialStruct {
    kind: i32,
    line: i32,
    port: u32,
    irq: i32,
    flags: i32,
    transmit_fifo: i32,
    custom_divisor: i32,
    baud_base: i32,
    close_delay: u16,
    io_type: u8,
    reserved: u8,
    hub6: i32,
    closing_wait: u16,
    closing_wait2: u16,
    padding: u32,
    memory_base: u64,
    register_shift: u16,
    port_high: [u8; 6],
    io_map_base: u64,
}

/// `PORT_16550A` of `serial_core.h`.
const PORT_16550A: i32 = 4;
/// `KB_101` of `linux/kd.h`.
const KB_101: u8 = 2;
/// `K_XLATE` and `K_UNICODE` of `linux/kd.h`.
const K_UNICODE: i32 = 3;
/// Modem lines that are always on: DTR, RTS, carrier detect, data set ready, clear to send.
const MODEM_LINES: u32 = 0x2 | 0x4 | 0x40 | 0x100 | 0x20;

/// Whether new settings drop the input. (They need not wait for output, none of which is kept.)
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Kept,
    Dropped,
}

/// A request on a terminal itself.
pub(super) fn terminal(
    file: &TtyFile,
    call: &Call<'_>,
    command: u32,
    argument: UserAddr,
) -> SysResult {
    match common(&file.tty, command, argument) {
        Err(Errno::ENOTTY) => {}
        done => return done,
    }
    match command {
        TIOCSCTTY => file.tty.become_controlling(argument.get() == 1).map(|()| 0),
        TIOCNOTTY => file.tty.give_up().map(|()| 0),
        TIOCGPGRP => {
            own_terminal(file)?;
            write_pid(argument, file.tty.foreground())
        }
        TIOCSPGRP => file.tty.set_foreground(argument.read()?).map(|()| 0),
        TIOCGSID => {
            own_terminal(file)?;
            write_pid(argument, file.tty.session())
        }
        TIOCVHANGUP => {
            require_superuser(call)?;
            file.tty.hang_up();
            Ok(0)
        }
        // Faking input is a way to escalate privileges; Linux lets it be switched off as well.
        TIOCSTI => Err(Errno::EIO),
        TIOCCONS => Err(Errno::EPERM),
        _ => match file.tty.driver.kind() {
            Kind::Serial { line, port, irq } => serial(line, port, irq, command, argument),
            Kind::Display => display(command, argument),
            Kind::Pseudo(_) => Err(Errno::ENOTTY),
        },
    }
}

/// A request on the master of a pseudo-terminal; most act on the terminal.
pub(super) fn master(master: &pty::Master, command: u32, argument: UserAddr) -> SysResult {
    let tty = master.tty();
    match command {
        TIOCGPTN => argument.write(&master.number()).map(|()| 0),
        TIOCSPTLCK => {
            master.set_locked(argument.read::<i32>()? != 0);
            Ok(0)
        }
        TIOCGPTLCK => argument.write(&i32::from(master.is_locked())).map(|()| 0),
        FIONREAD => argument.write(&int(master.available())).map(|()| 0),
        TIOCOUTQ => argument.write(&0).map(|()| 0),
        TIOCGPGRP => write_pid(argument, tty.foreground()),
        TIOCGSID => write_pid(argument, tty.session()),
        _ => common(tty, command, argument),
    }
}

/// Requests that are the same on a terminal and on the master of a pseudo-terminal.
fn common(tty: &Tty, command: u32, argument: UserAddr) -> SysResult {
    match command {
        TCGETS => argument.write(&short(&tty.termios()))?,
        TCGETS2 => argument.write(&tty.termios())?,
        TCGETA => argument.write(&to_termio(&tty.termios()))?,
        TCSETS | TCSETSW | TCSETSF => {
            let new = merge(&argument.read()?, &tty.termios());
            tty.change(&new, dropped(command == TCSETSF))?;
        }
        TCSETS2 | TCSETSW2 | TCSETSF2 => {
            tty.change(&argument.read()?, dropped(command == TCSETSF2))?;
        }
        TCSETA | TCSETAW | TCSETAF => {
            let new = from_termio(&argument.read()?, &tty.termios());
            tty.change(&new, dropped(command == TCSETAF))?;
        }
        TIOCGWINSZ => argument.write(&tty.window())?,
        TIOCSWINSZ => tty.set_window(argument.read()?),
        FIONREAD => argument.write(&int(tty.state.lock().discipline.available()))?,
        TIOCOUTQ => argument.write(&int(tty.driver.pending()))?,
        // A break, or with an argument the wait until all is sent; output is never kept here.
        TCSBRK | TCSBRKP => tty.check_background_change()?,
        TCFLSH => {
            tty.check_background_change()?;
            tty.flush(argument.get())?;
        }
        TCXONC => {
            tty.check_background_change()?;
            tty.flow(argument.get())?;
        }
        TIOCEXCL => tty.state.lock().exclusive = true,
        TIOCNXCL => tty.state.lock().exclusive = false,
        TIOCGETD => argument.write(&0)?,
        TIOCSETD => match argument.read::<i32>()? {
            0 => {}
            _ => return Err(Errno::EINVAL),
        },
        TIOCGDEV => argument.write(&u32::try_from(tty.device).unwrap_or(0))?,
        _ => return Err(Errno::ENOTTY),
    }
    Ok(0)
}

fn serial(line: u32, port: u16, irq: u8, command: u32, argument: UserAddr) -> SysResult {
    match command {
        TIOCGSERIAL => {
            let info = SerialStruct {
                kind: PORT_16550A,
                line: line.cast_signed(),
                port: port.into(),
                irq: irq.into(),
                transmit_fifo: 16,
                baud_base: 115_200,
                close_delay: 50,
                closing_wait: 3000,
                ..SerialStruct::default()
            };
            argument.write(&info)?;
        }
        TIOCMGET => argument.write(&MODEM_LINES)?,
        TIOCMSET | TIOCMBIS | TIOCMBIC => {
            // The lines are kept on: nothing but a modem would notice.
            argument.read::<u32>()?;
        }
        _ => return Err(Errno::ENOTTY),
    }
    Ok(0)
}

fn display(command: u32, argument: UserAddr) -> SysResult {
    match command {
        KDGKBTYPE => argument.write(&[KB_101][..])?,
        KDGETMODE => argument.write(&0)?,
        KDSETMODE if argument.get() == 0 => {}
        KDGKBMODE => argument.write(&K_UNICODE)?,
        KDSKBMODE if argument.get() == K_UNICODE as usize => {}
        // active console, signal, mask of consoles in use: 0 is the alias of the active one.
        VT_GETSTATE => argument.write(&[1u16, 0, 3])?,
        VT_OPENQRY => argument.write(&-1)?,
        VT_GETMODE => argument.write(&[0u16; 4])?,
        VT_ACTIVATE | VT_WAITACTIVE if argument.get() == 1 => {}
        VT_ACTIVATE | VT_WAITACTIVE => return Err(Errno::ENXIO),
        KDSETMODE | KDSKBMODE | VT_SETMODE => return Err(Errno::EINVAL),
        _ => return Err(Errno::ENOTTY),
    }
    Ok(0)
}

/// `ENOTTY` unless the terminal is the caller's controlling terminal.
fn own_terminal(file: &TtyFile) -> Result<(), Errno> {
    match job::own_terminal() {
        Some(own) if alloc::sync::Arc::ptr_eq(&own, &file.tty) => Ok(()),
        _ => Err(Errno::ENOTTY),
    }
}

fn require_superuser(call: &Call<'_>) -> Result<(), Errno> {
    if call.credentials().is_superuser() {
        Ok(())
    } else {
        Err(Errno::EPERM)
    }
}

fn dropped(yes: bool) -> Input {
    if yes { Input::Dropped } else { Input::Kept }
}

fn write_pid(argument: UserAddr, pid: Option<Pid>) -> SysResult {
    argument.write(&pid.map_or(0, Pid::as_i32)).map(|()| 0)
}

fn int(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn short(from: &Termios2) -> Termios {
    Termios {
        c_iflag: from.c_iflag,
        c_oflag: from.c_oflag,
        c_cflag: from.c_cflag,
        c_lflag: from.c_lflag,
        c_line: from.c_line,
        c_cc: from.c_cc,
    }
}

/// The settings in `new`, with the speeds its flags name or else those of `old`.
fn merge(new: &Termios, old: &Termios2) -> Termios2 {
    let speed = baud(new.c_cflag).unwrap_or(old.c_ospeed);
    Termios2 {
        c_iflag: new.c_iflag,
        c_oflag: new.c_oflag,
        c_cflag: new.c_cflag,
        c_lflag: new.c_lflag,
        c_line: new.c_line,
        c_cc: new.c_cc,
        c_ispeed: speed,
        c_ospeed: speed,
    }
}

/// The speed that the bits `CBAUD` stand for; none for `BOTHER`.
fn baud(flags: u32) -> Option<u32> {
    const LOW: [u32; 16] = [
        0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400,
    ];
    const HIGH: [u32; 15] = [
        57_600, 115_200, 230_400, 460_800, 500_000, 576_000, 921_600, 1_000_000, 1_152_000,
        1_500_000, 2_000_000, 2_500_000, 3_000_000, 3_500_000, 4_000_000,
    ];
    let index = (flags & CBAUD & !BOTHER) as usize;
    if flags & BOTHER == 0 {
        LOW.get(index).copied()
    } else {
        index
            .checked_sub(1)
            .and_then(|index| HIGH.get(index))
            .copied()
    }
}

fn to_termio(from: &Termios2) -> Termio {
    let low = |flags: u32| (flags & 0xffff) as u16;
    let mut characters = [0; 8];
    for (to, &from) in characters.iter_mut().zip(&from.c_cc) {
        *to = from;
    }
    Termio {
        iflag: low(from.c_iflag),
        oflag: low(from.c_oflag),
        cflag: low(from.c_cflag),
        lflag: low(from.c_lflag),
        line: from.c_line,
        characters,
        padding: 0,
    }
}

fn from_termio(new: &Termio, old: &Termios2) -> Termios2 {
    let join = |old: u32, new: u16| old & !0xffff | u32::from(new);
    let mut result = *old;
    result.c_iflag = join(old.c_iflag, new.iflag);
    result.c_oflag = join(old.c_oflag, new.oflag);
    result.c_cflag = join(old.c_cflag, new.cflag);
    result.c_lflag = join(old.c_lflag, new.lflag);
    result.c_line = new.line;
    for (to, &from) in result.c_cc.iter_mut().zip(&new.characters) {
        *to = from;
    }
    result
}

impl Tty {
    /// The settings.
    pub fn termios(&self) -> Termios2 {
        *self.state.lock().discipline.termios()
    }

    /// Takes new settings at once, without job control.
    pub fn configure(&self, termios: &Termios2) {
        let mut state = self.state.lock();
        state.discipline.set_termios(termios);
        self.driver.configure(termios);
        drop(state);
        // Whoever waits for a line or for bytes decides anew.
        self.readers.wake_all();
        self.writers.wake_all();
    }

    fn change(&self, termios: &Termios2, input: Input) -> Result<(), Errno> {
        self.check_background_change()?;
        if input == Input::Dropped {
            self.state.lock().discipline.flush_input();
        }
        self.configure(termios);
        Ok(())
    }

    fn flush(&self, queue: usize) -> Result<(), Errno> {
        let queue = u32::try_from(queue).map_err(|_| Errno::EINVAL)?;
        if queue > TCIOFLUSH {
            return Err(Errno::EINVAL);
        }
        let mut state = self.state.lock();
        if queue != TCOFLUSH {
            state.discipline.flush_input();
        }
        let resume = core::mem::take(&mut state.held_back);
        drop(state);
        if queue != TCIFLUSH {
            self.driver.discard();
        }
        if resume {
            self.driver.resume();
        }
        self.writers.wake_all();
        Ok(())
    }

    fn flow(&self, action: usize) -> Result<(), Errno> {
        let mut state = self.state.lock();
        let character = |index: usize| {
            state
                .discipline
                .termios()
                .c_cc
                .get(index)
                .copied()
                .unwrap_or(0)
        };
        match u32::try_from(action) {
            Ok(TCOOFF) => state.discipline.set_stopped(true),
            Ok(TCOON) => state.discipline.set_stopped(false),
            Ok(TCIOFF) => self.driver.send(&[character(VSTOP)]),
            Ok(TCION) => self.driver.send(&[character(VSTART)]),
            _ => return Err(Errno::EINVAL),
        }
        drop(state);
        self.writers.wake_all();
        Ok(())
    }
}

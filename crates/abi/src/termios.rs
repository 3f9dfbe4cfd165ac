//! Terminals: `struct termios`, its flags, and the requests of `ioctl_tty(2)`.

/// Number of control characters in the kernel's `struct termios`.
pub const NCCS: usize = 19;

c_struct! {
    /// The kernel's `struct termios`, which `TCGETS` transfers (the C library's is longer).
    pub struct Termios {
        /// Input flags, such as [`ICRNL`].
        pub c_iflag: u32,
        /// Output flags, such as [`OPOST`].
        pub c_oflag: u32,
        /// Control flags, such as [`CS8`].
        pub c_cflag: u32,
        /// Local flags, such as [`ICANON`].
        pub c_lflag: u32,
        /// Line discipline; 0 for the ordinary one.
        pub c_line: u8,
        /// Control characters, indexed by [`VINTR`] and its like.
        pub c_cc: [u8; NCCS],
    }
}

c_struct! {
    /// `struct termios2`, which `TCGETS2` transfers.
    pub struct Termios2 {
        /// Input flags.
        pub c_iflag: u32,
        /// Output flags.
        pub c_oflag: u32,
        /// Control flags.
        pub c_cflag: u32,
        /// Local flags.
        pub c_lflag: u32,
        /// Line discipline.
        pub c_line: u8,
        /// Control characters.
        pub c_cc: [u8; NCCS],
        /// Input speed in bit/s.
        pub c_ispeed: u32,
        /// Output speed in bit/s.
        pub c_ospeed: u32,
    }
}

c_struct! {
    /// `struct winsize`.
    pub struct Winsize {
        /// Rows of characters.
        pub ws_row: u16,
        /// Columns of characters.
        pub ws_col: u16,
        /// Width in pixels; 0 if unknown.
        pub ws_xpixel: u16,
        /// Height in pixels; 0 if unknown.
        pub ws_ypixel: u16,
    }
}

constants! { usize;
    VINTR = 0, "Sends `SIGINT`.";
    VQUIT = 1, "Sends `SIGQUIT`.";
    VERASE = 2, "Erases a character.";
    VKILL = 3, "Erases the line.";
    VEOF = 4, "Ends the input.";
    VTIME = 5, "Non-canonical: timeout in tenths of a second.";
    VMIN = 6, "Non-canonical: bytes a read waits for.";
    VSWTC = 7, "Unused.";
    VSTART = 8, "Resumes output.";
    VSTOP = 9, "Stops output.";
    VSUSP = 10, "Sends `SIGTSTP`.";
    VEOL = 11, "Also ends a line.";
    VREPRINT = 12, "Prints the line again.";
    VDISCARD = 13, "Unused.";
    VWERASE = 14, "Erases a word.";
    VLNEXT = 15, "Takes the next character literally.";
    VEOL2 = 16, "Also ends a line.";
}

constants! { u32;
    IGNBRK = 0o1, "Input: ignore breaks.";
    BRKINT = 0o2, "Input: a break sends `SIGINT`.";
    IGNPAR = 0o4, "Input: ignore characters with errors.";
    PARMRK = 0o10, "Input: mark errors.";
    INPCK = 0o20, "Input: check parity.";
    ISTRIP = 0o40, "Input: strip the eighth bit.";
    INLCR = 0o100, "Input: newline becomes carriage return.";
    IGNCR = 0o200, "Input: ignore carriage return.";
    ICRNL = 0o400, "Input: carriage return becomes newline.";
    IUCLC = 0o1000, "Input: upper case becomes lower case.";
    IXON = 0o2000, "Input: stop and start characters control the output.";
    IXANY = 0o4000, "Input: any character restarts the output.";
    IXOFF = 0o10000, "Input: send stop and start characters.";
    IMAXBEL = 0o20000, "Input: ring the bell when the buffer is full.";
    IUTF8 = 0o40000, "Input: UTF-8, for erasing.";
    OPOST = 0o1, "Output: process.";
    OLCUC = 0o2, "Output: lower case becomes upper case.";
    ONLCR = 0o4, "Output: newline becomes carriage return and newline.";
    OCRNL = 0o10, "Output: carriage return becomes newline.";
    ONOCR = 0o20, "Output: no carriage return in column 0.";
    ONLRET = 0o40, "Output: newline returns the carriage.";
    OFILL = 0o100, "Output: fill characters for delay.";
    OFDEL = 0o200, "Output: the fill character is DEL.";
    TABDLY = 0o14000, "Output: mask of the tab delay.";
    TAB0 = 0, "Output: tabs are sent.";
    TAB3 = 0o14000, "Output: tabs become spaces; also `XTABS`.";
    CBAUD = 0o10017, "Control: mask of the speed.";
    B0 = 0, "Control: hang up.";
    B9600 = 0o15, "Control: 9,600 bit/s.";
    B38400 = 0o17, "Control: 38,400 bit/s.";
    BOTHER = 0o10000, "Control: the speed is in `c_ospeed`.";
    B115200 = 0o10002, "Control: 115,200 bit/s.";
    CSIZE = 0o60, "Control: mask of the character size.";
    CS5 = 0, "Control: 5 bits.";
    CS6 = 0o20, "Control: 6 bits.";
    CS7 = 0o40, "Control: 7 bits.";
    CS8 = 0o60, "Control: 8 bits.";
    CSTOPB = 0o100, "Control: two stop bits.";
    CREAD = 0o200, "Control: receive.";
    PARENB = 0o400, "Control: parity.";
    PARODD = 0o1000, "Control: odd parity.";
    HUPCL = 0o2000, "Control: hang up at the last close.";
    CLOCAL = 0o4000, "Control: ignore modem lines.";
    CRTSCTS = 0o20000000000, "Control: hardware flow control.";
    ISIG = 0o1, "Local: characters send signals.";
    ICANON = 0o2, "Local: input by lines, with editing.";
    XCASE = 0o4, "Local: unused.";
    ECHO = 0o10, "Local: echo.";
    ECHOE = 0o20, "Local: erasing wipes the character out.";
    ECHOK = 0o40, "Local: newline after the kill character.";
    ECHONL = 0o100, "Local: echo newline even without `ECHO`.";
    NOFLSH = 0o200, "Local: signals do not flush.";
    TOSTOP = 0o400, "Local: output from the background stops the job.";
    ECHOCTL = 0o1000, "Local: control characters show as `^X`.";
    ECHOPRT = 0o2000, "Local: erased characters are printed.";
    ECHOKE = 0o4000, "Local: kill wipes the line out.";
    FLUSHO = 0o10000, "Local: output is being flushed.";
    PENDIN = 0o40000, "Local: pending input is to be reprinted.";
    IEXTEN = 0o100000, "Local: `VLNEXT`, `VWERASE`, `VREPRINT`.";
    EXTPROC = 0o200000, "Local: processing is done elsewhere.";
    TCGETS = 0x5401, "Get the settings.";
    TCSETS = 0x5402, "Set the settings now.";
    TCSETSW = 0x5403, "Set them after output has drained.";
    TCSETSF = 0x5404, "Set them after output has drained, and drop input.";
    TCGETA = 0x5405, "Get the settings as `struct termio`.";
    TCSETA = 0x5406, "Set them from `struct termio`.";
    TCSETAW = 0x5407, "Set them from `struct termio` after draining.";
    TCSETAF = 0x5408, "Set them from `struct termio` after draining and drop input.";
    TCSBRK = 0x5409, "Send a break, or drain the output.";
    TCXONC = 0x540a, "Stop or start the flow.";
    TCFLSH = 0x540b, "Drop input, output or both.";
    TIOCEXCL = 0x540c, "Refuse further opens.";
    TIOCNXCL = 0x540d, "Allow further opens.";
    TIOCSCTTY = 0x540e, "Make it the controlling terminal.";
    TIOCGPGRP = 0x540f, "The foreground process group.";
    TIOCSPGRP = 0x5410, "Set the foreground process group.";
    TIOCOUTQ = 0x5411, "Bytes waiting to be sent.";
    TIOCSTI = 0x5412, "Put a byte into the input.";
    TIOCGWINSZ = 0x5413, "The window size.";
    TIOCSWINSZ = 0x5414, "Set the window size.";
    TIOCMGET = 0x5415, "The modem lines.";
    TIOCMBIS = 0x5416, "Set modem lines.";
    TIOCMBIC = 0x5417, "Clear modem lines.";
    TIOCMSET = 0x5418, "Set all modem lines.";
    FIONREAD = 0x541b, "Bytes that can be read; also `TIOCINQ`.";
    TIOCLINUX = 0x541c, "Of the virtual console.";
    TIOCCONS = 0x541d, "Redirect the console.";
    TIOCGSERIAL = 0x541e, "Settings of the serial port.";
    TIOCSSERIAL = 0x541f, "Set the serial port.";
    TIOCPKT = 0x5420, "Packet mode of a pseudo-terminal.";
    FIONBIO = 0x5421, "Set or clear `O_NONBLOCK`.";
    TIOCNOTTY = 0x5422, "Give up the controlling terminal.";
    TIOCSETD = 0x5423, "Set the line discipline.";
    TIOCGETD = 0x5424, "The line discipline.";
    TCSBRKP = 0x5425, "Send a break of a given length.";
    TIOCGSID = 0x5429, "The session.";
    TCGETS2 = 0x802c_542a, "Get the settings with speeds.";
    TCSETS2 = 0x402c_542b, "Set the settings with speeds.";
    TCSETSW2 = 0x402c_542c, "Set them after draining.";
    TCSETSF2 = 0x402c_542d, "Set them after draining, and drop input.";
    TIOCGPTN = 0x8004_5430, "Number of the pseudo-terminal.";
    TIOCSPTLCK = 0x4004_5431, "Lock or unlock the pseudo-terminal.";
    TIOCGDEV = 0x8004_5432, "Device number of the real terminal.";
    TIOCVHANGUP = 0x5437, "Hang up.";
    TIOCGPTLCK = 0x8004_5439, "Whether the pseudo-terminal is locked.";
    TIOCGPTPEER = 0x5441, "Open the other side of the pseudo-terminal.";
    FIONCLEX = 0x5450, "Clear close-on-exec.";
    FIOCLEX = 0x5451, "Set close-on-exec.";
    FIOASYNC = 0x5452, "Set or clear `FASYNC`.";
    KDGETMODE = 0x4b3b, "Text or graphics mode of the console.";
    KDSETMODE = 0x4b3a, "Set text or graphics mode of the console.";
    KDGKBTYPE = 0x4b33, "Kind of keyboard.";
    KDGKBMODE = 0x4b44, "Translation mode of the keyboard.";
    KDSKBMODE = 0x4b45, "Set the translation mode of the keyboard.";
    VT_OPENQRY = 0x5600, "A free virtual console.";
    VT_GETMODE = 0x5601, "Switching mode of the virtual console.";
    VT_SETMODE = 0x5602, "Set the switching mode of the virtual console.";
    VT_GETSTATE = 0x5603, "Which virtual console is active.";
    VT_ACTIVATE = 0x5606, "Switch to a virtual console.";
    VT_WAITACTIVE = 0x5607, "Wait for a virtual console.";
    TCIFLUSH = 0, "`TCFLSH`: drop input.";
    TCOFLUSH = 1, "`TCFLSH`: drop output.";
    TCIOFLUSH = 2, "`TCFLSH`: drop both.";
    TCOOFF = 0, "`TCXONC`: stop output.";
    TCOON = 1, "`TCXONC`: start output.";
    TCIOFF = 2, "`TCXONC`: send the stop character.";
    TCION = 3, "`TCXONC`: send the start character.";
}

/// A control character that is switched off.
pub const POSIX_VDISABLE: u8 = 0;

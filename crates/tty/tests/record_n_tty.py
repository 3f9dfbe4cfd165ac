#!/usr/bin/env python3
"""Records what Linux's line discipline does with random input: run on Linux, writes n_tty.rec to standard output.

Each line is a case: `s IFLAG OFLAG LFLAG EOL EOL2` sets the terminal up; then `iHEX` is input, each followed by `o`HEX, the
bytes sent, and `aN`, the bytes FIONREAD reports; `wHEX` is output of a program, followed by `o`HEX; `rN` reads, followed by
`g`HEX, or `g-` if a read would wait; `lLFLAG` changes the local flags.
"""

import array
import fcntl
import os
import random
import select
import sys
import termios

IFLAGS = [termios.ICRNL, termios.INLCR, termios.IGNCR, termios.ISTRIP, termios.IXON, termios.IXANY, 0o40000, 0o1000,
          termios.PARMRK, termios.IMAXBEL]
OFLAGS = [termios.OPOST, termios.ONLCR, termios.OCRNL, termios.ONOCR, termios.ONLRET, termios.TAB3, 0o2]
LFLAGS = [termios.ECHO, termios.ECHOE, termios.ECHOK, termios.ECHONL, termios.NOFLSH, termios.ECHOCTL, termios.ECHOPRT,
          termios.ECHOKE, termios.IEXTEN, termios.ISIG]
STANDARD_I, STANDARD_O = termios.ICRNL | termios.IXON, termios.OPOST | termios.ONLCR
STANDARD_L = (termios.ISIG | termios.ICANON | termios.ECHO | termios.ECHOE | termios.ECHOK | termios.ECHOCTL
              | termios.ECHOKE | termios.IEXTEN)
TOKENS = [b"a", b"b", b"Z", b"9", b"_", b"-", b" ", b"\t", b"\r", b"\n", b"\x7f", b"\x7f", b"\x15", b"\x17", b"\x16",
          b"\x04", b"\x12", b"\x03", b"\x1a", b"\x13", b"\x11", b"\x01", b"\xc3\xa9", b"\xff", b"\0", b"\xe2\x82\xac",
          b"word", b"two words"]


def drain(fd):
    got = b""
    quiet = 0
    while quiet < 5:
        if select.select([fd], [], [], 0.0008)[0]:
            got += os.read(fd, 65536)
            quiet = 0
        else:
            quiet += 1
    return got


def pick(rng, flags, standard):
    if rng.random() < 0.3:
        return standard
    value = 0
    for flag in flags:
        if rng.random() < 0.5:
            value |= flag
    return value


def case(rng):
    master, slave = os.openpty()
    os.set_blocking(slave, False)
    iflag, oflag = pick(rng, IFLAGS, STANDARD_I), pick(rng, OFLAGS, STANDARD_O)
    lflag = pick(rng, LFLAGS, STANDARD_L)
    if rng.random() < 0.75:
        lflag |= termios.ICANON
    settings = termios.tcgetattr(slave)
    settings[0], settings[1], settings[3] = iflag, oflag, lflag
    eol, eol2 = rng.choice([0, 0x2d]), rng.choice([0, 0x5f])
    settings[6][termios.VEOL], settings[6][termios.VEOL2] = bytes([eol]), bytes([eol2])
    settings[6][termios.VMIN], settings[6][termios.VTIME] = 1, 0
    termios.tcsetattr(slave, termios.TCSANOW, settings)
    line = ["s%x,%x,%x,%x,%x" % (iflag, oflag, lflag, eol, eol2)]
    stopped = False
    for _ in range(rng.randrange(3, 22)):
        action = rng.random()
        if action < 0.75:
            for byte in rng.choice(TOKENS):
                os.write(master, bytes([byte]))
                out = drain(master)
                count = array.array("i", [0])
                fcntl.ioctl(slave, termios.FIONREAD, count)
                line += ["i%02x" % byte, "o" + out.hex(), "a%d" % count[0]]
                stopped = stopped or byte in b"\x13\x93"
        elif action < 0.85 and not stopped:
            text = rng.choice([b"prompt$ ", b"x\r", b"\n", b"a\tb\n", b"\xc3\xa9\x08", b"\x1b[1m"])
            os.write(slave, text)
            line += ["w" + text.hex(), "o" + drain(master).hex()]
        elif action < 0.97:
            size = rng.choice([1, 3, 100])
            try:
                got = os.read(slave, size).hex()
            except BlockingIOError:
                got = "-"
            line += ["r%d" % size, "g" + got]
        else:
            lflag ^= termios.ICANON
            settings[3] = lflag
            termios.tcsetattr(slave, termios.TCSANOW, settings)
            line += ["l%x" % lflag]
    for _ in range(3):
        try:
            got = os.read(slave, 200).hex()
        except BlockingIOError:
            got = "-"
        line += ["r200", "g" + got]
    os.close(slave)
    os.close(master)
    return " ".join(line)


def main():
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 400):
        # Echo may come late on a busy machine; only what comes out the same twice is kept.
        once, again = (case(random.Random(seed * 1000000 + number)) for _ in range(2))
        if once == again:
            print(once)


main()

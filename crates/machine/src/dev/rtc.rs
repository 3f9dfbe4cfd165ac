//! The battery-backed clock (MC146818 and its descendants), read at boot for the wall clock.

use super::port;
use crate::irq::IrqGuard;

const INDEX: u16 = 0x70;
const DATA: u16 = 0x71;

const STATUS_A: u8 = 0x0a;
const STATUS_B: u8 = 0x0b;
const UPDATE_IN_PROGRESS: u8 = 1 << 7;
const BINARY: u8 = 1 << 2;
const HOURS_24: u8 = 1 << 1;

/// Second, minute, hour, day, month, year, century.
const REGISTERS: [u8; 7] = [0x00, 0x02, 0x04, 0x07, 0x08, 0x09, 0x32];

fn read(register: u8) -> u8 {
    // SAFETY: the clock's registers do not reach memory. Bit 7 of the index would mask NMIs; it stays clear.
    unsafe {
        port::write_u8(INDEX, register);
        port::read_u8(DATA)
    }
}

fn sample() -> [u8; 7] {
    for _ in 0..100_000 {
        if read(STATUS_A) & UPDATE_IN_PROGRESS == 0 {
            break;
        }
        core::hint::spin_loop();
    }
    REGISTERS.map(read)
}

/// The clock's time as seconds since 1970-01-01 00:00, taking the clock to run on UTC; 0 if it makes no sense.
pub fn read_unix_seconds() -> u64 {
    let _irq = IrqGuard::new();
    let mut values = sample();
    for _ in 0..10 {
        let again = sample();
        if again == values {
            break;
        }
        values = again;
    }
    decode(values, read(STATUS_B)).unwrap_or(0)
}

fn decode(raw: [u8; 7], status: u8) -> Option<u64> {
    const AFTERNOON: u8 = 0x80;
    let number = |value: u8| {
        u64::from(if status & BINARY != 0 {
            value
        } else {
            (value >> 4) * 10 + (value & 0xf)
        })
    };
    let [second, minute, _, day, month, year, century] = raw.map(number);
    let mut hour = number(raw[2] & !AFTERNOON);
    if status & HOURS_24 == 0 {
        hour = hour % 12 + if raw[2] & AFTERNOON != 0 { 12 } else { 0 };
    }
    let century = if (19..=21).contains(&century) {
        century
    } else {
        20
    };
    let valid = (century * 100 + year) >= 1970
        && second < 61
        && minute < 60
        && hour < 24
        && (1..=31).contains(&day)
        && (1..=12).contains(&month);
    valid.then(|| {
        ((days_since_1970(century * 100 + year, month, day) * 24 + hour) * 60 + minute) * 60
            + second
    })
}

/// Days from 1970-01-01 to a date of the Gregorian calendar that is not before 1970.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    const BEFORE_MONTH: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    // Leap days of all years before this one, counted from year 0.
    let leap_days = |year: u64| year / 4 - year / 100 + year / 400;
    let before = (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969);
    before + BEFORE_MONTH[month as usize - 1] + u64::from(leap && month > 2) + day - 1
}

//! Writes minified JSON into one `String`, a value at a time.
//!
//! Commas come by themselves; numbers are integers scaled by a power of ten, so
//! no float is ever formatted. Nothing is escaped: strings are tables of ours,
//! already in JSON's spelling, and nesting is the caller's affair.

/// A JSON text under construction.
#[derive(Debug, Default)]
pub(crate) struct Json {
    /// What has been written.
    pub(crate) text: String,
    /// Whether [`Json::null_field`] writes anything: Graph leaves nulls out under
    /// `Prefer: omit-values=nulls`.
    pub(crate) nulls: bool,
}

impl Json {
    fn comma(&mut self) {
        if !matches!(self.text.as_bytes().last(), None | Some(b'{' | b'[' | b':')) {
            self.text.push(',');
        }
    }

    /// Opens an object or array: `{` or `[`.
    pub(crate) fn open(&mut self, bracket: char) {
        self.comma();
        self.text.push(bracket);
    }

    /// Closes what is open: `}` or `]`.
    pub(crate) fn close(&mut self, bracket: char) {
        self.text.push(bracket);
    }

    /// A property's name; its value comes next.
    pub(crate) fn key(&mut self, name: &str) {
        self.comma();
        self.text.push('"');
        self.text.push_str(name);
        self.text.push_str("\":");
    }

    /// A property that opens an object or array.
    pub(crate) fn field_open(&mut self, name: &str, bracket: char) {
        self.key(name);
        self.text.push(bracket);
    }

    /// A value that is JSON already.
    pub(crate) fn raw(&mut self, json: &str) {
        self.comma();
        self.text.push_str(json);
    }

    /// A property whose value is JSON already.
    pub(crate) fn raw_field(&mut self, name: &str, json: &str) {
        self.key(name);
        self.text.push_str(json);
    }

    /// A string whose content needs no escape.
    pub(crate) fn string(&mut self, content: &str) {
        self.comma();
        self.text.push('"');
        self.text.push_str(content);
        self.text.push('"');
    }

    /// A property that is such a string.
    pub(crate) fn string_field(&mut self, name: &str, content: &str) {
        self.key(name);
        self.string(content);
    }

    /// A property that is null, where nulls are kept.
    pub(crate) fn null_field(&mut self, name: &str) {
        if self.nulls {
            self.raw_field(name, "null");
        }
    }

    /// A property that is a whole number.
    pub(crate) fn integer_field(&mut self, name: &str, value: i64) {
        self.key(name);
        if value < 0 {
            self.text.push('-');
        }
        self.digits(value.unsigned_abs(), 1);
    }

    /// A property that is `value` / 10^`scale`.
    pub(crate) fn decimal_field(&mut self, name: &str, value: u64, scale: u32) {
        self.key(name);
        self.decimal(value, scale);
    }

    /// A property that is an ISO 8601 duration of `value` / 10^`scale` seconds.
    pub(crate) fn duration_field(&mut self, name: &str, value: u64, scale: u32) {
        self.key(name);
        self.duration(value, scale);
    }

    /// `value` / 10^`scale`, without trailing zeros.
    pub(crate) fn decimal(&mut self, value: u64, scale: u32) {
        let unit = 10_u64.pow(scale);
        self.digits(value / unit, 1);
        let (mut fraction, mut width) = (value % unit, scale as usize);
        if fraction != 0 {
            while fraction.is_multiple_of(10) {
                fraction /= 10;
                width -= 1;
            }
            self.text.push('.');
            self.digits(fraction, width);
        }
    }

    /// `"PT…S"` of `value` / 10^`scale` seconds.
    pub(crate) fn duration(&mut self, value: u64, scale: u32) {
        self.text.push_str("\"PT");
        self.decimal(value, scale);
        self.text.push_str("S\"");
    }

    /// Decimal digits, at least `width` of them.
    pub(crate) fn digits(&mut self, mut value: u64, width: usize) {
        let mut buffer = [b'0'; 20];
        let mut at = buffer.len();
        while value > 0 || buffer.len() - at < width.min(20) {
            at -= 1;
            buffer[at] = b'0' + (value % 10) as u8;
            value /= 10;
        }
        self.text
            .extend(buffer[at..].iter().map(|&byte| char::from(byte)));
    }

    /// The lowest `4 * width` bits as hexadecimal digits.
    pub(crate) fn hex(&mut self, value: u64, width: u32) {
        for place in (0..width).rev() {
            let nibble = (value >> (4 * place)) as u32 & 0xf;
            self.text.push(char::from_digit(nibble, 16).unwrap_or('0'));
        }
    }

    /// A GUID's 36 characters, version 4 by its looks.
    pub(crate) fn guid(&mut self, (high, low): (u64, u64)) {
        self.hex(high >> 32, 8);
        self.text.push('-');
        self.hex(high >> 16, 4);
        self.text.push_str("-4");
        self.hex(high, 3);
        self.text.push_str("-a");
        self.hex(low >> 48, 3);
        self.text.push('-');
        self.hex(low, 12);
    }

    /// A property that is a GUID.
    pub(crate) fn guid_field(&mut self, name: &str, guid: (u64, u64)) {
        self.key(name);
        self.text.push('"');
        self.guid(guid);
        self.text.push('"');
    }

    /// A property that is a time: `ticks` of 100 ns since 1970, written at
    /// `offset` minutes from UTC (0 is `Z`).
    pub(crate) fn time_field(&mut self, name: &str, ticks: u64, offset: u64) {
        self.key(name);
        self.text.push('"');
        let ticks = ticks + offset * 60 * 10_000_000;
        let (seconds, fraction) = (ticks / 10_000_000, ticks % 10_000_000);
        let (year, month, day) = civil(seconds / 86_400);
        let clock = seconds % 86_400;
        let parts = [(year, 4, '-'), (month, 2, '-'), (day, 2, 'T')];
        let clock = [(clock / 3600, 2, ':'), (clock / 60 % 60, 2, ':')];
        for (value, width, after) in parts.into_iter().chain(clock) {
            self.digits(value, width);
            self.text.push(after);
        }
        let second = seconds % 60;
        if second < 10 {
            self.text.push('0');
        }
        self.decimal(second * 10_000_000 + fraction, 7);
        if offset == 0 {
            self.text.push('Z');
        } else {
            self.text.push('+');
            self.digits(offset / 60, 2);
            self.text.push(':');
            self.digits(offset % 60, 2);
        }
        self.text.push('"');
    }
}

/// Year, month and day of the `days`th day after 1970-01-01.
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

//! JSON: what stands at some places of a body, found without believing the body (D34, D36, RFC 8259, RFC 6901).
//!
//! Owns:  the one strict reading: a body that two readers could read differently is none.
//! Never: builds a tree, keeps what nobody asked for, or knows what a company is.
//! Read:  `scan`, then `Scanner::value`.

use std::{borrow::Cow, fmt};

/// How deep arrays and objects may nest.
pub const DEPTH_MAX: usize = 64;
/// Member names of all objects that are open at once.
pub const OPEN_MEMBERS_MAX: usize = 65_536;
/// Bytes of one value that is asked for; a company's external name is never longer (D35).
pub const VALUE_MAX: usize = 128;
/// Pointers that one scan may look for.
pub const POINTERS_MAX: usize = 32;
/// The largest integer that every reader keeps exactly (RFC 8259 section 6).
const EXACT_MAX: u64 = (1 << 53) - 1;

/// Why a text is not one JSON value that all readers read alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JsonError {
    /// It is not RFC 8259 in UTF-8, byte order mark and trailing text included.
    Malformed,
    /// It nests deeper than `DEPTH_MAX`.
    TooDeep,
    /// More than `OPEN_MEMBERS_MAX` members are open at once.
    TooManyMembers,
    /// An object has one member twice, escapes decoded. Readers differ in which of them counts.
    DuplicateMember,
    /// More than `POINTERS_MAX` pointers, or one that is no pointer.
    BadPointer,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not JSON",
            Self::TooDeep => "nested too deeply",
            Self::TooManyMembers => "too many members",
            Self::DuplicateMember => "a member twice",
            Self::BadPointer => "not a pointer",
        })
    }
}

impl std::error::Error for JsonError {}

/// What stands at a pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A string, or an integer that every reader keeps exactly: the number 42 and the string `42` are one name.
    Name(Cow<'a, str>),
    /// Something else, of another shape than the pointer says, too long, or under a name that some readers take for the
    /// pointer's own (`Company_ID`, `companyId`).
    Unreadable,
    /// An object on the way has no such member.
    Absent {
        /// It is, or is in, an element of an array that the pointer leads through.
        item: bool,
    },
}

/// Part of a pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(Box<str>),
    /// `*`: every element of an array.
    Each,
}

/// A pointer of RFC 6901, with `*` for every element of an array; indexes are not numbers here but names.
fn steps(pointer: &str) -> Option<Box<[Step]>> {
    if pointer.is_empty() {
        return Some(Box::default());
    }
    let step = |token: &str| match token {
        "*" => Step::Each,
        _ => Step::Member(token.replace("~1", "/").replace("~0", "~").into()),
    };
    Some(pointer.strip_prefix('/')?.split('/').map(step).collect())
}

/// Reads the whole of `body`, strictly, and hands what stands at each of `pointers` to `found`, with the pointer's place
/// in the list. What was handed over counts only when the whole is read without an error.
pub fn scan<'a>(body: &'a [u8], pointers: &[&str], found: &mut dyn FnMut(usize, Found<'a>)) -> Result<(), JsonError> {
    let pointers: Option<Vec<_>> = pointers.iter().map(|p| steps(p)).collect();
    let pointers = pointers.filter(|p| p.len() <= POINTERS_MAX).ok_or(JsonError::BadPointer)?;
    let text = std::str::from_utf8(body).map_err(|_| JsonError::Malformed)?;
    let all = (0..pointers.len()).fold(0u32, |bits, i| bits | 1 << i);
    let mut scanner = Scanner { text, at: 0, pointers: &pointers, open: Vec::new(), found };
    scanner.value(all, 0)?;
    scanner.blank();
    if scanner.at == text.len() { Ok(()) } else { Err(JsonError::Malformed) }
}

struct Scanner<'a, 's> {
    text: &'a str,
    at: usize,
    pointers: &'s [Box<[Step]>],
    /// The names of the members seen so far of every object that is open.
    open: Vec<Cow<'a, str>>,
    found: &'s mut dyn FnMut(usize, Found<'a>),
}

impl<'a> Scanner<'a, '_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The next byte that is not blank.
    fn next(&mut self) -> Result<u8, JsonError> {
        self.blank();
        let byte = self.peek().ok_or(JsonError::Malformed)?;
        self.at += 1;
        Ok(byte)
    }

    fn slice(&self, from: usize, to: usize) -> Result<&'a str, JsonError> {
        self.text.get(from..to).ok_or(JsonError::Malformed)
    }

    /// One value. `active`: the pointers whose first `level` steps lead here.
    fn value(&mut self, active: u32, level: usize) -> Result<(), JsonError> {
        let first = self.next()?;
        match first {
            b'{' | b'[' if level >= DEPTH_MAX => Err(JsonError::TooDeep),
            b'{' => self.object(active, level),
            b'[' => self.array(active, level),
            b'"' => {
                let text = self.string(active != 0)?;
                self.tell(active, level, Some(text));
                Ok(())
            }
            b'-' | b'0'..=b'9' => {
                let name = self.number(first)?;
                self.tell(active, level, name.map(Cow::Borrowed));
                Ok(())
            }
            b't' => self.literal("rue", active, level),
            b'f' => self.literal("alse", active, level),
            b'n' => self.literal("ull", active, level),
            _ => Err(JsonError::Malformed),
        }
    }

    fn literal(&mut self, rest: &str, active: u32, level: usize) -> Result<(), JsonError> {
        if self.slice(self.at, self.at + rest.len())? != rest {
            return Err(JsonError::Malformed);
        }
        self.at += rest.len();
        self.tell(active, level, None);
        Ok(())
    }

    /// The value here is `name`, or none that names anything. A pointer that leads further finds no way on.
    fn tell(&mut self, active: u32, level: usize, name: Option<Cow<'a, str>>) {
        let name = name.filter(|n| (1..=VALUE_MAX).contains(&n.len()));
        for (index, steps) in each(active, self.pointers) {
            let found = match &name {
                Some(name) if steps.len() == level => Found::Name(name.clone()),
                _ => Found::Unreadable,
            };
            (self.found)(index, found);
        }
    }

    /// Splits the active pointers at an array or object: those that `enter` goes on with; the others are told.
    fn enter(&mut self, active: u32, level: usize, enter: impl Fn(&Step) -> bool) -> u32 {
        let mut on = 0;
        for (index, steps) in each(active, self.pointers) {
            if steps.get(level).is_some_and(&enter) {
                on |= 1 << index;
            } else {
                (self.found)(index, Found::Unreadable);
            }
        }
        on
    }

    fn object(&mut self, active: u32, level: usize) -> Result<(), JsonError> {
        let active = self.enter(active, level, |step| matches!(step, Step::Member(_)));
        let mine = self.open.len();
        let mut seen = 0;
        self.blank();
        if self.peek() == Some(b'}') {
            self.at += 1;
            self.absent(active, level);
            return Ok(());
        }
        loop {
            if self.next()? != b'"' {
                return Err(JsonError::Malformed);
            }
            let name = self.string(true)?;
            if self.next()? != b':' {
                return Err(JsonError::Malformed);
            }
            let next = self.member(active, level, &name);
            seen |= next;
            if self.open.len() >= OPEN_MEMBERS_MAX {
                return Err(JsonError::TooManyMembers);
            }
            self.open.push(name);
            self.value(next, level + 1)?;
            match self.next()? {
                b',' => {}
                b'}' => break,
                _ => return Err(JsonError::Malformed),
            }
        }
        let names = self.open.get_mut(mine..).unwrap_or_default();
        names.sort_unstable();
        let twice = names.windows(2).any(|pair| pair.first() == pair.last());
        self.open.truncate(mine);
        self.absent(active & !seen, level);
        if twice { Err(JsonError::DuplicateMember) } else { Ok(()) }
    }

    fn absent(&mut self, active: u32, level: usize) {
        for (index, steps) in each(active, self.pointers) {
            let item = steps.iter().take(level).any(|step| *step == Step::Each);
            (self.found)(index, Found::Absent { item });
        }
    }

    /// The pointers that go on with a member called `name`.
    fn member(&mut self, active: u32, level: usize, name: &str) -> u32 {
        let mut on = 0;
        for (index, steps) in each(active, self.pointers) {
            match steps.get(level) {
                Some(Step::Member(wanted)) if **wanted == *name => on |= 1 << index,
                Some(Step::Member(wanted)) if crate::spelling::alike(wanted, name) => {
                    (self.found)(index, Found::Unreadable);
                }
                _ => {}
            }
        }
        on
    }

    fn array(&mut self, active: u32, level: usize) -> Result<(), JsonError> {
        let active = self.enter(active, level, |step| *step == Step::Each);
        self.blank();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(active, level + 1)?;
            match self.next()? {
                b',' => {}
                b']' => return Ok(()),
                _ => return Err(JsonError::Malformed),
            }
        }
    }

    /// A number after its first byte; its text if it is an integer that every reader keeps exactly.
    fn number(&mut self, first: u8) -> Result<Option<&'a str>, JsonError> {
        let start = self.at - 1;
        let whole = self.at - usize::from(first != b'-');
        self.at = whole;
        self.digits()?;
        if self.text.as_bytes().get(whole) == Some(&b'0') && self.at - whole > 1 {
            return Err(JsonError::Malformed);
        }
        let end = self.at;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        // Some readers keep the sign of -0, and some do not.
        let exact = self.slice(whole, end)?.parse().is_ok_and(|n: u64| n <= EXACT_MAX && (n > 0 || first != b'-'));
        if self.at == end && exact { self.slice(start, end).map(Some) } else { Ok(None) }
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let from = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > from { Ok(()) } else { Err(JsonError::Malformed) }
    }

    /// A string after its quote. Without `keep` it is checked only.
    fn string(&mut self, keep: bool) -> Result<Cow<'a, str>, JsonError> {
        let mut plain = self.at;
        let mut decoded: Option<String> = None;
        loop {
            match self.peek().ok_or(JsonError::Malformed)? {
                b'"' => break,
                b'\\' => {
                    let before = self.slice(plain, self.at)?;
                    self.at += 1;
                    let c = self.escape()?;
                    plain = self.at;
                    if keep {
                        let text = decoded.get_or_insert_default();
                        text.push_str(before);
                        text.push(c);
                    }
                }
                0..=0x1f => return Err(JsonError::Malformed),
                _ => self.at += 1,
            }
        }
        let rest = self.slice(plain, self.at)?;
        self.at += 1;
        Ok(match decoded {
            Some(text) => Cow::Owned(text + rest),
            None => Cow::Borrowed(rest),
        })
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let byte = self.peek().ok_or(JsonError::Malformed)?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.hex()?;
                let pair = matches!(unit, 0xd800..=0xdbff);
                if !pair {
                    // A low half alone is no character.
                    return char::from_u32(unit).ok_or(JsonError::Malformed);
                }
                if self.slice(self.at, self.at + 2)? != "\\u" {
                    return Err(JsonError::Malformed);
                }
                self.at += 2;
                let low = self.hex()?;
                if !matches!(low, 0xdc00..=0xdfff) {
                    return Err(JsonError::Malformed);
                }
                char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)).ok_or(JsonError::Malformed)?
            }
            _ => return Err(JsonError::Malformed),
        })
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        let digits = self.slice(self.at, self.at + 4)?;
        self.at += 4;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(JsonError::Malformed);
        }
        u32::from_str_radix(digits, 16).map_err(|_| JsonError::Malformed)
    }
}

/// The active pointers with their places.
fn each(active: u32, pointers: &[Box<[Step]>]) -> impl Iterator<Item = (usize, &Box<[Step]>)> {
    pointers.iter().enumerate().filter(move |(index, _)| active & (1 << index) != 0)
}

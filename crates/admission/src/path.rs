//! Path: the one spelling of a request's path, which is both matched and forwarded (design section 4).
//!
//! Owns:  which spellings are refused, which are normalised, and how.
//! Never: guesses what was meant; two servers that could read a path differently never get to see it.
//! Read:  `canonical`, then `Writer::escape`.

use std::{borrow::Cow, fmt};

/// The longest path, in bytes.
pub const PATH_MAX: usize = 8 * 1024;

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PathError {
    /// It does not start with `/`.
    NotAbsolute,
    /// It is longer than `PATH_MAX`.
    TooLong,
    /// A byte that may not stand in a path as it is: a control character, a space, `?`, `#`, `"`, `<`, `>`, `[`, `]`,
    /// `^`, a backtick, `{`, `|`, `}`, or anything beyond ASCII (RFC 3986 section 3.3).
    ForbiddenByte,
    /// `\`, plain or encoded: some servers take it for `/`.
    Backslash,
    /// `;`, plain or encoded: some servers cut the segment there.
    Semicolon,
    /// `%` without two hexadecimal digits.
    BadEscape,
    /// An encoded `/`.
    EncodedSlash,
    /// An encoded control character, NUL among them.
    EncodedControl,
    /// Encoded bytes that are not UTF-8, overlong spellings of `.` and `/` among them.
    NotUtf8,
    /// Two slashes in a row.
    EmptySegment,
    /// A segment `.` or `..`, plain or encoded.
    DotSegment,
}

impl PathError {
    /// Every reason, in the order of the list above.
    pub const ALL: [Self; 11] = [
        Self::NotAbsolute,
        Self::TooLong,
        Self::ForbiddenByte,
        Self::Backslash,
        Self::Semicolon,
        Self::BadEscape,
        Self::EncodedSlash,
        Self::EncodedControl,
        Self::NotUtf8,
        Self::EmptySegment,
        Self::DotSegment,
    ];

    /// A stable word for logs.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotAbsolute => "path_not_absolute",
            Self::TooLong => "path_too_long",
            Self::ForbiddenByte => "path_forbidden_byte",
            Self::Backslash => "path_backslash",
            Self::Semicolon => "path_semicolon",
            Self::BadEscape => "path_bad_escape",
            Self::EncodedSlash => "path_encoded_slash",
            Self::EncodedControl => "path_encoded_control",
            Self::NotUtf8 => "path_not_utf8",
            Self::EmptySegment => "path_empty_segment",
            Self::DotSegment => "path_dot_segment",
        }
    }

    /// A sentence for the caller. It never repeats the path.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NotAbsolute => "The path must start with a slash.",
            Self::TooLong => "The path is too long: at most 8192 bytes are allowed.",
            Self::ForbiddenByte => "The path has a character that must be percent-encoded.",
            Self::Backslash => "The path has a backslash; use slashes between segments and nothing else.",
            Self::Semicolon => "The path has a semicolon, which not every server reads alike.",
            Self::BadEscape => {
                "The path has a percent sign that two hexadecimal digits do not follow; write %25 for the sign."
            }
            Self::EncodedSlash => "The path has an encoded slash, which not every server reads alike.",
            Self::EncodedControl => "The path has an encoded control character.",
            Self::NotUtf8 => "The path has percent-encoded bytes that are not UTF-8.",
            Self::EmptySegment => "The path has an empty segment: two slashes in a row.",
            Self::DotSegment => "The path has a segment . or .. ; send the path it leads to.",
        }
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl std::error::Error for PathError {}

/// The one spelling of `raw`, the path of a request target without its query. Borrowed when `raw` has it already.
///
/// Escapes of unreserved characters are decoded and the digits of all others are upper case (RFC 3986 section 6.2.2), so
/// equal paths have equal bytes. What servers are known to read in different ways is refused, not repaired. An escaped
/// percent sign stays one: `%252e` means the four characters `%2e` to every server that decodes once, which is what
/// HTTP asks of it, and refusing it would make names with a percent sign unusable.
///
/// The spelling of a spelling is itself.
///
/// # Errors
/// The first reason, from left to right, why `raw` is refused.
pub fn canonical(raw: &[u8]) -> Result<Cow<'_, [u8]>, PathError> {
    if raw.len() > PATH_MAX {
        return Err(PathError::TooLong);
    }
    let mut rest = raw.strip_prefix(b"/").ok_or(PathError::NotAbsolute)?;
    let mut writer = Writer { raw, kept: 1, changed: None, segment: Segment::default() };
    while let Some((byte, after)) = rest.split_first() {
        rest = match byte {
            b'%' => writer.escape(rest)?,
            b'/' => {
                writer.segment.end(false)?;
                writer.keep(b"/");
                after
            }
            byte => {
                writer.segment.grow(plain(*byte)?);
                writer.keep(&[*byte]);
                after
            }
        };
    }
    writer.segment.end(true)?;
    Ok(writer.changed.map_or(Cow::Borrowed(raw), Cow::Owned))
}

/// A byte that may stand in a path as it is.
const fn plain(byte: u8) -> Result<u8, PathError> {
    match byte {
        b'\\' => Err(PathError::Backslash),
        b';' => Err(PathError::Semicolon),
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=' | b':' | b'@' => Ok(byte),
        byte if unreserved(byte) => Ok(byte),
        _ => Err(PathError::ForbiddenByte),
    }
}

const fn unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The segment being read: how long it is, and whether it is dots only.
#[derive(Default)]
struct Segment {
    len: usize,
    other_than_dots: bool,
}

impl Segment {
    const fn grow(&mut self, byte: u8) {
        self.len += 1;
        self.other_than_dots |= byte != b'.';
    }

    /// Only the last segment may be empty: the path ends with a slash.
    fn end(&mut self, last: bool) -> Result<(), PathError> {
        match std::mem::take(self) {
            Self { len: 0, .. } if !last => Err(PathError::EmptySegment),
            Self { len: 1 | 2, other_than_dots: false } => Err(PathError::DotSegment),
            Self { .. } => Ok(()),
        }
    }
}

struct Writer<'a> {
    raw: &'a [u8],
    /// How many bytes of `raw` were taken over as they are, as long as nothing changed.
    kept: usize,
    /// The path so far, once it differs from `raw`.
    changed: Option<Vec<u8>>,
    segment: Segment,
}

impl Writer<'_> {
    fn keep(&mut self, bytes: &[u8]) {
        match &mut self.changed {
            Some(path) => path.extend_from_slice(bytes),
            None => self.kept += bytes.len(),
        }
    }

    fn replace(&mut self, bytes: &[u8]) {
        let (raw, kept) = (self.raw, self.kept);
        let path = self.changed.get_or_insert_with(|| {
            let mut path = Vec::with_capacity(raw.len());
            path.extend_from_slice(raw.get(..kept).unwrap_or_default());
            path
        });
        path.extend_from_slice(bytes);
    }

    /// Takes one encoded character from the start of `text`, and says what follows it.
    fn escape<'t>(&mut self, text: &'t [u8]) -> Result<&'t [u8], PathError> {
        let (byte, mut rest) = decode(text)?;
        match byte {
            b'/' => return Err(PathError::EncodedSlash),
            0..0x20 | 0x7f => return Err(PathError::EncodedControl),
            b'\\' | b';' => return plain(byte).map(|_| rest),
            _ => {}
        }
        self.segment.grow(byte);
        if unreserved(byte) {
            self.replace(&[byte]);
            return Ok(rest);
        }
        self.spell(byte, text);
        let width = match byte {
            ..0x80 => return Ok(rest),
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => return Err(PathError::NotUtf8),
        };
        let mut character = [byte; 4];
        for slot in character.iter_mut().take(width).skip(1) {
            if rest.first() != Some(&b'%') {
                return Err(PathError::NotUtf8);
            }
            let (next, after) = decode(rest)?;
            self.spell(next, rest);
            (*slot, rest) = (next, after);
        }
        let character = character.get(..width).and_then(|bytes| std::str::from_utf8(bytes).ok());
        character.map(|_| rest).ok_or(PathError::NotUtf8)
    }

    /// Writes `byte` encoded; `text` starts with how the caller wrote it.
    fn spell(&mut self, byte: u8, text: &[u8]) {
        const DIGITS: [u8; 16] = *b"0123456789ABCDEF";
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
        let spelled = [b'%', digit(byte >> 4), digit(byte & 15)];
        if text.starts_with(&spelled) { self.keep(&spelled) } else { self.replace(&spelled) }
    }
}

/// The byte that the escape at the start of `text` stands for, and what follows it.
fn decode(text: &[u8]) -> Result<(u8, &[u8]), PathError> {
    let (escape, rest) = text.split_first_chunk::<3>().ok_or(PathError::BadEscape)?;
    let [_, high, low] = *escape;
    let digit = |d: u8| char::from(d).to_digit(16).ok_or(PathError::BadEscape);
    let byte = (digit(high)? << 4 | digit(low)?) as u8;
    Ok((byte, rest))
}

//! Csv: tables as spreadsheets write them (RFC 4180).
//!
//! Owns:  quotes, ends of lines, the mark at the beginning, the two separators in use, and the bounds.
//! Never: knows what a column means.
//! Read:  `Table::read`.

/// Rows of a table without its head, columns, and characters of one field.
pub(super) const ROWS_MAX: usize = 5_000;
const COLUMNS_MAX: usize = 64;
const FIELD_MAX: usize = 10_000;

/// A table: the names of its columns, and its rows with the line each begins at.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<(usize, Vec<String>)>,
}

/// Why a text is no table. Lines count from one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    NotUtf8,
    Empty,
    TooManyRows,
    TooManyColumns(usize),
    FieldTooLong(usize),
    /// A quote that is not closed, or with something behind it.
    Quote(usize),
}

impl Table {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let text = std::str::from_utf8(bytes).map_err(|_| Fault::NotUtf8)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let first = text.lines().next().unwrap_or_default();
        // Where commas stand in numbers, spreadsheets separate by semicolons.
        let separator = if !first.contains(',') && first.contains(';') { ';' } else { ',' };
        let mut reader = Reader { rest: text.chars().peekable(), separator, line: 1 };
        let mut rows = Vec::new();
        while let Some((line, row)) = reader.row()? {
            // An empty line is none.
            if row.len() == 1 && row.first().is_some_and(String::is_empty) {
                continue;
            }
            if rows.len() > ROWS_MAX {
                return Err(Fault::TooManyRows);
            }
            rows.push((line, row));
        }
        if rows.is_empty() {
            return Err(Fault::Empty);
        }
        let (_, head) = rows.remove(0);
        Ok(Self { head, rows })
    }
}

struct Reader<I: Iterator<Item = char>> {
    rest: std::iter::Peekable<I>,
    separator: char,
    line: usize,
}

/// What ended a field.
#[derive(PartialEq, Eq)]
enum End {
    Field,
    Row,
}

impl<I: Iterator<Item = char>> Reader<I> {
    fn row(&mut self) -> Result<Option<(usize, Vec<String>)>, Fault> {
        if self.rest.peek().is_none() {
            return Ok(None);
        }
        let (begin, mut row) = (self.line, Vec::new());
        loop {
            let (field, end) = self.field()?;
            row.push(field);
            if row.len() > COLUMNS_MAX {
                return Err(Fault::TooManyColumns(begin));
            }
            if end == End::Row {
                return Ok(Some((begin, row)));
            }
        }
    }

    fn field(&mut self) -> Result<(String, End), Fault> {
        let begin = self.line;
        let mut field = String::new();
        if self.rest.next_if_eq(&'"').is_some() {
            loop {
                match self.rest.next() {
                    Some('"') if self.rest.next_if_eq(&'"').is_some() => field.push('"'),
                    Some('"') => break,
                    Some(c) => {
                        self.line += usize::from(c == '\n');
                        field.push(c);
                    }
                    None => return Err(Fault::Quote(begin)),
                }
                if field.len() > FIELD_MAX {
                    return Err(Fault::FieldTooLong(begin));
                }
            }
            return match self.end() {
                Some(end) => Ok((field, end)),
                None => Err(Fault::Quote(begin)),
            };
        }
        loop {
            if let Some(end) = self.end() {
                return Ok((field, end));
            }
            // `end` has seen that there is a character.
            let c = self.rest.next().unwrap_or_default();
            if c == '"' {
                return Err(Fault::Quote(begin));
            }
            field.push(c);
            if field.len() > FIELD_MAX {
                return Err(Fault::FieldTooLong(begin));
            }
        }
    }

    /// Takes the end of a field, if this is one.
    fn end(&mut self) -> Option<End> {
        match self.rest.peek() {
            None => Some(End::Row),
            Some(c) if *c == self.separator => {
                self.rest.next();
                Some(End::Field)
            }
            Some('\r' | '\n') => {
                if self.rest.next() == Some('\r') {
                    self.rest.next_if_eq(&'\n');
                }
                self.line += 1;
                Some(End::Row)
            }
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &str) -> Vec<(usize, Vec<String>)> {
        Table::read(text.as_bytes()).unwrap().rows
    }

    #[test]
    fn quotes_ends_of_lines_and_the_mark_are_read() {
        let table = Table::read("\u{feff}name,taxId\r\n\"Rossi, \"\"Anna\"\"\",1\r\n\r\n\"a\nb\",2\nlast,3".as_bytes())
            .unwrap();
        assert_eq!(table.head, ["name", "taxId"]);
        let expected = [(2, vec!["Rossi, \"Anna\"", "1"]), (4, vec!["a\nb", "2"]), (6, vec!["last", "3"])];
        let expected: Vec<_> = expected.map(|(n, row)| (n, row.into_iter().map(str::to_owned).collect())).into();
        assert_eq!(table.rows, expected);
        assert_eq!(rows("name;email\nA;b\n"), [(2, vec!["A".to_owned(), "b".to_owned()])]);
        assert_eq!(rows("a,b\n,\n"), [(2, vec![String::new(), String::new()])]);
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_line() {
        for (text, fault) in [
            (b"\xff".as_slice(), Fault::NotUtf8),
            (b"", Fault::Empty),
            (b"\n\n", Fault::Empty),
            (b"a\n\"b", Fault::Quote(2)),
            (b"a\nb\n\"c\"d\n", Fault::Quote(3)),
            (b"a\nb\"c\n", Fault::Quote(2)),
        ] {
            assert_eq!(Table::read(text), Err(fault), "{}", String::from_utf8_lossy(text));
        }
        let wide = format!("{}\n", ",".repeat(COLUMNS_MAX));
        assert_eq!(Table::read(wide.as_bytes()), Err(Fault::TooManyColumns(1)));
        let long = format!("a\n{}", "x".repeat(FIELD_MAX + 1));
        assert_eq!(Table::read(long.as_bytes()), Err(Fault::FieldTooLong(2)));
        let many = "a\n".repeat(ROWS_MAX + 2);
        assert_eq!(Table::read(many.as_bytes()), Err(Fault::TooManyRows));
        assert_eq!(rows(&"a\n".repeat(ROWS_MAX + 1)).len(), ROWS_MAX);
    }

    proptest! {
        #[test]
        fn what_was_written_with_quotes_is_read_back(table in prop::collection::vec(prop::collection::vec("[a-z,;\"\r\n ]{0,12}", 3), 1..8)) {
            let quoted = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
            let line = |row: &Vec<String>| row.iter().map(quoted).collect::<Vec<_>>().join(",");
            let text = std::iter::once(String::from("a,b,c")).chain(table.iter().map(line)).collect::<Vec<_>>().join("\r\n");
            let read: Vec<_> = rows(&text).into_iter().map(|(_, row)| row).collect();
            prop_assert_eq!(read, table);
        }

        #[test]
        fn no_bytes_bring_it_down(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = Table::read(&bytes);
        }
    }
}

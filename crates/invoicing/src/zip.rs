//! ZIP: an archive of uncompressed files.
//!
//! Owns:  the layout of such an archive: each file with its header, then the directory.
//! Never: compression, or archives of four gigabytes; what goes in is bounded far below.
//! Read:  `Zip::add`, then `finish`.

/// Names are UTF-8 (bit 11).
const FLAGS: u16 = 1 << 11;
/// Version 2.0, stored.
const VERSION: u16 = 20;
/// The first of January 1980: the same invoices make the same archive.
const DATE: u16 = 0x21;

/// An archive in the making.
#[derive(Default)]
pub(crate) struct Zip {
    files: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

impl Zip {
    /// Adds a file. The caller keeps the sum far below four gigabytes and the number below 65,536.
    pub(crate) fn add(&mut self, name: &str, bytes: &[u8]) {
        let offset = length(&self.files);
        let mut shared = Vec::new();
        for value in [VERSION, FLAGS, 0, 0, DATE] {
            shared.extend(value.to_le_bytes());
        }
        for value in [crc32fast::hash(bytes), length(bytes), length(bytes)] {
            shared.extend(value.to_le_bytes());
        }
        shared.extend(u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes());
        shared.extend(0_u16.to_le_bytes());

        self.files.extend(b"PK\x03\x04");
        self.files.extend(&shared);
        self.files.extend(name.as_bytes());
        self.files.extend(bytes);

        self.directory.extend(b"PK\x01\x02");
        self.directory.extend(VERSION.to_le_bytes());
        self.directory.extend(&shared);
        // Comment, disk, two kinds of attributes.
        self.directory.extend([0_u8; 10]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.count = self.count.saturating_add(1);
    }

    /// The whole archive.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let (start, size) = (length(&self.files), length(&self.directory));
        self.files.append(&mut self.directory);
        self.files.extend(b"PK\x05\x06\0\0\0\0");
        self.files.extend(self.count.to_le_bytes());
        self.files.extend(self.count.to_le_bytes());
        self.files.extend(size.to_le_bytes());
        self.files.extend(start.to_le_bytes());
        self.files.extend([0_u8; 2]);
        self.files
    }
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(bytes: &[u8], at: usize, width: usize) -> usize {
        bytes[at..at + width].iter().rev().fold(0, |value, byte| value << 8 | usize::from(*byte))
    }

    /// Reads an archive the way programs do: from its end, by the directory.
    fn read(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
        let end = bytes.len() - 22;
        assert_eq!(&bytes[end..end + 4], b"PK\x05\x06");
        let (count, size, mut at) =
            (number(bytes, end + 10, 2), number(bytes, end + 12, 4), number(bytes, end + 16, 4));
        assert_eq!(at + size, end);
        let mut files = Vec::new();
        for _ in 0..count {
            assert_eq!(&bytes[at..at + 4], b"PK\x01\x02");
            let (crc, stored, whole) =
                (number(bytes, at + 16, 4), number(bytes, at + 20, 4), number(bytes, at + 24, 4));
            let (name_length, local) = (number(bytes, at + 28, 2), number(bytes, at + 42, 4));
            let name = &bytes[at + 46..at + 46 + name_length];
            at += 46 + name_length;
            assert_eq!(&bytes[local..local + 4], b"PK\x03\x04");
            assert_eq!(number(bytes, local + 26, 2), name_length);
            let start = local + 30 + name_length;
            assert_eq!(&bytes[local + 30..start], name);
            let content = bytes[start..start + stored].to_vec();
            assert_eq!((stored, crc), (whole, crc32fast::hash(&content) as usize));
            files.push((String::from_utf8(name.to_vec()).unwrap(), content));
        }
        files
    }

    #[test]
    fn what_goes_in_comes_out() {
        let mut zip = Zip::default();
        let files = [("IT1/send/a.xml", "first"), ("IT1/send/b.xml", ""), ("IT2/send/a.xml", "third\nfile")];
        for (name, content) in files {
            zip.add(name, content.as_bytes());
        }
        let wanted: Vec<_> =
            files.into_iter().map(|(name, content)| (name.to_owned(), content.as_bytes().to_vec())).collect();
        assert_eq!(read(&zip.finish()), wanted);
        assert_eq!(read(&Zip::default().finish()), []);
    }
}

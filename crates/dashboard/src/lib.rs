//! Dashboard: the pages that members use, as built files in the binary.
//!
//! Owns:  looking a file up by its path; its type, cache rule, entity tag and compressed twin; the policy it needs.
//! Never: speaks HTTP, reads a disk, or builds anything: `web/` does, before a commit, and `dist/` is committed.
//! Read:  `file`, then `page`.

mod files;

use files::FILES;

/// One built file.
#[derive(Debug)]
pub struct File {
    /// Where it is, without a leading slash: `assets/app-1a2b3c4d.js`.
    pub path: &'static str,
    /// What it holds.
    pub bytes: &'static [u8],
    /// The same, compressed with brotli; none for what is compressed already.
    pub brotli: Option<&'static [u8]>,
    /// For the header `content-type`.
    pub content_type: &'static str,
    /// How long a copy is good.
    pub cache: Cache,
    /// For the header `etag`, quotes included.
    pub etag: &'static str,
}

/// How long a copy of a file is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// For ever: the name holds a hash of what is inside.
    Immutable,
    /// Until the server says otherwise, which is to be asked each time.
    Revalidate,
}

impl Cache {
    /// For the header `cache-control`.
    #[must_use]
    pub const fn control(self) -> &'static str {
        match self {
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::Revalidate => "no-cache",
        }
    }
}

/// For the header `content-security-policy` of every file: nothing from elsewhere, nothing in line, no evaluation.
pub const POLICY: &str =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// The page that every address of the dashboard begins with.
const INDEX: &str = "index.html";

/// The file at a path, with or without a leading slash.
#[must_use]
pub fn file(path: &str) -> Option<&'static File> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let at = FILES.binary_search_by(|file| file.path.cmp(path)).ok()?;
    FILES.get(at)
}

/// What a browser gets for a path: the file, or for an address of the dashboard its page. A path that names a file which is not
/// there (its last part has a dot) is nothing: a page in place of a script helps nobody.
#[must_use]
pub fn page(path: &str) -> Option<&'static File> {
    let named = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    file(path).or_else(|| if named { None } else { file(INDEX) })
}

/// All files, sorted by path.
#[must_use]
pub fn files() -> &'static [File] {
    &FILES
}

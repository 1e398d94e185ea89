//! The built pages: complete, found by path, and fit for the policy they are served with.

use dashboard::{Cache, File, file, files, page};
use std::{collections::BTreeSet, fs, path::Path};

fn text(file: &File) -> &str {
    std::str::from_utf8(file.bytes).unwrap_or_default()
}

#[test]
fn every_file_is_found_at_its_path_and_nothing_else_is() {
    assert!(files().is_sorted_by_key(|file| file.path));
    for one in files() {
        assert_eq!(file(one.path).map(|found| found.path), Some(one.path));
        assert_eq!(file(&format!("/{}", one.path)).map(|found| found.path), Some(one.path));
    }
    for wrong in ["", "/", "assets", "assets/", "//index.html", "index.htm", "../Cargo.toml", "assets/none.js"] {
        assert!(file(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn an_address_of_the_dashboard_gives_its_page_and_a_missing_file_nothing() {
    for address in ["/", "/sign-in", "/a/acc_01m89z0cvqrvttfqeex8ektbx6/keys", "/invitation"] {
        assert_eq!(page(address).map(|found| found.path), Some("index.html"), "{address}");
    }
    assert_eq!(page("/theme.js").map(|found| found.path), Some("theme.js"));
    assert!(page("/assets/gone-12345678.js").is_none());
}

#[test]
fn names_with_a_hash_are_good_for_ever_and_the_others_are_asked_for_again() {
    for one in files() {
        let hashed = one.path.starts_with("assets/");
        assert_eq!(one.cache, if hashed { Cache::Immutable } else { Cache::Revalidate }, "{}", one.path);
        assert!(one.etag.starts_with('"') && one.etag.ends_with('"') && one.etag.len() == 18, "{}", one.path);
    }
    assert_eq!(Cache::Revalidate.control(), "no-cache");
}

#[test]
fn the_list_holds_every_file_of_the_folder() -> std::io::Result<()> {
    fn walk(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) -> std::io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                walk(&entry.path(), &format!("{name}/"), found)?;
            } else if !name.ends_with(".br") {
                found.insert(name);
            }
        }
        Ok(())
    }
    let mut found = BTreeSet::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("dist"), "", &mut found)?;
    let listed: BTreeSet<String> = files().iter().map(|one| one.path.to_owned()).collect();
    assert_eq!(listed, found);
    Ok(())
}

#[test]
fn the_page_has_nothing_in_line_and_names_only_files_that_are_there() {
    let index = file("index.html").map(text).unwrap_or_default();
    assert!(!index.contains("<style") && !index.contains(" style=") && !index.contains("javascript:"));
    for part in index.split("<script").skip(1) {
        let (tag, rest) = part.split_once('>').unwrap_or_default();
        assert!(tag.contains("src=\"/"), "{tag}");
        assert!(rest.starts_with("</script>"), "a script in line: {rest}");
    }
    for part in index.split(['"']).filter(|part| part.starts_with('/') && part.len() > 1) {
        assert!(file(part).is_some(), "{part}");
    }
}

#[test]
fn nothing_is_loaded_from_elsewhere_or_evaluated() {
    for one in files().iter().filter(|one| one.path.ends_with(".js")) {
        let script = text(one);
        for word in ["new Function(", "eval(", "data:image", "importScripts("] {
            assert!(!script.contains(word), "{}: {word}", one.path);
        }
    }
    for one in files().iter().filter(|one| one.path.ends_with(".css")) {
        let sheet = text(one);
        assert!(
            !sheet.contains("url(http") && !sheet.contains("url(data:") && !sheet.contains("@import"),
            "{}",
            one.path
        );
    }
}

#[test]
fn all_scripts_together_stay_small() {
    // Everything there is, and so more than any page loads.
    let all: usize =
        files().iter().filter(|one| one.path.ends_with(".js")).filter_map(|one| one.brotli).map(<[u8]>::len).sum();
    assert!(all < 250 * 1024, "{all} bytes of compressed script");
}

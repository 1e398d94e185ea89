//! Cue: what the words of a description give away.
//!
//! Owns:  words, sentences, and the few phrases that say "this changes something", "this only looks" or "no key needed".
//! Never: decides; a cue is the reason of a guess, which a person reviews.
//! Read:  `change`, `only_looks`, `no_credential`.

use crate::format::one_line;

/// The longest text that is searched, in bytes.
const TEXT_MAX: usize = 8 << 10;
/// The longest quotation, in characters.
const QUOTE_MAX: usize = 110;

/// A sign in a text that a request changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// The text says so without an "only if".
    pub(super) always: bool,
    /// The sentence that says so.
    pub(super) quote: String,
}

/// The words of a text in lower case; `camelCase` is two.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut fresh = true;
    let mut lower_before = false;
    for c in bounded(text).chars() {
        // An apostrophe stays in its word, so that "doesn't" can be recognised.
        if !c.is_alphanumeric() && c != '\'' {
            fresh = true;
            lower_before = false;
            continue;
        }
        if fresh || (lower_before && c.is_uppercase()) {
            out.push(String::new());
        }
        if let Some(word) = out.last_mut() {
            word.extend(c.to_lowercase());
        }
        fresh = false;
        lower_before = c.is_lowercase() || c.is_ascii_digit();
    }
    out
}

fn bounded(text: &str) -> &str {
    let end = (0..=TEXT_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// The sentences of a text: what full stops before a space, paragraphs and list items set apart.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let blocks = bounded(text).split("\n\n").flat_map(|block| block.split("\n-")).flat_map(|block| block.split("\n*"));
    blocks.flat_map(|block| block.split_inclusive(". ")).flat_map(|s| s.split_inclusive(".\n")).map(str::trim)
}

fn is_one(word: &str, of: &[&str]) -> bool {
    of.contains(&word)
}

/// Whether a phrase at `at` is denied by a word shortly before it, or only describes which things are meant.
fn denied(words: &[String], at: usize) -> bool {
    const DENYING: [&str; 12] =
        ["not", "never", "without", "no", "don't", "doesn't", "isn't", "won't", "that", "which", "whether", "those"];
    words.iter().take(at).rev().take(4).any(|word| is_one(word, &DENYING))
}

/// Whether the sentence says that looking changes something: "marks it as read", "counted as an operation", "is consumed".
fn changes(words: &[String]) -> bool {
    const DONE: [&str; 8] = ["read", "seen", "downloaded", "delivered", "processed", "fetched", "exported", "consumed"];
    let after = |at: usize, reach: usize| words.iter().skip(at + 1).take(reach);
    words.iter().enumerate().any(|(at, word)| {
        let marks = is_one(word, &["mark", "marks", "marked", "marking"])
            && after(at, 8).zip(after(at + 1, 8)).any(|(a, b)| a == "as" && is_one(b, &DONE));
        let counts = is_one(word, &["count", "counts", "counted", "charged", "billed"])
            && after(at, 1).any(|word| word == "as")
            && after(at, 4).any(|word| is_one(word, &["operation", "operations", "credit", "credits", "usage"]));
        let passive = is_one(word, &["is", "are", "be", "gets"])
            && after(at, 2).any(|word| is_one(word, &["consumed", "acknowledged", "dequeued"]));
        (marks || counts || passive) && !denied(words, at)
    })
}

/// What a text says about changes; the strongest sentence counts.
pub(super) fn change(text: &str) -> Option<Change> {
    let mut found: Option<Change> = None;
    for sentence in sentences(text) {
        let words = words(sentence);
        if !changes(&words) {
            continue;
        }
        let only =
            words.windows(2).any(|pair| matches!(pair, [a, b] if a == "only" && is_one(b, &["when", "if", "with"])));
        let always = !only && !words.iter().any(|word| is_one(word, &["if", "unless"]));
        if found.as_ref().is_none_or(|found| always && !found.always) {
            found = Some(Change { always, quote: one_line(sentence, QUOTE_MAX) });
        }
    }
    found
}

/// Whether the text says in words that no credential is needed.
pub(super) fn no_credential(text: &str) -> bool {
    const WAYS: [&[&str]; 6] = [
        &["no", "authentication"],
        &["without", "authentication"],
        &["does", "not", "require", "authentication"],
        &["unauthenticated"],
        &["no", "auth"],
        &["no", "api", "key"],
    ];
    sentences(text).any(|sentence| {
        let words = words(sentence);
        WAYS.iter()
            .any(|way| words.windows(way.len()).any(|window| window.iter().map(String::as_str).eq(way.iter().copied())))
    })
}

/// Verbs of requests that only look, whatever the method.
const LOOKING: [&str; 10] =
    ["validate", "validates", "preview", "previews", "check", "checks", "search", "searches", "simulate", "simulates"];
/// Segments that say the same; nouns too.
const LOOKING_SEGMENTS: [&str; 9] =
    ["validate", "validation", "preview", "check", "search", "simulate", "simulation", "dry-run", "dryrun"];

/// Why a POST seems to change nothing, or `None`. `resource` is the first fixed segment of its path.
pub(super) fn only_looks<'a>(
    segments: impl Iterator<Item = &'a str>,
    operation_id: &str,
    summary: &str,
    text: &str,
) -> Option<String> {
    let segments: Vec<String> = segments.map(str::to_lowercase).collect();
    // A first segment names things ("checks" of a bank), unless it can only be a verb.
    let verb = |(at, segment): (usize, &String)| {
        is_one(segment, &LOOKING_SEGMENTS) && (at > 0 || is_one(segment, &["validate", "search", "simulate"]))
    };
    let in_path = segments.iter().enumerate().find(|(at, segment)| verb((*at, segment))).map(|(_, segment)| segment);
    let leads = |words: &[String]| {
        let goes_in = words.get(1).is_some_and(|word| is_one(word, &["in", "out"]));
        words.first().filter(|word| is_one(word, &LOOKING) && !goes_in).cloned()
    };
    let summary_words = words(summary);
    let id_words = words(operation_id);
    let id_verb = || leads(&id_words).or_else(|| id_words.last().filter(|word| is_one(word, &LOOKING)).cloned());
    let why = match (in_path, leads(&summary_words), id_verb()) {
        (Some(segment), _, _) => format!("a POST whose path says {segment}"),
        (None, Some(word), _) => format!("a POST whose summary says {word}"),
        (None, None, Some(word)) => format!("a POST whose operationId says {word}"),
        (None, None, None) => return None,
    };
    // "Validate and store" does both.
    let first = sentences(text).find(|sentence| !sentence.is_empty()).unwrap_or_default();
    (!also_does(&summary_words) && !also_does(&words(first))).then_some(why)
}

fn also_does(words: &[String]) -> bool {
    const DOING: [&str; 16] = [
        "store", "stores", "save", "saves", "create", "creates", "submit", "submits", "send", "sends", "issue",
        "issues", "sign", "signs", "queue", "queues",
    ];
    words.windows(2).any(|pair| matches!(pair, [a, b] if is_one(a, &["and", "then"]) && is_one(b, &DOING)))
}

/// Why a POST seems to send something out, or `None`.
pub(super) fn sends<'a>(mut segments: impl Iterator<Item = &'a str>, summary: &str) -> Option<String> {
    let sending = |word: &String| is_one(word, &["send", "sends", "sending", "resend", "resends"]);
    if segments.any(|segment| words(segment).iter().any(sending)) {
        return Some("a POST whose path says send".to_owned());
    }
    words(summary).first().filter(|word| sending(word)).map(|word| format!("a POST whose summary says {word}"))
}

/// Verbs that no request which only looks would be called by.
const CHANGING: [&str; 18] = [
    "delete",
    "remove",
    "create",
    "cancel",
    "confirm",
    "trigger",
    "reset",
    "revoke",
    "acknowledge",
    "mark",
    "unsubscribe",
    "send",
    "resend",
    "regenerate",
    "rotate",
    "approve",
    "activate",
    "deactivate",
];

/// Why a GET seems to change something by its name, or `None`.
pub(super) fn changing_name<'a>(
    segments: impl Iterator<Item = &'a str>,
    operation_id: &str,
    summary: &str,
) -> Option<String> {
    let segments: Vec<String> = segments.map(str::to_lowercase).collect();
    let resource = segments.first().map(String::as_str).unwrap_or_default();
    // What the path is about is a noun there, also where it looks like a verb.
    let verb = |word: &&String| is_one(word, &CHANGING) && word.as_str() != resource;
    if let Some(word) = words(summary).first().filter(verb) {
        return Some(format!("a GET whose summary says {word}"));
    }
    if let Some(word) = words(operation_id).first().filter(verb) {
        return Some(format!("a GET whose operationId says {word}"));
    }
    let last = segments.last().filter(verb).filter(|_| segments.len() > 1);
    last.map(|word| format!("a GET whose path says {word}"))
}

/// Segments that hand something out in a way that often has an effect.
pub(super) fn hands_out<'a>(segments: impl Iterator<Item = &'a str>) -> Option<String> {
    const HANDING: [&str; 7] = ["payload", "export", "download", "next", "pop", "dequeue", "consume"];
    let last = segments.last()?.to_lowercase();
    is_one(&last, &HANDING).then_some(last)
}

/// Whether a path is one of those that tell about health.
pub(super) fn health<'a>(segments: impl Iterator<Item = &'a str>) -> bool {
    const HEALTH: [&str; 9] =
        ["health", "healthz", "healthcheck", "health-check", "ping", "livez", "readyz", "liveness", "readiness"];
    segments.last().is_some_and(|last| is_one(&last.to_lowercase(), &HEALTH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_where_people_split_them() {
        assert_eq!(
            words("validateInvoice, doesn't_count 2XML"),
            ["validate", "invoice", "doesn't", "count", "2", "xml"]
        );
        assert_eq!(words(&"ä".repeat(TEXT_MAX)).len(), 1);
    }

    #[test]
    fn d7_reads_with_effects_are_found_in_the_words() {
        let table = [
            ("Fetching it marks the document as read.", Some(true)),
            ("All of them are automatically marked as read and counted as operations.", Some(true)),
            ("The message is consumed by this call.", Some(true)),
            ("Marked as read only when `full` is true.", Some(false)),
            ("If asked to, marks it as seen.", Some(false)),
            ("Free of charge. Does not count as an operation.", None),
            ("Returns documents that are marked as read.", None),
            ("This never marks anything as read.", None),
            ("Lists entries. An entry is created when documents arrive.", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(change(text).map(|change| change.always), expected, "{text}");
        }
        let both = change("Marked as read only if asked. It is counted as an operation.").unwrap();
        assert!(both.always && both.quote.starts_with("It is counted"));
    }

    #[test]
    fn d7_posts_that_only_look_are_found() {
        let looks = |path: &str, id: &str, summary: &str, text: &str| {
            only_looks(path.split('/').filter(|s| !s.is_empty()), id, summary, text).is_some()
        };
        assert!(looks("/send/validate/xml", "", "", ""));
        assert!(looks("/invoices", "", "Preview an invoice", ""));
        assert!(looks("/invoices", "invoiceValidate", "", ""));
        assert!(looks("/search", "", "", ""));
        assert!(looks("/a/validate", "", "Validate", "Validate it without sending it. Then send it elsewhere."));
        for (path, id, summary, text) in [
            ("/checks", "", "", ""),
            ("/check", "", "", ""),
            ("/checkout", "", "Check out", ""),
            ("/guests", "checkInGuest", "Check in a guest", ""),
            ("/invoices", "", "Validate and store an invoice", ""),
            ("/invoices/validate", "", "", "Validates the invoice and sends it."),
            ("/invoices", "", "Add an invoice", "It is validated first."),
        ] {
            assert!(!looks(path, id, summary, text), "{path} {id} {summary}");
        }
    }

    #[test]
    fn sending_changing_and_health_are_told_by_whole_words() {
        let split = |path: &'static str| path.split('/').filter(|s| !s.is_empty());
        assert!(sends(split("/send/xml"), "").is_some() && sends(split("/invoices/send-all"), "").is_some());
        assert!(sends(split("/x"), "Send a message").is_some());
        assert!(sends(split("/sender"), "Add a sender").is_none() && sends(split("/x"), "Add what to send").is_none());
        assert!(
            changing_name(split("/x/cancel"), "", "").is_some() && changing_name(split("/x"), "deleteX", "").is_some()
        );
        assert!(changing_name(split("/send"), "sendGet", "Send list").is_none());
        assert!(changing_name(split("/cancel"), "", "List").is_none());
        assert_eq!(hands_out(split("/x/payload")).as_deref(), Some("payload"));
        assert!(health(split("/healthz")) && !health(split("/status")) && !health(split("/health/history")));
        assert!(
            no_credential("Says how it is. No authentication required.") && !no_credential("Authentication required.")
        );
    }
}

//! `[limits]`: how much may be asked for in which time (D15, D38).
//!
//! Owns:  the text form of a limit: `NAME = COUNT per WINDOW [by SUBJECT] [for METHODS] [class CLASS]`.
//! Never: counts.
//! Read:  `section`, then `limit`.

use super::{check, sheet::Sheet};
use gateway::{RateFields, RateForm, RatesConfig, RetryAfter};
use model::{
    DailyCap, Limit, LimitClass, LimitKind, LimitMethods, LimitName, LimitSubject,
    limit::{COUNT_MAX, LIMITS_MAX, WINDOW_MAX_SECS},
};

/// How a limit is written, for messages.
const FORM: &str = "write NAME = COUNT per WINDOW, NAME = COUNT at once, or NAME = bucket COUNT refill N per TIME; then, as \
                    needed, by key, by account or by address, for reads or for writes, class CLASS";

/// What `[limits]` says.
#[derive(Clone, Debug)]
pub(crate) struct LimitsSection {
    pub(crate) rates: RatesConfig,
    pub(crate) daily_caps: Vec<DailyCap>,
}

/// Every setting is checked before the first `?`.
pub(super) fn section(sheet: &mut Sheet) -> Option<LimitsSection> {
    let limits = sheet.list("limits.rules", limit);
    let daily_caps = sheet.list("limits.daily_caps", daily_cap);
    let retry_after = sheet.text("limits.retry_after", |text| match text {
        "remaining" => Ok(RetryAfter::Remaining),
        "window" => Ok(RetryAfter::Window),
        _ => Err(format!("{text:?} is none of \"remaining\", \"window\"")),
    });
    let fields = sheet.list("limits.fields", field);
    let fields = sheet.whole("limits.fields", fields, |list| fields_of(list).map(|_| ()));
    let failures = sheet.text("limits.failures", failures);
    let limits = sheet.whole("limits.rules", limits, |limits: &Vec<Limit>| {
        let twice = |(at, limit): (usize, &Limit)| limits.iter().take(at).any(|other| other.name == limit.name);
        match limits.iter().enumerate().find(|pair| twice(*pair)) {
            _ if limits.len() > LIMITS_MAX => Err(format!("there are more than {LIMITS_MAX} limits")),
            Some((_, limit)) => Err(format!("two limits are called {}", limit.name)),
            None => Ok(()),
        }
    });
    Some(LimitsSection {
        rates: RatesConfig {
            limits: limits?,
            retry_after: retry_after?,
            fields: fields_of(&fields?).ok()?,
            failures: failures?,
        },
        daily_caps: daily_caps?,
    })
}

/// One limit.
fn limit(text: &str) -> Result<Limit, String> {
    let wrong = |what: &str| format!("{text:?} is no limit: {what}; {FORM}");
    let (name, rule) = text.split_once('=').ok_or_else(|| wrong("it has no ="))?;
    let name =
        LimitName::new(name.trim()).ok_or_else(|| wrong("its name has other characters than letters, digits, _-."))?;
    let words: Vec<&str> = rule.split_whitespace().collect();
    let (count, kind, rest) = match words.as_slice() {
        ["bucket", count, "refill", refill, "per", time, rest @ ..] => {
            let refill = number(refill).map_err(|what| wrong(&what))?;
            let seconds = seconds(time).map_err(|what| wrong(&what))?;
            (count, LimitKind::Bucket { refill, seconds }, rest)
        }
        [count, "at", "once", rest @ ..] => (count, LimitKind::Concurrency, rest),
        [count, "per", window, rest @ ..] => {
            let seconds = seconds(window).map_err(|what| wrong(&what))?;
            (count, LimitKind::Window { seconds }, rest)
        }
        _ => return Err(wrong("it does not say how much")),
    };
    let count = number(count).map_err(|what| wrong(&what))?;
    let mut limit = Limit { name, subject: LimitSubject::Key, class: None, methods: LimitMethods::All, kind, count };
    let mut pairs = rest.chunks_exact(2);
    for pair in &mut pairs {
        match pair {
            ["by", "key"] => limit.subject = LimitSubject::Key,
            ["by", "account"] => limit.subject = LimitSubject::Account,
            ["by", "address"] => limit.subject = LimitSubject::Address,
            ["for", "reads"] => limit.methods = LimitMethods::Reads,
            ["for", "writes"] => limit.methods = LimitMethods::Writes,
            ["class", class] => {
                limit.class = Some(LimitClass::new(class).ok_or_else(|| wrong("its class is no name"))?);
            }
            other => return Err(wrong(&format!("{:?} is not understood", other.join(" ")))),
        }
    }
    if let [word, ..] = pairs.remainder() {
        return Err(wrong(&format!("{word:?} is not understood")));
    }
    Ok(limit)
}

/// One of the forms in which an answer says what is left (D30).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Form(RateForm),
    XRateLimit,
}

fn field(text: &str) -> Result<Field, String> {
    check::one_of(
        text,
        &[
            ("ratelimit", Field::Form(RateForm::Named)),
            ("ratelimit-limit", Field::Form(RateForm::Windows)),
            ("x-ratelimit", Field::XRateLimit),
        ],
    )
}

fn fields_of(list: &[Field]) -> Result<RateFields, String> {
    let mut forms = list.iter().filter_map(|field| match field {
        Field::Form(form) => Some(*form),
        Field::XRateLimit => None,
    });
    let form = forms.next().unwrap_or(RateForm::None);
    if forms.any(|other| other != form) {
        return Err("\"ratelimit\" and \"ratelimit-limit\" both write RateLimit-Policy: choose one".to_owned());
    }
    Ok(RateFields { form, x_ratelimit: list.contains(&Field::XRateLimit) })
}

/// `sms = 100`: so many requests of a channel a day.
fn daily_cap(text: &str) -> Result<DailyCap, String> {
    let wrong = |what: &str| format!("{text:?} is no daily cap: {what}; write CHANNEL = COUNT");
    let (channel, count) = text.split_once('=').ok_or_else(|| wrong("it has no ="))?;
    let channel = LimitName::new(channel.trim()).ok_or_else(|| wrong("its channel is no name"))?;
    Ok(DailyCap { channel, count: number(count.trim()).map_err(|what| wrong(&what))? })
}

/// `200 per 1h`, or `off`.
fn failures(text: &str) -> Result<Option<(u32, u32)>, String> {
    let wrong = || format!("{text:?} is neither \"off\" nor COUNT per TIME such as \"200 per 1h\"");
    if text == "off" {
        return Ok(None);
    }
    let (count, time) = text.split_once(" per ").ok_or_else(wrong)?;
    Ok(Some((number(count.trim())?, seconds(time.trim())?)))
}

fn number(text: &str) -> Result<u32, String> {
    let number = check::number(text, 1, u64::from(COUNT_MAX))?;
    u32::try_from(number).map_err(|_| format!("{text:?} is out of range"))
}

/// Whole seconds, up to a day.
fn seconds(text: &str) -> Result<u32, String> {
    let duration = check::duration(text)?;
    let whole = u32::try_from(duration.as_secs()).ok().filter(|s| *s >= 1 && *s <= WINDOW_MAX_SECS);
    let whole = whole.filter(|_| duration.subsec_nanos() == 0);
    whole.ok_or_else(|| format!("{text:?} is no time of whole seconds, from 1s to 24h"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d15_limits_are_read_as_people_say_them() {
        let get = limit("get = 60 per 60s for reads").unwrap();
        assert_eq!((get.name.as_str(), get.count, get.kind), ("get", 60, LimitKind::Window { seconds: 60 }));
        assert_eq!((get.subject, get.methods, get.class), (LimitSubject::Key, LimitMethods::Reads, None));
        let polled = limit("polled = bucket 200 refill 60 per 1m by account for reads class polling").unwrap();
        assert_eq!(polled.kind, LimitKind::Bucket { refill: 60, seconds: 60 });
        assert_eq!((polled.subject, polled.count), (LimitSubject::Account, 200));
        assert_eq!(polled.class, LimitClass::new("polling"));
        assert_eq!(limit("export = 1 at once by account").unwrap().kind, LimitKind::Concurrency);
        assert_eq!(limit("public = 60 per 1m by address").unwrap().subject, LimitSubject::Address);
        assert_eq!(daily_cap("sms = 100").unwrap().count, 100);
        assert_eq!((failures("200 per 1h"), failures("off")), (Ok(Some((200, 3_600))), Ok(None)));
    }

    #[test]
    fn d30_an_answer_has_one_form_of_the_policy() {
        let fields = |texts: &[&str]| texts.iter().map(|t| field(t)).collect::<Result<Vec<_>, _>>().unwrap();
        let named = RateFields { form: RateForm::Named, x_ratelimit: true };
        assert_eq!(fields_of(&fields(&["ratelimit", "x-ratelimit"])), Ok(named));
        let windows = RateFields { form: RateForm::Windows, x_ratelimit: false };
        assert_eq!(fields_of(&fields(&["ratelimit-limit"])), Ok(windows));
        assert_eq!(fields_of(&[]), Ok(RateFields { form: RateForm::None, x_ratelimit: false }));
        assert!(fields_of(&fields(&["ratelimit", "ratelimit-limit"])).unwrap_err().contains("choose one"));
        assert!(field("x-rate-limit").is_err());
    }

    #[test]
    fn what_is_no_limit_says_how_one_is_written() {
        for text in [
            "",
            "60 per 60s",
            "a b = 60 per 60s",
            "a = 0 per 60s",
            "a = 60",
            "a = 60 per 500ms",
            "a = 60 per 1500ms",
            "a = 60 per 25h",
            "a = 60 per 60s by company",
            "a = 60 per 60s for",
            "a = 60 per 60s class a/b",
            "a = bucket 5 per 60s",
            "a = -1 at once",
        ] {
            let told = limit(text).unwrap_err();
            assert!(told.contains("write NAME = COUNT per WINDOW"), "{told}");
        }
        for text in ["sms", "sms = x", "s m s = 5"] {
            assert!(daily_cap(text).is_err(), "{text}");
        }
        for text in ["", "200", "200 per", "x per 1h", "on"] {
            assert!(failures(text).is_err(), "{text}");
        }
    }
}

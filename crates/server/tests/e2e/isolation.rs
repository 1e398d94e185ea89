//! Isolation, at random: many keys of two accounts ask for everything of everybody (R91, R126, D9, D34).
//!
//! Owns:  the world (two accounts with three companies each), the requests, and the rules once more in straight lines.
//! Never: takes a rule from the product: `Ask::expected` is written from D9 alone.
//! Read:  `Ask::expected`, then the test.

mod world;

use serde_json::json;
use std::collections::BTreeSet;
use testkit::{
    Must, Reply,
    client::{Call, Connection, Wire, address_of},
};
use world::{COMPANIES, Caller, Company, May, World};

/// Requests in all, and the connections that share them. Each has callers of its own.
const REQUESTS: u64 = 10_000;
const CONNECTIONS: u64 = 4;
const STEP: usize = 4;
/// No object ever has this id.
const UNKNOWN: i64 = 2_000_000_000;

/// Numbers that look random and are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let sides = u64::try_from(sides).must("count sides");
        usize::try_from((mixed ^ (mixed >> 31)) % sides).must("fit")
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Companies,
    Invoices,
    Webhooks,
    Updates,
    Log,
    Company,
    CompanyByVat,
    Invoice,
    Payload,
    Webhook,
    InvoicesOf,
    UpdatesOf,
    /// The same filter twice, the first time for a company in reach.
    FilterTwice,
    /// The filter under another spelling.
    FilterSpelled,
    ChangeCompany,
    DeleteCompany,
    DeleteWebhook,
    AddWebhook,
    AddWebhookForAll,
    Nothing,
}

impl What {
    const ALL: [Self; 20] = [
        Self::Companies,
        Self::Invoices,
        Self::Webhooks,
        Self::Updates,
        Self::Log,
        Self::Company,
        Self::CompanyByVat,
        Self::Invoice,
        Self::Payload,
        Self::Webhook,
        Self::InvoicesOf,
        Self::UpdatesOf,
        Self::FilterTwice,
        Self::FilterSpelled,
        Self::ChangeCompany,
        Self::DeleteCompany,
        Self::DeleteWebhook,
        Self::AddWebhook,
        Self::AddWebhookForAll,
        Self::Nothing,
    ];

    const fn writes(self) -> bool {
        use What as W;
        matches!(self, W::ChangeCompany | W::DeleteCompany | W::DeleteWebhook | W::AddWebhook | W::AddWebhookForAll)
    }
}

/// One request: what, by whom, about which company; none is one that never was.
struct Ask<'w> {
    what: What,
    by: &'w Caller,
    about: Option<&'w Company>,
}

impl Ask<'_> {
    /// Whether the caller may see what it asks about.
    fn in_reach(&self) -> bool {
        self.about.is_some_and(|company| self.by.reaches(company))
    }

    /// The rules, in straight lines: an unusable key is 401; what no scope allows is 403; a restricted key that names a
    /// company beyond its set, or none where one must be named, is 403; what is not there for the caller is 404 (D9).
    fn expected(&self) -> u16 {
        use What as W;
        let restricted = self.by.only.is_some();
        if self.by.may == May::Nothing {
            return 401;
        }
        if self.what == W::Nothing {
            return 404;
        }
        if self.what.writes() && self.by.may != May::All {
            return 403;
        }
        match self.what {
            W::Companies | W::Invoices | W::Webhooks | W::Updates | W::Log => 200,
            W::Company if self.in_reach() => 200,
            W::Company | W::ChangeCompany | W::DeleteCompany => {
                if restricted {
                    403
                } else {
                    404
                }
            }
            W::CompanyByVat => match self.about {
                // Both accounts have companies with these numbers, so a number names the caller's own.
                Some(company) if self.by.only.as_ref().is_none_or(|only| only.contains(&company.number)) => 200,
                _ if restricted => 403,
                _ => 404,
            },
            W::Invoice | W::Payload | W::Webhook | W::InvoicesOf | W::UpdatesOf if self.in_reach() => 200,
            W::Invoice | W::Payload | W::Webhook | W::InvoicesOf | W::UpdatesOf | W::DeleteWebhook => 404,
            W::FilterTwice | W::FilterSpelled => 400,
            W::AddWebhook if self.in_reach() => 201,
            W::AddWebhookForAll if !restricted => 201,
            W::AddWebhook | W::AddWebhookForAll => 403,
            W::Nothing => 404,
        }
    }

    fn call(&self, gateway: &str) -> Call {
        use What as W;
        let id = |of: fn(&Company) -> i64| self.about.map_or(UNKNOWN, of);
        let company = id(|c| c.id);
        let vat = self.about.map_or("IT99999999999", |c| &c.vat);
        let own = self.by.companies.first().must("have a company").id;
        let (method, path) = match self.what {
            W::Companies => ("GET", "/company".to_owned()),
            W::Invoices => ("GET", "/send".to_owned()),
            W::Webhooks => ("GET", "/webhook?page_size=200".to_owned()),
            W::Updates => ("GET", "/update".to_owned()),
            W::Log => ("GET", "/log?page_size=20&sort=-id".to_owned()),
            W::Company => ("GET", format!("/company/{company}")),
            W::CompanyByVat => ("GET", format!("/company/{vat}")),
            W::Invoice => ("GET", format!("/send/{}", id(|c| c.invoice))),
            W::Payload => ("GET", format!("/send/{}/payload", id(|c| c.invoice))),
            W::Webhook => ("GET", format!("/webhook/{}", id(|c| c.webhook))),
            W::InvoicesOf => ("GET", format!("/send?company_id={company}")),
            W::UpdatesOf => ("GET", format!("/update?company_id={company}")),
            W::FilterTwice => ("GET", format!("/send?company_id={own}&company_id={company}")),
            W::FilterSpelled => ("GET", format!("/send?Company_ID={company}")),
            W::ChangeCompany => ("PUT", "/company".to_owned()),
            W::DeleteCompany => ("DELETE", format!("/company/{company}?force=true")),
            W::DeleteWebhook => ("DELETE", format!("/webhook/{}", id(|c| c.webhook))),
            W::AddWebhook | W::AddWebhookForAll => ("POST", "/webhook".to_owned()),
            W::Nothing => ("GET", "/nothing".to_owned()),
        };
        let mut call = Call::new(method, &format!("{gateway}/v1{path}"));
        if let Some(secret) = &self.by.secret {
            call = call.key(secret);
        }
        let description = if self.in_reach() { self.about.map_or("", |c| &c.mark) } else { "nobody's" };
        let url = "https://hooks.example.com/in";
        if self.what == W::ChangeCompany {
            return call.json(&json!({"id": company, "vat": vat, "fiscal_code": "123", "name": "Taken"}));
        }
        if self.what == W::AddWebhook {
            return call.json(&json!({"company_id": company, "url": url, "description": description}));
        }
        if self.what == W::AddWebhookForAll { call.json(&json!({"url": url})) } else { call }
    }

    /// Nobody else's mark is in the answer, and in a list those of all that the caller reaches.
    fn judge(&self, world: &World, reply: &Reply) {
        let told = String::from_utf8_lossy(&reply.body);
        let (what, by) = (self.what, &self.by.name);
        assert_eq!(reply.status, self.expected(), "{what:?} by {by} about {:?}: {told}", self.about);
        let seen: BTreeSet<&str> = world.marks().filter(|mark| told.contains(mark)).collect();
        let own: BTreeSet<&str> = self.by.reached().map(|company| company.mark.as_str()).collect();
        assert!(seen.is_subset(&own), "{what:?} by {by} shows {seen:?}, and {own:?} is its own");
        if matches!(what, What::Companies | What::Invoices | What::Webhooks) && reply.status == 200 {
            assert_eq!(seen, own, "{what:?} by {by}: {told}");
        }
    }
}

/// Asks at random on one connection, as these callers.
async fn ask(world: &World, callers: &[&Caller], requests: u64, seed: u64) -> [u64; 600] {
    let gateway = world.claviger.gateway();
    let mut connection = Connection::plain(address_of(&gateway), Wire::Http1).await;
    let mut dice = Dice(seed);
    let mut statuses = [0; 600];
    for _ in 0..requests {
        let by = callers[dice.roll(callers.len())];
        let mut what = What::ALL[dice.roll(What::ALL.len())];
        let about = world.companies.get(dice.roll(world.companies.len() + 1));
        let mut ask = Ask { what, by, about };
        // What would destroy the caller's own is not asked.
        if matches!(what, What::ChangeCompany | What::DeleteCompany | What::DeleteWebhook) && ask.in_reach() {
            what = What::Company;
            ask.what = what;
        }
        // A page holds so many of them.
        if matches!(what, What::AddWebhook | What::AddWebhookForAll) && ask.expected() == 201 && dice.roll(4) != 0 {
            ask.what = What::Webhooks;
        }
        let mut call = ask.call(&gateway);
        if dice.roll(4) == 0 {
            let forged = &world.companies[dice.roll(world.companies.len())];
            call = call.header("claviger-companies", &forged.company).header("claviger-account", &forged.account);
        }
        let reply = connection.send(call).await;
        ask.judge(world, &reply);
        statuses[usize::from(reply.status)] += 1;
    }
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn r8_r61_r91_ten_thousand_random_requests_are_answered_as_the_rules_say_and_show_nothing_foreign() {
    let world = World::start().await;
    let shares = (0..CONNECTIONS).map(|share| {
        let callers: Vec<&Caller> =
            (share..).step_by(STEP).map_while(|n| world.callers.get(usize::try_from(n).ok()?)).collect();
        let world = &world;
        async move { ask(world, &callers, REQUESTS / CONNECTIONS, 91 + share).await }
    });
    let mut total = [0_u64; 600];
    for statuses in world::together(shares).await {
        total.iter_mut().zip(statuses).for_each(|(sum, count)| *sum += count);
    }
    let counted: Vec<_> = total.iter().enumerate().filter(|(_, count)| **count > 0).collect();
    println!("two accounts, {COMPANIES} companies each: {counted:?}");
    for status in [200, 201, 400, 401, 403, 404] {
        assert!(total[status] > 20, "{status} hardly came: {counted:?}");
    }
    assert_eq!(total.iter().sum::<u64>(), REQUESTS);
    world.claviger.stop().await;
}

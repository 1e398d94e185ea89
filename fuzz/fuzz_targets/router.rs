//! Router: arbitrary catalogues and paths; what is found answers to the request, and nothing that answers is missed.
#![no_main]

use admission::path::canonical;
use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use model::{
    Audience, Catalogue, CompanyMode, HttpMethod, Idempotency, LimitClass, Operation, OperationId, Scope, Template,
    operation::{OtherBodies, Segment, ServedBy},
};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    templates: Vec<(u8, &'a str)>,
    method: u8,
    path: &'a [u8],
}

fn method(n: u8) -> HttpMethod {
    HttpMethod::ALL[usize::from(n) % HttpMethod::ALL.len()]
}

fn operation(index: usize, method: HttpMethod, template: Template) -> Operation {
    Operation {
        id: OperationId::new(&format!("op{index}")).unwrap(),
        method,
        template,
        audience: Audience::Key,
        scope: Scope::parse("a:read").unwrap(),
        company: CompanyMode::Account,
        class: LimitClass::default(),
        environment: None,
        other_bodies: OtherBodies::default(),
        idempotency: Idempotency::default(),
        channel: None,
        learn: None,
        callback: None,
        served_by: ServedBy::default(),
    }
}

/// Whether a template answers to a path, segment by segment.
fn answers(template: &Template, path: &[u8]) -> bool {
    let segments: Vec<&[u8]> = path[1..].split(|b| *b == b'/').collect();
    segments.len() == template.segments().len()
        && template.segments().iter().zip(segments).all(|(segment, text)| match segment {
            Segment::Literal(literal) => literal.as_bytes() == text,
            Segment::Param { prefix, kind, suffix, .. } => {
                text.len() >= prefix.len() + suffix.len()
                    && text.starts_with(prefix.as_bytes())
                    && text.ends_with(suffix.as_bytes())
                    && kind.accepts(&text[prefix.len()..text.len() - suffix.len()])
            }
        })
}

fuzz_target!(|input: Input<'_>| {
    let mut operations = Vec::new();
    for (n, text) in input.templates.iter().take(64) {
        let Ok(template) = Template::parse(text) else { continue };
        assert_eq!(Template::parse(&template.to_string()).as_ref(), Ok(&template), "it is written as it is read");
        operations.push(operation(operations.len(), method(*n), template));
    }
    let Ok(catalogue) = Catalogue::new(operations) else { return };
    let Ok(path) = canonical(input.path) else { return };
    let asked = method(input.method);
    let able = |method: HttpMethod| {
        catalogue.operations().iter().filter(move |o| o.method == method).any(|o| answers(&o.template, &path))
    };
    match catalogue.find(asked, &path) {
        Some(found) => {
            assert!(answers(&found.template, &path), "{} for {:?}", found.template, input.path);
            let fallback = asked == HttpMethod::Head && found.method == HttpMethod::Get && !able(HttpMethod::Head);
            assert!(found.method == asked || fallback);
        }
        None => assert!(!able(asked) && (asked != HttpMethod::Head || !able(HttpMethod::Get))),
    }
});

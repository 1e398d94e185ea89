//! Tests of the table of requirements: which names are found, what is refused, that the page stays the same.

use super::{
    Proofs, Run, Test, compare, dashboard_tests,
    list::{Id, List, Without},
    outcomes::{Key, Outcome, Outcomes},
    page, proofs, rust_tests, slips,
};

const FILE: &str = "crates/gateway/tests/it/cors.rs";

fn names(text: &str) -> Vec<String> {
    rust_tests::in_file(FILE, text).unwrap().into_iter().map(|test| test.title).collect()
}

fn ids(text: &str) -> Vec<String> {
    let tests = rust_tests::in_file(FILE, text).unwrap();
    tests.iter().flat_map(|test| test.ids.iter().map(ToString::to_string)).collect()
}

fn test(home: &str, name: &str) -> Test {
    let text = format!("#[test] fn {name}() {{}}");
    rust_tests::in_file(&format!("crates/{home}/src/a.rs"), &text).unwrap().remove(0)
}

fn list(text: &str) -> List {
    List::parse_some(text).unwrap()
}

#[test]
fn every_kind_of_test_is_found_with_its_whole_name() {
    let text = r#"
        #[test]
        fn r1_plain() {}
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn heavy_r2_d3_of_tokio() {}
        #[test]
        #[should_panic(expected = "r4_")]
        // A comment between.
        /// And a document.
        pub(crate) fn r5_more_attributes() {}
        #[cfg(test)]
        mod tests {
            mod inner {
                #[test]
                fn d6_deep() {}
            }
            proptest! {
                #![proptest_config(ProptestConfig::with_cases(1))]
                #[test]
                fn d7_of_proptest(seed: u64, at in 0usize..52) { prop_assert!(at < 52); }
            }
            #[test]
            fn d8_behind_a_module() {}
        }
    "#;
    let wanted = [
        "r1_plain",
        "heavy_r2_d3_of_tokio",
        "r5_more_attributes",
        "tests::inner::d6_deep",
        "tests::d7_of_proptest",
        "tests::d8_behind_a_module",
    ];
    assert_eq!(names(text), wanted.map(|name| format!("gateway::it::cors::{name}")));
}

#[test]
fn what_only_looks_like_a_test_is_none() {
    let text = r##"
        // #[test] fn r1_in_a_comment() {}
        /* #[test] /* nested */ fn r2_in_a_comment() {} */
        /// #[test]
        /// fn r3_in_a_document() {}
        fn r4_is_no_test() {
            let text = "#[test] fn r5_in_a_text() {}";
            let raw = r#"#[test] fn r6_in_a_raw_text() {}"#;
            let byte = ('"', b'\'', "#[test] fn r7() {}");
        }
        #[cfg(test)]
        fn r8_helps_tests() {}
        #[test]
        const R9: u8 = 1;
        fn r9_behind_something_else() {}
        struct R10<'a>(&'a str);
        #[bench]
        fn r11_is_a_benchmark() {}
        #[doc = "#[test]"]
        fn r12_has_a_document() {}
        #[test]
        fn names_nothing() {}
    "##;
    assert_eq!(names(text), [""; 0]);
}

#[test]
fn an_id_is_a_whole_word_of_the_name() {
    let one = |name: &str| ids(&format!("#[test] fn {name}() {{}}"));
    assert_eq!(one("r127_r128_both"), ["R127", "R128"]);
    assert_eq!(one("d10_d11_r81_at_the_end_r82"), ["R81", "R82", "D10", "D11"]);
    assert_eq!(one("d7_a_new_key_is_read_only_and_r26_a_pair"), ["R26", "D7"]);
    for none in ["rfc9110_dates", "read2_times", "http2_is_translated", "r_and_d_", "xr1_a", "r1x_a", "invariant10_a"] {
        assert_eq!(one(none), [""; 0], "{none}");
    }
}

#[test]
fn the_place_of_a_file_is_that_of_cargo_and_of_the_report() {
    for (path, title, program) in [
        ("crates/model/src/key.rs", "model::key::tests::r1_a", "model"),
        ("crates/model/src/lib.rs", "model::tests::r1_a", "model"),
        ("crates/limits/src/tests.rs", "limits::tests::tests::r1_a", "limits"),
        ("crates/server/src/tls/tests.rs", "server::tls::tests::tests::r1_a", "server::bin/claviger"),
        ("crates/server/tests/e2e/main.rs", "server::e2e::tests::r1_a", "server::e2e"),
        ("crates/server/tests/e2e/isolation/world.rs", "server::e2e::isolation::world::tests::r1_a", "server::e2e"),
        ("crates/dashboard/tests/files.rs", "dashboard::files::tests::r1_a", "dashboard::files"),
        ("xtask/src/tidy.rs", "xtask::tidy::tests::r1_a", "xtask::bin/xtask"),
    ] {
        let found = rust_tests::in_file(path, "mod tests { #[test] fn r1_a() {} }").unwrap();
        assert_eq!(found[0].title, title);
        let home = program.split("::bin").next().unwrap();
        let reported = title.strip_prefix(home).unwrap().trim_start_matches("::");
        assert_eq!(found[0].key, Key::new(program, reported));
    }
    assert!(rust_tests::in_file("crates/a/src/a.rs", "fn {").is_err(), "a file that is no Rust is said to be none");
}

#[test]
fn titles_of_the_dashboard_name_requirements_in_brackets() {
    let text = "
describe('a key (R1)', () => {
  it('is never empty (D9)', () => {
  test(\"reads everything (R30, R31)\", async () => expect(1).toBe(1));
  // it('is a comment (R2)', () => {
  it('is about r3 and nothing else', () => {});
  const it2 = exit('not one (R4)');
  it(name, () => {});
";
    let found = dashboard_tests::in_file("crates/dashboard/web/src/pages/a.test.ts", text);
    let told: Vec<String> = found
        .iter()
        .map(|test| format!("{}: {:?}", test.title, test.ids.iter().map(Id::to_string).collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        told,
        ["dashboard: is never empty (D9): [\"D9\"]", "dashboard: reads everything (R30, R31): [\"R30\", \"R31\"]"]
    );
    assert_eq!(found[0].key, Key::new("src/pages/a.test.ts", "a draft > is never empty (D9)"));
}

#[test]
fn a_report_says_what_passed_and_what_failed() {
    let report = r#"<?xml version="1.0"?><testsuites><testsuite name="server::bin/claviger" time="1.2">
        <testcase name="tls::tests::r63_a" classname="server::bin/claviger" time="0.1"/>
        <testcase name="tls::tests::r63_b" classname="server::bin/claviger"><failure type="x">a &lt; b</failure></testcase>
        <testcase name="r1" classname="model"><system-out>failure</system-out></testcase>
        <testcase name="r2" classname="model"><system-out>test r2 ... SKIPPED: X is not set; &quot;</system-out></testcase></testsuite>
        <testsuite><testcase classname="src/a.test.ts" name="a key &gt; is &quot;one&quot; (R2)"></testcase>
        <testcase classname="src/a.test.ts" name="left out (R3)"><skipped/></testcase></testsuite></testsuites>"#;
    let mut outcomes = Outcomes::default();
    outcomes.add(report).unwrap();
    let of = |program: &str, name: &str| outcomes.of(&Key::new(program, name));
    assert_eq!(of("server", "tls::tests::r63_a"), Some(Outcome::Passed));
    assert_eq!(of("server", "tls::tests::r63_b"), Some(Outcome::Failed));
    assert_eq!(of("model", "r1"), Some(Outcome::Passed));
    assert_eq!(of("src/a.test.ts", "is \"one\" (R2)"), Some(Outcome::Passed));
    assert_eq!(of("src/a.test.ts", "left out (R3)"), None);
    assert_eq!(of("model", "r63_a"), None);
    assert_eq!(of("model", "r2"), Some(Outcome::Passed));
    let left_out = ["r1", "r2"].map(|name| outcomes.is_left_out(&Key::new("model", name)));
    assert_eq!(left_out, [false, true]);
}

#[test]
fn a_test_on_several_engines_passed_when_it_passed_on_all() {
    let mut outcomes = Outcomes::default();
    for (engine, failure) in [("sqlite", ""), ("postgres", "<failure/>")] {
        let case =
            |name: &str, inner: &str| format!("<testcase classname='i::it' name='{engine}::{name}'>{inner}</testcase>");
        outcomes.add(&format!("{}{}", case("a::r1_x", ""), case("a::r1_y", failure))).unwrap();
    }
    let of = |name: &str| outcomes.of(&Key::new("i::it", name));
    assert_eq!([of("a::r1_x"), of("a::r1_y")], [Some(Outcome::Passed), Some(Outcome::Failed)]);
}

#[test]
fn the_list_has_each_requirement_once_in_few_words() {
    let refused = |text: &str| format!("{:#}", List::parse_some(text).map(|_| ()).unwrap_err());
    assert!(refused("[A]\nR1 = 'a'\n[B]\nR1 = 'b'").contains("R1 is there twice"));
    assert!(refused("[A]\nR1 = 'one two three four five six seven eight nine ten eleven'").contains("11"));
    assert!(refused("[A]\nR01 = 'a'").contains("`R01` is no id"));
    assert!(refused("[A]\nX1 = 'a'").contains("`X1` is no id"));
    assert!(refused("[A]\nR1 = { title = 'a', latter = 'b' }").contains("R1"));
    assert!(refused("[A]\nR1 = { title = 'a', later = 'b', pending = 'c' }").contains("one of"));
    assert!(refused("R1 = 'a'").contains("is no area"));
    let read = list("[A]\nD2 = { title = 'b', later = 'c' }\nR10 = 'a'\nR9 = 'c'");
    let all: Vec<String> = read.entries().map(|(id, _)| id.to_string()).collect();
    assert_eq!(all, ["R9", "R10", "D2"]);
    assert_eq!(read.entries().last().unwrap().1.without, Some(Without::Later("c".into())));
}

#[test]
fn the_committed_list_is_whole() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    assert_eq!(List::read(root).unwrap().entries().count(), 192);
}

#[test]
fn a_test_of_nothing_and_a_requirement_without_a_test_are_slips() {
    let list = list(
        "[A]\nR1 = 'proven'\nR2 = 'not proven'\nR3 = { title = 'a', later = 'b' }\nR4 = { title = 'a', pending = 'b' }\n\
         R5 = { title = 'a', explained = 'b' }\nR6 = { title = 'a', explained = 'b' }\nR7 = { title = 'a', later = 'b' }",
    );
    let tests = [test("model", "r1_r6_r7_a"), test("model", "r1_r999_b")];
    let found = slips(&list, &tests, &proofs(&tests));
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].contains("`model::a::r1_r999_b` names R999, which is not in"), "{}", found[0]);
    assert!(found[1].starts_with("R2 (not proven): no test names it") && found[1].contains("`r2_...`"), "{}", found[1]);
    assert!(found[2].starts_with("R6: a test names it; take `explained` out"), "{}", found[2]);
    assert_eq!(list.waiting().map(|(id, why)| format!("{id} {why}")).collect::<Vec<_>>(), ["R4 b"]);
}

#[test]
fn a_page_that_differs_is_shown_with_what_to_do() {
    let run = |page: &str, missing| Run { page: page.to_owned(), missing };
    compare("a\nb\n", &run("a\nb\n", 1)).unwrap();
    let said = compare("a\nold\n", &run("a\nnew\n", 0)).unwrap_err().to_string();
    assert!(said.contains("give: cargo xtask requirements --write, then"), "{said}");
    assert!(said.ends_with("- old\n+ new\n"), "{said}");
    let said = compare("a\nold\n", &run("a\nnew\n", 1)).unwrap_err().to_string();
    assert!(said.contains("give: cargo nextest run --workspace, cargo xtask requirements --write, then"), "{said}");
}

fn row(proofs: &Proofs<'_>, outcomes: &Outcomes, entry: &str) -> String {
    let page = page::render(&list(&format!("[A]\nR1 = {entry}")), proofs, outcomes);
    page.lines().last().unwrap().to_owned()
}

#[test]
fn a_row_says_the_tests_and_how_they_ended() {
    let tests = [test("model", "r1_a"), test("store", "r1_b")];
    let mut outcomes = Outcomes::default();
    let (none, all) = (Proofs::new(), proofs(&tests));
    assert_eq!(row(&none, &outcomes, "{ title = 't', later = 'seats' }"), "| R1 | t |  | later: seats |");
    assert_eq!(row(&none, &outcomes, "{ title = 't', pending = 'soon' }"), "| R1 | t |  | waiting: soon |");
    let links = "[`model::a::r1_a`](../../crates/model/src/a.rs)<br>[`store::a::r1_b`](../../crates/store/src/a.rs)";
    assert_eq!(row(&all, &outcomes, "'t'"), format!("| R1 | t | {links} | 2 of 2 not run |"));
    outcomes.add("<testcase classname='model' name='a::r1_a' time='1.5'/>").unwrap();
    assert_eq!(row(&all, &outcomes, "'t'"), format!("| R1 | t | {links} | 1 of 2 not run |"));
    outcomes.add("<testcase classname='store' name='a::r1_b'><failure/></testcase>").unwrap();
    assert_eq!(row(&all, &outcomes, "'t'"), format!("| R1 | t | {links} | 1 of 2 failed |"));
    let mut outcomes = Outcomes::default();
    outcomes.add("<testcase classname='model' name='a::r1_a'/><testcase classname='store' name='a::r1_b'/>").unwrap();
    assert_eq!(row(&all, &outcomes, "'t'"), format!("| R1 | t | {links} | passed |"));
    let later = row(&all, &outcomes, "{ title = 't', later = 'the rest' }");
    assert_eq!(later, format!("| R1 | t | {links} | passed; later: the rest |"));
}

#[test]
fn of_many_tests_each_crate_has_its_first_one_shown() {
    let mut tests: Vec<Test> = (0..8).map(|n| test("admission", &format!("r1_a{n}"))).collect();
    tests.extend([test("store", "r1_y"), test("gateway", "r1_z"), test("gateway", "r1_x")]);
    tests.sort();
    let all: Vec<&Test> = tests.iter().collect();
    let shown: Vec<&str> = page::chosen(&all).iter().map(|test| test.title.as_str()).collect();
    assert_eq!(
        shown,
        [
            "admission::a::r1_a0",
            "admission::a::r1_a1",
            "admission::a::r1_a2",
            "admission::a::r1_a3",
            "gateway::a::r1_x",
            "store::a::r1_y"
        ]
    );
    let text = row(&proofs(&tests), &Outcomes::default(), "'t'");
    assert!(text.contains("<br>11 in all | 11 of 11 not run |"), "{text}");
}

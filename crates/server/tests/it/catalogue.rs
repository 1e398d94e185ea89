//! Catalogues from the command line.

use crate::run::Folder;

const DESCRIPTION: &str = r"
openapi: 3.0.4
info: {title: Small, version: '1'}
paths:
  /company:
    get: {tags: [company], responses: {'200': {description: OK}}}
  /send:
    post: {tags: [send], responses: {'200': {description: OK}}}
";

fn folder() -> Folder {
    Folder::new().with("openapi.yml", DESCRIPTION)
}

#[test]
fn d7_an_import_is_drafted_reviewed_and_never_overwritten_unasked() {
    let folder = folder();
    let import = ["catalogue", "import", "openapi.yml", "--prefix", "/v1", "-o", "catalogue.toml"];
    let said = folder.run(&import);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{}", said.err);
    assert!(said.err.contains("2 operations under /v1"), "{}", said.err);
    let first = std::fs::read_to_string(folder.path().join("catalogue.toml")).unwrap();
    assert!(first.contains("path = \"/v1/company\""), "{first}");
    let said = folder.run(&import);
    assert!(said.code == 1 && said.err.contains("--force"), "{}", said.err);
    let said = folder.run(&[&import[..], &["--force", "--send", "POST /send"]].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    let second = std::fs::read_to_string(folder.path().join("catalogue.toml")).unwrap();
    assert!(second.contains("send:send"), "{second}");
    assert_eq!(folder.run(&["catalogue", "check"]).code, 0);
    let said = folder.run(&["catalogue", "import", "openapi.yml", "--json"]);
    let draft: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert!(draft["operations"] == 2 && draft["catalogue"].as_str().unwrap().contains("[[operation]]"));
}

#[test]
fn problems_of_a_catalogue_are_told_with_their_place() {
    let folder = folder().with("catalogue.toml", "[[operation]]\nid = \"x\"\nunknown = true\n");
    let said = folder.run(&["catalogue", "check"]);
    assert_eq!(said.code, 3);
    assert!(said.err.contains("catalogue.toml:3:1"), "{}", said.err);
    let said = folder.run(&["catalogue", "import", "openapi.yml", "--send", "SEND /x"]);
    assert!(said.code == 2 && said.err.contains("for example"), "{}", said.err);
}

#[test]
fn d7_what_a_description_has_and_a_catalogue_lacks_is_unmapped() {
    let folder = folder();
    let import =
        ["catalogue", "import", "openapi.yml", "--prefix", "/v1", "-o", "catalogue.toml", "--ignore", "POST /send"];
    assert_eq!(folder.run(&import).code, 0);
    let check = ["catalogue", "check", "catalogue.toml", "--against", "openapi.yml", "--prefix", "/v1"];
    let said = folder.run(&check);
    assert!(said.code == 3 && said.out.contains("POST /v1/send"), "{}{}", said.out, said.err);
    assert_eq!(folder.run(&[&check[..], &["--ignore", "POST /send"]].concat()).code, 0);
}

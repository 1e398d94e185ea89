//! Heads by the table: what is plain, what is left to hyper, what nobody may send.

use super::*;
use proptest::prelude::*;

const HEAD_MAX: usize = 1024;
const HEADERS_MAX: usize = 8;

fn read(text: &[u8]) -> (Head, BytesMut) {
    let mut buffer = BytesMut::from(text);
    let head = HeadReader::new(HEAD_MAX, HEADERS_MAX).read(&mut buffer);
    (head, buffer)
}

fn kind(text: &str) -> &'static str {
    let (head, rest) = read(text.as_bytes());
    match head {
        Head::Plain(_) => "plain",
        Head::More { .. } => "more",
        Head::Unusual => {
            assert_eq!(rest, text.as_bytes(), "whoever reads it instead reads all of it");
            "unusual"
        }
        Head::Refused => "refused",
    }
}

#[test]
fn a_plain_head_is_taken_off_and_what_follows_stays() {
    let text = "POST /v1/thing?x=%41 HTTP/1.1\r\nHost: api\r\nX-API-Key:  sk \r\nX-Api-Key: other\r\nContent-Length: 3\r\nConnection: Close\r\n\r\nabcGET";
    let (Head::Plain(parsed), rest) = read(text.as_bytes()) else { panic!("plain") };
    assert_eq!((parsed.length, parsed.close), (3, true));
    let (parts, ()) = parsed.request.into_parts();
    assert_eq!((parts.method, parts.uri.to_string()), (Method::POST, "/v1/thing?x=%41".to_owned()));
    assert_eq!(parts.version, http::Version::HTTP_11);
    let keys: Vec<_> = parts.headers.get_all("x-api-key").iter().collect();
    assert_eq!(keys, ["sk", "other"]);
    assert_eq!(parts.headers["host"], "api");
    assert_eq!(rest, "abcGET");
}

#[test]
fn d42_what_two_readers_could_frame_differently_is_refused() {
    for field in [
        "Content-Length: 3\r\nContent-Length: 3",
        "Content-Length: 3\r\nContent-Length: 4",
        "Content-Length: 3, 3",
        "Content-Length: +3",
        "Content-Length: -3",
        "Content-Length: 0x3",
        "Content-Length: ",
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 3",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: cow",
        "Transfer-Encoding: \"chunked\"",
        // The order of the fields changes nothing.
        "Expect: 100-continue\r\nContent-Length: 3\r\nContent-Length: 3",
        "X: 1\nY: 2",
    ] {
        assert_eq!(kind(&format!("POST / HTTP/1.1\r\nHost: api\r\n{field}\r\n\r\n")), "refused", "{field}");
    }
    for text in ["GET / HTTP/1.1\nHost: api\n\n", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nHost: api\r\n\n", "GET /\n"] {
        assert_eq!(kind(text), "refused", "{text:?}");
    }
}

#[test]
fn what_is_not_plain_is_left_whole() {
    for head in [
        "GET / HTTP/1.0\r\nHost: api\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: api\r\n\r\n",
        "GET http://api/ HTTP/1.1\r\nHost: api\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: api\r\n\r\n",
        "CONNECT api:443 HTTP/1.1\r\nHost: api\r\n\r\n",
        "TRACE / HTTP/1.1\r\nHost: api\r\n\r\n",
        "GE T / HTTP/1.1\r\nHost: api\r\n\r\n",
        "get / HTTP/1.1\r\nHost: api\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: api\r\n\r\n",
        "GET /a#b HTTP/1.1\r\nHost: api\r\n\r\n",
        "GET /\u{e9} HTTP/1.1\r\nHost: api\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: api\r\n\r\n",
        "\u{16}\u{3}\u{1}",
        "GET / HTTP/1.1\r\nX-Folded: one\r\n two\r\n\r\n",
        "GET / HTTP/1.1\r\nX-Space : one\r\n\r\n",
        "GET / HTTP/1.1\r\n Space: one\r\n\r\n",
        "GET / HTTP/1.1\r\nX-Nul: a\0b\r\n\r\n",
        "GET / HTTP/1.1\r\nX-Cr: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\n: value\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
        "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nConnection: close, x-named\r\n\r\n",
        "GET / HTTP/1.1\r\nTE: trailers\r\n\r\n",
    ] {
        assert_eq!(kind(head), "unusual", "{head:?}");
    }
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(HEADERS_MAX));
    assert_eq!(kind(&many), "plain");
    assert_eq!(kind(&many.replacen("a: b\r\n", "a: b\r\na: b\r\n", 1)), "unusual", "one field too many");
    assert_eq!(kind(&format!("GET / HTTP/1.1\r\na: {}", "b".repeat(HEAD_MAX))), "unusual", "too long without an end");
    assert_eq!(kind(&format!("GET / HTTP/1.1\r\na: {}\r\n\r\n", "b".repeat(HEAD_MAX))), "unusual", "too long");
}

proptest! {
    #[test]
    fn pieces_are_read_as_the_whole(pieces in proptest::collection::vec("[GET /HP1.:\r\nab]{0,12}", 0..6), size in 1_usize..7) {
        let text = format!("GET /{}", pieces.concat());
        let (whole, _) = read(text.as_bytes());
        let mut reader = HeadReader::new(HEAD_MAX, HEADERS_MAX);
        let mut buffer = BytesMut::new();
        let mut found = Head::More { begun: false };
        for piece in text.as_bytes().chunks(size) {
            buffer.extend_from_slice(piece);
            found = reader.read(&mut buffer);
            if !matches!(found, Head::More { .. }) {
                break;
            }
        }
        prop_assert_eq!(std::mem::discriminant(&whole), std::mem::discriminant(&found));
    }
}

const PARTS: &str = "(GET|HEAD|POST|PRI|OPTIONS|G T) (/|/v1\\?a=b|\\*|http://a/|/\u{e9})( HTTP/1\\.[01])?";
const FIELD: &str = "(Host: a|X-API-Key: k|Content-Length: [0-9+, ]{0,3}|Transfer-Encoding: (chunked|gzip, chunked)|Connection: (close|keep-alive|te)|TE: trailers|Expect: x|A : b|A:\t b \t| c|A: \u{1}|:|A: \u{fc})";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The fuzz target's promises, on what a generator comes up with.
    #[test]
    fn what_is_taken_is_taken_alike_by_httparse(
        line in PARTS,
        fields in proptest::collection::vec((FIELD, "(\r\n){1,2}|\n|\r"), 0..6),
        end in "\r\n|\n|\r\n\r\nabc|",
        piece in 0_u8..40,
    ) {
        let fields: String = fields.iter().map(|(field, end)| format!("{field}{end}")).collect();
        let mut input = vec![piece];
        input.extend_from_slice(format!("{line}\r\n{fields}{end}").as_bytes());
        crate::fuzz::http1_head(&input);
    }
}

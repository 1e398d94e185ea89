//! Body: what a request carries, bounded and of the stated kind.
//!
//! Owns:  reading bodies (JSON, XML, multipart) and writing JSON answers.
//! Never: reads more than its bound, or guesses a content type.
//! Read:  top down.

use crate::problem::{Code, Problem};
use axum::{body::Body, extract::Request, response::Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyDataStream, BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes};
use multer::{Constraints, Multipart, SizeLimit};
use serde::{Serialize, de::DeserializeOwned};

/// Bytes of any body: an invoice of the largest size in base64, and its record around it.
const BODY_MAX: usize = 8 * 1024 * 1024;
/// The one field of an upload.
const FILE_FIELD: &str = "file";

/// The kinds of body that this API reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Json,
    Xml,
    Csv,
}

impl Kind {
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["application/json"],
            Self::Xml => &["application/xml", "text/xml"],
            Self::Csv => &["text/csv"],
        }
    }
}

/// A file that was uploaded.
pub(crate) struct Upload {
    pub(crate) name: Option<String>,
    pub(crate) bytes: Bytes,
}

/// The media type without its parameters, in lower case.
fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Reads a body of this kind to its end.
pub(crate) async fn read(request: Request, kind: Kind) -> Result<Bytes, Problem> {
    let found = media_type(request.headers());
    if !kind.names().contains(&found.as_str()) {
        let wanted = kind.names().join(" or ");
        return Err(Problem::new(Code::MediaType, format!("This operation takes {wanted} as its content type.")));
    }
    read_any(request).await
}

async fn read_any(request: Request) -> Result<Bytes, Problem> {
    if request.headers().contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::new(Code::MediaType, "Bodies are taken without a content encoding."));
    }
    match Limited::new(request.into_body(), BODY_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Problem::new(Code::BodyTooLarge, format!("The body is larger than {} MB.", BODY_MAX / 1024 / 1024)))
        }
        Err(_) => Err(Problem::new(Code::BadBody, "The body broke off before its end.")),
    }
}

/// Reads a JSON body.
pub(crate) async fn read_json<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    let bytes = read(request, Kind::Json).await?;
    // The reader would also take an array for an object, by the order of its members.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::new(Code::BadBody, "The body does not fit: a JSON object is wanted, not an array."));
    }
    // The error names members and places, never more of the body than the member that surprised it.
    serde_json::from_slice(&bytes)
        .map_err(|error| Problem::new(Code::BadBody, format!("The body does not fit: {error}.")))
}

/// Reads a JSON body, or none where none was sent.
pub(crate) async fn read_json_or_nothing<T: DeserializeOwned>(request: Request) -> Result<Option<T>, Problem> {
    if request.body().is_end_stream() { Ok(None) } else { read_json(request).await.map(Some) }
}

/// Reads a table: as it is, or as the one file of a form.
pub(crate) async fn read_table(request: Request) -> Result<Bytes, Problem> {
    if media_type(request.headers()) == "multipart/form-data" {
        return Ok(read_upload(request).await?.bytes);
    }
    read(request, Kind::Csv).await
}

/// Reads the one file of a form.
pub(crate) async fn read_upload(request: Request) -> Result<Upload, Problem> {
    let broken = || Problem::new(Code::BadBody, "The body is not a form with one file in the field `file`.");
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = content_type.and_then(|value| multer::parse_boundary(value).ok()).ok_or_else(|| {
        Problem::new(Code::MediaType, "This operation takes multipart/form-data with one file in the field `file`.")
    })?;
    let bytes = read_any(request).await?;
    let limit = SizeLimit::new().whole_stream(BODY_MAX as u64);
    let stream = BodyDataStream::new(Full::new(bytes));
    let mut form = Multipart::with_constraints(stream, boundary, Constraints::new().size_limit(limit));
    let field =
        form.next_field().await.ok().flatten().filter(|field| field.name() == Some(FILE_FIELD)).ok_or_else(broken)?;
    let name = field.file_name().map(str::to_owned);
    let bytes = field.bytes().await.map_err(|_| broken())?;
    if form.next_field().await.map_err(|_| broken())?.is_some() {
        return Err(broken());
    }
    Ok(Upload { name, bytes })
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Result<Response, Problem> {
    let text = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "invoicing: an answer could not be written");
        Problem::new(Code::Internal, "The answer could not be written. The cause is in the server's log.")
    })?;
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

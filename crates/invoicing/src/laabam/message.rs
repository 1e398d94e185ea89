//! Messages: `/v1/messaging/{company}/...`.
//!
//! Owns:  what a message of each channel may say.
//! Never: counts or limits messages: that is the gateway's (R79, R80).
//! Read:  `send`.

use super::{many, new_id, one, pager, parameters};
use crate::{
    body, field,
    ledger::{
        Moment,
        laabam::{
            Books,
            message::{MessageRow, ORDERS, Words},
        },
    },
    problem::{Code, Problem},
    serve::App,
};
use axum::{
    extract::{RawQuery, Request, State},
    response::Response,
};
use http::StatusCode;
use serde::Deserialize;

/// Characters of a text message (ten parts), a chat message, a letter, its subject and a reference.
const SMS_MAX: usize = 1_530;
const WHATSAPP_MAX: usize = 4_096;
const EMAIL_MAX: usize = 100_000;
const SUBJECT_MAX: usize = 200;
const REFERENCE_MAX: usize = 64;

/// How a message travels.
#[derive(Clone, Copy)]
enum Channel {
    Sms,
    Whatsapp,
    Email,
}

impl Channel {
    const ALL: [Self; 3] = [Self::Sms, Self::Whatsapp, Self::Email];

    const fn name(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Whatsapp => "whatsapp",
            Self::Email => "email",
        }
    }

    const fn text_max(self) -> usize {
        match self {
            Self::Sms => SMS_MAX,
            Self::Whatsapp => WHATSAPP_MAX,
            Self::Email => EMAIL_MAX,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageBody {
    to: String,
    subject: Option<String>,
    text: String,
    reference: Option<String>,
}

pub(super) async fn list(books: Books, RawQuery(raw): RawQuery) -> Result<Response, Problem> {
    let query = parameters(raw.as_deref(), &["channel", "reference"])?;
    let channel = query.read("channel", "one of sms, whatsapp, email", |text| {
        Channel::ALL.into_iter().map(Channel::name).find(|name| *name == text)
    })?;
    many(&books.messages(&pager(&query, &ORDERS)?, channel, query.text("reference")).await?)
}

pub(super) async fn sms(app: State<App>, books: Books, request: Request) -> Result<Response, Problem> {
    send(app, books, request, Channel::Sms).await
}

pub(super) async fn whatsapp(app: State<App>, books: Books, request: Request) -> Result<Response, Problem> {
    send(app, books, request, Channel::Whatsapp).await
}

pub(super) async fn email(app: State<App>, books: Books, request: Request) -> Result<Response, Problem> {
    send(app, books, request, Channel::Email).await
}

async fn send(State(app): State<App>, books: Books, request: Request, channel: Channel) -> Result<Response, Problem> {
    let body: MessageBody = body::read_json(request).await?;
    let subject = match (channel, &body.subject) {
        (Channel::Email, Some(subject)) => Some(field::text("subject", subject, SUBJECT_MAX)?),
        (Channel::Email, None) => return Err(Problem::invalid_record("`subject` is missing.")),
        (Channel::Sms | Channel::Whatsapp, Some(_)) => {
            return Err(Problem::invalid_record("`subject` is a member of e-mail messages only."));
        }
        (Channel::Sms | Channel::Whatsapp, None) => None,
    };
    let (reaches, wanted) = match channel {
        Channel::Email => (field::is_email(&body.to), "an e-mail address"),
        Channel::Sms | Channel::Whatsapp => {
            (field::is_phone(&body.to), "a number with its country, such as +393331234567")
        }
    };
    if !reaches {
        return Err(Problem::invalid_record(format!("`to` is not {wanted}.")));
    }
    let text = field::lines("text", &body.text, channel.text_max())?;
    let now = (app.clock)();
    let row = MessageRow {
        id: new_id(&app, "msg", now),
        channel: channel.name().to_owned(),
        status: "sent".to_owned(),
        recipient: body.to,
        reference: field::optional_text("reference", body.reference.as_deref(), REFERENCE_MAX)?,
        created: Moment(now),
    };
    if !books.store_message(&row, &Words { subject, text }).await? {
        return Err(Problem::new(Code::AlreadyExists, "The company has another message with this `reference`."));
    }
    one(StatusCode::ACCEPTED, &row)
}

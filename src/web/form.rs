//! What a browser sends with a form: bounded, timed, read once; and what a refusal
//! of it looks like.

use super::speech::Speech;
use super::{layout, visitor};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use qunliao_actors::admission::Network;
use qunliao_actors::{Limits, passwords};
use qunliao_protocol::Failure;
use serde::de::DeserializeOwned;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// The body of a form.
const BODY_BYTES_MAX: usize = 8 << 10;
/// How long the answer to it may take: passwords may have to queue.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads a form, which may take as long as a frame.
///
/// # Errors
/// The page that says what is wrong with it.
pub(super) async fn read<T: DeserializeOwned>(
    request: &HttpRequest,
    body: web::Payload,
    limits: &Limits,
    speech: Speech,
) -> Result<T, HttpResponse> {
    let refuse = |status| layout::dead_end(status, speech, &layout::broken(speech));
    let media_type = request.headers().get(CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    let essence = media_type.and_then(|value| value.split(';').next());
    if essence.map(str::trim) != Some("application/x-www-form-urlencoded") {
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let body = tokio::time::timeout(
        limits.frame_timeout(),
        body.to_bytes_limited(BODY_BYTES_MAX),
    );
    let body = match body.await {
        Ok(Ok(Ok(body))) => body,
        Ok(Ok(Err(_))) => return Err(refuse(StatusCode::BAD_REQUEST)),
        Ok(Err(_)) => return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE)),
        Err(_) => return Err(refuse(StatusCode::REQUEST_TIMEOUT)),
    };
    let text = std::str::from_utf8(&body).ok();
    match text.and_then(|text| web::Query::<T>::from_query(text).ok()) {
        Some(form) => Ok(form.into_inner()),
        None => Err(refuse(StatusCode::BAD_REQUEST)),
    }
}

/// Who asks, as limits count it.
pub(super) fn network(request: &HttpRequest) -> Network {
    let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    Network::of(visitor::address(request).unwrap_or(nowhere))
}

/// A field of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    Password,
    PasswordAgain,
    Phone,
    Email,
    Code,
}

/// Why a form was not accepted.
pub(super) struct Fault {
    /// The field that is at fault, if one is.
    pub(super) field: Option<Field>,
    /// What is wrong, and what to do.
    pub(super) sentence: String,
    pub(super) status: StatusCode,
    /// Seconds after which to try again.
    pub(super) retry_after: Option<u32>,
}

impl Fault {
    /// Of one field.
    pub(super) fn of(field: Field, sentence: &str) -> Self {
        Self {
            field: Some(field),
            sentence: sentence.to_owned(),
            status: StatusCode::UNPROCESSABLE_ENTITY,
            retry_after: None,
        }
    }

    /// What the registry found.
    pub(super) fn from_failure(failure: &Failure, speech: Speech) -> Self {
        let field = match failure {
            Failure::NameTaken | Failure::InvalidName(_) => Some(Field::Name),
            Failure::WeakPassword(_) => Some(Field::Password),
            Failure::BadPhone | Failure::PhoneTaken => Some(Field::Phone),
            Failure::BadEmail | Failure::EmailTaken => Some(Field::Email),
            Failure::WrongCode => Some(Field::Code),
            _ => None,
        };
        let status = match failure {
            Failure::TooManyRequests(_) => StatusCode::TOO_MANY_REQUESTS,
            Failure::Unavailable | Failure::StorageFull | Failure::ShuttingDown => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let sentence = match failure {
            // Here no code goes to it.
            Failure::BadPhone => speech
                .say(
                    "这不像是手机号，请检查一下。",
                    "This does not look like a phone number. Please check it.",
                )
                .into(),
            failure => failure.sentence(speech.0),
        };
        Self {
            field,
            sentence: sentence.into_owned(),
            status,
            retry_after: failure.retry_after(),
        }
    }
}

/// What can be said of a new password without judging it, which takes a while.
pub(super) fn password_faults(password: &str, again: &str, speech: Speech) -> Vec<Fault> {
    let weak = passwords::check_length(password).err();
    let weak = weak.map(|weakness| Fault::from_failure(&Failure::WeakPassword(weakness), speech));
    let differing = (password != again).then(|| {
        let sentence = speech.say(
            "两次输入的密码不一样，请再输一次。",
            "The two passwords differ. Please type both again.",
        );
        Fault::of(Field::PasswordAgain, sentence)
    });
    weak.into_iter().chain(differing).collect()
}

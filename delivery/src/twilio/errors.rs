//! Twilio's error codes, as far as a message can meet them before it is accepted.

use crate::complaint::Fate::{BadNumber, Declined, Later, Refused};
use crate::complaint::{Row, row};

pub(super) const TABLE: &[Row] = &[
    row("21211", BadNumber, CANNOT),
    row("21214", BadNumber, CANNOT),
    row("21217", BadNumber, CANNOT),
    row("21265", BadNumber, "short numbers cannot be sent to"),
    row("21604", BadNumber, CANNOT),
    row(
        "21610",
        BadNumber,
        "that number has unsubscribed by answering STOP",
    ),
    row("21614", BadNumber, "that number is not a mobile one"),
    row("21635", BadNumber, "that number is a landline"),
    row(
        "21408",
        Declined,
        "the account does not send to that country: allow it under Messaging, Geo permissions",
    ),
    row(
        "21612",
        Declined,
        "the sender cannot send to that country: choose another sender",
    ),
    row(
        "21608",
        Declined,
        "a trial account sends to verified numbers alone: verify the number, or upgrade",
    ),
    row("21611", Later, "the sender's queue is full"),
    row("14107", Later, "the account sends too fast"),
    row("20429", Later, "the account sends too fast"),
    row(
        "63038",
        Refused,
        "the account's daily limit is reached: see the console",
    ),
    row(
        "20003",
        Refused,
        "the credentials are wrong, or the balance is used up: check account_sid and auth_token",
    ),
    row(
        "20005",
        Refused,
        "the account is suspended: see the console",
    ),
    row(
        "10001",
        Refused,
        "the account is suspended: see the console",
    ),
    row(
        "20008",
        Refused,
        "these are test credentials: check account_sid and auth_token",
    ),
    row(
        "20404",
        Refused,
        "the account does not exist: check account_sid",
    ),
    row("21212", Refused, SENDER),
    row("21603", Refused, SENDER),
    row("21606", Refused, SENDER),
    row("21659", Refused, SENDER),
    row("21660", Refused, SENDER),
    row("21661", Refused, SENDER),
    row(
        "21703",
        Refused,
        "the messaging service has no sender: add one in the console",
    ),
    row(
        "21704",
        Refused,
        "the messaging service has no sender: add one in the console",
    ),
    row(
        "21705",
        Refused,
        "the messaging service does not exist: check messaging_service_sid",
    ),
    row(
        "30002",
        Refused,
        "the account is suspended: see the console",
    ),
];

const CANNOT: &str = "it cannot send to that number";
const SENDER: &str = "the sender is not a number of this account that can send: check from";

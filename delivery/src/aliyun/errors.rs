//! Aliyun's error codes: those of its SMS service (`isv.`, the caller's; `isp.`, its
//! own), and those of the gate in front of all its services.

use crate::complaint::Fate::{BadNumber, Declined, Later, Refused, Unclear};
use crate::complaint::{Row, row};

pub(super) const TABLE: &[Row] = &[
    row(
        "isv.MOBILE_NUMBER_ILLEGAL",
        BadNumber,
        "it cannot send to that number",
    ),
    row(
        "isv.MOBILE_COUNT_OVER_LIMIT",
        BadNumber,
        "it cannot send to that number",
    ),
    row(
        "isv.BUSINESS_LIMIT_CONTROL",
        Declined,
        "that number has had as many messages as it may for now; the limits are in the SMS console",
    ),
    row(
        "isv.DOMESTIC_NUMBER_NOT_SUPPORTED",
        Declined,
        "an international template does not go to numbers of mainland China: register a domestic one",
    ),
    row(
        "isv.BLACK_KEY_CONTROL_LIMIT",
        Declined,
        "a word in a template's variable is forbidden",
    ),
    row(
        "isv.DAY_LIMIT_CONTROL",
        Refused,
        "the account's daily limit is reached; raise it in the SMS console, or wait for tomorrow",
    ),
    row(
        "isv.MONTH_LIMIT_CONTROL",
        Refused,
        "the account's monthly limit is reached; raise it in the SMS console",
    ),
    row(
        "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
        Refused,
        "the signature (sign_name) is not for this kind of template",
    ),
    row(
        "isv.SMS_SIGNATURE_ILLEGAL",
        Refused,
        "the signature (sign_name) does not exist or is not approved",
    ),
    row(
        "isv.SMS_SIGN_ILLEGAL",
        Refused,
        "the signature (sign_name) is forbidden",
    ),
    row(
        "isv.SIGN_*",
        Refused,
        "the signature (sign_name) cannot be used: see its state in the SMS console",
    ),
    row(
        "isv.SMS_TEMPLATE_ILLEGAL",
        Refused,
        "the template does not exist or is not approved: check templates",
    ),
    row(
        "isv.TEMPLATE_MISSING_PARAMETERS",
        Refused,
        "the template has a variable that is not filled: check variables",
    ),
    row(
        "isv.TEMPLATE_PARAMS_ILLEGAL",
        Refused,
        "the template's variables are others, or of another kind: check variables",
    ),
    row(
        "isv.INVALID_JSON_PARAM",
        Refused,
        "the template's variables are others: check variables",
    ),
    row(
        "isv.PARAM_*",
        Refused,
        "the template does not take what is put into it",
    ),
    row(
        "isv.SMS_CONTENT_ILLEGAL",
        Refused,
        "the template's text is forbidden",
    ),
    row(
        "isv.AMOUNT_NOT_ENOUGH",
        Refused,
        "the balance is used up: top up the account",
    ),
    row(
        "isv.OUT_OF_SERVICE",
        Refused,
        "the balance is used up: top up the account",
    ),
    row(
        "isv.PRODUCT_UN*",
        Refused,
        "the SMS service is not activated for this account",
    ),
    row(
        "isv.ACCOUNT_*",
        Refused,
        "there is something wrong with the account: see the console",
    ),
    row(
        "isv.SECURITY_FROZEN_ACCOUNT",
        Refused,
        "the account is frozen: see the console",
    ),
    row(
        "isv.DENY_IP_RANGE",
        Refused,
        "this server's address is not on the provider's allow-list, or not in mainland China",
    ),
    row(
        "isv.INVALID_PARAMETERS",
        Refused,
        "a setting is not understood: check sign_name and templates",
    ),
    row("isp.RAM_PERMISSION_DENY", Refused, RAM),
    row("NoPermission", Refused, RAM),
    row("Forbidden*", Refused, RAM),
    row(
        "InvalidAccessKeyId*",
        Refused,
        "the access key does not exist or is disabled: check access_key_id",
    ),
    row("SignatureDoesNotMatch", Refused, SECRET),
    row("IncompleteSignature", Refused, SECRET),
    row(
        "InvalidTimeStamp*",
        Refused,
        "this machine's clock is more than 15 minutes off",
    ),
    row(
        "SignatureNonceUsed",
        Unclear,
        "the request came twice on its way",
    ),
    row("Throttling*", Later, "the account sends too fast"),
    row("ServiceUnavailable", Later, "the provider is out of order"),
    row("isp.*", Unclear, "the provider is out of order"),
    row("InternalError", Unclear, "the provider is out of order"),
];

const RAM: &str = "the access key may not send SMS: grant AliyunDysmsFullAccess to its user";
const SECRET: &str = "the signature is wrong: check access_key_secret";

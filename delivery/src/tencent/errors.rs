//! Tencent Cloud's error codes: those of its SMS service, and those of all its
//! services. Particular ones come before the families that they belong to.

use crate::complaint::Fate::{BadNumber, Declined, Later, Refused, Unclear};
use crate::complaint::{Row, row};

pub(super) const TABLE: &[Row] = &[
    row(
        "InvalidParameterValue.IncorrectPhoneNumber",
        BadNumber,
        "it cannot send to that number",
    ),
    row(
        "FailedOperation.PhoneNumberInBlacklist",
        BadNumber,
        "that number has unsubscribed, or is on the carrier's blacklist",
    ),
    row(
        "LimitExceeded.PhoneNumber*",
        Declined,
        "that number has had as many messages as it may for now; the limits are in the SMS console",
    ),
    row(
        "LimitExceeded.DeliveryFrequencyLimit",
        Declined,
        "that number has had as many messages as it may for now; the limits are in the SMS console",
    ),
    row(
        "UnsupportedOperation.UnsuportedRegion",
        Declined,
        "the account does not send to that country",
    ),
    row("LimitExceeded.AppDailyLimit", Refused, DAILY),
    row("LimitExceeded.DailyLimit", Refused, DAILY),
    row(
        "FailedOperation.InsufficientBalanceInSmsPackage",
        Refused,
        "the balance is used up: buy another package",
    ),
    row(
        "UnauthorizedOperation.SerivceSuspendDueToArrears",
        Refused,
        "the balance is used up: top up the account",
    ),
    row(
        "FailedOperation.SignatureIncorrectOrUnapproved",
        Refused,
        "the signature (sign_name) does not exist or is not approved",
    ),
    row(
        "FailedOperation.MissingSignature*",
        Refused,
        "the signature (sign_name) does not exist or is not approved",
    ),
    row(
        "FailedOperation.TemplateIncorrectOrUnapproved",
        Refused,
        "the template does not exist, is not approved, or has other variables: check templates and variables",
    ),
    row(
        "FailedOperation.MissingTemplate*",
        Refused,
        "the template does not exist or is not approved: check templates",
    ),
    row(
        "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
        Refused,
        "the template has other variables: check variables",
    ),
    row(
        "InvalidParameterValue.TemplateParameter*",
        Refused,
        "a variable is too long for the template, or not of digits: check variables",
    ),
    row(
        "FailedOperation.ContainSensitiveWord",
        Refused,
        "the template's text is forbidden",
    ),
    row(
        "InvalidParameterValue.SdkAppIdNotExist",
        Refused,
        "the application does not exist: check sdk_app_id",
    ),
    row(
        "UnauthorizedOperation.SmsSdkAppIdVerifyFail",
        Refused,
        "the application is not of this account: check sdk_app_id",
    ),
    row(
        "UnauthorizedOperation.SdkAppIdIsDisabled",
        Refused,
        "the application is disabled: see the console",
    ),
    row(
        "UnauthorizedOperation.RequestIpNotInWhitelist",
        Refused,
        "this server's address is not on the provider's allow-list",
    ),
    row(
        "IpNotInWhitelist",
        Refused,
        "this server's address is not on the provider's allow-list",
    ),
    row(
        "IpInBlacklist",
        Refused,
        "this server's address is on the provider's blacklist",
    ),
    row(
        "UnauthorizedOperation*",
        Refused,
        "the API key may not send SMS: see its permissions",
    ),
    row("AuthFailure.SignatureExpire", Refused, CLOCK),
    row("InternalError.RequestTimeException", Refused, CLOCK),
    row(
        "AuthFailure.SecretIdNotFound",
        Refused,
        "the API key does not exist or is disabled: check secret_id",
    ),
    row(
        "AuthFailure.InvalidSecretId",
        Refused,
        "the API key is of another kind: check secret_id",
    ),
    row(
        "AuthFailure.SignatureFailure",
        Refused,
        "the signature is wrong: check secret_key",
    ),
    row(
        "AuthFailure.UnauthorizedOperation",
        Refused,
        "the API key may not send SMS: see its permissions",
    ),
    row(
        "AuthFailure*",
        Refused,
        "the API key is not accepted: check secret_id and secret_key",
    ),
    row(
        "UnsupportedRegion",
        Refused,
        "the service is not in that region: check region",
    ),
    row("RequestLimitExceeded*", Later, "the account sends too fast"),
    row("InternalError*", Unclear, "the provider is out of order"),
    row(
        "FailedOperation*",
        Refused,
        "a setting is not understood: look the code up in its documentation",
    ),
    row(
        "InvalidParameter*",
        Refused,
        "a setting is not understood: look the code up in its documentation",
    ),
    row(
        "MissingParameter*",
        Refused,
        "a setting is missing: look the code up in its documentation",
    ),
    row(
        "LimitExceeded*",
        Refused,
        "a limit of the account is reached: see the SMS console",
    ),
    row(
        "UnsupportedOperation*",
        Refused,
        "the account cannot do this: see the SMS console",
    ),
];

const DAILY: &str =
    "the account's daily limit is reached; raise it in the SMS console, or wait for tomorrow";
const CLOCK: &str = "this machine's clock is more than 5 minutes off";

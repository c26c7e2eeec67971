//! The defaults of all that says how codes and mails travel.

use super::*;

/// A request that takes longer is not worth waiting for.
const REQUEST_SECONDS: u64 = 10;

impl Default for Delivery {
    fn default() -> Self {
        Self {
            sms: SmsDrivers::default(),
            mail: MailDriver::default(),
            outbox_on_network: false,
            deadline_seconds: 30,
            failures_until_rest: 3,
            rest_seconds: 60,
            aliyun: Aliyun::default(),
            tencent: Tencent::default(),
            yunxin: Yunxin::default(),
            twilio: Twilio::default(),
            kannel: Kannel::default(),
            webhook: Webhook::default(),
            smtp: Smtp::default(),
        }
    }
}

impl Default for Aliyun {
    fn default() -> Self {
        Self {
            url: "https://dysmsapi.aliyuncs.com".into(),
            access_key_id: String::new(),
            access_key_secret: SecretText::default(),
            access_key_secret_file: None,
            sign_name: String::new(),
            templates: Templates::default(),
            variables: vec![VariableName::Code],
            ca_file: None,
            timeout_seconds: REQUEST_SECONDS,
        }
    }
}

impl Default for Tencent {
    fn default() -> Self {
        Self {
            url: "https://sms.tencentcloudapi.com".into(),
            secret_id: String::new(),
            secret_key: SecretText::default(),
            secret_key_file: None,
            region: "ap-guangzhou".into(),
            sdk_app_id: Id::default(),
            sign_name: String::new(),
            templates: Templates::default(),
            variables: vec![VariableName::Code],
            ca_file: None,
            timeout_seconds: REQUEST_SECONDS,
        }
    }
}

impl Default for Yunxin {
    fn default() -> Self {
        Self {
            url: "https://sms.yunxinapi.com/sms".into(),
            app_key: Id::default(),
            app_secret: SecretText::default(),
            app_secret_file: None,
            templates: Templates::default(),
            ca_file: None,
            timeout_seconds: REQUEST_SECONDS,
        }
    }
}

impl Default for Twilio {
    fn default() -> Self {
        Self {
            url: "https://api.twilio.com".into(),
            account_sid: String::new(),
            auth_token: SecretText::default(),
            auth_token_file: None,
            from: String::new(),
            messaging_service_sid: String::new(),
            ca_file: None,
            timeout_seconds: REQUEST_SECONDS,
        }
    }
}

impl Default for Kannel {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:13013/cgi-bin/sendsms".into(),
            plain: false,
            username: String::new(),
            password: SecretText::default(),
            password_file: None,
            from: String::new(),
            ca_file: None,
            timeout_seconds: REQUEST_SECONDS,
        }
    }
}

impl Default for Webhook {
    fn default() -> Self {
        Self {
            url: String::new(),
            secret: SecretText::default(),
            secret_file: None,
            ca_file: None,
            timeout_seconds: REQUEST_SECONDS,
        }
    }
}

impl Default for Smtp {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 465,
            tls: SmtpTls::Implicit,
            user: String::new(),
            password: SecretText::default(),
            password_file: None,
            from: String::new(),
            ca_file: None,
            timeout_seconds: 20,
        }
    }
}

//! The gateways that a configuration describes, built and so checked.

use super::delivery::{Id, MailDriver, SmsDriver, SmtpTls, Templates, Translations, VariableName};
use super::{Config, ConfigError, LanguageName, SecretText};
use qunliao_actors::auth_registry::Verify;
use qunliao_delivery as carriers;
use qunliao_delivery::{
    Endpoint, Kind, Language, Patience, Retry, Secret, SettingsError, SmsGateway, TemplateIds,
    TwilioSender, Variable,
};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Bits of a file's mode that let everyone read or write it.
const OPEN_TO_ALL: u32 = 0o006;

impl Config {
    /// The gateway that `driver` stands for; `None` for the outbox, which is a file in
    /// the data folder.
    ///
    /// # Errors
    /// [`ConfigError::Unfit`], naming the section.
    pub fn sms_gateway(
        &self,
        driver: SmsDriver,
    ) -> Result<Option<Arc<dyn SmsGateway>>, ConfigError> {
        let gateway: Arc<dyn SmsGateway> = match driver {
            SmsDriver::Outbox => return Ok(None),
            SmsDriver::Aliyun => Arc::new(self.aliyun()?),
            SmsDriver::Tencent => Arc::new(self.tencent()?),
            SmsDriver::Yunxin => Arc::new(self.yunxin()?),
            SmsDriver::Twilio => Arc::new(self.twilio()?),
            SmsDriver::Kannel => Arc::new(self.kannel()?),
            SmsDriver::Webhook => Arc::new(self.webhook()?),
        };
        Ok(Some(gateway))
    }

    /// The mail server, if mail goes through one.
    ///
    /// # Errors
    /// [`ConfigError::Unfit`], naming the section.
    pub fn mail_server(&self) -> Result<Option<carriers::Smtp>, ConfigError> {
        match self.delivery.mail {
            MailDriver::Smtp => self.smtp().map(Some),
            MailDriver::Outbox | MailDriver::None => Ok(None),
        }
    }

    /// How often and how long a message is tried.
    #[must_use]
    pub fn retry(&self) -> Retry {
        Retry {
            deadline: Duration::from_secs(self.delivery.deadline_seconds),
            ..Retry::default()
        }
    }

    /// When a way counts as failing.
    #[must_use]
    pub fn patience(&self) -> Patience {
        Patience {
            failures: self.delivery.failures_until_rest,
            rest: Duration::from_secs(self.delivery.rest_seconds),
        }
    }

    /// Checks that every way that is chosen is one, and leads where sign-up needs it.
    pub(super) fn check_delivery(&self) -> Result<(), ConfigError> {
        let delivery = &self.delivery;
        let by_outbox =
            delivery.sms.0.contains(&SmsDriver::Outbox) || delivery.mail == MailDriver::Outbox;
        let listen = &self.listen;
        let is_reachable = [listen.auth, listen.chat, listen.files, listen.web]
            .iter()
            .any(|address| !address.ip().to_canonical().is_loopback());
        if by_outbox && is_reachable && !delivery.outbox_on_network {
            let why = "with an address that others can reach, codes in a file would keep them from signing up; \
                       choose another driver, or set delivery.outbox_on_network";
            return Err(ConfigError::Unfit("delivery", why.into()));
        }
        let verify = self.registration.verify;
        if delivery.sms.0.is_empty() && matches!(verify, Verify::Sms | Verify::Both) {
            let why = "must not be none while registration.verify demands a code by SMS";
            return Err(ConfigError::Unfit("delivery.sms", why.into()));
        }
        if delivery.mail == MailDriver::None && matches!(verify, Verify::Email | Verify::Both) {
            let why = "must not be none while registration.verify demands a code by mail";
            return Err(ConfigError::Unfit("delivery.mail", why.into()));
        }
        let none = delivery.sms.0.is_empty() && delivery.mail == MailDriver::None;
        if none && verify == Verify::Either {
            let why = "must not be either while there is no way to send a code";
            return Err(ConfigError::Unfit("registration.verify", why.into()));
        }
        for driver in &delivery.sms.0 {
            self.sms_gateway(*driver)?;
            self.check_templates(*driver)?;
        }
        self.mail_server()?;
        Ok(())
    }

    /// Without a template for signing up, nobody could.
    fn check_templates(&self, driver: SmsDriver) -> Result<(), ConfigError> {
        let delivery = &self.delivery;
        let (key, templates) = match driver {
            SmsDriver::Aliyun => ("delivery.aliyun.templates", &delivery.aliyun.templates),
            SmsDriver::Tencent => ("delivery.tencent.templates", &delivery.tencent.templates),
            SmsDriver::Yunxin => ("delivery.yunxin.templates", &delivery.yunxin.templates),
            _ => return Ok(()),
        };
        let (id, language) = match self.language {
            LanguageName::Zh => (&templates.register.zh, "zh"),
            LanguageName::En => (&templates.register.en, "en"),
        };
        if id.0.is_empty() {
            let why = format!("register.{language} is missing: nobody could sign up");
            return Err(ConfigError::Unfit(key, why));
        }
        Ok(())
    }

    fn aliyun(&self) -> Result<carriers::Aliyun, ConfigError> {
        let aliyun = &self.delivery.aliyun;
        carriers::Aliyun::new(carriers::AliyunSettings {
            endpoint: endpoint(&aliyun.url, aliyun.timeout_seconds, aliyun.ca_file.as_ref()),
            access_key_id: aliyun.access_key_id.clone(),
            access_key_secret: secret(
                "delivery.aliyun.access_key_secret",
                &aliyun.access_key_secret,
                aliyun.access_key_secret_file.as_deref(),
            )?,
            sign_name: aliyun.sign_name.clone(),
            templates: template_ids(&aliyun.templates),
            variables: variables(&aliyun.variables),
        })
        .map_err(unfit("delivery.aliyun"))
    }

    fn tencent(&self) -> Result<carriers::Tencent, ConfigError> {
        let tencent = &self.delivery.tencent;
        carriers::Tencent::new(carriers::TencentSettings {
            endpoint: endpoint(
                &tencent.url,
                tencent.timeout_seconds,
                tencent.ca_file.as_ref(),
            ),
            secret_id: tencent.secret_id.clone(),
            secret_key: secret(
                "delivery.tencent.secret_key",
                &tencent.secret_key,
                tencent.secret_key_file.as_deref(),
            )?,
            region: tencent.region.clone(),
            sdk_app_id: tencent.sdk_app_id.0.clone(),
            sign_name: tencent.sign_name.clone(),
            templates: template_ids(&tencent.templates),
            variables: variables(&tencent.variables),
        })
        .map_err(unfit("delivery.tencent"))
    }

    fn yunxin(&self) -> Result<carriers::Yunxin, ConfigError> {
        let yunxin = &self.delivery.yunxin;
        carriers::Yunxin::new(carriers::YunxinSettings {
            endpoint: endpoint(&yunxin.url, yunxin.timeout_seconds, yunxin.ca_file.as_ref()),
            app_key: yunxin.app_key.0.clone(),
            app_secret: secret(
                "delivery.yunxin.app_secret",
                &yunxin.app_secret,
                yunxin.app_secret_file.as_deref(),
            )?,
            templates: template_ids(&yunxin.templates),
        })
        .map_err(unfit("delivery.yunxin"))
    }

    fn twilio(&self) -> Result<carriers::Twilio, ConfigError> {
        let twilio = &self.delivery.twilio;
        let service = &twilio.messaging_service_sid;
        let sender = match (twilio.from.is_empty(), service.is_empty()) {
            (false, true) => TwilioSender::From(twilio.from.clone()),
            (true, false) => TwilioSender::MessagingService(service.clone()),
            _ => {
                let why = "give either from or messaging_service_sid";
                return Err(ConfigError::Unfit("delivery.twilio", why.into()));
            }
        };
        carriers::Twilio::new(carriers::TwilioSettings {
            endpoint: endpoint(&twilio.url, twilio.timeout_seconds, twilio.ca_file.as_ref()),
            account_sid: twilio.account_sid.clone(),
            auth_token: secret(
                "delivery.twilio.auth_token",
                &twilio.auth_token,
                twilio.auth_token_file.as_deref(),
            )?,
            sender,
        })
        .map_err(unfit("delivery.twilio"))
    }

    fn kannel(&self) -> Result<carriers::Kannel, ConfigError> {
        let kannel = &self.delivery.kannel;
        carriers::Kannel::new(carriers::KannelSettings {
            endpoint: endpoint(&kannel.url, kannel.timeout_seconds, kannel.ca_file.as_ref()),
            plain: kannel.plain,
            username: kannel.username.clone(),
            password: secret(
                "delivery.kannel.password",
                &kannel.password,
                kannel.password_file.as_deref(),
            )?,
            from: kannel.from.clone(),
        })
        .map_err(|why| match why {
            SettingsError::PlainText { host } if !kannel.plain => ConfigError::Unfit(
                "delivery.kannel",
                format!(
                    "{host} is not this machine; if it is a private address in a network \
                     that you trust, set plain: true"
                ),
            ),
            why => unfit("delivery.kannel")(why),
        })
    }

    fn webhook(&self) -> Result<carriers::Webhook, ConfigError> {
        let webhook = &self.delivery.webhook;
        carriers::Webhook::new(carriers::WebhookSettings {
            endpoint: endpoint(
                &webhook.url,
                webhook.timeout_seconds,
                webhook.ca_file.as_ref(),
            ),
            secret: secret(
                "delivery.webhook.secret",
                &webhook.secret,
                webhook.secret_file.as_deref(),
            )?,
        })
        .map_err(unfit("delivery.webhook"))
    }

    fn smtp(&self) -> Result<carriers::Smtp, ConfigError> {
        let smtp = &self.delivery.smtp;
        let password = secret(
            "delivery.smtp.password",
            &smtp.password,
            smtp.password_file.as_deref(),
        )?;
        carriers::Smtp::new(carriers::SmtpSettings {
            host: smtp.host.clone(),
            port: smtp.port,
            tls: match smtp.tls {
                SmtpTls::Implicit => carriers::SmtpTls::Implicit,
                SmtpTls::Starttls => carriers::SmtpTls::StartTls,
                SmtpTls::None => carriers::SmtpTls::None,
            },
            user: Some(smtp.user.clone()).filter(|user| !user.is_empty()),
            password: Some(password).filter(|password| !password.expose().is_empty()),
            from: smtp.from.clone(),
            ca_file: smtp.ca_file.clone(),
            timeout: Duration::from_secs(smtp.timeout_seconds),
        })
        .map_err(unfit("delivery.smtp"))
    }
}

fn unfit(key: &'static str) -> impl Fn(SettingsError) -> ConfigError {
    move |why| ConfigError::Unfit(key, why.to_string())
}

fn endpoint(url: &str, timeout_seconds: u64, ca_file: Option<&PathBuf>) -> Endpoint {
    Endpoint {
        url: url.to_owned(),
        timeout: Duration::from_secs(timeout_seconds),
        ca_file: ca_file.cloned(),
    }
}

fn template_ids(templates: &Templates) -> TemplateIds {
    let of = |kind, Translations { zh, en }: &Translations| {
        let (Id(zh), Id(en)) = (zh.clone(), en.clone());
        [
            ((kind, Language::Chinese), zh),
            ((kind, Language::English), en),
        ]
    };
    let all = Kind::ALL.into_iter().flat_map(|kind| match kind {
        Kind::Register => of(kind, &templates.register),
        Kind::Confirm => of(kind, &templates.confirm),
        Kind::Reset => of(kind, &templates.reset),
        Kind::PhoneChanged => of(kind, &templates.phone_changed),
        Kind::EmailChanged => of(kind, &templates.email_changed),
        Kind::PasswordChanged => of(kind, &templates.password_changed),
        Kind::AccountClosed => of(kind, &templates.account_closed),
        Kind::Approved => of(kind, &templates.approved),
    });
    all.collect()
}

fn variables(names: &[VariableName]) -> Vec<Variable> {
    let variable = |name: &VariableName| match name {
        VariableName::Code => Variable::Code,
        VariableName::Minutes => Variable::Minutes,
    };
    names.iter().map(variable).collect()
}

/// A secret that stands in the configuration (best from the environment) or in a file
/// that is not for everyone; empty without either.
fn secret(
    key: &'static str,
    text: &SecretText,
    file: Option<&Path>,
) -> Result<Secret, ConfigError> {
    let unfit = |why: String| ConfigError::Unfit(key, why);
    let text = match (text.0.as_str(), file) {
        ("", Some(path)) => {
            let at = |why: std::io::Error| unfit(format!("{}: {why}", path.display()));
            let metadata = std::fs::metadata(path).map_err(at)?;
            if metadata.permissions().mode() & OPEN_TO_ALL != 0 {
                let path = path.display();
                return Err(unfit(format!(
                    "{path}: everyone on this machine can read it (chmod 600)"
                )));
            }
            let text = std::fs::read_to_string(path).map_err(at)?;
            text.trim_end_matches(['\r', '\n']).to_owned()
        }
        (text, None) => text.to_owned(),
        (_, Some(_)) => return Err(unfit("must not be given twice, also as a file".into())),
    };
    Ok(Secret::from(text))
}

//! The way of speaking to a server: which header, and encrypted or not.

use crate::tls::Tls;
use qunliao_protocol::HeaderForm;

/// Which header, and encrypted or not. A header alone means: not.
#[derive(Clone, Debug)]
pub struct Way {
    pub(crate) form: HeaderForm,
    pub(crate) tls: Option<Tls>,
}

impl Way {
    /// With this header, within TLS.
    #[must_use]
    pub fn encrypted(form: HeaderForm, tls: Tls) -> Self {
        Self {
            form,
            tls: Some(tls),
        }
    }
}

impl From<&Way> for Way {
    fn from(way: &Way) -> Self {
        way.clone()
    }
}

impl From<HeaderForm> for Way {
    fn from(form: HeaderForm) -> Self {
        Self { form, tls: None }
    }
}

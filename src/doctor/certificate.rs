//! The certificate: which one it is, how long it lasts, and whether it has the names
//! that people type.

use super::{Check, State};
use crate::config::Config;
use crate::tls::inspect::{Found, Lasts, Leaf, Own, inspect};

/// Fewer days than this are soon over: whoever renews it has failed to.
const DAYS_MIN: u64 = 21;

const OWN_ADVICE: &str = "Restart the server, which makes it anew.";
const FILES_ADVICE: &str = "Renew it; the server reads the files again within seconds. See why it was not renewed by itself.";

pub(super) fn check(config: &Config) -> Vec<Check> {
    let name = "certificate";
    match inspect(config) {
        Ok(Found::Off) => vec![Check::skipped(name, "tls.mode is off.")],
        Ok(Found::NotYet) => vec![Check::skipped(
            name,
            "The first start makes an authority of the server's own.",
        )],
        Ok(Found::Files(file, leaf)) => {
            let which = format!("{}, which its key belongs to,", file.display());
            vec![
                lasting(&which, &leaf, FILES_ADVICE),
                named(
                    &leaf,
                    &typed(config),
                    "Have it issued for these names, too.",
                ),
            ]
        }
        Ok(Found::Own(own)) => of_own(config, &own),
        Err(why) => vec![Check::wrong(
            name,
            format!("{why:#}."),
            "Mend tls.cert_file and tls.key_file, or run this as the user that the server runs as.",
        )],
    }
}

fn of_own(config: &Config, own: &Own) -> Vec<Check> {
    let Some(leaf) = &own.leaf else {
        let finding =
            "There is an authority of the server's own; the next start makes a certificate by it.";
        return vec![Check::skipped("certificate", finding)];
    };
    let which = "The one by the server's own authority";
    let names = if own.refused.is_empty() {
        let mut names = own.wanted.clone();
        names.extend(typed(config));
        let advice = "Put them into tls.names, and restart the server.";
        named(leaf, &names, advice)
    } else {
        Check::wrong(
            "certificate_names",
            format!(
                "The server's own authority may not sign for {}: the server does not start.",
                own.refused.join(", ")
            ),
            "Move tls/ in the data folder away to have a new one made, and tell people its fingerprint.",
        )
    };
    vec![lasting(which, leaf, OWN_ADVICE), names]
}

fn lasting(which: &str, leaf: &Leaf, advice: &str) -> Check {
    let name = "certificate";
    match leaf.lasts() {
        Ok(Lasts::For(days)) => {
            let finding = format!("{which} lasts for {days} days.");
            let state = if days < DAYS_MIN {
                State::Warning
            } else {
                State::Well
            };
            let check = Check::new(name, state, finding);
            if state == State::Well {
                check
            } else {
                check.advising(advice)
            }
        }
        Ok(Lasts::Ended) => Check::wrong(name, format!("{which} has expired."), advice),
        Ok(Lasts::NotYet) => Check::wrong(
            name,
            format!("{which} is not valid yet."),
            "Set this machine's clock, or wait.",
        ),
        Err(why) => Check::wrong(name, format!("{which} cannot be used: {why}."), advice),
    }
}

fn named(leaf: &Leaf, names: &[String], advice: &str) -> Check {
    let name = "certificate_names";
    let lacking = leaf.lacks(names);
    if names.is_empty() {
        let finding = "Neither tls.names nor web.public_url says what people call the server.";
        return Check::skipped(name, finding);
    }
    if lacking.is_empty() {
        return Check::well(name, format!("It is for {}.", names.join(", ")));
    }
    let finding = format!("It is not for {}: clients refuse it.", lacking.join(", "));
    Check::wrong(name, finding, advice)
}

/// What people call the server, as far as the configuration says so.
fn typed(config: &Config) -> Vec<String> {
    let mut names = config.tls.names.clone();
    // Where a proxy takes off TLS, it is the proxy's certificate that they see.
    if !config.web.public_url.is_empty() && !config.proxies.terminate_tls {
        let public = config.public_url(config.listen.web);
        let host = public.host().trim_matches(['[', ']']).to_owned();
        if !names.contains(&host) {
            names.push(host);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::inspect::tests::write_pair;

    fn states(config: &Config) -> Vec<State> {
        check(config).iter().map(|check| check.state).collect()
    }

    #[test]
    fn a_certificate_is_told_by_how_long_it_lasts() {
        let folder = tempfile::tempdir().unwrap();
        for (days, state) in [
            (-1, State::Wrong),
            (20, State::Warning),
            (21, State::Well),
            (90, State::Well),
        ] {
            let config = write_pair(folder.path(), "chat.example.org", -48, days * 24 + 1);
            assert_eq!(states(&config), [state, State::Skipped], "{days}");
        }
        let config = write_pair(folder.path(), "chat.example.org", 1, 48);
        assert_eq!(states(&config)[0], State::Wrong);
    }

    #[test]
    fn a_name_that_people_type_has_to_be_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = write_pair(folder.path(), "chat.example.org", -1, 9_000);
        for (url, state) in [
            ("https://chat.example.org", State::Well),
            ("https://chat.example.net:8443", State::Wrong),
        ] {
            config.web.public_url = url.to_owned();
            assert_eq!(states(&config)[1], state, "{url}");
        }
        config.proxies.terminate_tls = true;
        assert_eq!(states(&config)[1], State::Skipped);
        config.tls.names = vec!["192.0.2.7".to_owned()];
        assert_eq!(states(&config)[1], State::Wrong);
    }

    #[test]
    fn a_key_of_another_certificate_is_told() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut config = write_pair(one.path(), "chat.example.org", -1, 9_000);
        let strange = write_pair(other.path(), "chat.example.org", -1, 9_000);
        config.tls.key_file = strange.tls.key_file;
        let checks = check(&config);
        assert_eq!(checks[0].state, State::Wrong);
        assert!(checks[0].finding.contains("do not belong together"));
    }
}

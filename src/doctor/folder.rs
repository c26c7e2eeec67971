//! The data folder, the space around it, and files with secrets.

use super::{Check, Patient};
use crate::commands::bytes;
use crate::config::{Config, Delivery};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Bits of a mode that let others than the owner in.
const OTHERS: u32 = 0o077;
/// Bits of a mode that let everyone read or write.
const EVERYONE: u32 = 0o006;
/// Fewer free inodes than this are soon used up by uploads.
const INODES_MIN: u64 = 10_000;

pub(super) fn check(data_dir: &Path) -> Check {
    let name = "data_folder";
    let shown = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    let shown = shown.display().to_string();
    match fs::metadata(data_dir) {
        Ok(folder) if !folder.is_dir() => Check::wrong(
            name,
            format!("{shown} is not a folder."),
            "Move it away, or choose another data_dir.",
        ),
        Ok(folder) => judge_folder(&folder, &shown),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Check::warning(
            name,
            format!("There is no {shown} yet."),
            "The first start makes it. If there should be one: data_dir counts from the folder that this is run in.",
        ),
        Err(why) => Check::wrong(
            name,
            format!("{shown}: {}.", why.kind()),
            "Run this as the user that the server runs as, or as root.",
        ),
    }
}

fn judge_folder(folder: &Metadata, shown: &str) -> Check {
    let name = "data_folder";
    let mode = folder.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        return Check::wrong(
            name,
            format!("{shown} has mode {mode:o}: others can look into it."),
            format!("chmod 700 {shown}"),
        );
    }
    let own = rustix::process::geteuid().as_raw();
    if folder.uid() != own && own != 0 {
        return Check::wrong(
            name,
            format!(
                "{shown} belongs to user {}, not to you ({own}).",
                folder.uid()
            ),
            "Run this as the user that the server runs as, or as root.",
        );
    }
    Check::well(
        name,
        format!(
            "{shown} belongs to user {}, and is closed to others.",
            folder.uid()
        ),
    )
}

/// Whether there is room on the disk.
pub(super) fn space(config: &Config) -> Check {
    // Before the first start, that of the folder it will be made in.
    let there = config.data_dir.ancestors().find(|path| path.exists());
    let there = there.unwrap_or(Path::new("."));
    match rustix::fs::statvfs(there) {
        Ok(stat) => judge_space(
            stat.f_bavail.saturating_mul(stat.f_frsize),
            // File systems that make them as needed say 0 of 0.
            (stat.f_files > 0).then_some(stat.f_favail),
            config.storage.reserve_bytes(),
        ),
        Err(why) => Check::wrong("disk", format!("It cannot be asked: {why}."), "See dmesg."),
    }
}

fn judge_space(free: u64, inodes: Option<u64>, reserve: u64) -> Check {
    let (has, keeps) = (bytes(free), bytes(reserve));
    let advice = "Make room, or lower storage.reserve_mib.";
    if free < reserve {
        let finding =
            format!("{has} are free, less than the reserve of {keeps}: nothing is written.");
        return Check::wrong("disk", finding, advice);
    }
    // Uploads stop at twice as much.
    if free < reserve.saturating_mul(2) {
        let finding = format!("{has} are free; uploads are refused below twice {keeps}.");
        return Check::warning("disk", finding, advice);
    }
    match inodes {
        Some(inodes) if inodes < INODES_MIN => Check::warning(
            "disk",
            format!("{has} are free, but only {inodes} inodes."),
            "Delete small files, or move data_dir to another file system.",
        ),
        _ => Check::well(
            "disk",
            format!("{has} are free, {keeps} are kept in reserve."),
        ),
    }
}

/// Files with secrets: who else can read them.
pub(super) fn secrets(patient: &Patient) -> Vec<Check> {
    let config = &patient.config;
    let mut checks = Vec::new();
    for (key, path) in config.delivery.secret_files() {
        checks.push(secret_file(key, path, EVERYONE));
    }
    if let Some(path) = &config.tls.key_file {
        checks.push(secret_file("tls", path, EVERYONE));
    }
    let key = config.data_dir.join("secret.key");
    if key.exists() {
        checks.push(secret_file("secret.key", &key, OTHERS));
    }
    checks.extend(patient.file.as_deref().and_then(configuration_file));
    if checks.is_empty() {
        checks.push(Check::skipped(
            "secrets",
            "There are no files with secrets.",
        ));
    }
    checks
}

fn secret_file(what: &str, path: &Path, closed: u32) -> Check {
    let name = format!("secrets:{what}");
    let shown = path.display();
    match fs::metadata(path) {
        Ok(file) => {
            let mode = file.permissions().mode() & 0o777;
            if mode & closed == 0 {
                return Check::well(&name, format!("{shown} has mode {mode:o}."));
            }
            Check::wrong(
                &name,
                format!("{shown} has mode {mode:o}: others can read it."),
                format!("chmod 600 {shown}, and think of the secret as known."),
            )
        }
        Err(why) => Check::wrong(
            &name,
            format!("{shown}: {}.", why.kind()),
            "Give the right path, to a file that the server's user can read.",
        ),
    }
}

/// A secret in a configuration that everyone can read is none.
fn configuration_file(path: &Path) -> Option<Check> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    let alone = Config::load(Some(path), std::iter::empty()).ok()?;
    (mode & EVERYONE != 0 && alone.delivery.holds_secrets()).then(|| {
        Check::wrong(
            "secrets:configuration",
            format!("{} has mode {mode:o}, and secrets in it.", path.display()),
            "chmod 640, or take the secrets out into files or the environment.",
        )
    })
}

impl Delivery {
    /// The files that secrets are read from, for the ways that are chosen or not.
    fn secret_files(&self) -> Vec<(&'static str, &Path)> {
        let files = [
            ("smtp", &self.smtp.password_file),
            ("webhook", &self.webhook.secret_file),
            ("aliyun", &self.aliyun.access_key_secret_file),
            ("tencent", &self.tencent.secret_key_file),
            ("yunxin", &self.yunxin.app_secret_file),
            ("twilio", &self.twilio.auth_token_file),
            ("kannel", &self.kannel.password_file),
        ];
        let given = files.into_iter();
        given
            .filter_map(|(key, file)| Some((key, file.as_deref()?)))
            .collect()
    }

    /// Whether secrets stand in it as they are.
    fn holds_secrets(&self) -> bool {
        [
            &self.smtp.password,
            &self.webhook.secret,
            &self.aliyun.access_key_secret,
            &self.tencent.secret_key,
            &self.yunxin.app_secret,
            &self.twilio.auth_token,
            &self.kannel.password,
        ]
        .iter()
        .any(|secret| !secret.0.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn space_is_judged_by_the_reserve() {
        let state = |free, inodes| judge_space(free, inodes, 100).state;
        assert_eq!(state(99, None), State::Wrong);
        assert_eq!(state(199, None), State::Warning);
        assert_eq!(state(200, None), State::Well);
        assert_eq!(state(200, Some(9_999)), State::Warning);
        assert_eq!(state(200, Some(10_000)), State::Well);
    }

    #[test]
    fn a_secret_that_others_can_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "x").unwrap();
        let with_mode = |mode| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            secret_file("x", &path, EVERYONE).state
        };
        assert_eq!(with_mode(0o600), State::Well);
        assert_eq!(with_mode(0o640), State::Well);
        assert_eq!(with_mode(0o644), State::Wrong);
        let gone = secret_file("x", &folder.path().join("gone"), EVERYONE);
        assert_eq!(gone.state, State::Wrong);
    }

    #[test]
    fn a_folder_that_others_can_enter_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let with_mode = |mode| {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
            check(folder.path()).state
        };
        assert_eq!(with_mode(0o700), State::Well);
        assert_eq!(with_mode(0o755), State::Wrong);
        assert_eq!(check(&folder.path().join("none")).state, State::Warning);
    }

    #[test]
    fn secrets_in_a_configuration_for_everyone_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        let judged = |text: &str, mode| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            configuration_file(&path).is_some()
        };
        let secret = "delivery: {smtp: {password: geheim}}\n";
        assert!(judged(secret, 0o644));
        assert!(!judged(secret, 0o640));
        assert!(!judged("language: en\n", 0o644));
    }
}

//! Which passwords are good enough.
//!
//! After NIST SP 800-63B: a length, no rules of composition, and nothing that is
//! common or soon guessed.

use qunliao_protocol::failure::Weakness;
use unicode_normalization::UnicodeNormalization;

/// Fewest characters of a password.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Most characters of a password.
pub const PASSWORD_CHARS_MAX: usize = 128;

/// Below this score (of 4) zxcvbn calls a password guessable online: fewer than
/// 10^6 guesses.
const SCORE_MIN: u8 = 2;

/// Judging grows steeply with the length: 72 characters made for it take half a
/// second. A password whose beginning is hard to guess is hard to guess.
const JUDGED_CHARS: usize = 32;

/// Checks the length of a password that someone chose.
///
/// # Errors
/// Why it cannot be one.
pub fn check_length(password: &str) -> Result<(), Weakness> {
    // Each character has at most four bytes, and NFKC can unfold one into eighteen.
    if password.len() > PASSWORD_CHARS_MAX * 4 {
        return Err(Weakness::TooLong(PASSWORD_CHARS_MAX));
    }
    match password.nfkc().take(PASSWORD_CHARS_MAX + 1).count() {
        ..PASSWORD_CHARS_MIN => Err(Weakness::TooShort(PASSWORD_CHARS_MIN)),
        PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX => Ok(()),
        _ => Err(Weakness::TooLong(PASSWORD_CHARS_MAX)),
    }
}

/// Judges whether a password, in NFKC, is hard enough to guess; `others` is what an
/// attacker tries first (the name, the number, the address). Takes up to tens of
/// milliseconds.
///
/// # Errors
/// [`Weakness::Guessable`].
pub fn judge(password: &str, others: &[&str]) -> Result<(), Weakness> {
    let judged: String = password.chars().take(JUDGED_CHARS).collect();
    if u8::from(zxcvbn::zxcvbn(&judged, others).score()) < SCORE_MIN {
        return Err(Weakness::Guessable);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str, others: &[&str]) -> Result<(), Weakness> {
        check_length(password)?;
        judge(password, others)
    }

    #[test]
    fn good_passwords_pass_and_weak_ones_say_why() {
        for good in ["correct horse battery", "群聊真好用吗今天", "7k2!pQx9"] {
            assert_eq!(check(good, &[]), Ok(()), "{good}");
        }
        for (weak, why) in [
            ("short", Weakness::TooShort(8)),
            ("password", Weakness::Guessable),
            ("12345678", Weakness::Guessable),
            ("qwertyuiop", Weakness::Guessable),
            ("aaaaaaaaaaaa", Weakness::Guessable),
            (&"长".repeat(129), Weakness::TooLong(128)),
            (&"x".repeat(1_000_000), Weakness::TooLong(128)),
        ] {
            assert_eq!(
                check(weak, &[]),
                Err(why),
                "{}",
                &weak[..8.min(weak.len())].escape_debug()
            );
        }
    }

    #[test]
    fn ones_own_name_or_number_is_no_password() {
        assert!(check("xiaoming2", &["xiaoming2"]).is_err());
        assert!(check("18671289536", &["18671289536"]).is_err());
    }
}

//! The sentences of refusals, for people: what happened and, where there is
//! something to do, what to do next. Written for each language, not translated.

use super::{Failure, NameFault, Weakness};
use std::borrow::Cow;

impl Failure {
    /// In Chinese and in English.
    pub(super) fn sentences(&self) -> (Cow<'static, str>, Cow<'static, str>) {
        use Failure as F;
        let fixed = |zh: &'static str, en: &'static str| (Cow::Borrowed(zh), Cow::Borrowed(en));
        let made = |zh: String, en: String| (Cow::Owned(zh), Cow::Owned(en));
        match self {
            F::WrongCredentials => fixed(
                "用户名或密码不正确。",
                "The user name or the password is wrong.",
            ),
            F::GatewayFailed => fixed(
                "验证码没有发出去，请稍后再试。",
                "The code could not be sent. Please try again later.",
            ),
            F::BadPhone => fixed(
                "这个手机号不能用来接收验证码。",
                "Codes cannot be sent to this phone number.",
            ),
            F::BadEmail => fixed(
                "这个邮箱地址不正确。",
                "This is not a valid e-mail address.",
            ),
            F::AlreadyRegistered => fixed(
                "已经注册过了，请直接登录。",
                "There is an account already. Please log in.",
            ),
            F::NameTaken => fixed("用户名已经有人用了。", "This user name is taken."),
            F::PhoneTaken => fixed(
                "这个手机号已经注册过了。",
                "This phone number belongs to an account.",
            ),
            F::EmailTaken => fixed(
                "这个邮箱已经注册过了。",
                "This e-mail address belongs to an account.",
            ),
            F::WrongCode => fixed(
                "验证码不正确或已失效。",
                "The code is wrong or no longer valid.",
            ),
            F::BadLink => fixed(
                "这个链接已经用过或过期了，请重新申请一个。",
                "This link has been used or has expired. Please ask for another.",
            ),
            F::BadInvite => fixed(
                "这个邀请已经用过或过期了。注册过的话请直接登录，否则请向管理员再要一个。",
                "This invitation has been used or has expired. If you signed up with it, log in; else ask for another.",
            ),
            F::BadHeader => fixed(
                "包头不正确，连接将关闭。",
                "The header is broken; the connection is closed.",
            ),
            F::InvalidUtf8 => fixed("数据不是 UTF-8。", "The body is not UTF-8."),
            F::MalformedJson => fixed("数据不是正确的 JSON。", "The body is not valid JSON."),
            F::NotAnObject => fixed(
                "数据应当是一个 JSON 对象。",
                "The body must be one JSON object.",
            ),
            F::TooDeep => fixed("JSON 嵌套太深。", "The JSON nests too deeply."),
            F::DuplicateKey(key) => made(
                format!("键“{key}”重复了。"),
                format!("The key \"{key}\" stands twice."),
            ),
            F::MissingKey(key) => made(format!("缺少“{key}”。"), format!("\"{key}\" is missing.")),
            F::MistypedKey(key) => made(
                format!("“{key}”的值不正确。"),
                format!("\"{key}\" has a value that it cannot have."),
            ),
            F::InvalidFileName => fixed("这个文件名不能用。", "This cannot be the name of a file."),
            F::FrameTimeout => fixed(
                "数据没有按时发完，连接将关闭。",
                "The frame was not finished in time; the connection is closed.",
            ),
            F::UnknownOp => fixed("没有这种操作。", "There is no such op on this port."),
            F::NotSignedIn => fixed("请先登录。", "Please log in first."),
            F::SessionEnded => fixed(
                "您已退出登录，请重新登录。",
                "You have been signed out. Please log in again.",
            ),
            F::TooManyRequests(s) => made(
                format!("太频繁了，请 {s} 秒后再试。"),
                format!("Too many requests. Please try again in {s} s."),
            ),
            F::TooManyConnections => fixed(
                "连接太多了，请稍后再试。",
                "There are too many connections. Please try again later.",
            ),
            F::TooManyTransfers => fixed(
                "同时传输的文件太多了。",
                "You have too many transfers under way.",
            ),
            F::FrameTooLarge(max) => made(
                format!("数据太大，最多 {max} 字节。"),
                format!("A frame may have at most {max} bytes."),
            ),
            F::MessageTooLarge(max) => made(
                format!("消息太长，最多 {max} 字节。"),
                format!("A message may have at most {max} bytes."),
            ),
            F::FileTooLarge(max) => made(
                format!("文件太大，最多 {max} 字节。"),
                format!("A file may have at most {max} bytes."),
            ),
            F::BioTooLarge(max) => made(
                format!("简介太长，最多 {max} 字节。"),
                format!("The words about yourself may have at most {max} bytes."),
            ),
            F::QueryTooLong(max) => made(
                format!("搜索的内容太长，最多 {max} 字节。"),
                format!("A search may have at most {max} bytes."),
            ),
            F::NotSupported(what) => made(
                format!("这台服务器还不支持“{what}”。"),
                format!("This server does not support \"{what}\" yet."),
            ),
            F::InviteNeeded => fixed(
                "这里凭邀请注册，请向管理员要一个邀请链接。",
                "Signing up here takes an invitation. Please ask an administrator for one.",
            ),
            F::AwaitingApproval => fixed(
                "账号已经注册，管理员同意后就能登录。",
                "The account is there, and waits for an administrator to approve it.",
            ),
            F::AccountDisabled => fixed(
                "这个账号已被管理员停用。",
                "An administrator has disabled this account.",
            ),
            F::TlsRequired => fixed(
                "请用加密连接（TLS）：这台服务器不接受来自您网络的明文连接。",
                "Please connect with TLS: this server takes no plain connections from your network.",
            ),
            F::TooManyRooms => fixed("您加入的群太多了。", "You are in too many rooms."),
            F::NotAMember => fixed("您不在这个群里。", "You are not in this room."),
            F::NotAllowed => fixed(
                "您在这个群里没有这个权限。",
                "Your role in this room does not allow that.",
            ),
            F::Muted(s) => made(
                format!(
                    "您被禁言了，还有 {}。",
                    duration(*s, ["秒", "分钟", "小时", "天"])
                ),
                format!(
                    "You are muted for another {}.",
                    duration(*s, ["s", "min", "h", "d"])
                ),
            ),
            F::Banned => fixed(
                "您已被禁止进入这个群。",
                "You have been banned from this room.",
            ),
            F::RoomClosed => fixed(
                "这个群只能由群里的管理员邀请加入。",
                "This room takes an invitation by one of its admins.",
            ),
            F::NotInThisRoom => fixed(
                "这种群里不能这样做。",
                "Rooms of this sort do not have that.",
            ),
            F::TooLate => fixed(
                "时间太久了，这条消息不能再改了。",
                "It is too late to change this message.",
            ),
            F::TooManyPins(max) => made(
                format!("最多置顶 {max} 条消息，请先取消一条。"),
                format!("A room has at most {max} pinned messages. Please unpin one first."),
            ),
            F::TooManyChanges => fixed(
                "这条消息已经改动太多次了。",
                "This message has been changed too many times.",
            ),
            F::UserNotFound => fixed("没有这个用户。", "There is no such user."),
            F::EntryNotFound => fixed("没有这条消息。", "There is no such entry."),
            F::NotAMessage => fixed(
                "只有消息可以这样改。",
                "Only messages can be changed like that.",
            ),
            F::Recalled => fixed("这条消息已经撤回了。", "This message has been recalled."),
            F::InvalidTitle(max) => made(
                format!("群名要有 1 到 {max} 个字符，不能有看不见的字符。"),
                format!("A title has 1 to {max} characters, none of them invisible."),
            ),
            F::InvalidCard(max) => made(
                format!("群名片最多 {max} 个字符，不能有看不见的字符。"),
                format!("A name in a room has at most {max} characters, none of them invisible."),
            ),
            F::RoomFull => fixed("群里人满了。", "The room is full."),
            F::Unavailable => fixed(
                "服务器正忙，请稍后再试。",
                "The server cannot do this now. Please try again.",
            ),
            F::StorageFull => fixed(
                "服务器的磁盘快满了，暂时不能保存。",
                "The server's disk is nearly full; nothing can be saved now.",
            ),
            F::ShuttingDown => fixed(
                "服务器正在关闭，请稍后再连。",
                "The server is going down. Please connect again later.",
            ),
            F::FileNotFound => fixed("文件不存在。", "There is no such file."),
            F::RoomNotFound => fixed("没有这个群。", "There is no such room."),
            F::SessionNotFound => fixed(
                "没有这个登录，可能已经退出了。",
                "There is no such session; it may have ended.",
            ),
            F::LastOwner => fixed(
                "您是最后一位所有者，请先把所有者交给别人。",
                "You are the last owner. Please make someone else an owner first.",
            ),
            F::NameConflict => fixed(
                "同名的文件或文件夹已经存在。",
                "A file and a folder cannot have the same name.",
            ),
            F::HashMismatch => fixed(
                "收到的文件与校验值不符。",
                "The bytes do not have the announced SHA-256.",
            ),
            F::WeakPassword(weakness) => weakness.sentences(),
            F::InvalidName(fault) => fault.sentences(),
        }
    }
}

/// A time of so many seconds for people, rounded up, with the units' names.
fn duration(seconds: u32, units: [&str; 4]) -> String {
    const LENGTHS: [u32; 4] = [1, 60, 3_600, 86_400];
    let unit = LENGTHS.iter().rposition(|length| seconds > *length);
    let unit = unit.unwrap_or(0);
    format!("{} {}", seconds.div_ceil(LENGTHS[unit]), units[unit])
}

impl Weakness {
    fn sentences(self) -> (Cow<'static, str>, Cow<'static, str>) {
        match self {
            Self::TooShort(min) => (
                format!("密码至少要 {min} 个字符。").into(),
                format!("A password has at least {min} characters.").into(),
            ),
            Self::TooLong(max) => (
                format!("密码最多 {max} 个字符。").into(),
                format!("A password has at most {max} characters.").into(),
            ),
            Self::Guessable => (
                "这个密码太容易被猜到，请换一个。".into(),
                "This password is too easy to guess. Please choose another.".into(),
            ),
        }
    }
}

impl NameFault {
    fn sentences(self) -> (Cow<'static, str>, Cow<'static, str>) {
        match self {
            Self::Empty => (
                "请填写用户名。".into(),
                "A name has at least one character.".into(),
            ),
            Self::TooLong(max) => (
                format!("用户名最多 {max} 个字符。").into(),
                format!("A name has at most {max} characters.").into(),
            ),
            Self::Character => (
                "用户名里有不能使用的字符。".into(),
                "The name has a character that names cannot have.".into(),
            ),
            Self::At => (
                "用户名里不能有 @。".into(),
                "A name cannot contain @.".into(),
            ),
            Self::Blanks => (
                "用户名的首尾不能是空格，中间不能有连续的空格。".into(),
                "A name cannot begin or end with a blank, or have two in a row.".into(),
            ),
            Self::Reserved => (
                "这个用户名是保留的。".into(),
                "This name is reserved.".into(),
            ),
            Self::OthersName => (
                "昵称不能是别人的用户名。".into(),
                "A nickname cannot be the name of another user.".into(),
            ),
            Self::OthersPhone => (
                "用户名不能是别人的手机号。".into(),
                "A name cannot be a phone number other than your own, verified one.".into(),
            ),
            Self::MixedScripts => (
                "用户名里混用了看起来一样的不同字母（例如拉丁字母和西里尔字母），请只用一种。".into(),
                "The name mixes letters of scripts that look alike, such as Latin and Cyrillic. Please use one.".into(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_muted_user_is_told_for_how_long_in_a_unit_that_fits() {
        let told = |seconds| duration(seconds, ["s", "min", "h", "d"]);
        for (seconds, words) in [
            (0, "0 s"),
            (1, "1 s"),
            (60, "60 s"),
            (61, "2 min"),
            (3_600, "60 min"),
            (3_601, "2 h"),
            (86_401, "2 d"),
            (u32::MAX, "49711 d"),
        ] {
            assert_eq!(told(seconds), words);
        }
    }
}

//! The real Kannel, with its own stand-in for an SMS centre: what is handed to our
//! driver arrives there whole.
//!
//! Needs Debian's packages `kannel` and `kannel-extras`; `scripts/check` installs
//! them. `KANNEL_TEST_FAKESMSC` can say where `fakesmsc` is.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use qunliao_delivery::{
    Content, DeliveryError, Endpoint, Kannel, KannelSettings, Language, Message, Notice, Purpose,
    Secret, SmsGateway,
};
use tempfile::TempDir;

const FAKESMSC: &str = "/usr/lib/kannel/test/fakesmsc";
const PASSWORD: &str = "open sesame & more";

/// One of Kannel's processes, and what it logs.
struct Process {
    child: Child,
    log: Receiver<String>,
}

impl Process {
    fn start(program: &str, arguments: &[&str]) -> Self {
        // They are for administrators, and may not be on everybody's path.
        let at_home = Path::new("/usr/sbin").join(program);
        let program = if at_home.exists() {
            at_home
        } else {
            program.into()
        };
        let mut child = Command::new(&program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|why| {
                let program = program.display();
                panic!("{program} of Debian's kannel and kannel-extras: {why}")
            });
        let output = BufReader::new(child.stderr.take().expect("it is piped"));
        let (tell, log) = channel();
        thread::spawn(move || {
            // What it logs need not be UTF-8.
            for line in output.split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                if tell.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, log }
    }

    /// Waits for a line with `words` in it.
    fn wait_for(&self, words: &str) -> String {
        let mut seen = String::new();
        loop {
            let line = self.log.recv_timeout(Duration::from_secs(30));
            let line = line.unwrap_or_else(|_| panic!("no {words:?} in:\n{seen}"));
            if line.contains(words) {
                return line;
            }
            seen += &line;
            seen.push('\n');
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A gateway that runs, with one user, in front of an SMS centre that tells.
struct Gateway {
    port: u16,
    centre: Process,
    _boxes: [Process; 2],
    _folder: TempDir,
}

impl Gateway {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("kannel.conf");
        // Bound at once, so that they differ; then free for it.
        // Below the ports that the system gives out, and of this process alone.
        let first = 20_000 + u16::try_from(std::process::id() % 3_000).expect("it is small") * 4;
        let ports = [first, first + 1, first + 2, first + 3];
        let [admin, boxes, centre, port] = ports;
        let config = format!(
            "group = core\nadmin-port = {admin}\nadmin-interface = 127.0.0.1\nadmin-password = x\n\
             smsbox-port = {boxes}\nsmsbox-interface = 127.0.0.1\nbox-deny-ip = *.*.*.*\nbox-allow-ip = 127.0.0.1\n\n\
             group = smsc\nsmsc = fake\nsmsc-id = fake\nport = {centre}\nconnect-allow-ip = 127.0.0.1\n\n\
             group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = {port}\nsendsms-interface = 127.0.0.1\n\n\
             group = sendsms-user\nusername = qunliao\npassword = \"{PASSWORD}\"\nmax-messages = 3\ndefault-sender = 10690000\n"
        );
        fs::write(&file, config).expect("a temporary file");
        let file = file.to_str().expect("UTF-8");
        let bearerbox = Process::start("bearerbox", &[file]);
        bearerbox.wait_for("Start-up done");
        let fakesmsc = env::var("KANNEL_TEST_FAKESMSC").unwrap_or_else(|_| FAKESMSC.into());
        let to = centre.to_string();
        let nothing = ["-H", "127.0.0.1", "-r", &to, "-m", "0", "1 2 text nop"];
        let centre = Process::start(&fakesmsc, &nothing);
        bearerbox.wait_for("Fakesmsc client connected");
        let smsbox = Process::start("smsbox", &[file]);
        smsbox.wait_for("Connected to bearerbox");
        bearerbox.wait_for("Client connected");
        Self {
            port,
            centre,
            _boxes: [bearerbox, smsbox],
            _folder: folder,
        }
    }

    fn driver(&self, password: &str) -> Kannel {
        Kannel::new(KannelSettings {
            endpoint: Endpoint {
                url: format!("http://127.0.0.1:{}/cgi-bin/sendsms", self.port),
                timeout: Duration::from_secs(20),
                ca_file: None,
            },
            plain: false,
            username: String::from("qunliao"),
            password: Secret::from(String::from(password)),
            from: String::new(),
        })
        .expect("good settings")
    }

    /// The next message at the SMS centre: from, to, and its text.
    fn next_message(&self) -> (String, String, String) {
        let line = self.centre.wait_for("Got message");
        let (_, message) = line.split_once('<').expect("a message");
        let message = message.strip_suffix('>').expect("one line");
        let mut words = message.splitn(4, ' ').map(str::to_owned);
        let mut word = || words.next().expect("a word");
        let (from, to, coding, text) = (word(), word(), word(), word());
        let text = match coding.as_str() {
            "text" => text,
            "ucs-2" => from_ucs2(&text),
            other => panic!("{other}: {line}"),
        };
        (from, to, text)
    }
}

/// Percent-encoded UTF-16, big end first.
fn from_ucs2(encoded: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next(), rest.next()].map(|digit| digit.expect("a digit"));
                let digits = std::str::from_utf8(&digits).expect("ASCII");
                u8::from_str_radix(digits, 16).expect("hexadecimal")
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    let units = bytes.chunks(2).map(|pair| match pair {
        [high, low] => u16::from_be_bytes([*high, *low]),
        _ => panic!("half a character in {encoded}"),
    });
    String::from_utf16(&units.collect::<Vec<_>>()).expect("UTF-16")
}

fn message(content: Content, language: Language) -> Message {
    Message {
        to: String::from("+8613800138000"),
        content,
        language,
        request_id: String::from("r-1"),
    }
}

fn code() -> Content {
    Content::Code {
        code: String::from("482913"),
        purpose: Purpose::Register,
        lifetime_minutes: 5,
    }
}

#[tokio::test]
async fn what_is_sent_through_kannel_arrives_whole_at_the_sms_centre() {
    let gateway = Gateway::start();
    let driver = gateway.driver(PASSWORD);
    for message in [
        message(code(), Language::Chinese),
        message(code(), Language::English),
        message(Content::Notice(Notice::EmailChanged), Language::Chinese),
        message(Content::Notice(Notice::EmailChanged), Language::English),
    ] {
        assert_eq!(driver.send(&message).await, Ok(()));
        let (from, to, text) = gateway.next_message();
        assert_eq!((from.as_str(), to), ("10690000", message.to.clone()));
        assert_eq!(text, message.text());
    }
}

#[tokio::test]
async fn kannel_refuses_a_wrong_password_and_we_understand_it() {
    let gateway = Gateway::start();
    let message = message(code(), Language::Chinese);
    let outcome = gateway.driver("open barley").send(&message).await;
    assert_eq!(
        outcome,
        Err(DeliveryError::Refused(String::from(
            "kannel answered 403: it does not accept username and password, \
             or this server's address (user-allow-ip)"
        )))
    );
    let nobody = Message {
        to: String::new(),
        ..message.clone()
    };
    let outcome = gateway.driver(PASSWORD).send(&nobody).await;
    assert_eq!(outcome, Err(DeliveryError::BadRecipient));
    // Neither reached the SMS centre: the next message there is another.
    let outcome = gateway.driver(PASSWORD).send(&message).await;
    assert_eq!(outcome, Ok(()));
    assert_eq!(gateway.next_message().2, message.text());
}

//! A mail server on loopback, plain and polite, that remembers what came.
//!
//! For what is inside a mail; TLS and passwords are a real server's part.

use std::io::{BufRead, BufReader, Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// One mail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) data: String,
}

/// A server; it ends with the process.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
}

impl MailServer {
    /// `answers` stand in for those to the end of a mail, in turn; then all are taken.
    pub(crate) fn start(answers: Vec<&'static str>) -> MailServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&mails);
        let answers = Arc::new(Mutex::new(answers.into_iter().rev().collect::<Vec<_>>()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A connection that breaks is the client's doing, or the script's.
                let _ = serve(stream, &shared, &answers);
            }
        });
        MailServer { port, mails }
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().expect("held").clone()
    }
}

fn serve(
    stream: TcpStream,
    mails: &Mutex<Vec<Mail>>,
    answers: &Mutex<Vec<&'static str>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    writer.write_all(b"220 test\r\n")?;
    let mut mail = Mail::default();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let upper = line.trim_end().to_ascii_uppercase();
        let inside = || {
            line.split('<')
                .nth(1)
                .and_then(|rest| rest.split('>').next())
                .unwrap_or_default()
                .to_owned()
        };
        if upper.starts_with("EHLO") {
            writer.write_all(b"250-test\r\n250 8BITMIME\r\n")?;
            continue;
        } else if upper.starts_with("MAIL FROM") {
            mail = Mail {
                from: inside(),
                ..Mail::default()
            };
        } else if upper.starts_with("RCPT TO") {
            mail.to.push(inside());
        } else if upper == "DATA" {
            writer.write_all(b"354 go on\r\n")?;
            let mut data = Vec::new();
            let mut byte = [0];
            while !data.ends_with(b"\r\n.\r\n") {
                reader.read_exact(&mut byte)?;
                data.push(byte[0]);
            }
            data.truncate(data.len() - 3);
            mail.data = String::from_utf8(data)
                .expect("UTF-8")
                .replace("\r\n..", "\r\n.");
            mails.lock().expect("held").push(mail.clone());
            let answer = answers.lock().expect("held").pop().unwrap_or("250 taken");
            if answer.is_empty() {
                return Ok(());
            }
            writer.write_all(format!("{answer}\r\n").as_bytes())?;
            continue;
        } else if upper == "QUIT" {
            writer.write_all(b"221 bye\r\n")?;
            return Ok(());
        }
        writer.write_all(b"250 ok\r\n")?;
    }
}

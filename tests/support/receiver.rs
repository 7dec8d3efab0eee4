//! A receiver on loopback that answers by a script and remembers what came.
//!
//! It speaks HTTP/1.1 by hand, so that it can also misbehave. It shares no code
//! with what it tests.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// What came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// names in lower case
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// what it was answered
    pub(crate) answer: Answer,
}

impl Request {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

/// What it does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// status, further header lines, body
    Reply(u16, &'static str, String),
    /// says that more is to come than comes, and resets the connection
    BreakOff,
    /// closes the connection without a word
    HangUp,
    /// never answers
    Silence,
    /// one byte of the answer a while, without end
    Drip,
    /// a body of so many bytes
    Huge(usize),
    /// something that is not HTTP
    Garbage,
    /// resets the connection in the midst of the request
    Reset,
    /// reads no further than the request's head, and keeps the connection
    Unread,
}

pub(crate) fn reply(status: u16, body: &str) -> Answer {
    Answer::Reply(status, "", body.to_owned())
}

#[derive(Default)]
struct State {
    script: Vec<Answer>,
    requests: Vec<Request>,
    /// connections that are kept open, in silence
    kept: Vec<TcpStream>,
}

/// A receiver; it ends with the process.
pub(crate) struct Receiver {
    pub(crate) address: String,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Receiver {
    /// Answers `script` in turn, then `rest` for ever.
    pub(crate) fn start(script: Vec<Answer>, rest: Answer) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let state = Arc::new((Mutex::new(State::default()), Condvar::new()));
        state.0.lock().expect("held").script = script.into_iter().rev().collect();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, rest) = (Arc::clone(&shared), rest.clone());
                std::thread::spawn(move || {
                    // A connection that breaks is the client's doing, or the script's.
                    let _ = serve(stream, &shared, &rest);
                });
            }
        });
        Receiver { address, state }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.0.lock().expect("held").requests.clone()
    }

    /// Waits for so many requests.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Request> {
        let (lock, heard) = &*self.state;
        let state = lock.lock().expect("held");
        let (state, timeout) = heard
            .wait_timeout_while(state, Duration::from_secs(60), |state| {
                state.requests.len() < count
            })
            .expect("held");
        assert!(
            !timeout.timed_out(),
            "only {} requests came",
            state.requests.len()
        );
        state.requests.clone()
    }
}

fn serve(
    stream: TcpStream,
    shared: &(Mutex<State>, Condvar),
    rest: &Answer,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':') {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
        }
        let length = headers
            .get("content-length")
            .and_then(|length| length.parse().ok());
        let (lock, heard) = shared;
        let scripted = lock.lock().expect("held").script.pop();
        let answer = scripted.unwrap_or_else(|| rest.clone());
        let length: usize = length.unwrap_or(0);
        let mut body = vec![
            0;
            match answer {
                Answer::Unread => 0,
                Answer::Reset => length / 2,
                _ => length,
            }
        ];
        reader.read_exact(&mut body)?;
        let body = String::from_utf8_lossy(&body).into_owned();
        {
            let mut state = lock.lock().expect("held");
            state.requests.push(Request {
                path,
                headers,
                body,
                answer: answer.clone(),
            });
            if matches!(answer, Answer::Silence | Answer::Unread) {
                state.kept.push(writer.try_clone()?);
            }
        }
        heard.notify_all();
        match answer {
            Answer::Reply(status, more, body) => {
                let length = body.len();
                write!(
                    writer,
                    "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{more}\r\n{body}"
                )?;
            }
            Answer::BreakOff => {
                write!(writer, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nok")?;
                return Ok(());
            }
            Answer::HangUp | Answer::Silence => return Ok(()),
            // With unread bytes a close is a reset.
            Answer::Reset | Answer::Unread => return Ok(()),
            Answer::Drip => {
                write!(writer, "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")?;
                let (lock, heard) = (Mutex::new(()), Condvar::new());
                loop {
                    writer.write_all(b"x")?;
                    let guard = lock.lock().expect("held");
                    drop(
                        heard
                            .wait_timeout(guard, Duration::from_millis(50))
                            .expect("held"),
                    );
                }
            }
            Answer::Huge(size) => {
                write!(writer, "HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n")?;
                let block = [b'x'; 8192];
                let mut left = size;
                while left > 0 {
                    let now = left.min(block.len());
                    writer.write_all(&block[..now])?;
                    left -= now;
                }
            }
            Answer::Garbage => {
                writer.write_all(b"SSH-2.0-nothing\r\n\r\n")?;
                return Ok(());
            }
        }
    }
}

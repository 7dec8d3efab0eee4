//! Standard output and error: what goes where, in which form.
//!
//! Alerts go to standard output, everything else to standard error; each is
//! text on a terminal and JSON lines elsewhere, unless a form was asked for. A
//! reader that went away ends the run quietly.

use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::Exit;
use super::args::{Colour, Form};
use super::json;
use super::render::{Painter, count};
use crate::alert::{Alert, Transition};
use crate::stats::Summary;

/// Prints a text that the user asked for.
pub(super) fn print(text: &[u8]) -> ExitCode {
    match io::stdout().lock().write_all(text) {
        Ok(()) => Exit::Done.into(),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done.into(),
        Err(_) => Exit::World.into(),
    }
}

/// Says on standard error why nothing was done.
pub(super) fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// How wide the lines are that people read on standard output.
pub(super) fn width() -> usize {
    const WIDEST: usize = 120;
    const ELSEWHERE: usize = 100;
    if io::stdout().is_terminal() {
        textwrap::termwidth().clamp(40, WIDEST)
    } else {
        ELSEWHERE
    }
}

/// Standard output of a job that ends; a reader that went away ends it quietly.
#[derive(Default)]
pub(super) struct Results {
    gone: bool,
    failed: Option<io::Error>,
}

impl Results {
    /// Writes a text.
    pub(super) fn write(&mut self, text: &str) {
        if self.is_over() {
            return;
        }
        let mut out = io::stdout().lock();
        let result = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        match result {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.gone = true,
            Err(error) => self.failed = Some(error),
        }
    }

    /// Whether nothing more can be written.
    pub(super) fn is_over(&self) -> bool {
        self.gone || self.failed.is_some()
    }

    /// The exit status: `exit`, unless the results could not be written.
    pub(super) fn exit(self, exit: Exit) -> Exit {
        match self.failed {
            Some(error) => {
                complain(&format!(
                    "error: cannot write to standard output: {error}\n"
                ));
                Exit::World
            }
            None if self.gone => Exit::Done,
            None => exit,
        }
    }
}

/// Bytes that are written together, while there is more to write.
const WRITTEN: usize = 64 << 10;

/// Work that is done sooner shows no progress.
const QUICK: Duration = Duration::from_millis(500);

/// Says messages from other threads than the one that has the output.
#[derive(Clone)]
pub(super) struct Voice {
    form: Form,
    painter: Painter,
    progress: ProgressBar,
}

impl Voice {
    /// Form of messages, and how to paint them.
    pub(super) fn form(&self) -> (Form, Painter) {
        (self.form, self.painter)
    }

    /// Writes a message; one that nobody can read is lost, as nothing else can be done.
    pub(super) fn say(&self, text: &str) {
        self.progress.suspend(|| {
            let _ = io::stderr().lock().write_all(text.as_bytes());
        });
    }
}

/// Where results go.
pub(super) struct Output {
    alerts: Form,
    messages: Form,
    out: io::BufWriter<io::Stdout>,
    /// a line of JSON before it is written
    line: Vec<u8>,
    out_painter: Painter,
    err_painter: Painter,
    progress: ProgressBar,
    shows_progress: bool,
    began: Instant,
    gone: bool,
    failed: Option<io::Error>,
}

impl Output {
    pub(super) fn new(form: Option<Form>, colour: Colour) -> Output {
        let (out_terminal, err_terminal) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let by_terminal = |terminal| if terminal { Form::Text } else { Form::Json };
        let coloured = |terminal| colour.paints(terminal);
        let messages = form.unwrap_or(by_terminal(err_terminal));
        let progress = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            progress.set_style(style);
        }
        Output {
            alerts: form.unwrap_or(by_terminal(out_terminal)),
            messages,
            out: io::BufWriter::with_capacity(WRITTEN, io::stdout()),
            line: Vec::new(),
            out_painter: Painter {
                colour: coloured(out_terminal),
            },
            err_painter: Painter {
                colour: coloured(err_terminal),
            },
            progress,
            shows_progress: err_terminal && messages == Form::Text,
            began: Instant::now(),
            gone: false,
            failed: None,
        }
    }

    /// Form of messages, and how to paint them.
    pub(super) fn messages(&self) -> (Form, Painter) {
        (self.messages, self.err_painter)
    }

    /// The same voice for other threads.
    pub(super) fn voice(&self) -> Voice {
        Voice {
            form: self.messages,
            painter: self.err_painter,
            progress: self.progress.clone(),
        }
    }

    /// Whether the reader of standard output went away.
    pub(super) fn is_gone(&self) -> bool {
        self.gone || self.failed.is_some()
    }

    /// Why standard output could not be written.
    pub(super) fn failure(&mut self) -> Option<io::Error> {
        self.failed.take()
    }

    /// Writes one alert.
    pub(super) fn alert(&mut self, alert: &Alert) {
        match self.alerts {
            Form::Json => self.write_line(alert),
            Form::Text => self.write(&self.out_painter.alert(alert, width())),
        }
    }

    /// Writes one transition.
    pub(super) fn transition(&mut self, transition: &Transition) {
        match self.alerts {
            Form::Json => self.write_line(transition),
            Form::Text => self.write(&self.out_painter.transition(transition, width())),
        }
    }

    fn write_line(&mut self, value: &impl Serialize) {
        json::line_into(value, &mut self.line);
        let (out, line) = (&mut self.out, &self.line);
        let result = self.progress.suspend(|| out.write_all(line));
        self.note(result);
    }

    fn write(&mut self, text: &str) {
        let out = &mut self.out;
        let result = self.progress.suspend(|| out.write_all(text.as_bytes()));
        self.note(result);
    }

    /// Writes a text that is no alert, such as the list of rules.
    pub(super) fn text(&mut self, text: &str) {
        self.write(text);
        self.flush();
    }

    /// Makes everything written so far visible.
    pub(super) fn flush(&mut self) {
        if self.out.buffer().is_empty() {
            return;
        }
        let out = &mut self.out;
        let result = self.progress.suspend(|| out.flush());
        self.note(result);
    }

    fn note(&mut self, result: io::Result<()>) {
        match result {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.gone = true,
            Err(error) => {
                self.failed.get_or_insert(error);
            }
        }
    }

    /// Writes a message; one that nobody can read is lost, as nothing else can be done.
    pub(super) fn message(&mut self, text: &str) {
        // On a terminal both are read as one.
        self.flush();
        self.progress.suspend(|| {
            let _ = io::stderr().lock().write_all(text.as_bytes());
        });
    }

    /// Shows how far the work is.
    pub(super) fn progress(&self, summary: &Summary) {
        if !self.shows_progress || self.began.elapsed() < QUICK {
            return;
        }
        if self.progress.is_hidden() {
            self.progress.set_draw_target(ProgressDrawTarget::stderr());
            self.progress.enable_steady_tick(Duration::from_millis(200));
        }
        self.progress.set_message(format!(
            "{} documents, {} alerts",
            count(summary.seen),
            count(summary.alert_count())
        ));
    }

    /// Takes the progress away.
    pub(super) fn end_progress(&self) {
        self.progress.finish_and_clear();
    }
}

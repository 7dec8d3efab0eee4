//! What is wrong with a file of cases: where, what, and what to write instead.
//!
//! Shown like what is wrong with a rule. Nothing is found here.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// A file of cases.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) name: Arc<str>,
    pub(super) text: Arc<str>,
}

impl File {
    /// The line of a byte, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        before.matches('\n').count() + 1
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) file: File,
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Problem {
    pub(super) fn new(file: &File, span: Range<usize>, message: impl Into<String>) -> Problem {
        Problem {
            file: file.clone(),
            span,
            message: message.into(),
            help: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<Option<String>>) -> Problem {
        self.help = help.into();
        self
    }

    /// With the line and a caret.
    pub(super) fn render(&self, colour: bool) -> String {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let end = self.span.end.min(self.file.text.len());
        let start = self.span.start.min(end);
        let mut group = Group::with_title(Level::ERROR.primary_title(self.message.as_str()))
            .element(
                Snippet::source(&*self.file.text)
                    .path(&*self.file.name)
                    .annotation(AnnotationKind::Primary.span(start..end)),
            );
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group]) + "\n"
    }
}

//! What guests print, line by line, and what the host has to say about them.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// A line longer than this is handed on in pieces, so that a guest cannot fill the host's memory.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStream {
    /// The component's standard output.
    Stdout,
    /// The component's standard error.
    Stderr,
    /// The host, about the component: a trap, a refused request.
    Host,
}

/// One line without its end.
#[derive(Debug, Clone, Copy)]
pub struct LogLine<'a> {
    /// The id of the component.
    pub component: &'a str,
    /// Where the line comes from.
    pub stream: LogStream,
    /// The text; bytes that are not UTF-8 are replaced.
    pub text: &'a str,
}

impl fmt::Display for LogLine<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stream {
            LogStream::Stdout | LogStream::Stderr => {
                write!(formatter, "[{}] {}", self.component, self.text)
            }
            LogStream::Host => write!(formatter, "[{}: host] {}", self.component, self.text),
        }
    }
}

/// Who gets the lines.
#[derive(Clone)]
pub enum LogSink {
    /// The host's standard error, each line with the component in front.
    Stderr,
    /// A function, called from any thread.
    Callback(Arc<dyn Fn(LogLine<'_>) + Send + Sync>),
}

impl LogSink {
    /// A sink that calls `function` for every line.
    pub fn callback(function: impl Fn(LogLine<'_>) + Send + Sync + 'static) -> Self {
        Self::Callback(Arc::new(function))
    }

    pub(crate) fn write(&self, line: LogLine<'_>) {
        match self {
            Self::Stderr => eprintln!("{line}"),
            Self::Callback(function) => function(line),
        }
    }
}

impl fmt::Debug for LogSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Stderr => "Stderr",
            Self::Callback(_) => "Callback",
        })
    }
}

/// The log of one component.
#[derive(Clone)]
pub(crate) struct ComponentLog {
    component: Arc<str>,
    sink: LogSink,
}

impl ComponentLog {
    pub(crate) fn new(component: &str, sink: LogSink) -> Self {
        Self {
            component: component.into(),
            sink,
        }
    }

    /// Says something about the component; every line of `text` is one line of the log.
    pub(crate) fn host(&self, text: &str) {
        for line in text.lines() {
            self.write(LogStream::Host, line);
        }
    }

    fn write(&self, stream: LogStream, text: &str) {
        self.sink.write(LogLine {
            component: &self.component,
            stream,
            text,
        });
    }

    /// What a guest gets as its standard output or error.
    pub(crate) fn output(&self, stream: LogStream) -> GuestOutput {
        GuestOutput {
            log: self.clone(),
            stream,
        }
    }
}

/// Standard output or error of a guest.
pub(crate) struct GuestOutput {
    log: ComponentLog,
    stream: LogStream,
}

impl IsTerminal for GuestOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestOutput {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Lines {
            log: self.log.clone(),
            stream: self.stream,
            unfinished: Vec::new(),
        })
    }
}

/// Cuts what is written into lines; what has no end when the stream is dropped is a line as well.
struct Lines {
    log: ComponentLog,
    stream: LogStream,
    unfinished: Vec<u8>,
}

impl Lines {
    fn finish(&mut self) {
        let line = String::from_utf8_lossy(&self.unfinished);
        self.log.write(self.stream, &line);
        self.unfinished.clear();
    }
}

impl AsyncWrite for Lines {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let lines = self.get_mut();
        for &byte in bytes {
            if byte == b'\n' {
                lines.finish();
            } else {
                lines.unfinished.push(byte);
                if lines.unfinished.len() >= LINE_BYTES_MAX {
                    lines.finish();
                }
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if !self.unfinished.is_empty() {
            self.finish();
        }
    }
}

//! What every command that talks to a server has: the client, and how to answer.

use std::future::Future;
use std::process::ExitCode;

use client::{Client, Document, Page};

use crate::Output;
use crate::failure::Failure;
use crate::screen::{self, Screen};

/// Where the server is, and how answers are printed.
#[derive(Debug)]
pub(crate) struct Context {
    /// The server.
    pub(crate) client: Client,
    output: Output,
}

/// What a command that was understood ends with.
pub(crate) type Done = Result<ExitCode, Failure>;

impl Context {
    /// Reads the address, runs a command, tells its failure.
    pub(crate) fn run<F>(server: &str, output: Output, command: impl FnOnce(Self) -> F) -> ExitCode
    where
        F: Future<Output = Done>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let done = match runtime {
            Ok(runtime) => runtime.block_on(async {
                let client = Client::connect(server)?;
                command(Self { client, output }).await
            }),
            Err(error) => Err(Failure::wrong_call(format!("cannot start: {error}"))),
        };
        done.unwrap_or_else(|failure| failure.tell())
    }

    /// Whether programs read the answer.
    pub(crate) fn json(&self) -> bool {
        self.output == Output::Json
    }

    /// The answer: the document for programs, what `page` makes of it for people.
    pub(crate) fn answer(
        &self,
        document: &Document,
        page: impl FnOnce(&serde_json::Value, &mut Screen),
    ) -> Done {
        if self.json() {
            return answer_json(document.text());
        }
        let mut screen = Screen::new();
        page(&document.value(), &mut screen);
        screen.show().map(|()| ExitCode::SUCCESS)
    }

    /// The answer of a search: an array for programs, what `page` makes of the items for people.
    pub(crate) fn answer_list(
        &self,
        found: &Page,
        page: impl FnOnce(&[serde_json::Value], &mut Screen),
    ) -> Done {
        if self.json() {
            return answer_json(&array(found.items.iter().map(Document::text)));
        }
        let mut screen = Screen::new();
        let items: Vec<_> = found.items.iter().map(Document::value).collect();
        page(&items, &mut screen);
        if found.total > items.len() as u64 || found.total_is_least {
            let shown = screen::thousands(items.len() as u64);
            let least = if found.total_is_least { "at least " } else { "" };
            let total = screen::thousands(found.total);
            let more = format!("{shown} of {least}{total}; --limit shows more");
            screen.styled(screen::DIM, &more);
        }
        screen.show().map(|()| ExitCode::SUCCESS)
    }
}

/// JSON text as the whole answer.
pub(crate) fn answer_json(text: &str) -> Done {
    screen::put(&format!("{text}\n")).map(|()| ExitCode::SUCCESS)
}

/// A JSON array of JSON texts.
pub(crate) fn array<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

/// A text field of an item; empty where there is none.
pub(crate) fn text<'a>(item: &'a serde_json::Value, field: &str) -> &'a str {
    item[field].as_str().unwrap_or_default()
}

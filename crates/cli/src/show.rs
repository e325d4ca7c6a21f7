//! `fermata show`: all about one instance.
use crate::context::{Context, Done};
use crate::screen::{Cell, Column, Screen, Table};

/// Names and values of variables, as JSON texts.
pub(crate) fn variables<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>, screen: &mut Screen) {
    let mut table = Table::part(&[Column::text("", 10), Column::text("", 20)]);
    for (name, value) in pairs {
        table.row([Cell::new(name), Cell::new(value)]);
    }
    screen.table(&table);
}

pub(crate) const HELP: &str = "";
/// Which instance.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Key of a process instance
    #[arg(value_name = "KEY", value_parser = crate::input::key)]
    key: String,
}
pub(crate) async fn run(args: ShowArgs, context: Context) -> Done {
    let document = context.client.show_instance(&args.key, 0, 100).await?;
    context.answer(&document, |_, _| {})
}

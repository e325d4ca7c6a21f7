//! The binary `fermata`.
//!
//! Exit codes: 0 done, 1 the answer is no (refused, not found), 2 the call was wrong or a file could
//! not be read, 3 no server answers at the address.

mod bench;
mod cancel;
mod completions;
mod context;
mod decide;
mod definitions;
mod delete;
mod deploy;
mod dev;
mod drill;
mod failure;
mod feel;
mod incidents;
mod input;
mod lint;
mod list;
mod message;
mod migrate;
mod models;
mod modify;
mod policies;
mod process;
mod retry;
mod screen;
mod show;
mod signal;
mod start;
mod suspend;
mod tasks;
mod tried;
mod worker;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use context::Context;

/// Blocks of a step are small and go from thread to thread: this is what it was made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "Examples:
  fermata dev
  fermata deploy order.bpmn
  fermata start order-fulfilment --variables '{\"orderId\": \"A-1001\"}'
  fermata list

Exit codes: 0 done, 1 the answer is no (refused, not found), 2 the call was
wrong or a file cannot be read, 3 no server at the address";

/// Process orchestration in one binary.
#[derive(Debug, Parser)]
#[command(name = "fermata", version, arg_required_else_help = true, after_help = HELP, max_term_width = 80)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// For people, or one JSON document for programs
    #[arg(long, global = true, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// The server to talk to
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "FERMATA_SERVER",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8080"
    )]
    server: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Output {
    // No doc comments: clap would make a page of every `--help`.
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make models definitions that instances can be started of
    #[command(after_help = deploy::HELP)]
    Deploy(deploy::DeployArgs),
    /// Start instances
    #[command(after_help = start::HELP)]
    Start(start::StartArgs),
    /// List instances
    #[command(after_help = list::HELP)]
    List(list::ListArgs),
    /// Show all about one instance
    #[command(after_help = show::HELP)]
    Show(show::ShowArgs),
    /// End instances now
    #[command(after_help = cancel::HELP)]
    Cancel(cancel::CancelArgs),
    /// Let nothing be left of instances that have ended
    #[command(after_help = delete::HELP)]
    Delete(delete::DeleteArgs),
    /// End elements of an instance and begin others
    #[command(after_help = modify::HELP)]
    Modify(modify::ModifyArgs),
    /// Run an instance by another definition from now on
    #[command(after_help = migrate::HELP)]
    Migrate(migrate::MigrateArgs),
    /// Let nothing go on in instances until they are resumed
    #[command(after_help = suspend::HELP)]
    Suspend(suspend::SuspendArgs),
    /// Let suspended instances go on
    #[command(after_help = suspend::RESUME_HELP)]
    Resume(suspend::ResumeArgs),
    /// List what waits for somebody to mend it
    #[command(after_help = incidents::HELP)]
    Incidents(incidents::IncidentsArgs),
    /// Resolve incidents, so that their instances go on
    #[command(after_help = retry::HELP)]
    Retry(retry::RetryArgs),
    /// Publish a message for the instance that waits for it
    #[command(after_help = message::HELP)]
    Message(message::MessageArgs),
    /// Broadcast a signal to everybody who waits for it
    #[command(after_help = signal::HELP)]
    Signal(signal::SignalArgs),
    /// List, claim and complete user tasks
    #[command(after_help = tasks::HELP)]
    Tasks(tasks::TasksArgs),
    /// List what instances can be started of
    #[command(after_help = definitions::HELP)]
    Definitions(definitions::DefinitionsArgs),
    /// Run a command for each job
    #[command(after_help = worker::HELP)]
    Worker(worker::WorkerArgs),
    /// Print what a shell needs to complete these commands
    #[command(after_help = completions::HELP)]
    Completions(completions::CompletionsArgs),
    /// Start a server on an embedded store, for this machine alone and without login
    #[command(
        after_help = "Examples:\n  fermata dev\n  fermata dev --data /tmp/trial --port 9090 --grpc-port 9091\n\n\
        Exit codes: 0 ended by Ctrl-C or SIGTERM, 2 it could not start or its store failed"
    )]
    Dev(dev::DevArgs),
    /// Run the order process with workers and people, and kill the server in the middle
    #[command(
        after_help = "Examples:\n  fermata demo\n  fermata demo --orders 1000 --kills 20 --seed 7\n\n\
        Exit codes: 0 every order ended where it should, 1 something was lost or done twice,\n\
        2 it could not be run"
    )]
    Demo(drill::DemoArgs),
    /// Measure how fast sequential jobs run on this machine, through the public API
    #[command(
        after_help = "Examples:\n  fermata bench\n  fermata bench --concurrency 1 --instances 500\n  \
        fermata bench --grpc 127.0.0.1:26500 --output json\n\n\
        Exit codes: 0 measured, 2 it could not be measured"
    )]
    Bench(bench::BenchArgs),
    /// Show what a model promises of each of its steps
    #[command(after_help = policies::HELP)]
    Policies(policies::PoliciesArgs),
    /// Evaluate a decision of a DMN file here, without a server
    #[command(after_help = decide::HELP)]
    Decide(decide::DecideArgs),
    /// Evaluate a FEEL expression, or one after the other
    #[command(after_help = feel::HELP)]
    Feel(feel::FeelArgs),
    /// Say whether models can be deployed, and what in them may not be as meant
    #[command(after_help = lint::HELP)]
    Lint(lint::LintArgs),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misunderstood(&error),
    };
    let (output, json) = (cli.output, cli.output == Output::Json);
    let server = cli.server.as_str();
    match cli.command {
        Command::Dev(args) => dev::run(&args, json),
        Command::Demo(args) => drill::run(&args, json),
        Command::Bench(args) => bench::run(&args, json),
        Command::Lint(args) => lint::run(&args, json),
        Command::Policies(args) => policies::run(&args, json),
        Command::Decide(args) => decide::run(&args, json),
        Command::Feel(args) => feel::run(&args, json),
        Command::Completions(args) => completions::run(&args),
        Command::Deploy(args) => Context::run(server, output, |context| deploy::run(args, context)),
        Command::Start(args) => Context::run(server, output, |context| start::run(args, context)),
        Command::List(args) => Context::run(server, output, |context| list::run(args, context)),
        Command::Show(args) => Context::run(server, output, |context| show::run(args, context)),
        Command::Cancel(args) => Context::run(server, output, |context| cancel::run(args, context)),
        Command::Delete(args) => Context::run(server, output, |context| delete::run(args, context)),
        Command::Modify(args) => Context::run(server, output, |context| modify::run(args, context)),
        Command::Migrate(args) => {
            Context::run(server, output, |context| migrate::run(args, context))
        }
        Command::Suspend(args) => {
            Context::run(server, output, |context| suspend::suspend(args, context))
        }
        Command::Resume(args) => {
            Context::run(server, output, |context| suspend::resume(args, context))
        }
        Command::Incidents(args) => {
            Context::run(server, output, |context| incidents::run(args, context))
        }
        Command::Retry(args) => Context::run(server, output, |context| retry::run(args, context)),
        Command::Message(args) => {
            Context::run(server, output, |context| message::run(args, context))
        }
        Command::Signal(args) => Context::run(server, output, |context| signal::run(args, context)),
        Command::Tasks(args) => Context::run(server, output, |context| tasks::run(args, context)),
        Command::Definitions(args) => {
            Context::run(server, output, |context| definitions::run(args, context))
        }
        Command::Worker(args) => Context::run(server, output, |context| worker::run(args, context)),
    }
}

/// Help and version as clap prints them; what is wrong with a call as all our errors.
fn misunderstood(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind;
    let text = error.render().to_string();
    let missing = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if missing || !error.use_stderr() {
        // Nothing is left to tell when this fails.
        let _ = error.print();
    } else {
        eprintln!("fermata: {}", text.strip_prefix("error: ").unwrap_or(&text).trim_end());
    }
    ExitCode::from(if error.use_stderr() { failure::WRONG_CALL } else { 0 })
}

//! The binary `fermata`.
//!
//! Exit codes: 0 done, 1 the answer is no (a model was refused), 2 the call was wrong or a file
//! could not be read.

mod bench;
mod dev;
mod lint;
mod process;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// Process orchestration in one binary.
#[derive(Debug, Parser)]
#[command(name = "fermata", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How answers are printed.
    #[arg(long, global = true, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a server on an embedded store, for this machine alone and without login
    #[command(
        after_help = "Examples:\n  fermata dev\n  fermata dev --data /tmp/trial --port 9090 --grpc-port 9091\n\n\
        Exit codes: 0 ended by Ctrl-C or SIGTERM, 2 it could not start or its store failed"
    )]
    Dev(dev::DevArgs),
    /// Measure how fast sequential jobs run on this machine, through the public API
    #[command(
        after_help = "Examples:\n  fermata bench\n  fermata bench --concurrency 1 --instances 500\n  \
        fermata bench --grpc 127.0.0.1:26500 --output json\n\n\
        Exit codes: 0 measured, 2 it could not be measured"
    )]
    Bench(bench::BenchArgs),
    /// Say whether a model can be deployed and, if not, where and why
    #[command(
        after_help = "Examples:\n  fermata lint order.bpmn\n  fermata lint --output json *.bpmn\n\n\
        Exit codes: 0 every model is accepted, 1 one is refused, 2 a file cannot be read"
    )]
    Lint {
        /// BPMN files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Command::Dev(args) => dev::run(&args, cli.output == Output::Json),
        Command::Bench(args) => bench::run(&args, cli.output == Output::Json),
        Command::Lint { files } => lint::run(&files, cli.output == Output::Json),
    }
}

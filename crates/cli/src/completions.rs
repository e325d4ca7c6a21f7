//! `fermata completions`: what a shell needs to complete our commands.

use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

pub(crate) const HELP: &str = "Examples:
  fermata completions bash > ~/.local/share/bash-completion/completions/fermata
  fermata completions zsh > \"${fpath[1]}/_fermata\"
  fermata completions fish > ~/.config/fish/completions/fermata.fish

Exit codes: 0 printed, 2 unknown shell";

/// Which shell.
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::Cli::command(), "fermata", &mut script);
    match crate::screen::put(&String::from_utf8_lossy(&script)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

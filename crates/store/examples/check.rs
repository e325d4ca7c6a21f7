//! Reads a whole store and says whether it is sound.
//!
//! `cargo run -p fermata-store --example check -- DIRECTORY`

use std::path::Path;
use std::process::ExitCode;

use fermata_store::SqliteStore;

fn main() -> ExitCode {
    let Some(dir) = std::env::args_os().nth(1) else {
        eprintln!("expected the directory of a store");
        return ExitCode::from(2);
    };
    match SqliteStore::check(Path::new(&dir)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

//! Writes the seeds of the corpus `records`: logs, snapshots and mail as a store has them.
//!
//! `cargo run -p fermata-fuzz --example seeds`, after a change of what is stored.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/records");
    std::fs::create_dir_all(&corpus)?;
    for (name, bytes) in fermata_fuzz::record_seeds() {
        std::fs::write(corpus.join(name), bytes)?;
    }
    Ok(())
}

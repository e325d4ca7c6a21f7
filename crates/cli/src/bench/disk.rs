//! The measure of the disk: bare syncs of a growing file.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::Failure;

/// Appends that are synced one by one.
const SYNCS: usize = 300;

/// The median time of an append of 4 KiB and its `fdatasync`, where the store would be.
pub(super) fn sync_time(data: Option<&Path>) -> Result<Duration, Failure> {
    let directory = data.map_or_else(std::env::temp_dir, Path::to_owned);
    std::fs::create_dir_all(&directory)?;
    let path = directory.join(format!("fermata-sync-{}", std::process::id()));
    let mut file = std::fs::File::create_new(&path)?;
    let page = [0xa5; 4096];
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let begin = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        times.push(begin.elapsed());
    }
    std::fs::remove_file(&path)?;
    times.sort_unstable();
    Ok(times[SYNCS / 2])
}

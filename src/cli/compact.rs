//! `appliance compact`: gives the unused space of the databases back to the disk, while the appliance is
//! stopped.

use serde_json::json;

use super::{Failure, Global, print};
use crate::{
    server::{StartError, existing_data},
    store::{Compacted, compact},
};

/// Memory for pages while compacting, in bytes: nothing else runs.
const CACHE_BYTES: usize = 256 << 20;

pub(super) fn run(global: &Global) -> Result<(), Failure> {
    let config = global.load(&[])?;
    global.enter(&config.data.directory)?;
    let data = existing_data(&config)?;
    let mut done = Vec::new();
    for (_, path) in data.stores().iter().filter(|(_, path)| path.is_file()) {
        let compacted = compact(path, CACHE_BYTES).map_err(StartError::Store)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !global.json {
            let Compacted { before, after } = compacted;
            print(format_args!("{name}\t{before}\t{after}"))?;
        }
        done.push((name, compacted));
    }
    if global.json {
        let files = done.iter().map(|(name, Compacted { before, after })| {
            json!({ "file": name, "bytes_before": before, "bytes_after": after })
        });
        print(serde_json::to_string_pretty(&files.collect::<Vec<_>>())?)?;
    }
    Ok(())
}

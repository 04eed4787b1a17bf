//! `appliance migrate`: how far the databases have come.

use clap::Subcommand;
use serde_json::json;

use super::{Failure, Global, print};
use crate::{
    backup::DataFile,
    server::DATA_FILES,
    store::{About, AtRest},
};

/// Looks at the schema of the databases.
#[derive(Debug, Subcommand)]
pub(super) enum Migrate {
    /// Show the schema version of each file, and the steps that a start would take.
    Status,
}

impl Migrate {
    pub(super) fn run(self, global: &Global) -> Result<(), Failure> {
        let Self::Status = self;
        let config = global.load(&[])?;
        let directory = &config.data.directory;
        global.enter(directory)?;
        let mut found = Vec::new();
        for file in &DATA_FILES {
            let path = directory.join(file.name);
            let about =
                if path.exists() { Some(AtRest::open(&path)?.snapshot()?.about()?) } else { None };
            found.push((file, about));
        }
        if found.iter().all(|(_, about)| about.is_none()) {
            return Err(Failure::NotFound(format!(
                "there is no database in {}",
                directory.display()
            )));
        }
        if global.json {
            let files: Vec<_> =
                found.iter().map(|(file, about)| as_json(file, about.as_ref())).collect();
            return print(serde_json::to_string_pretty(&files)?);
        }
        found.iter().try_for_each(|(file, about)| print(as_text(file, about.as_ref())))
    }
}

/// The names of the steps that were taken, and of those that were not.
fn steps(file: &DataFile, version: u32) -> (Vec<&'static str>, Vec<&'static str>) {
    let names: Vec<_> = file.migrations.iter().map(|step| step.name).collect();
    let taken = usize::try_from(version).unwrap_or(usize::MAX).min(names.len());
    let (taken, pending) = names.split_at(taken);
    (taken.to_vec(), pending.to_vec())
}

fn as_text(file: &DataFile, about: Option<&About>) -> String {
    let Some(about) = about else { return format!("{}\tis not there", file.name) };
    let newest = file.newest_schema();
    let About { schema_version, made_by } = about;
    let (taken, pending) = steps(file, *schema_version);
    let state = match schema_version.cmp(&newest) {
        std::cmp::Ordering::Less => format!("{} pending", pending.len()),
        std::cmp::Ordering::Equal => "up to date".to_owned(),
        std::cmp::Ordering::Greater => "made by a newer appliance".to_owned(),
    };
    let mut lines =
        vec![format!("{}\tschema {schema_version} of {newest}\tby {made_by}\t{state}", file.name)];
    lines.extend(taken.iter().map(|step| format!("  taken    {step}")));
    lines.extend(pending.iter().map(|step| format!("  pending  {step}")));
    lines.join("\n")
}

fn as_json(file: &DataFile, about: Option<&About>) -> serde_json::Value {
    let (taken, pending) = steps(file, about.map_or(0, |about| about.schema_version));
    json!({
        "name": file.name,
        "schema_version": about.map(|about| about.schema_version),
        "newest_schema_version": file.newest_schema(),
        "made_by": about.map(|about| &about.made_by),
        "taken": taken,
        "pending": pending,
    })
}

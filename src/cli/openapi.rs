//! `appliance openapi`: the generated document, without touching any data.

use super::{Failure, Global, print};
use crate::{config::Config, config::ConfigSources, server::openapi_document};

pub(super) fn run(_: &Global) -> Result<(), Failure> {
    // Of the defaults: the document describes the program, not one installation of it.
    let config = Config::load(&ConfigSources::default())?;
    print(openapi_document(&config)?.trim_end())
}

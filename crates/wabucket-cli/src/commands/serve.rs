//! `wabucket serve`.

use wabucket::{Error, ServeOptions};

use super::surroundings;
use crate::arguments::{GlobalArguments, ServeArguments};
use crate::interrupt;
use crate::output::Printer;

pub(crate) async fn run(global: &GlobalArguments, arguments: &ServeArguments, printer: &Printer) -> Result<(), Error> {
    let directory = global.local.clone().filter(|directory| !directory.is_empty()).map(Into::into);
    let options = ServeOptions { directory, address: arguments.addr };
    let stop = interrupt::token();
    let server = wabucket::serve(options, &surroundings()).await?;
    printer.served(&server.summary());
    stop.cancelled().await;
    server.stop().await;
    Ok(())
}

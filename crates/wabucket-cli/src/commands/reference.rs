//! The man page and `docs/CLI.md`, rendered from the definitions.

use std::fmt::Write;

use clap::Command;

/// One page for the program and all its commands, in roff.
pub(crate) fn man_page(command: Command) -> Vec<u8> {
    let mut page = Vec::new();
    let mut command = command.disable_help_subcommand(true);
    command.build();
    render(&clap_mangen::Man::new(command.clone()), &mut page);
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        render(&clap_mangen::Man::new(subcommand.clone()), &mut page);
    }
    page
}

fn render(man: &clap_mangen::Man, page: &mut Vec<u8>) {
    man.render(page).expect("writing to memory succeeds");
}

/// The help of every level as one page.
pub(crate) fn markdown(command: Command) -> String {
    let mut command = command.disable_help_subcommand(true).term_width(100);
    command.build();
    let mut page =
        String::from("# The command line\n\nWritten by `wabucket reference`; a test checks that it is current.\n");
    section(&mut page, "wabucket", &mut command);
    for subcommand in command.get_subcommands_mut().filter(|subcommand| !subcommand.is_hide_set()) {
        let title = format!("wabucket {}", subcommand.get_name());
        section(&mut page, &title, subcommand);
    }
    page
}

fn section(page: &mut String, title: &str, command: &mut Command) {
    let help = command.render_long_help().to_string();
    let help: Vec<_> = help.lines().map(str::trim_end).collect();
    write!(page, "\n## {title}\n\n```text\n{}\n```\n", help.join("\n").trim()).expect("writing to a String succeeds");
}

use crate::sandbox::Sandbox;

#[test]
fn every_level_explains_itself() {
    let sandbox = Sandbox::new();
    for command in
        [vec![], vec!["upload"], vec!["download"], vec!["link"], vec!["serve"], vec!["completions"], vec!["man"]]
    {
        let ended = sandbox.run(&[command.clone(), vec!["--help"]].concat()).ok();
        assert!(ended.stdout.contains("Usage: wabucket"), "{command:?}");
    }
    assert!(sandbox.run(&["--help"]).stdout.contains("Exit codes"));
}

#[test]
fn wrong_usage_exits_with_2() {
    let sandbox = Sandbox::new();
    for arguments in [vec![], vec!["nonsense"], vec!["upload"], vec!["upload", "x", "-n"]] {
        assert_eq!(sandbox.run(&arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn completions_and_man_page_come_from_the_definitions() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(sandbox.run(&["completions", shell]).ok().stdout.contains("no-reff"));
    }
    let page = sandbox.run(&["man"]).ok().stdout;
    assert!(page.starts_with(".ie") || page.contains(".TH wabucket"), "{page}");
    for command in ["upload", "download", "link", "serve"] {
        assert!(page.contains(command), "{command} is not in the man page");
    }
}

#[test]
fn the_reference_page_is_current() {
    let sandbox = Sandbox::new();
    let written = fs_err::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/CLI.md")).unwrap();
    let generated = sandbox.run(&["reference"]).ok().stdout;
    assert!(written == generated, "docs/CLI.md is not current; write it anew with: wabucket reference > docs/CLI.md");
}

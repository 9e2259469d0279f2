//! What a package installs beside the program.

use crate::kit::{Shop, finish, program};

#[test]
fn completions_for_every_shell() {
    let shop = Shop::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = shop.run(&["completions", shell]).expect_code(0).stdout;
        for word in ["shelfkeeper", "resync", "detailed-exitcode", "completions"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    shop.run(&["completions", "csh"]).expect_code(2);
}

#[test]
fn manual_pages() {
    let shop = Shop::new();
    // Without a config.
    let mut command = program(&shop.path(""));
    command.arg("man");
    let page = finish(command).expect_code(0).stdout;
    assert!(page.contains(".TH shelfkeeper 1") && page.contains("shelfkeeper\\-plan(1)"), "{page}");
    let page = shop.run(&["man", "plan"]).expect_code(0).stdout;
    assert!(page.contains(".TH shelfkeeper-plan 1") && page.contains("detailed\\-exitcode"), "{page}");
    for name in ["config dump", "config-dump"] {
        assert!(shop.run(&["man", name]).expect_code(0).stdout.contains("shelfkeeper config dump"), "{name}");
    }
    let output = shop.run(&["man", "dance"]).expect_code(2);
    assert!(output.stderr.contains("there is no command dance"), "{}", output.stderr);
}

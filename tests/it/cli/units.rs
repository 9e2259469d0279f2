//! The units for systemd say the same of what is the same: whose they are, what they may do, where things lie.
//! Whether they work is for `tests/systemd`.

use std::path::Path;

/// What the daemon has otherwise than passes that end.
const DAEMON: [&str; 9] = [
    "Type=notify",
    "Type=notify-reload",
    "ExecStart=",
    "Restart=",
    "RestartSec=",
    "RestartSteps=",
    "RestartMaxDelaySec=",
    "RestartPreventExitStatus=",
    "WatchdogSec=",
];
/// And these otherwise than the daemon.
const PASS: [&str; 5] = ["Type=oneshot", "ExecStart", "ExecStopPost=", "SuccessExitStatus=", "RuntimeDirectory="];

fn text(unit: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd").join(unit);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines of a unit's [Service], but for comments and those that begin so.
fn service(unit: &str, but: &[&str]) -> Vec<String> {
    let text = text(unit);
    let lines = text.lines().skip_while(|line| *line != "[Service]").skip(1).take_while(|line| !line.starts_with('['));
    let counts = |line: &&str| !line.is_empty() && !line.starts_with('#') && !but.iter().any(|it| line.starts_with(it));
    lines.filter(counts).map(str::to_owned).collect()
}

/// A line of a template, as the unit for one shop has it.
fn of_one_shop(line: &str) -> String {
    [
        ("/etc/shelfkeeper/%i.api", "/etc/shelfkeeper/nicechat_api"),
        ("/etc/shelfkeeper/%i.toml", "/etc/shelfkeeper/shelfkeeper.toml"),
        ("User=sk-%i", "User=shelfkeeper"),
        ("shelfkeeper-%i", "shelfkeeper"),
        ("@%i", ""),
    ]
    .iter()
    .fold(line.to_owned(), |line, (template, one)| line.replace(template, one))
}

#[test]
fn passes_are_confined_like_the_daemon() {
    for template in ["", "@"] {
        let daemon = service(&format!("shelfkeeper{template}.service"), &DAEMON);
        assert!(daemon.len() > 40 && daemon.contains(&"DynamicUser=yes".to_owned()), "{daemon:?}");
        for kind in ["once", "resync"] {
            let unit = format!("shelfkeeper-{kind}{template}.service");
            assert_eq!(service(&unit, &PASS), daemon, "{unit}");
        }
    }
}

#[test]
fn templates_are_the_units_for_one_shop_with_a_name() {
    for name in ["shelfkeeper", "shelfkeeper-once", "shelfkeeper-resync"] {
        let template: Vec<String> =
            service(&format!("{name}@.service"), &[]).iter().map(|line| of_one_shop(line)).collect();
        assert_eq!(template, service(&format!("{name}.service"), &[]), "{name}");
    }
    for name in ["shelfkeeper-once", "shelfkeeper-resync"] {
        let timer = |unit: &str| {
            let text = text(unit);
            text.split_once("[Timer]").map(|(_, rest)| rest.to_owned()).unwrap_or_default()
        };
        assert_eq!(timer(&format!("{name}@.timer")), timer(&format!("{name}.timer")));
        assert!(timer(&format!("{name}.timer")).contains("OnCalendar="));
    }
}

/// The journal of all shops is read at once.
#[test]
fn entries_of_the_journal_are_by_their_shop() {
    for name in ["shelfkeeper", "shelfkeeper-once", "shelfkeeper-resync"] {
        for (template, identifier) in [("", "shelfkeeper"), ("@", "shelfkeeper@%i")] {
            let unit = format!("{name}{template}.service");
            assert!(service(&unit, &[]).contains(&format!("SyslogIdentifier={identifier}")), "{unit}");
        }
    }
}

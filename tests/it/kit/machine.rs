//! A machine whose `/etc` and `/var/lib` are a test's own, for what goes by the places of the units.

use std::path::Path;
use std::process::Command;

use super::{Output, finish, program};

/// Makes the places; the state of `shelfkeeper@north` lies behind the link that DynamicUser= makes.
const PLACES: &str = "mount -t tmpfs none /etc && mount -t tmpfs none /var/lib && mkdir /etc/shelfkeeper && \
     mkdir -p /var/lib/private/shelfkeeper-north && ln -s private/shelfkeeper-north /var/lib/shelfkeeper-north";

/// Runs a script there, in which `$0` is the program; `None` = nobody may have such a machine here.
pub(crate) fn on_a_machine(script: &str) -> Option<Output> {
    let shell = |script: &str| {
        let program = program(Path::new("/"));
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", script]).arg(program.get_program()).env_clear().env("PATH", "/usr/bin:/bin");
        command
    };
    let tried = shell(PLACES).output();
    let may = tried.is_ok_and(|tried| tried.status.success());
    may.then(|| finish(shell(&format!("{PLACES} && {script}"))))
}

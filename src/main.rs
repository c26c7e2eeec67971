//! The program. What can be said to it lies in [`qunliao::commands`].

use std::process::ExitCode;

fn main() -> ExitCode {
    qunliao::commands::Arguments::run()
}

//! A kernel that says no, or pulls the plug, at a chosen call: `strace` puts itself between.

/// The calls that change a file of the data directory. The store's own are `pwrite64`, `fdatasync` and
/// `ftruncate`; the rest is how a new file gets its name.
pub const CHANGES: &str = "pwrite64,write,fdatasync,fsync,ftruncate,linkat,unlink,rename,mkdir";

/// Makes `calls` of the program fail for want of space, from the `nth` of a thread on.
pub fn out_of_space(calls: &str, nth: usize) -> Vec<String> {
    strace(calls, &format!("error=ENOSPC:when={nth}+"))
}

/// Makes the `nth` of `calls` of every thread fail as a broken disk does, and only that one: whoever
/// tried again would be told that all is well.
pub fn broken_once(calls: &str, nth: usize) -> Vec<String> {
    strace(calls, &format!("error=EIO:when={nth}"))
}

/// Makes `calls` of the program fail because the owner or the permissions do not allow them.
pub fn denied(calls: &str) -> Vec<String> {
    strace(calls, "error=EACCES")
}

/// Kills the program in the place of its `nth` of `calls`.
pub fn killed_at(calls: &str, nth: usize) -> Vec<String> {
    strace(calls, &format!("signal=KILL:when={nth}"))
}

/// Runs the program as the child of whoever started `strace`, which waits beside it (`-D`), so that
/// signals and exit codes are the program's own.
fn strace(calls: &str, fault: &str) -> Vec<String> {
    let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:{fault}"));
    let arguments = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
    arguments.map(str::to_owned).to_vec()
}

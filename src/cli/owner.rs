//! Root does not act in somebody else's directory: it becomes them.
//!
//! What the appliance's user can write to is theirs to arrange: a name may be a link, and what listens at the
//! control socket may be false. Root that reads, writes and believes as that user can be led no further than
//! they come themselves. So every verb that touches data becomes its owner first, for good. What root alone
//! can reach, and names itself, is opened before that; a file that root wants is given its name afterwards,
//! and that verb alone steps down and up again ([`SteppedDown`]).
//!
//! Linux keeps users by thread, so this is done while there is one.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::{
    process::{Gid, Uid, getgroups},
    thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid},
};

use super::Failure;

/// Where the system keeps the names of users and groups.
const USERS: &str = "/etc/passwd";
const GROUPS: &str = "/etc/group";

/// Somebody else, whom root is to become.
#[derive(Debug, PartialEq, Eq)]
struct Owner {
    /// For people: the name, or the number of a user without one.
    name: String,
    uid: Uid,
    gid: Gid,
    groups: Vec<Gid>,
}

/// Acts as whoever owns a data directory, from here on and for good; says who that is when it was somebody
/// else than whoever ran this. Without a directory it looks at the one above.
pub(super) fn become_owner(directory: &Path) -> Result<Option<String>, Failure> {
    let Some(owner) = Owner::of(directory)? else { return Ok(None) };
    let Owner { uid, gid, .. } = owner;
    set_thread_groups(&owner.groups)
        .and_then(|()| set_thread_res_gid(gid, gid, gid))
        .and_then(|()| set_thread_res_uid(uid, uid, uid))
        .map_err(|error| refused(&owner, directory, &error.into()))?;
    owner.reach(directory)?;
    Ok(Some(owner.name))
}

/// Who other than root decides what a file holds, by name; nothing for others than root, and when nobody does.
/// What cannot be looked at is somebody else's.
pub(super) fn of_another(file: &Path) -> Option<String> {
    match Owner::of(file) {
        Ok(owner) => owner.map(|owner| owner.name),
        Err(_) => Some("somebody".to_owned()),
    }
}

/// Root acts as the owner of a data directory until this is dropped.
#[derive(Debug)]
pub(super) struct SteppedDown {
    /// Root's own groups.
    groups: Vec<Gid>,
    name: String,
}

impl SteppedDown {
    /// Steps down; nothing when there is nobody to become.
    pub(super) fn to_owner(directory: &Path) -> Result<Option<Self>, Failure> {
        let Some(owner) = Owner::of(directory)? else { return Ok(None) };
        let Owner { uid, gid, .. } = owner;
        let failed = |error: rustix::io::Errno| refused(&owner, directory, &error.into());
        let stepped = Self { groups: getgroups().map_err(failed)?, name: owner.name.clone() };
        // From here on a failure steps up again.
        set_thread_groups(&owner.groups)
            .and_then(|()| set_thread_res_gid(Gid::ROOT, gid, Gid::ROOT))
            .and_then(|()| set_thread_res_uid(Uid::ROOT, uid, Uid::ROOT))
            .map_err(failed)?;
        owner.reach(directory)?;
        Ok(Some(stepped))
    }

    /// As whom it acts, for people.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for SteppedDown {
    fn drop(&mut self) {
        // Root may become root again; were it refused, less could be done, and nothing more.
        let _ = set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT)
            .and_then(|()| set_thread_res_gid(Gid::ROOT, Gid::ROOT, Gid::ROOT))
            .and_then(|()| set_thread_groups(&self.groups));
    }
}

/// Runs something as the owner of a data directory.
pub(super) fn as_owner_of<T>(directory: &Path, work: impl FnOnce() -> T) -> Result<T, Failure> {
    let _stepped = SteppedDown::to_owner(directory)?;
    Ok(work())
}

impl Owner {
    /// Whom root is to become; nothing for others, and where root decides what lies there.
    fn of(directory: &Path) -> Result<Option<Self>, Failure> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let found = decides(directory).map_err(|error| {
            Failure::Failed(format!("{} cannot be looked at: {error}", directory.display()))
        })?;
        let Some((uid, gid)) = found else { return Ok(None) };
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Ok(Some(Self::named(uid, gid, &read(USERS), &read(GROUPS))))
    }

    /// With the name and the groups that the system gives the user, and the group of the directory for one
    /// that the system does not know.
    fn named(uid: u32, gid: u32, users: &str, groups: &str) -> Self {
        let user = users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let found = fields.nth(1)?.parse() == Ok(uid);
            found.then(|| Some((name, fields.next()?.parse().ok()?)))?
        });
        let (name, gid) = user.map_or((format!("user {uid}"), gid), |(name, gid): (&str, u32)| {
            (name.to_owned(), gid)
        });
        let groups = groups.lines().filter_map(|line| {
            let mut fields = line.split(':').skip(2);
            let number = fields.next()?.parse().ok()?;
            let is_in = user.is_some() && fields.next()?.split(',').any(|member| member == name);
            is_in.then(|| Gid::from_raw(number))
        });
        Self { uid: Uid::from_raw(uid), gid: Gid::from_raw(gid), groups: groups.collect(), name }
    }

    /// Says so when the owner does not come to their own directory: root, who does, would wonder.
    fn reach(&self, directory: &Path) -> Result<(), Failure> {
        match fs::metadata(directory) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(Failure::Failed(format!(
                    "{} belongs to {}, who may not pass through a directory above it; open that \
                     one to them (chmod o+x), or give the data directory to root (chown)",
                    directory.display(),
                    self.name
                )))
            }
            _ => Ok(()),
        }
    }
}

fn refused(owner: &Owner, directory: &Path, error: &io::Error) -> Failure {
    let (name, directory) = (&owner.name, directory.display());
    Failure::Failed(format!(
        "{directory} belongs to {name}, whom this root may not become ({error}); run this as {name}"
    ))
}

/// The user other than root, with the group, who decides what lies at a path: who owns it, or a directory or
/// a link on the way there. Nothing when root alone does.
fn decides(path: &Path) -> io::Result<Option<(u32, u32)>> {
    let named = std::path::absolute(path)?;
    // Where the way leads, when there is something at its end.
    let real = fs::canonicalize(&named).ok();
    let steps = |path: &Path| path.ancestors().map(Path::to_owned).collect::<Vec<PathBuf>>();
    let on_the_way =
        real.as_deref().map(steps).unwrap_or_default().into_iter().chain(steps(&named));
    Ok(on_the_way
        .filter_map(|step| fs::symlink_metadata(step).ok())
        .map(|metadata| (metadata.uid(), metadata.gid()))
        .find(|(uid, _)| *uid != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_has_the_groups_that_the_system_knows() {
        let users =
            "root:x:0:0:root:/:/bin/sh\nappliance:x:998:997::/var/lib/appliance:/bin/false\n";
        let groups = "root:x:0:\nssl-cert:x:112:postgres,appliance\nadm:x:4:appliances\n";
        let owner = Owner::named(998, 5, users, groups);
        assert_eq!((owner.name.as_str(), owner.gid), ("appliance", Gid::from_raw(997)));
        assert_eq!(owner.groups, [Gid::from_raw(112)]);
    }

    #[test]
    fn a_user_without_a_name_has_the_group_of_the_directory_and_no_other() {
        let owner = Owner::named(4_711, 5, "a:x:1:1::/:\nodd\n", "b:x:7:user 4711,\n:::\n");
        assert_eq!((owner.name.as_str(), owner.gid), ("user 4711", Gid::from_raw(5)));
        assert_eq!(owner.groups, []);
    }

    #[test]
    fn whoever_owns_a_directory_on_the_way_decides_what_lies_at_its_end() {
        use std::os::unix::fs::{chown, lchown, symlink};
        let home = tempfile::tempdir().unwrap();
        let above = home.path().join("above");
        fs::create_dir_all(above.join("data")).unwrap();
        if fs::metadata(home.path()).unwrap().uid() != 0 {
            return;
        }
        let of = |path: &Path| decides(path).unwrap().map(|(uid, _)| uid);
        assert_eq!(of(&above.join("data")), None);
        chown(&above, Some(4_711), Some(4_711)).unwrap();
        assert_eq!(of(&above.join("data")), Some(4_711));
        assert_eq!(of(&above.join("not/yet")), Some(4_711));
        chown(above.join("data"), Some(4_712), None).unwrap();
        assert_eq!(of(&above.join("data")), Some(4_712));
        let link = home.path().join("link");
        fs::create_dir(home.path().join("mine")).unwrap();
        symlink(home.path().join("mine"), &link).unwrap();
        assert_eq!(of(&link), None);
        lchown(&link, Some(4_713), None).unwrap();
        assert_eq!(of(&link), Some(4_713));
    }
}

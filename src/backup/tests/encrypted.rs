//! Archives that are encrypted: to recipients, or with a passphrase.

use super::*;

#[test]
fn an_encrypted_archive_is_made_and_read_back_without_anything_in_clear_beside_it() {
    let home = home(1);
    let known = files(1);
    let recipient = "age1luw0ej4gfr9j954ckn3am4u9kyn0ymdpgxswvqws239jx8m7a38qsltehd".to_owned();
    let encryptions = [
        Encryption::new(&[recipient], None),
        Encryption::with_passphrase(&mut PASSPHRASE.as_bytes()),
    ];
    for encryption in encryptions {
        let mut steps = std::collections::BTreeSet::new();
        let snapshots = || SnapshotSet::offline(&known, home.data.root());
        let backups = home.backups.clone();
        let mut look = |progress: BackupProgress| {
            steps.insert(progress.step.word());
            for entry in fs::read_dir(backups.path()).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                assert!(name.contains(".tar.zst.age"), "{name}");
            }
            Ok(())
        };
        create_backup(
            &snapshots,
            &home.backups,
            Destination::Directory,
            &encryption.unwrap(),
            now(),
            &mut look,
            &mut |_| Ok(()),
        )
        .unwrap();
        assert_eq!(steps.len(), 4, "{steps:?}");
    }
}

#[test]
fn what_an_older_program_left_in_clear_on_the_backup_disk_is_swept_up() {
    let home = home(1);
    let known = files(1);
    let left = home.backups.path().join(".appliance-working-0123456789abcdef");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("auth.redb"), "secret").unwrap();
    let snapshots = || SnapshotSet::offline(&known, home.data.root());
    let encryption = Encryption::with_passphrase(&mut PASSPHRASE.as_bytes()).unwrap();
    create_backup(
        &snapshots,
        &home.backups,
        Destination::Directory,
        &encryption,
        now(),
        &mut |_| Ok(()),
        &mut |_| Ok(()),
    )
    .unwrap();
    assert!(!left.exists());
}

#[test]
fn a_passphrase_that_would_be_cut_is_refused_and_not_cut() {
    let longest = "x".repeat(4 << 10);
    assert!(Encryption::with_passphrase(&mut longest.as_bytes()).is_ok());
    let longer = longest + "x";
    assert!(matches!(
        Encryption::with_passphrase(&mut longer.as_bytes()),
        Err(BackupError::Usage(_))
    ));
    let many =
        vec!["age1luw0ej4gfr9j954ckn3am4u9kyn0ymdpgxswvqws239jx8m7a38qsltehd".to_owned(); 257];
    assert!(matches!(Encryption::new(&many, None), Err(BackupError::Usage(_))));
    assert!(Encryption::new(&many[..256], None).is_ok());
}

//! A disk in memory that remembers which of its bytes were synced.
//!
//! A real disk may keep any part of what was written since the last sync, in any order, and may stop
//! in the middle of a write. [`Disk::after_power_cut`] makes such a disk out of this one.

use std::{
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    time::Duration,
};

use appliance::store::StorageBackend;

/// Which of the unsynced writes are on the disk when the power is back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survives {
    Nothing,
    Everything,
    /// Each write with even odds; the seed says which.
    Some(u64),
    /// As `Some`, and of each write that survives only a beginning.
    Torn(u64),
}

/// What the disk does when a sync comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The power goes: this sync and everything after it fails.
    PowerCut,
    /// This sync fails; later ones would claim success.
    SyncError,
    /// The code below redb panics.
    Panic,
}

/// Clones are handles on the same disk.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    live: Vec<u8>,
    synced: Vec<u8>,
    unsynced: Vec<Change>,
    syncs: u64,
    fault: Option<(u64, Fault)>,
    write_error: Option<io::ErrorKind>,
    off: bool,
    holding: bool,
    held: bool,
}

#[derive(Debug, Clone)]
enum Change {
    Length(usize),
    Bytes(usize, Vec<u8>),
}

/// A wait that never ends is a failed test, not a hung one.
pub const PATIENCE: Duration = Duration::from_mins(1);

impl Disk {
    pub fn of(bytes: Vec<u8>) -> Self {
        let disk = Self::default();
        {
            let mut state = disk.state();
            state.live.clone_from(&bytes);
            state.synced = bytes;
        }
        disk
    }

    /// Lets `fault` happen at the sync of that number, counted from 1.
    pub fn fault_at(&self, sync: u64, fault: Fault) {
        self.state().fault = Some((sync, fault));
    }

    /// Lets `fault` happen at the next sync.
    pub fn fault_at_next_sync(&self, fault: Fault) {
        let next = self.syncs() + 1;
        self.fault_at(next, fault);
    }

    /// Every write from now on fails in this way.
    pub fn refuse_writes(&self, kind: io::ErrorKind) {
        self.state().write_error = Some(kind);
    }

    /// How many syncs were asked for, those that failed too.
    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    pub fn lost_power(&self) -> bool {
        self.state().off
    }

    /// Makes every sync from now on wait for [`Disk::let_one_sync_pass`].
    pub fn hold_syncs(&self) {
        self.state().holding = true;
    }

    /// Returns when a sync has begun and waits.
    pub fn wait_for_held_sync(&self) {
        let (state, waited) =
            self.0.changed.wait_timeout_while(self.state(), PATIENCE, |state| !state.held).unwrap();
        drop(state);
        assert!(!waited.timed_out(), "no sync came");
    }

    pub fn let_one_sync_pass(&self) {
        let mut state = self.state();
        assert!(state.held, "no sync waits");
        state.held = false;
        drop(state);
        self.0.changed.notify_all();
    }

    /// Ends what [`Disk::hold_syncs`] began.
    pub fn let_all_syncs_pass(&self) {
        let mut state = self.state();
        state.holding = false;
        state.held = false;
        drop(state);
        self.0.changed.notify_all();
    }

    /// The disk as the next start finds it.
    pub fn after_power_cut(&self, survives: Survives) -> Self {
        let state = self.state();
        let mut bytes = state.synced.clone();
        let mut dice = Dice(match survives {
            Survives::Some(seed) | Survives::Torn(seed) => seed,
            Survives::Nothing | Survives::Everything => 0,
        });
        for change in &state.unsynced {
            let keep = match survives {
                Survives::Nothing => false,
                Survives::Everything => true,
                Survives::Some(_) | Survives::Torn(_) => dice.below(2) == 0,
            };
            if !keep {
                continue;
            }
            match (survives, change) {
                (Survives::Torn(_), Change::Bytes(offset, data)) => {
                    let kept = dice.below(data.len() + 1);
                    Change::Bytes(*offset, data[..kept].to_vec()).apply(&mut bytes);
                }
                _ => change.apply(&mut bytes),
            }
        }
        Self::of(bytes)
    }

    /// All bytes, as a program that runs on it sees them.
    pub fn bytes(&self) -> Vec<u8> {
        self.state().live.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    fn change(&self, change: Change) -> io::Result<()> {
        let mut state = self.state();
        state.powered()?;
        if let Some(kind) = state.write_error {
            return Err(kind.into());
        }
        change.apply(&mut state.live);
        state.unsynced.push(change);
        Ok(())
    }
}

impl State {
    fn powered(&self) -> io::Result<()> {
        if self.off { Err(io::Error::other("the power is out")) } else { Ok(()) }
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Length(length) => bytes.resize(*length, 0),
            Self::Bytes(offset, data) => {
                let end = offset + data.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*offset..end].copy_from_slice(data);
            }
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        let state = self.state();
        state.powered()?;
        Ok(state.live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        state.powered()?;
        let start = usize::try_from(offset).unwrap();
        let found = state.live.get(start..start + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(Change::Length(usize::try_from(len).unwrap()))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Change::Bytes(usize::try_from(offset).unwrap(), data.to_vec()))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.powered()?;
        state.syncs += 1;
        if state.holding {
            state.held = true;
            self.0.changed.notify_all();
            let (passed, waited) =
                self.0.changed.wait_timeout_while(state, PATIENCE, |state| state.held).unwrap();
            assert!(!waited.timed_out(), "a held sync was never let pass");
            state = passed;
        }
        match state.fault {
            Some((sync, fault)) if sync == state.syncs => match fault {
                Fault::PowerCut => {
                    state.off = true;
                    return state.powered();
                }
                Fault::SyncError => return Err(io::Error::other("the disk says no")),
                Fault::Panic => {
                    drop(state);
                    panic!("a bug below the store");
                }
            },
            _ => {}
        }
        let changes = std::mem::take(&mut state.unsynced);
        for change in &changes {
            change.apply(&mut state.synced);
        }
        Ok(())
    }
}

/// `SplitMix64`: small, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }
}

//! Where the socket lies: `admin.sock` in the data folder, whose path may be longer
//! than a socket's name can be.

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use std::io;
use std::path::{Path, PathBuf};

/// The longest name of a socket, in bytes: `sun_path` has 108, one of them a zero.
const NAME_BYTES_MAX: usize = 107;
/// The socket.
const SOCKET: &str = "admin.sock";
/// What it is called until it can be used.
const UNFINISHED: &str = "admin.sock.new";

/// The data folder, by a name that is short enough for a socket in it.
pub(super) struct Place {
    root: PathBuf,
    /// Keeps the short name of a folder with a long one.
    _folder: Option<OwnedFd>,
}

impl Place {
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        let longest = folder.join(UNFINISHED);
        if longest.as_os_str().len() <= NAME_BYTES_MAX {
            return Ok(Self {
                root: folder.to_owned(),
                _folder: None,
            });
        }
        use rustix::fd::AsRawFd as _;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = rustix::fs::open(folder, flags, Mode::empty())?;
        Ok(Self {
            root: format!("/proc/self/fd/{}", open.as_raw_fd()).into(),
            _folder: Some(open),
        })
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.root.join(SOCKET)
    }

    pub(super) fn unfinished(&self) -> PathBuf {
        self.root.join(UNFINISHED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::{UnixListener, UnixStream};

    #[test]
    fn a_socket_in_a_folder_with_a_long_name_can_be_reached() {
        let root = tempfile::tempdir().unwrap();
        let long = root.path().join("长".repeat(60)).join("x".repeat(120));
        std::fs::create_dir_all(&long).unwrap();
        assert!(UnixListener::bind(long.join(SOCKET)).is_err());
        let place = Place::of(&long).unwrap();
        let _listener = UnixListener::bind(place.socket()).unwrap();
        assert!(long.join(SOCKET).exists());
        assert!(UnixStream::connect(Place::of(&long).unwrap().socket()).is_ok());
        let short = Place::of(root.path()).unwrap();
        assert_eq!(short.socket(), root.path().join(SOCKET));
    }
}

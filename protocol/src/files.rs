//! The files port (上传下载): uploads, the list, downloads.

use crate::failure::Failure;
use crate::ids::{FileId, FolderId};
use crate::json::Object;
use crate::label::{Label, Path};
use crate::request::Credential;
use serde::{Deserialize, Serialize};

/// `op` of an upload.
pub const UPLOAD: u64 = 0;
/// `op` of the list (`look` 0) and of a download (`look` 1).
pub const FETCH: u64 = 1;
/// `file_name` in the answer to a download of what is not there.
pub const MISSING: u16 = 400;

/// `file_type` of a file of its own.
pub const TYPE_FILE: u8 = 0;
/// `file_type` of a folder, and of a file that is part of one.
pub const TYPE_FOLDER: u8 = 1;

/// Whether the origin has this op on the files port.
#[must_use]
pub fn is_origin_op(op: u64) -> bool {
    op <= FETCH
}

/// Where an uploaded file belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On its own, under this name.
    File(Label),
    /// Part of a folder.
    Folder {
        /// The folder's name.
        folder: Label,
        /// The path within it.
        path: Path,
    },
}

/// What is to be downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The newest file of this name, or the folder.
    Named(Label),
    /// This very version of a file.
    File(FileId),
}

/// A request on the files port, without its credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// op 0: `size` bytes follow the frame at once.
    Upload {
        /// Where they belong.
        place: Place,
        /// How many.
        size: u64,
        /// The SHA-256 they must have, if the client said so.
        sha256: Option<[u8; 32]>,
    },
    /// op 1, `look` 0
    List,
    /// op 1, `look` 1. `None` is a name that no file can have.
    Download(Option<Wanted>),
}

impl Request {
    /// Reads the request `op` from its body.
    ///
    /// # Errors
    /// [`Failure::UnknownOp`], [`Failure::MissingKey`], [`Failure::MistypedKey`],
    /// [`Failure::InvalidFileName`], [`Failure::RoomNotFound`], [`Failure::NotSupported`].
    pub fn read<'a>(op: u64, body: &'a Object<'a>) -> Result<(Credential<'a>, Self), Failure> {
        if !is_origin_op(op) {
            return Err(Failure::UnknownOp);
        }
        let credential = Credential::read(body)?;
        if body
            .optional_text("room")?
            .is_some_and(|room| room != crate::chat::LOBBY)
        {
            return Err(Failure::RoomNotFound);
        }
        let later = ["begin", "upload_id", "offset", "length"];
        if let Some(key) = later.into_iter().find(|key| body.get(key).is_some()) {
            return Err(Failure::NotSupported(key));
        }
        let request = match op {
            UPLOAD => Self::upload(body)?,
            _ => Self::fetch(body)?,
        };
        Ok((credential, request))
    }

    fn upload(body: &Object<'_>) -> Result<Self, Failure> {
        let name = body.text("file_name")?;
        let place = match body.size("file_type")? {
            0 => Place::File(Label::new(name)?),
            1 => Place::Folder {
                folder: Label::new(body.text("file_dirname")?)?,
                path: Path::new(name)?,
            },
            _ => return Err(Failure::MistypedKey("file_type")),
        };
        let sha256 = body
            .optional_text("sha256")?
            .map(|hex| parse_sha256(hex).ok_or(Failure::MistypedKey("sha256")));
        Ok(Self::Upload {
            place,
            size: body.size("file_size")?,
            sha256: sha256.transpose()?,
        })
    }

    fn fetch(body: &Object<'_>) -> Result<Self, Failure> {
        match body.size("look")? {
            0 => Ok(Self::List),
            1 => {
                if let Some(id) = body.optional_number("file_id")? {
                    return Ok(Self::Download(Some(Wanted::File(FileId(id)))));
                }
                let name = body.text("file_name")?;
                Ok(Self::Download(Label::new(name).ok().map(Wanted::Named)))
            }
            _ => Err(Failure::MistypedKey("look")),
        }
    }
}

fn parse_sha256(hex: &str) -> Option<[u8; 32]> {
    if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(digest)
}

/// The answer to a complete upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploaded {
    /// As it is listed: the label, or the path within the folder.
    pub file_name: String,
    /// Bytes, as a string.
    pub file_size: String,
    /// This version's id.
    pub file_id: FileId,
    /// Of the content, in hexadecimal.
    pub sha256: String,
}

/// The answer to `look` 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// How many files and folders there are.
    pub exist_file: u64,
    /// The newest of them, as many as fit into a reply; absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Listed>,
}

/// One file or folder of a [`Listing`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its name.
    pub file_name: String,
    /// [`TYPE_FILE`] or [`TYPE_FOLDER`].
    pub file_type: u8,
    /// Bytes, as a string; of a folder, those of its files together.
    pub file_size: String,
    /// The file's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_id: Option<FileId>,
    /// The folder's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder_id: Option<FolderId>,
    /// How many files the folder holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_count: Option<u64>,
    /// Who shared it.
    pub owner: String,
    /// When, in milliseconds since the epoch.
    pub time: u64,
    /// Of the file's content, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// The frame before a file's bytes in a download.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incoming {
    /// The label, or the path within the folder.
    pub file_name: String,
    /// [`TYPE_FILE`], or [`TYPE_FOLDER`] for a file of a folder.
    pub file_type: u8,
    /// Bytes that follow, as a string.
    pub file_size: String,
    /// The folder's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_dirname: Option<String>,
    /// How many files of the folder are still to come after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_left: Option<u64>,
    /// This version's id.
    pub file_id: FileId,
    /// Of the content, in hexadecimal.
    pub sha256: String,
}

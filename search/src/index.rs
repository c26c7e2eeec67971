//! The index on disk: fed in batches, found damaged or whole when it is opened.

use crate::backstage::{backstage, survive};
use crate::change::{Change, Cursor};
use crate::error::SearchError;
use crate::folder::Folder;
use crate::newest::Newest;
use crate::schema::{FORMAT, Fields, spellers};
use crate::searching::Searcher;
use crate::snapshot::Snapshot;
use std::path::Path;
use std::sync::{Arc, RwLock};
use tantivy::directory::INDEX_WRITER_LOCK;
use tantivy::directory::error::LockError;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::{
    Directory, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TantivyDocument, TantivyError,
};

/// Memory for what has not been written yet.
const HEAP_BYTES: usize = 30_000_000;
/// Segments with fewer documents count as of one size when it is decided what to merge.
const SMALL_SEGMENT_DOCS: u32 = 10_000;
/// Segments with more documents stay as they are: a merge rewrites all it merges.
const LARGE_SEGMENT_DOCS: usize = 5_000_000;
/// The part of a segment's documents that may be deleted before it is written anew.
const DELETED_MAX: f32 = 0.2;
/// How files end that the library lists but a segment may do without: one that is there
/// only while a segment is written, and the list of its deleted documents if none are.
const OPTIONAL: [&str; 2] = [".temp", ".0.del"];

/// The index, for the one who feeds it.
///
/// Feeding and merging go on at low priority, on threads of their own.
pub struct Index {
    writer: IndexWriter,
    reader: IndexReader,
    searcher: Searcher,
    cursor: Option<Cursor>,
    newest: Newest,
    /// A batch failed: what the writer holds of it must not be committed with another.
    has_failed: bool,
}

impl Index {
    /// Opens the index in a folder of its own, making both if need be. All files are
    /// read, to compare them with their checksums; an index that is damaged, or of
    /// another format, is removed, and what is opened is empty.
    ///
    /// # Errors
    /// [`SearchError::InUse`], [`SearchError::Io`].
    pub fn open(root: &Path) -> Result<Self, SearchError> {
        let opening = "opening the search index";
        match survive(opening, || Self::open_here(root)) {
            Err(SearchError::Damaged { why, .. }) => {
                log::warn!("event=search_index_discarded reason=\"{why}\"");
                clear(root)?;
                survive(opening, || Self::open_here(root))
            }
            opened => opened,
        }
    }

    fn open_here(root: &Path) -> Result<Self, SearchError> {
        let opening = "opening the search index";
        let failed = |why| SearchError::of(opening, &why);
        let fields = Fields::new();
        let folder = Folder::open(root).map_err(failed)?;
        let settings = IndexSettings {
            docstore_compress_dedicated_thread: false,
            ..IndexSettings::default()
        };
        let index = tantivy::Index::builder()
            .schema(fields.schema.clone())
            .tokenizers(spellers())
            .settings(settings)
            .open_or_create(folder)
            .map_err(failed)?;
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(HEAP_BYTES)
            .build();
        let writer = || {
            let writer = index.writer_with_options(options);
            writer.map_err(|why| match why {
                TantivyError::LockFailure(LockError::LockBusy, _) => {
                    SearchError::InUse(root.to_owned())
                }
                why => failed(why),
            })
        };
        let writer: IndexWriter = backstage(opening, writer)?;
        writer.set_merge_policy(Box::new(merge_policy()));
        let cursor = check(&index)?;
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()
            .map_err(failed)?;
        let snapshot = Snapshot::new(reader.searcher(), None)?;
        Ok(Self {
            writer,
            reader,
            searcher: Searcher {
                fields,
                latest: Arc::new(RwLock::new(Arc::new(snapshot))),
            },
            cursor,
            newest: Newest::default(),
            has_failed: false,
        })
    }

    /// The cursor of the last batch; `None` if the index is to be fed from the beginning.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// How to search it. What is applied later is found, too.
    #[must_use]
    pub fn searcher(&self) -> Searcher {
        self.searcher.clone()
    }

    /// Applies changes in their order and makes them durable together with the cursor,
    /// wholly or not at all. Changes that had been applied before do no harm.
    ///
    /// Each call waits for the disk, so batches should gather what there is: as of a
    /// second when following, some ten thousand when building anew.
    ///
    /// # Errors
    /// [`SearchError::Io`], [`SearchError::Damaged`]: nothing of this batch is kept, and
    /// the index has to be opened again before it takes another.
    pub fn apply(&mut self, changes: &[Change], cursor: Cursor) -> Result<(), SearchError> {
        let applying = "applying a batch to the search index";
        if self.has_failed {
            return Err(SearchError::Io {
                what: applying,
                why: "an earlier batch failed".into(),
            });
        }
        self.has_failed = true;
        let snapshot = backstage(applying, || self.apply_here(changes, &cursor))?;
        let mut latest = self.searcher.latest.write();
        **latest
            .as_mut()
            .unwrap_or_else(|poisoned| poisoned.get_mut()) = Arc::new(snapshot);
        drop(latest);
        self.cursor = Some(cursor);
        self.has_failed = false;
        Ok(())
    }

    fn apply_here(&mut self, changes: &[Change], cursor: &Cursor) -> Result<Snapshot, SearchError> {
        let failed = |why| SearchError::of("applying a batch to the search index", &why);
        let before = self.searcher.latest();
        for change in changes {
            let fields = &self.searcher.fields;
            if !self.newest.is_new(change, &before, fields)? {
                self.writer.delete_term(fields.replaced(change));
            }
            let document: Option<TantivyDocument> = match change {
                Change::Message(message) => Some(fields.message(message)),
                Change::File(file) => Some(fields.file(file)),
                _ => None,
            };
            if let Some(document) = document {
                self.writer.add_document(document).map_err(failed)?;
            }
        }
        let mut commit = self.writer.prepare_commit().map_err(failed)?;
        commit.set_payload(&payload(cursor));
        commit.commit().map_err(failed)?;
        self.reader.reload().map_err(failed)?;
        Snapshot::new(self.reader.searcher(), Some(&before))
    }

    /// Waits until the library has merged what it is merging, and closes the index.
    /// Dropping it does not wait; what was under way is then done again another time.
    ///
    /// # Errors
    /// [`SearchError::Io`], [`SearchError::Damaged`].
    pub fn settle(self) -> Result<(), SearchError> {
        SearchError::in_doing(
            "merging the search index",
            self.writer.wait_merging_threads(),
        )
    }
}

fn merge_policy() -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_min_layer_size(SMALL_SEGMENT_DOCS);
    policy.set_max_docs_before_merge(LARGE_SEGMENT_DOCS);
    policy.set_del_docs_ratio_before_merge(DELETED_MAX);
    policy
}

/// Compares the files with their checksums, and returns the cursor.
fn check(index: &tantivy::Index) -> Result<Option<Cursor>, SearchError> {
    let checking = "checking the search index";
    let damaged = |why: String| SearchError::Damaged {
        what: checking,
        why,
    };
    let meta = SearchError::in_doing(checking, index.load_metas())?;
    for path in meta.list_segment_files() {
        let folder = index.directory();
        let name = path.to_string_lossy();
        let is_needed = !OPTIONAL.iter().any(|ending| name.ends_with(ending));
        let is_whole = match folder.exists(&path) {
            Ok(true) => folder.validate_checksum(&path),
            exists => exists.map(|_| !is_needed),
        };
        match is_whole {
            Ok(true) => {}
            Ok(false) => return Err(damaged(format!("{} is not whole", path.display()))),
            Err(why) => return Err(SearchError::of(checking, &why.into())),
        }
    }
    match meta.payload {
        None if meta.segments.is_empty() => Ok(None),
        None => Err(damaged("there is no cursor".into())),
        Some(payload) => read_payload(&payload)
            .map(Some)
            .ok_or_else(|| damaged("it is of another format".into())),
    }
}

fn clear(root: &Path) -> Result<(), SearchError> {
    let clearing = "discarding the search index";
    let folder = SearchError::in_doing(clearing, Folder::open(root))?;
    let _held = folder
        .acquire_lock(&INDEX_WRITER_LOCK)
        .map_err(|why| match why {
            LockError::LockBusy => SearchError::InUse(root.to_owned()),
            LockError::IoError(why) => SearchError::io(clearing, &why),
        })?;
    folder
        .clear()
        .map_err(|why| SearchError::io(clearing, &why))
}

/// What is committed beside the documents: the format and the cursor.
fn payload(cursor: &Cursor) -> String {
    let mut payload = format!("{FORMAT} ");
    for byte in &cursor.0 {
        payload.push_str(&format!("{byte:02x}"));
    }
    payload
}

fn read_payload(payload: &str) -> Option<Cursor> {
    let (format, hex) = payload.split_once(' ')?;
    if format != FORMAT.to_string() || !hex.is_ascii() || hex.len() % 2 != 0 {
        return None;
    }
    let bytes = hex.as_bytes().chunks_exact(2).map(|two| {
        let two = std::str::from_utf8(two).ok()?;
        u8::from_str_radix(two, 16).ok()
    });
    bytes.collect::<Option<Vec<u8>>>().map(Cursor)
}

//! Why a state folder cannot be used.

use std::path::PathBuf;

/// Why a state folder cannot be used, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Another process has it.
    #[error("{} belongs to another qualwatch that is running; give this one a folder of its own", .0.display())]
    Taken(PathBuf),
    /// There is no state in it.
    #[error("there is no state in {}; it is made by `qualwatch --state {}`", .0.display(), .0.display())]
    Nothing(PathBuf),
    /// A newer qualwatch has written it.
    #[error(
        "{} has format {found}, and this qualwatch knows formats up to {known}; use the newer one",
        folder.display()
    )]
    Newer {
        /// the folder
        folder: PathBuf,
        /// its format
        found: i64,
        /// the newest known here
        known: i64,
    },
    /// Something else's database.
    #[error("{} is no state of qualwatch's; give `--state` a folder of its own", .0.display())]
    Foreign(PathBuf),
    /// SQLite finds it damaged.
    #[error(
        "{} is damaged ({found}); move it away to start anew, which forgets what waits in it",
        folder.display()
    )]
    Damaged {
        /// the folder
        folder: PathBuf,
        /// what SQLite found
        found: String,
    },
    /// The system refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// A commit failed, and with it everything that was asked for at that time.
    #[error("{0}")]
    Commit(String),
    /// The thread that writes has ended.
    #[error("the state folder is closed")]
    Closed,
}

namespace Entrepot.Mirror.Catalog;

/// <summary>Why the catalog refused.</summary>
public enum CatalogFault
{
    /// <summary>No mirror of that name.</summary>
    MirrorNotFound,

    /// <summary>A mirror of that name exists already.</summary>
    MirrorExists,

    /// <summary>A kind of mirror that this version does not run.</summary>
    KindUnsupported,

    /// <summary>A format that this version does not keep.</summary>
    FormatUnsupported,

    /// <summary>A retention rule outside its range.</summary>
    InvalidRetention,

    /// <summary>A description or note that is too long or holds control characters.</summary>
    InvalidText,

    /// <summary>No snapshot of that number, or retention has dropped it.</summary>
    SnapshotNotFound,

    /// <summary>No file at that path.</summary>
    PathNotFound,

    /// <summary>A path would be a file and a folder at once.</summary>
    FileAndFolder,

    /// <summary>One edit names a path twice.</summary>
    DuplicatePath,

    /// <summary>Another snapshot became current than the one an edit was made for.</summary>
    BaseChanged,

    /// <summary>A condition stated for a path does not hold.</summary>
    ConditionFailed,

    /// <summary>A blob went away between being stored and being published.</summary>
    BlobGone,

    /// <summary>No blob of that digest.</summary>
    BlobNotFound,

    /// <summary>A mirror would hold more files than the limit.</summary>
    TooManyFiles,

    /// <summary>Files that were said to be a snapshot do not have its root digest.</summary>
    SnapshotMismatch,
}

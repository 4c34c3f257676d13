namespace Entrepot.Server.Push;

/// <summary>Why a push was refused before its bytes were looked at.</summary>
public enum PushFault
{
    /// <summary>The address names a folder or a whole mirror, not a file.</summary>
    FileExpected,

    /// <summary>The address is not that of a blob.</summary>
    DigestExpected,

    /// <summary><c>X-Modified</c> or <c>Last-Modified</c> is no date.</summary>
    Modified,

    /// <summary>A stated condition is of a form that is not judged here.</summary>
    Condition,

    /// <summary>The body is only a part of the file, or is encoded.</summary>
    Encoding,

    /// <summary>As many pushes as the limits allow are running and waiting.</summary>
    Busy,

    /// <summary>A publication names blobs that are not stored here.</summary>
    BlobsMissing,

    /// <summary>More entries than a request may name.</summary>
    TooManyEntries,
}

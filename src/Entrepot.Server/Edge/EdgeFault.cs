namespace Entrepot.Server.Edge;

/// <summary>Why an edge refuses a request itself.</summary>
public enum EdgeFault
{
    /// <summary>The bytes are not everybody's, and the address is not signed for them.</summary>
    Signature,

    /// <summary>The origin can't be asked, and what the request needs to know of it is not known here.</summary>
    OriginUnreachable,

    /// <summary>The origin has no such mirror, file or blob.</summary>
    NotFound,

    /// <summary>The address names a folder; the scheduler shows those.</summary>
    Folder,

    /// <summary>The <c>digest</c> parameter is not a SHA-256 digest.</summary>
    Digest,

    /// <summary>The origin sent a document that makes no sense.</summary>
    OriginAnswer,
}

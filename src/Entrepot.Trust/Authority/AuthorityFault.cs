namespace Entrepot.Trust.Authority;

/// <summary>Why a certificate is not believed, or the authority can't do what it is told.</summary>
public enum AuthorityFault
{
    /// <summary>No authority of this network signed it.</summary>
    WrongAuthority,

    /// <summary>Its time has not begun.</summary>
    NotYetValid,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>It was not made for this side of a connection.</summary>
    WrongUse,

    /// <summary>It names no node of this network.</summary>
    NoIdentity,

    /// <summary>The node has another role than the connection is for.</summary>
    WrongRole,

    /// <summary>The node was revoked or removed.</summary>
    Revoked,

    /// <summary>The signing request is malformed, or its key is of another kind.</summary>
    SigningRequest,

    /// <summary>The change of the authority before this one is still in progress.</summary>
    Rotating,

    /// <summary>The overlap is too short to reach every node.</summary>
    Overlap,
}

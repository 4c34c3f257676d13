namespace Entrepot.Trust.Access;

/// <summary>Why somebody may not do something.</summary>
public enum AccessFault
{
    /// <summary>It needs a credential, and none was sent.</summary>
    Anonymous,

    /// <summary>It needs another role.</summary>
    Forbidden,

    /// <summary>The credential is for other mirrors.</summary>
    Mirror,

    /// <summary>A credential was sent in clear text over a network.</summary>
    ClearText,

    /// <summary>The credential is good on its own machine alone.</summary>
    Elsewhere,

    /// <summary>The source sent too many credentials that are not good.</summary>
    TooManyFailures,

    /// <summary>The session has ended, or there is none.</summary>
    Session,

    /// <summary>A browser sent its session with a request that another site made.</summary>
    OtherSite,

    /// <summary>The word names no role that can be given.</summary>
    Role,
}

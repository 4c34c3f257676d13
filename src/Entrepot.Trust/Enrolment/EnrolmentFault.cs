namespace Entrepot.Trust.Enrolment;

/// <summary>Why a node is not taken in, or not any more.</summary>
public enum EnrolmentFault
{
    /// <summary>The text is no join token.</summary>
    Malformed,

    /// <summary>No such token was ever given out, or it was for another role or node.</summary>
    WrongToken,

    /// <summary>Somebody has joined with the token already.</summary>
    UsedToken,

    /// <summary>The token's time is over.</summary>
    ExpiredToken,

    /// <summary>The origin's authority is not the one that the token names.</summary>
    WrongAuthority,

    /// <summary>A node of that name is enrolled.</summary>
    NameTaken,

    /// <summary>The node was revoked.</summary>
    Revoked,

    /// <summary>No such node is enrolled.</summary>
    Unknown,

    /// <summary>Too many tokens wait to be used.</summary>
    TooMany,

    /// <summary>This machine is not enrolled, and has no token.</summary>
    NotJoined,

    /// <summary>The origin did not answer, or with nonsense.</summary>
    Origin,

    /// <summary>A value is out of its range.</summary>
    Value,
}

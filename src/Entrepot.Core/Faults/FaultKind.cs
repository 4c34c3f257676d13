namespace Entrepot.Core.Faults;

/// <summary>What a fault means to whoever met it, whatever the wire. Each wire has one mapper from here
/// (HTTP status, CLI exit code).</summary>
public enum FaultKind
{
    /// <summary>The request or document is not well formed.</summary>
    Invalid,

    /// <summary>The named thing does not exist.</summary>
    NotFound,

    /// <summary>The thing exists but is in another state than the caller assumed.</summary>
    Conflict,

    /// <summary>A condition that the caller stated (such as <c>If-Match</c>) does not hold.</summary>
    PreconditionFailed,

    /// <summary>The bytes are well formed but are not what the caller said they are.</summary>
    Mismatch,

    /// <summary>A stated limit was exceeded.</summary>
    TooLarge,

    /// <summary>No space, no free port, no free slot.</summary>
    Exhausted,

    /// <summary>The caller may not do this.</summary>
    Forbidden,

    /// <summary>Something needed is not reachable now; trying again later may help.</summary>
    Unavailable,

    /// <summary>The request is understood but this version or platform does not do it.</summary>
    Unsupported,

    /// <summary>Stored data is damaged, or an invariant is broken.</summary>
    Internal,
}

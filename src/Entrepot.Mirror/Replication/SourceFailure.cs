using Entrepot.Core.Faults;

namespace Entrepot.Mirror.Replication;

/// <summary>One failed attempt at one source.</summary>
/// <param name="Reason">What went wrong; only the reasons that concern a single source.</param>
/// <param name="Detail">One sentence without the source's name.</param>
/// <param name="Cure">What the source itself says that helps, or null.</param>
public sealed record SourceFailure(ReplicationFault Reason, string Detail, string? Cure = null)
{
    /// <summary>True when it says nothing about the source, only about the piece that was asked for.</summary>
    public bool ConcernsOnePiece => Reason is ReplicationFault.NotHeld or ReplicationFault.Damaged;

    /// <summary>The failure as a fault for throwing from <see cref="IPieceSource.OpenAsync"/>.</summary>
    public FaultException ToException(Exception? inner = null)
        => Fault.Of(Reason, Reason == ReplicationFault.NotHeld ? FaultKind.NotFound : FaultKind.Unavailable, Detail, Cure).ToException(inner);

    /// <summary>True when the source said in so many words why it refuses and what helps: asking again soon changes nothing.</summary>
    public bool IsConsidered => Reason == ReplicationFault.Refused && Cure is not null;

    /// <inheritdoc/>
    public override string ToString() => Detail;
}

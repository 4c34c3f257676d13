using Entrepot.Core.Identities;

namespace Entrepot.Trust.Authority;

/// <summary>Certificates of one name that are believed no more.</summary>
/// <param name="Name">The node, or the client.</param>
/// <param name="Until">Those made up to here, UTC.</param>
public sealed record Revocation(NodeName Name, DateTimeOffset Until)
{
    /// <summary>True for a client's; nodes and clients may have the same names.</summary>
    public bool IsClient { get; init; }

    /// <summary>When the last certificate that it concerns has ended by itself, UTC.</summary>
    public DateTimeOffset Ends { get; init; } = Until + CertificateTimes.Lifetime;

    /// <summary>True when there is nothing left to refuse.</summary>
    public bool IsOver(DateTimeOffset now) => now > Ends;
}

using Entrepot.Core.Identities;

namespace Entrepot.Trust.Authority;

/// <summary>Certificates of a node that are believed no more.</summary>
/// <param name="Node">The node.</param>
/// <param name="Until">Those made up to here, UTC.</param>
public sealed record Revocation(NodeName Node, DateTimeOffset Until)
{
    /// <summary>True when the last certificate that it concerns has ended by itself.</summary>
    public bool IsOver(DateTimeOffset now) => now > Until + CertificateTimes.Lifetime;
}

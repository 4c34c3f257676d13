namespace Entrepot.Trust.Authority;

/// <summary>How long certificates live.</summary>
public static class CertificateTimes
{
    /// <summary>Life of a certificate of a node or a surface. Nothing else ends a stolen one but revocation, so it is short.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>By how much clocks may differ: certificates begin so long before they are made.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>Life of an authority's own certificate.</summary>
    public static readonly TimeSpan AuthorityLifetime = TimeSpan.FromDays(3650);

    /// <summary>Shortest overlap of two authorities. Every node renews within one lifetime and hears of the new one then; the certificates
    /// of the old one last a lifetime more.</summary>
    public static readonly TimeSpan LeastOverlap = 2 * Lifetime;

    /// <summary>Longest overlap.</summary>
    public static readonly TimeSpan MostOverlap = TimeSpan.FromDays(365);

    /// <summary>When a certificate is to be renewed: after two thirds of its life, so that a third is left to try again.</summary>
    public static DateTimeOffset RenewAt(DateTimeOffset issued, DateTimeOffset expires) => issued + ((expires - issued) * 2 / 3);
}

using System.Collections.Immutable;
using Entrepot.Trust.Changes;

namespace Entrepot.Server.Configuration;

/// <summary>Which documents are changed by approved changes only, and how long things hold.</summary>
public sealed record ChangeSettings
{
    /// <summary>The documents that need approval. Default none.</summary>
    public ImmutableArray<ChangedDocument> Require { get; init; } = [];

    /// <summary>How long an approval holds, 1 min–30 d. Default 24 h: what was looked at yesterday is still what was looked at.</summary>
    public TimeSpan ApprovalLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long a proposal can be approved, 1 min–365 d. Default 7 d.</summary>
    public TimeSpan ProposalLifetime { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Within which time another person looks at what was applied without approval, 1 min–30 d. Default 72 h, over a weekend.</summary>
    public TimeSpan ReviewWithin { get; init; } = TimeSpan.FromHours(72);

    /// <summary>True when a document is changed by approved changes only.</summary>
    public bool Needs(ChangedDocument document) => Require.Contains(document);
}

using Entrepot.Core.Journal;

namespace Entrepot.Server.Api;

/// <summary>A signed statement of how far the journal goes.</summary>
/// <param name="Journal">The journal's name.</param>
/// <param name="First">The oldest entry that is kept.</param>
/// <param name="Last">The newest entry that it covers.</param>
/// <param name="Hash">That entry's hash.</param>
/// <param name="At">When it was signed.</param>
/// <param name="Text">Statement and signature, to be kept elsewhere.</param>
/// <param name="PublicKey">The key that signed it, as PEM.</param>
public sealed record CheckpointDocument(string Journal, long First, long Last, string Hash, DateTimeOffset At, string Text, string PublicKey)
{
    /// <summary>Shows a checkpoint.</summary>
    public static CheckpointDocument Of(JournalCheckpoint checkpoint, string publicKey) => new(
        checkpoint.Journal, checkpoint.First, checkpoint.Last, checkpoint.Hash, checkpoint.At, checkpoint.ToString(), publicKey);
}

/// <summary>How far the copy of another node's journal is.</summary>
/// <param name="State"><c>waiting</c> before anything was copied, <c>following</c>, or <c>broken</c> since something did not prove.</param>
/// <param name="Journal">The journal's name, 64 hexadecimal digits.</param>
/// <param name="First">The oldest entry that is kept.</param>
/// <param name="Last">The newest.</param>
/// <param name="Hash">That entry's hash.</param>
/// <param name="HeardAt">When the other node was last heard, UTC.</param>
/// <param name="BrokenAt">When that was seen, UTC.</param>
/// <param name="Break">What did not prove.</param>
public sealed record JournalCopyDocument(
    string State, string? Journal, long First, long Last, string? Hash, DateTimeOffset? HeardAt, DateTimeOffset? BrokenAt, JournalBreak? Break);

/// <summary>How far a proof of the journal is, and at the end what it found.</summary>
/// <param name="Entries">Entries that were read.</param>
/// <param name="Total">Entries in all.</param>
/// <param name="Result">What was found; null while it goes on.</param>
public sealed record AuditProgress(long Entries, long Total, JournalVerification? Result);

/// <summary>What a proof must agree with.</summary>
/// <param name="Checkpoints">Texts of checkpoints that were kept elsewhere, at most 100.</param>
/// <param name="PublicKey">The public key that was noted before, as PEM.</param>
public sealed record AuditRequest(IReadOnlyList<string>? Checkpoints = null, string? PublicKey = null)
{
    /// <summary>Most checkpoints in one request.</summary>
    public const int MaxCheckpoints = 100;
}

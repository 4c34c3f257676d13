using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Replication;

/// <summary>A pull at one moment. All sizes in bytes.</summary>
/// <param name="Size">The whole.</param>
/// <param name="Proven">Bytes of pieces that are proven and in the file, those of earlier runs included.</param>
/// <param name="InFlight">Bytes that have arrived of pieces not proven yet.</param>
/// <param name="BytesPerSecond">Smoothed rate of arrival from the network.</param>
/// <param name="Checking">Pieces of an earlier run that are still to be checked.</param>
/// <param name="Sources">What is known of each source.</param>
/// <param name="News">What happened since the last report, oldest first.</param>
public sealed record PullProgress(
    long Size, long Proven, long InFlight, double BytesPerSecond, int Checking, IReadOnlyList<SourceState> Sources, IReadOnlyList<PullEvent> News);

/// <summary>Something worth telling that happened during a pull.</summary>
/// <param name="At">When, UTC.</param>
/// <param name="Source">The source concerned, or null.</param>
/// <param name="Reason">Why the source failed, or null when it did not.</param>
/// <param name="Text">One sentence.</param>
public sealed record PullEvent(DateTimeOffset At, string? Source, ReplicationFault? Reason, string Text);

/// <summary>A finished pull. All sizes in bytes.</summary>
/// <param name="Digest">SHA-256 of the file, computed over the whole of it.</param>
/// <param name="Size">Its length.</param>
/// <param name="Fetched">Proven bytes that this run fetched.</param>
/// <param name="Resumed">Proven bytes that an earlier run had left.</param>
/// <param name="Wasted">Bytes that were fetched in vain: refused, broken off, or fetched twice near the end.</param>
/// <param name="Elapsed">How long this run took.</param>
/// <param name="Sources">What is known of each source.</param>
/// <param name="Events">What happened, oldest first; at most 1,000.</param>
public sealed record PullResult(
    Sha256Digest Digest, long Size, long Fetched, long Resumed, long Wasted, TimeSpan Elapsed, IReadOnlyList<SourceState> Sources,
    IReadOnlyList<PullEvent> Events);

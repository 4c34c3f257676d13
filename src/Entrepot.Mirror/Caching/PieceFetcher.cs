using Entrepot.Core.Faults;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Replication;
using Microsoft.Extensions.Logging;

namespace Entrepot.Mirror.Caching;

/// <summary>Gets one proven piece from whichever source gives it: the preferred one first, the next when it fails, and again from the start
/// while a source that broke down only just now may come back.</summary>
internal sealed class PieceFetcher(SourceSet sources, CachingOptions options, CachingMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>Fetches the piece into the sink.</summary>
    /// <exception cref="FaultException"><see cref="CachingFault.PieceUnavailable"/>, naming each source with its reason.</exception>
    public async Task<VerifiedPiece> FetchAsync(Fingerprint blob, int piece, IPieceSink sink, CancellationToken cancellation)
    {
        var failures = new Dictionary<string, SourceFailure>(StringComparer.Ordinal);
        var tried = new HashSet<SourceHealth>();
        for (var attempts = 0; attempts < options.MaxAttempts;)
        {
            var candidates = sources.Current;
            var pick = candidates.FirstOrDefault(source => !tried.Contains(source) && !source.Look().IsBenched);
            if (pick is null)
            {
                if (NextTry(candidates, failures) is not { } wait)
                    break;
                await Task.Delay(wait, time, cancellation);
                tried.Clear();
                continue;
            }

            attempts++;
            tried.Add(pick);
            if (await TryAsync(pick, blob, piece, sink, failures, cancellation) is { } proof)
                return proof;
        }

        throw Unavailable(blob, piece, failures);
    }

    private async Task<VerifiedPiece?> TryAsync(
        SourceHealth source, Fingerprint blob, int piece, IPieceSink sink, Dictionary<string, SourceFailure> failures, CancellationToken cancellation)
    {
        var attempt = source.Begin();
        TransferOutcome outcome;
        try
        {
            outcome = await PieceTransfer.RunAsync(source.Source, blob, piece, sink, options.Transfer, time, cancellation);
        }
        catch
        {
            source.Abandoned();
            throw;
        }

        if (outcome.IsProven)
        {
            source.Succeeded(attempt, blob.LengthOf(piece));
            metrics.Fetched(source.Source.Name, blob.LengthOf(piece));
            return outcome.Piece;
        }

        var bench = source.Failed(attempt, outcome.Failure, blob.Digest, piece);
        failures[source.Source.Name] = outcome.Failure;
        if (outcome.Failure.Reason != ReplicationFault.NotHeld)
        {
            metrics.Failed(source.Source.Name, outcome.Failure.Reason);
            Log.SourceFailed(logger, source.Source.Name, outcome.Failure.Reason, piece, blob.Digest, outcome.Failure.Detail, bench);
        }

        return null;
    }

    /// <summary>How long to wait before all sources are tried again; null when there is no point.</summary>
    private TimeSpan? NextTry(IReadOnlyList<SourceHealth> candidates, Dictionary<string, SourceFailure> failures)
    {
        var now = time.GetUtcNow();
        TimeSpan? shortest = null;
        foreach (var source in candidates)
        {
            var state = source.Look();
            if (state.LastFailure is { } failure && state.IsBenched)
                failures.TryAdd(state.Name, failure);
            // What concerns this piece alone would be the same a moment later.
            if (state.FailingSince is not { } since
                || (failures.TryGetValue(state.Name, out var mine) && (mine.ConcernsOnePiece || (mine.Reason == ReplicationFault.Lied && !state.IsBenched))))
                continue;
            var next = state.BenchedUntil ?? now;
            if (next - since > options.Patience || now - since >= options.Patience)
                continue;
            var wait = next - now;
            if (shortest is null || wait < shortest)
                shortest = wait;
        }

        return shortest;
    }

    private static FaultException Unavailable(Fingerprint blob, int piece, Dictionary<string, SourceFailure> failures)
    {
        var reasons = failures.Count == 0 ? "no source is known" : string.Join("; ", failures.Select(static failure => $"{failure.Key}: {failure.Value.Detail}"));
        return Fault.Of(
            CachingFault.PieceUnavailable, FaultKind.Unavailable, $"Piece {piece} of {blob.Digest} is not held here and can't be fetched: {reasons}.",
            "Try again later or use another edge; check the origin.").ToException();
    }
}

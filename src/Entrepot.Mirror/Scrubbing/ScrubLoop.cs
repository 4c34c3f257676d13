using Microsoft.Extensions.Logging;

namespace Entrepot.Mirror.Scrubbing;

/// <summary>The background pass over everything at rest: rate-limited, one blob after the other in the order of their digests. Where it is
/// stands in the database, so a restart goes on there.</summary>
public sealed class ScrubLoop(Scrubber scrubber, TimeProvider time, ILogger<ScrubLoop> logger)
{
    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var isStart = true;
        try
        {
            while (true)
            {
                try
                {
                    if (isStart)
                        await scrubber.RecoverAsync(cancellation);
                    isStart = false;
                    await scrubber.MendKnownAsync(cancellation);
                    await RunUntilAsync(time.GetUtcNow() + scrubber.Options.MendRetry, cancellation);
                }
                catch (Exception error) when (!cancellation.IsCancellationRequested)
                {
                    // A full disk or a busy database now says nothing about the next attempt.
                    Log.ScrubbingFailed(logger, error);
                    await Task.Delay(scrubber.Options.MendRetry, time, cancellation);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    /// <summary>Goes on with the pass under way, or begins one when it is due, until a given moment; waits when there is nothing to do.</summary>
    internal async Task RunUntilAsync(DateTimeOffset until, CancellationToken cancellation)
    {
        var state = scrubber.Catalog.State;
        var last = state.Read(ScrubTable.Read);
        if (ScrubState.Due(last, time.GetUtcNow(), scrubber.Options) is not { } pass)
        {
            var wake = last!.NextAt(scrubber.Options);
            var wait = (wake < until ? wake : until) - time.GetUtcNow();
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, time, cancellation);
            return;
        }

        var rate = new ByteRate(scrubber.Options.BytesPerSecond, time);
        BlobInspection? inspection = null;
        long unsaved = 0;
        if (pass != last)
            await SaveAsync(pass);
        while (time.GetUtcNow() < until)
        {
            var blob = state.Read(connection => ScrubTable.Next(connection, pass.Cursor, inclusive: pass.NextPiece > 0));
            if (blob is null)
            {
                await SaveAsync(pass with { FinishedAt = time.GetUtcNow() });
                Log.PassDone(logger, pass.IsDeep, pass.StartedAt);
                return;
            }

            // The blob of the cursor may have been collected since; then another one comes here, from its first piece.
            inspection = scrubber.Inspect(blob, blob.Digest == pass.Cursor ? pass.NextPiece : 0);
            try
            {
                await scrubber.ExamineAsync(inspection, pass.IsDeep, SpendAsync, cancellation);
            }
            catch (OperationCanceledException)
            {
                await SaveAsync(Place());
                throw;
            }

            pass = pass with { Cursor = blob.Digest, NextPiece = 0 };
            inspection = null;
            if (unsaved >= scrubber.Options.SaveEvery)
                await SaveAsync(pass);
        }

        await SaveAsync(pass);

        ScrubState Place() => inspection is { ResumeFrom: > 0 }
            ? pass with { Cursor = inspection.Blob.Digest, NextPiece = inspection.ResumeFrom }
            : pass;

        async ValueTask SpendAsync(int bytes, CancellationToken stop)
        {
            unsaved += bytes;
            if (unsaved >= scrubber.Options.SaveEvery)
                await SaveAsync(Place());
            await rate.SpendAsync(bytes, stop);
        }

        async Task SaveAsync(ScrubState place)
        {
            await state.WriteAsync(transaction => ScrubTable.Write(transaction, place), CancellationToken.None);
            unsaved = 0;
        }
    }
}

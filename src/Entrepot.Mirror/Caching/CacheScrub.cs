using System.Collections.Immutable;
using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Microsoft.Extensions.Logging;

namespace Entrepot.Mirror.Caching;

/// <summary>Reads held pieces again, slowly, and mends what has rotted: the rotten bytes go to quarantine, the piece is fetched and proven anew.
/// CRC-32 in every pass; SHA-256 where CRC-32 differs, and of everything in a longer cycle.</summary>
public sealed class CacheScrub
{
    private readonly PieceCache _cache;
    private readonly PieceFiller _filler;
    private readonly CachingOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal CacheScrub(PieceCache cache, PieceFiller filler, CachingOptions options, TimeProvider time, ILogger logger)
        => (_cache, _filler, _options, _time, _logger) = (cache, filler, options, time, logger);

    /// <summary>The last finished pass, or null.</summary>
    public CacheScrubReport? Last { get; private set; }

    /// <summary>Makes passes when they are due, until cancelled. When the last ones were is kept on disk.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (_options.ScrubRate == 0)
            return;
        var (any, deep) = ReadNote();
        while (true)
        {
            var due = any + _options.ScrubCycle - _time.GetUtcNow();
            if (due > TimeSpan.Zero)
                await DelayAsync(due, cancellation);
            any = _time.GetUtcNow();
            var isDeep = any - deep >= _options.ScrubDeepCycle;
            await PassAsync(isDeep, cancellation);
            if (isDeep)
                deep = any;
            DurableFile.Write(_cache.ScrubNote, System.Text.Encoding.ASCII.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"{any.ToUnixTimeSeconds()} {deep.ToUnixTimeSeconds()}\n")));
        }
    }

    /// <summary>One pass over everything that is held now.</summary>
    /// <param name="deep">True to compare SHA-256 of every piece.</param>
    /// <param name="cancellation">Stops.</param>
    public async Task<CacheScrubReport> PassAsync(bool deep, CancellationToken cancellation)
    {
        var (began, stamp) = (_time.GetUtcNow(), _time.GetTimestamp());
        var pieces = 0;
        var bytes = 0L;
        var rotten = ImmutableArray.CreateBuilder<RottenPiece>();
        foreach (var digest in _cache.Digests)
        {
            if (_cache.TryAcquire(digest, isUse: false) is not { } blob)
                continue;
            try
            {
                for (var piece = 0; piece < blob.Fingerprint.Pieces.Length; piece++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    if (!blob.IsReady(piece))
                        continue;
                    try
                    {
                        if (await InspectAsync(blob, piece, deep, cancellation) is { } found)
                            rotten.Add(found);
                    }
                    catch (DataFileException error)
                    {
                        _cache.OpenFailed(error);
                        break;  // another blob's file may be open still; this one's turn comes with the next pass
                    }

                    pieces++;
                    bytes += blob.Fingerprint.LengthOf(piece);
                    await PaceAsync(stamp, bytes, cancellation);
                }
            }
            finally
            {
                blob.Release();
            }
        }

        return Last = new CacheScrubReport(began, deep, pieces, bytes, rotten.ToImmutable());
    }

    private async Task<RottenPiece?> InspectAsync(CachedBlob blob, int piece, bool deep, CancellationToken cancellation)
    {
        // Pinned without a new stamp: reading it here is not a use.
        if (!blob.TryPin(piece, null))
            return null;
        string? quarantined;
        string detail;
        try
        {
            // What is in memory says nothing about the disk.
            PosixFile.ForgetPages(blob.Data(_cache), blob.Fingerprint.OffsetOf(piece), blob.Fingerprint.LengthOf(piece));
            if (_cache.Inspector.Look(blob, piece, deep) is not { } wrong)
                return null;
            detail = wrong;
            blob.Trust.Forget(piece);
            quarantined = _cache.Inspector.Quarantine(blob, piece, detail);
        }
        finally
        {
            blob.Unpin(piece);
        }

        _cache.Condemn(blob, piece);
        try
        {
            if (!await RefetchAsync(blob, piece, cancellation))
                return new RottenPiece(blob.Fingerprint.Digest, piece, false, quarantined, $"{detail} It is fetched with the next read, as it can't be kept now.");
            Log.Mended(_logger, piece, blob.Fingerprint.Digest);
            return new RottenPiece(blob.Fingerprint.Digest, piece, true, quarantined, detail);
        }
        catch (FaultException error)
        {
            return new RottenPiece(blob.Fingerprint.Digest, piece, false, quarantined, $"{detail} {error.Message}");
        }
    }

    private async Task<bool> RefetchAsync(CachedBlob blob, int piece, CancellationToken cancellation)
    {
        var ticket = blob.Demand(piece, urgent: true, _filler);
        try
        {
            return (await ticket.WaitAsync(cancellation)).State == FillState.OnDisk;
        }
        finally
        {
            ticket.Release();
        }
    }

    private Task PaceAsync(long stamp, long bytes, CancellationToken cancellation)
    {
        if (_options.ScrubRate == 0)
            return Task.CompletedTask;
        var ahead = TimeSpan.FromSeconds((double)bytes / _options.ScrubRate) - _time.GetElapsedTime(stamp);
        return ahead > TimeSpan.FromMilliseconds(10) ? Task.Delay(ahead, _time, cancellation) : Task.CompletedTask;
    }

    /// <summary>A delay longer than a timer's limit of 49 days.</summary>
    private async Task DelayAsync(TimeSpan delay, CancellationToken cancellation)
    {
        for (var step = TimeSpan.FromDays(1); delay > TimeSpan.Zero; delay -= step)
            await Task.Delay(delay < step ? delay : step, _time, cancellation);
    }

    /// <summary>When the last pass and the last deep pass began. Without a note now, so that a new cache is not read at once.</summary>
    private (DateTimeOffset Any, DateTimeOffset Deep) ReadNote()
    {
        var now = _time.GetUtcNow();
        try
        {
            var parts = File.ReadAllText(_cache.ScrubNote).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length == 2
                && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var any)
                && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var deep)
                && any <= now.ToUnixTimeSeconds() && deep <= any)
                return (DateTimeOffset.FromUnixTimeSeconds(any), DateTimeOffset.FromUnixTimeSeconds(deep));
        }
        catch (IOException)
        {
            // None yet.
        }

        return (now, now);
    }
}

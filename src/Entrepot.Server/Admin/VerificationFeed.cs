using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Scrubbing;
using Entrepot.Server.Api;

namespace Entrepot.Server.Admin;

/// <summary>A scrub on demand as a stream of progress: what was found is told once, how far it is as often as the client reads.</summary>
/// <param name="scrubber">Reads the bytes.</param>
/// <param name="journal">Writes down who asked for what, and how it ended: null at the beginning. A run that is broken off has no end.</param>
public sealed class VerificationFeed(Scrubber scrubber, Func<string, VerifyRequest, VerifyProgress?, Task> journal)
{
    /// <summary>Runs the scrub; ends when it has ended, or when the caller goes away.</summary>
    public async IAsyncEnumerable<VerifyProgress> RunAsync(
        VerifyRequest request, string actor, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await journal(actor, request, null);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var report = new Report();
        var mirror = request.Mirror is { } name ? MirrorName.Parse(name) : (MirrorName?)null;
        var run = RunToEndAsync(mirror, request.Deep, report, stop.Token);
        try
        {
            await foreach (var _ in report.Changes.ReadAllAsync(cancellation))
                yield return report.Take(done: false);
            await run;
            var last = report.Take(done: true);
            await journal(actor, request, last);
            yield return last;
        }
        finally
        {
            await stop.CancelAsync();
            await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunToEndAsync(MirrorName? mirror, bool deep, Report report, CancellationToken cancellation)
    {
        try
        {
            await scrubber.VerifyAsync(mirror, deep, report, cancellation);
        }
        finally
        {
            report.End();
        }
    }

    /// <summary>Keeps the latest position and every finding until they are taken; a slow client makes nobody wait.</summary>
    private sealed class Report : IProgress<ScrubProgress>
    {
        private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        private readonly ConcurrentQueue<BlobDamage> _damage = new();
        private ScrubProgress _latest = new(0, 0, 0, 0, [], false);

        public ChannelReader<bool> Changes => _changes.Reader;

        void IProgress<ScrubProgress>.Report(ScrubProgress value)
        {
            foreach (var damage in value.Damaged)
                _damage.Enqueue(damage);
            Volatile.Write(ref _latest, value);
            _changes.Writer.TryWrite(true);
        }

        public void End() => _changes.Writer.TryComplete();

        public VerifyProgress Take(bool done)
        {
            var found = new List<DamageDocument>();
            while (_damage.TryDequeue(out var damage))
                found.Add(new DamageDocument(damage.Digest, [.. damage.Pieces], damage.IsMended, damage.Detail));
            var latest = Volatile.Read(ref _latest);
            return new VerifyProgress(latest.Blobs, latest.TotalBlobs, latest.Bytes, latest.TotalBytes, found, done);
        }
    }
}

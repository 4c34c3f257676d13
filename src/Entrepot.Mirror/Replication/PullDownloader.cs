using Entrepot.Core.Faults;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Replication;

/// <summary>Downloads one blob to a file from several sources at once, by pieces, each proven before it counts. Goes on where an interrupted
/// run stopped, leaves sources that fail, and repeats the last slow pieces elsewhere. Memory does not grow with the size.</summary>
public sealed class PullDownloader(PullOptions options, TimeProvider time)
{
    private const int BlockSize = 256 * 1024;

    /// <summary>Runs a pull.</summary>
    /// <param name="blob">The fingerprint, which need not be trusted beyond its digest.</param>
    /// <param name="sources">All of equal rank, each with its own name.</param>
    /// <param name="destination">The file to make; replaced whole at the end, untouched before.</param>
    /// <param name="progress">Told several times a second, and at the end.</param>
    /// <param name="cancellation">Stops; what was proven is kept for the next run.</param>
    /// <exception cref="FaultException">A <see cref="ReplicationFault"/> that names each source with its reason, or the trouble with the destination.</exception>
    public async Task<PullResult> DownloadAsync(
        Fingerprint blob, IReadOnlyList<IPieceSource> sources, string destination, IProgress<PullProgress>? progress, CancellationToken cancellation)
    {
        if (!blob.IsConsistent())
            throw Fault.Of(
                ReplicationFault.InconsistentFingerprint, FaultKind.Unavailable, $"The fingerprint of {blob.Digest} contradicts itself.",
                "Check the origin: run 'entrepot verify --deep' there.").ToException();
        var began = time.GetTimestamp();
        using var part = PartFile.Open(destination, blob, out var claimed);
        var plan = new PullPlan(blob, sources, claimed, options, time);
        try
        {
            var digest = await RunAsync(part, blob, plan, claimed, sources.Count, progress, cancellation);
            if (digest != blob.Digest)
            {
                part.Discard();
                throw Fault.Of(
                    ReplicationFault.WholeMismatch, FaultKind.Mismatch,
                    $"Every piece of {blob.Digest} is what the fingerprint says, but together they are {digest}.",
                    "The fingerprint is wrong: check the server it came from.").ToException();
            }

            part.Publish();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw PartFile.Translate(error, destination);
        }
        catch when (claimed.IsEmpty && plan.Held().IsEmpty)
        {
            part.Discard();
            throw;
        }

        return plan.Finish(time.GetElapsedTime(began));
    }

    private async Task<Core.Identities.Sha256Digest> RunAsync(
        PartFile part, Fingerprint blob, PullPlan plan, PieceBits claimed, int sources, IProgress<PullProgress>? progress, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var hashing = Task.Run(() => new WholeHasher(part, blob, plan).RunAsync(stop.Token), CancellationToken.None);
        var work = new List<Task>
        {
            hashing,
            Task.Run(() => Check(part, blob, plan, claimed, stop.Token), CancellationToken.None),
        };
        var workers = Math.Clamp(sources * options.TransfersPerSource, 1, Math.Max(1, Math.Min(options.MaxTransfers, blob.Pieces.Length + 1)));
        for (var i = 0; i < workers; i++)
        {
            var worker = i;
            work.Add(Task.Run(() => WorkAsync(part, blob, plan, worker, stop.Token), CancellationToken.None));
        }

        using var reporting = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        var reporter = Task.Run(() => ReportAsync(part, plan, progress, reporting.Token), CancellationToken.None);
        try
        {
            await FirstFailureAsync(work, stop);
        }
        finally
        {
            await reporting.CancelAsync();
            await reporter;
        }

        return await hashing;
    }

    /// <summary>Waits for all; the first that fails stops the others, and its exception is the one that counts.</summary>
    private static async Task FirstFailureAsync(List<Task> work, CancellationTokenSource stop)
    {
        Exception? first = null;
        var left = new List<Task>(work);
        while (left.Count > 0)
        {
            var ended = await Task.WhenAny(left);
            left.Remove(ended);
            try
            {
                await ended;
            }
            catch (Exception error)
            {
                first ??= error;
                await stop.CancelAsync();
            }
        }

        if (first is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
    }

    /// <summary>Proves again what an earlier run left.</summary>
    private static void Check(PartFile part, Fingerprint blob, PullPlan plan, PieceBits claimed, CancellationToken cancellation)
    {
        using var verifier = new PieceVerifier();
        var block = new byte[BlockSize];
        for (var piece = 0; piece < claimed.Count; piece++)
        {
            if (!claimed[piece])
                continue;
            for (long at = blob.OffsetOf(piece), end = at + blob.LengthOf(piece); at < end;)
            {
                cancellation.ThrowIfCancellationRequested();
                var read = block.AsSpan(0, (int)Math.Min(block.Length, end - at));
                part.Read(read, at);
                verifier.Append(read);
                at += read.Length;
            }

            plan.Checked(piece, IsProven(verifier, blob, piece));
        }
    }

    private static bool IsProven(PieceVerifier verifier, Fingerprint blob, int piece)
    {
        try
        {
            verifier.Complete(blob, piece, "the earlier run");
            return true;
        }
        catch (FaultException error) when (error.Fault.Is(VerificationFault.PieceMismatch))
        {
            return false;
        }
    }

    private async Task WorkAsync(PartFile part, Fingerprint blob, PullPlan plan, int worker, CancellationToken cancellation)
    {
        var block = new byte[BlockSize];
        while (plan.Next() is { IsEnd: false } step)
        {
            if (step.Flight is { } flight)
            {
                await FlyAsync(part, blob, plan, flight, worker, block, cancellation);
            }
            else if (step.Wait is { } wait)
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                await Task.WhenAny(step.Changed!, Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1), time, either.Token));
                cancellation.ThrowIfCancellationRequested();
                await either.CancelAsync();
            }
            else
            {
                await step.Changed!.WaitAsync(cancellation);
            }
        }
    }

    private async Task FlyAsync(PartFile part, Fingerprint blob, PullPlan plan, Flight flight, int worker, byte[] block, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, flight.Stop.Token);
        var sink = new PartSink(part, flight.IsHedge ? part.ScratchOffset(worker) : blob.OffsetOf(flight.Piece), block, flight);
        TransferOutcome outcome;
        try
        {
            outcome = await PieceTransfer.RunAsync(flight.Source.Source, blob, flight.Piece, sink, options.Transfer, time, stop.Token);
        }
        catch (OperationCanceledException) when (flight.Stop.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            plan.Crashed(flight, null);
            return;
        }

        if (!outcome.IsProven)
        {
            plan.Crashed(flight, outcome.Failure);
            return;
        }

        if (flight.IsHedge)
        {
            if (plan.Win(flight) is not { } rivals)
            {
                plan.Lost(flight);
                return;
            }

            // The slower transfer must have let go of the place before the proven bytes go there. Of several repetitions only the winner
            // waits; all others end, or two would wait for each other.
            foreach (var rival in rivals)
                await rival.Ended.Task.WaitAsync(cancellation);
            if (!plan.IsHeld(flight.Piece))
                part.CopyFromScratch(worker, flight.Piece, block);
        }

        plan.Landed(flight);
    }

    private async Task ReportAsync(PartFile part, PullPlan plan, IProgress<PullProgress>? progress, CancellationToken cancellation)
    {
        var told = 0;
        var rate = 0.0;
        var (before, at) = (0L, time.GetTimestamp());
        PieceBits? written = null;
        using var timer = new PeriodicTimer(options.ReportEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
                Report();
        }
        catch (OperationCanceledException)
        {
            // The pull has ended, well or not: the last word follows.
        }

        Report();

        void Report()
        {
            var (arrived, now) = (plan.Arrived(), time.GetTimestamp());
            var seconds = time.GetElapsedTime(at, now).TotalSeconds;
            if (seconds > 0)
            {
                // A time constant of about two seconds: steady enough to read, quick enough to believe.
                var weight = 1 - Math.Exp(-seconds / 2);
                var current = Math.Max(0, arrived - before) / seconds;
                rate = rate == 0 ? current : rate + ((current - rate) * weight);
            }

            (before, at) = (arrived, now);
            progress?.Report(plan.Look(rate, ref told));
            var held = plan.Held();
            if (written?.SameAs(held) == true)
                return;
            try
            {
                part.WriteState(held);
                written = held;
            }
            catch (IOException)
            {
                // Only a hint for a later run; a full disk is reported by whoever writes the bytes.
            }
        }
    }

    /// <summary>Writes to the part file and counts what has arrived.</summary>
    private sealed class PartSink(PartFile part, long place, byte[] block, Flight flight) : IPieceSink
    {
        public Memory<byte> GetMemory(int offset, int remaining) => block.AsMemory(0, Math.Min(block.Length, remaining));

        public void Take(int offset, ReadOnlySpan<byte> bytes)
        {
            part.Write(bytes, place + offset);
            flight.Arrived = offset + bytes.Length;
        }
    }
}

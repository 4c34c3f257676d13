using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Replication;

/// <summary>How one attempt ended: proven, or not and why.</summary>
internal readonly record struct TransferOutcome(VerifiedPiece? Piece, SourceFailure? Failure)
{
    [MemberNotNullWhen(true, nameof(Piece))]
    [MemberNotNullWhen(false, nameof(Failure))]
    public bool IsProven => Piece is not null;
}

/// <summary>Fetches one piece from one source, hashing it as it arrives.</summary>
internal static class PieceTransfer
{
    /// <summary>Runs the transfer. What the source does wrong comes back as data; what the sink throws is thrown on.</summary>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public static async Task<TransferOutcome> RunAsync(
        IPieceSource source, Fingerprint blob, int piece, IPieceSink sink, TransferLimits limits, TimeProvider time, CancellationToken cancellation)
    {
        var length = blob.LengthOf(piece);
        using var watch = new StallWatch(limits, length, time, cancellation);
        using var verifier = new PieceVerifier();
        Stream? stream = null;
        try
        {
            try
            {
                stream = await source.OpenAsync(blob, piece, watch.Token);
            }
            catch (Exception error) when (Blame(error, watch, 0, length, cancellation) is { } failure)
            {
                return new TransferOutcome(null, failure);
            }

            for (var offset = 0; offset < length;)
            {
                var room = sink.GetMemory(offset, length - offset);
                for (var filled = 0; filled < room.Length;)
                {
                    int read;
                    try
                    {
                        read = await stream.ReadAsync(room[filled..], watch.Token);
                    }
                    catch (Exception error) when (Blame(error, watch, offset + filled, length, cancellation) is { } failure)
                    {
                        return new TransferOutcome(null, failure);
                    }

                    if (read == 0)
                        return new TransferOutcome(
                            null, new SourceFailure(ReplicationFault.Died, $"ended after {offset + filled} of {length} bytes"));
                    filled += read;
                    watch.Progress(read);
                }

                watch.Pause();
                verifier.Append(room.Span);
                sink.Take(offset, room.Span);
                watch.Resume();
                offset += room.Length;
            }

            return Judge(verifier, blob, piece, source.Name);
        }
        finally
        {
            if (stream is not null)
                await stream.DisposeAsync();
        }
    }

    private static TransferOutcome Judge(PieceVerifier verifier, Fingerprint blob, int piece, string source)
    {
        try
        {
            return new TransferOutcome(verifier.Complete(blob, piece, source), null);
        }
        catch (FaultException error) when (error.Fault.Is(VerificationFault.PieceMismatch))
        {
            return new TransferOutcome(null, new SourceFailure(ReplicationFault.Lied, error.Fault.Message.TrimEnd('.')));
        }
    }

    /// <summary>What a source's exception says about the source; null when the caller cancelled.</summary>
    private static SourceFailure? Blame(Exception error, StallWatch watch, int arrived, int length, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
            return null;
        if (watch.Verdict is { } verdict)
            return new SourceFailure(ReplicationFault.Stalled, $"{verdict}, {arrived} of {length} arrived");
        if (error is FaultException fault)
        {
            foreach (var reason in (ReadOnlySpan<ReplicationFault>)[ReplicationFault.NotHeld, ReplicationFault.Damaged, ReplicationFault.Refused, ReplicationFault.Stalled, ReplicationFault.Died, ReplicationFault.Lied])
            {
                if (fault.Fault.Is(reason))
                    return new SourceFailure(reason, fault.Message, fault.Fault.Cure);
            }
        }

        var cause = (error as HttpRequestException)?.InnerException is SocketException socket ? socket.Message : error.Message;
        return arrived > 0
            ? new SourceFailure(ReplicationFault.Died, $"broke after {arrived} of {length} bytes: {cause}")
            : new SourceFailure(ReplicationFault.Unreachable, cause);
    }
}

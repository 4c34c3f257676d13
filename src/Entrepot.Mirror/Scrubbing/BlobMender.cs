using System.Buffers;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Replication;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Mirror.Scrubbing;

/// <summary>Builds a blob anew from its sound pieces and from pieces of other holders, and puts it in the place of the rotten one. The new
/// file goes through the same verifier as a push: nothing takes the blob's name that does not hash to it.</summary>
internal sealed class BlobMender(BlobStore store, Func<IReadOnlyList<IPieceSource>> sources, ScrubOptions options, TimeProvider time)
{
    private const int BlockSize = 256 << 10;

    /// <summary>Mends a blob.</summary>
    /// <param name="blob">Its fingerprint.</param>
    /// <param name="rotten">The pieces to fetch.</param>
    /// <param name="cancellation">Stops; the blob stays as it is.</param>
    /// <returns>Whether it succeeded; how, or why not.</returns>
    public async Task<(bool IsMended, string Detail)> MendAsync(Fingerprint blob, IReadOnlyList<int> rotten, CancellationToken cancellation)
    {
        var holders = sources();
        if (rotten.Count > 0 && holders.Count == 0)
            return (false, "no other holder of the blob is known");
        var used = new SortedSet<string>(StringComparer.Ordinal);
        var block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            var expectation = new Expectation(blob.Size, [new StatedChecksum(ChecksumAlgorithm.Sha256, blob.Digest.Hex, "the catalog")]);
            await using var staged = store.Stage(expectation, blob.Size);
            using var original = rotten.Count < blob.Pieces.Length ? store.OpenRead(blob.Digest) : null;
            var bad = rotten.ToHashSet();
            for (var piece = 0; piece < blob.Pieces.Length; piece++)
            {
                if (!bad.Contains(piece))
                {
                    await CopyAsync(original!, blob.OffsetOf(piece), blob.LengthOf(piece), staged, block, cancellation);
                    continue;
                }

                using var scratch = store.OpenScratch();
                used.Add(await FetchAsync(blob, piece, holders, scratch, block, cancellation));
                await CopyAsync(scratch, 0, blob.LengthOf(piece), staged, block, cancellation);
            }

            var quarantined = store.Mend(await staged.VerifyAsync(cancellation));
            var origin = used.Count == 0 ? "rebuilt from its own pieces" : $"fetched from {string.Join(", ", used)}";
            return (true, quarantined is null ? origin : $"{origin}; the rotten file is in quarantine as {Path.GetFileName(quarantined)}");
        }
        catch (Exception error) when (error is FaultException or IOException)
        {
            return (false, error.Message);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private static async Task CopyAsync(
        SafeFileHandle from, long offset, int length, StagedBlob to, byte[] block, CancellationToken cancellation)
    {
        for (var left = length; left > 0;)
        {
            var read = await RandomAccess.ReadAsync(from, block.AsMemory(0, Math.Min(left, BlockSize)), offset, cancellation);
            if (read == 0)
                throw new IOException($"The file ends at {offset}.");
            await to.WriteAsync(block.AsMemory(0, read), cancellation);
            offset += read;
            left -= read;
        }
    }

    /// <summary>Asks one holder after the other until the bytes of one prove to be the piece.</summary>
    /// <returns>The holder's name.</returns>
    private async Task<string> FetchAsync(
        Fingerprint blob, int piece, IReadOnlyList<IPieceSource> holders, SafeFileHandle scratch, byte[] block, CancellationToken cancellation)
    {
        var refusals = new List<string>();
        foreach (var holder in holders)
        {
            using var deadline = new CancellationTokenSource(options.FetchTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
            try
            {
                await FetchAsync(blob, piece, holder, scratch, block, either.Token);
                return holder.Name;
            }
            catch (Exception error) when (!cancellation.IsCancellationRequested && !IsDiskFull(error))
            {
                // Whatever is wrong with one holder, another may have the piece.
                var why = deadline.IsCancellationRequested ? $"took longer than {options.FetchTimeout}" : error.Message;
                refusals.Add($"{holder.Name}: {why}");
            }
        }

        throw Fault.Of(
            BlobFault.Damaged, FaultKind.Unavailable, $"piece {piece} could not be fetched: {string.Join("; ", refusals)}",
            "Push the file again, or wait until another holder is back.").ToException();
    }

    private static async Task FetchAsync(
        Fingerprint blob, int piece, IPieceSource holder, SafeFileHandle scratch, byte[] block, CancellationToken cancellation)
    {
        using var verifier = new PieceVerifier();
        await using var stream = await holder.OpenAsync(blob, piece, cancellation);
        long taken = 0;
        // One byte more than the piece has is enough to refuse it.
        while (taken <= blob.LengthOf(piece))
        {
            var room = (int)Math.Min(BlockSize, blob.LengthOf(piece) + 1 - taken);
            var read = await stream.ReadAsync(block.AsMemory(0, room), cancellation);
            if (read == 0)
                break;
            verifier.Append(block.AsSpan(0, read));
            await KeepAsync(scratch, block.AsMemory(0, read), taken, cancellation);
            taken += read;
        }

        verifier.Complete(blob, piece, holder.Name);
    }

    private static async Task KeepAsync(SafeFileHandle scratch, ReadOnlyMemory<byte> bytes, long offset, CancellationToken cancellation)
    {
        try
        {
            await RandomAccess.WriteAsync(scratch, bytes, offset, cancellation);
        }
        catch (IOException error)
        {
            throw DiskFaults.Translate(error, "staging");
        }
    }

    private static bool IsDiskFull(Exception error) => error is FaultException fault && fault.Fault.Is(BlobFault.DiskFull);
}

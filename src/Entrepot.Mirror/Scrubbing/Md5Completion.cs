using System.Buffers;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Threading.Channels;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Integrity;
using Microsoft.Extensions.Logging;

namespace Entrepot.Mirror.Scrubbing;

/// <summary>Completes fingerprints with the MD5 of blobs whose sender stated none. Whoever publishes may hand a digest over to have it done
/// at once; whatever is missed is found in the catalog, so a full queue or a restart loses nothing.</summary>
public sealed class Md5Completion(MirrorCatalog catalog, BlobStore store, Scrubber scrubber, TimeProvider time, ILogger<Md5Completion> logger)
{
    /// <summary>Most digests that wait; more are left to the next look at the catalog.</summary>
    public const int QueueLimit = 1024;

    private const int PageSize = 256;
    private const int BlockSize = 256 << 10;

    /// <summary>Time from one look at the catalog to the next.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(5);

    private readonly Channel<Sha256Digest> _queue = Channel.CreateBounded<Sha256Digest>(
        new BoundedChannelOptions(QueueLimit) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Asks for a blob's MD5 to be computed soon. Never waits.</summary>
    public void Enqueue(Sha256Digest digest) => _queue.Writer.TryWrite(digest);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                try
                {
                    await CompleteAllAsync(cancellation);
                    await DrainAsync(cancellation);
                }
                catch (Exception error) when (!cancellation.IsCancellationRequested)
                {
                    // A full disk or a busy database now says nothing about the next look.
                    Log.Md5Failed(logger, error);
                    await Task.Delay(LookEvery, time, cancellation);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    /// <summary>Completes every fingerprint in the catalog that has no MD5.</summary>
    internal async Task CompleteAllAsync(CancellationToken cancellation)
    {
        long last = 0;
        while (true)
        {
            var page = catalog.State.Read(connection => BlobTable.WithoutMd5(connection, last, PageSize, out last));
            if (page.Count == 0)
                return;
            foreach (var digest in page)
                await CompleteAsync(digest, cancellation);
        }
    }

    /// <summary>Works on what is handed over, until it is time to look at the catalog again.</summary>
    private async Task DrainAsync(CancellationToken cancellation)
    {
        using var look = new CancellationTokenSource(LookEvery, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, look.Token);
        try
        {
            while (await _queue.Reader.WaitToReadAsync(either.Token))
            {
                while (!look.IsCancellationRequested && _queue.Reader.TryRead(out var digest))
                    await CompleteAsync(digest, cancellation);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Time to look.
        }
    }

    private async Task CompleteAsync(Sha256Digest digest, CancellationToken cancellation)
    {
        if (store.IsDamaged(digest) || catalog.FindFingerprint(digest) is not { Md5: null } blob)
            return;
        if (await ComputeAsync(blob, cancellation) is { } md5)
        {
            await catalog.SetMd5Async(digest, md5, cancellation);
            return;
        }

        if (await scrubber.ExamineAsync(digest, cancellation) is not null)
            Log.Md5OfDamaged(logger, digest);
    }

    /// <returns>Null when the bytes at rest are not the blob's: CRC-32 is checked along the way.</returns>
    private async Task<Md5Digest?> ComputeAsync(Fingerprint blob, CancellationToken cancellation)
    {
        var block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            using var file = store.OpenRead(blob.Digest);
#pragma warning disable CA5351 // Offered because metalinks and old clients ask for it; never trusted.
            using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5351
            var crc = new Crc32();
            for (long offset = 0; ;)
            {
                cancellation.ThrowIfCancellationRequested();
                var read = await RandomAccess.ReadAsync(file, block.AsMemory(0, BlockSize), offset, cancellation);
                if (read == 0)
                    return offset == blob.Size && crc.GetCurrentHashAsUInt32() == blob.Crc32 ? new Md5Digest(md5.GetHashAndReset()) : null;
                md5.AppendData(block, 0, read);
                crc.Append(block.AsSpan(0, read));
                offset += read;
            }
        }
        catch (Exception error) when (error is IOException || (error is FaultException fault && fault.Fault.Is(BlobFault.NotFound)))
        {
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }
}

using System.Buffers;
using System.Collections.Concurrent;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Server.Client;

/// <summary>A file and the proof of the bytes that were read from it.</summary>
public sealed record HashedFile(LocalFile File, Fingerprint Fingerprint);

/// <summary>Reads local files through the verifier, several at once.</summary>
public static class FileHasher
{
    private const int BlockSize = 1 << 20;

    /// <summary>Hashes files.</summary>
    /// <param name="files">The files.</param>
    /// <param name="expectation">What the caller states about each; for one file only.</param>
    /// <param name="observer">Is told of every block.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The proofs in the files' order, and everything that went wrong.</returns>
    public static async Task<(IReadOnlyList<HashedFile> Hashed, IReadOnlyList<Fault> Errors)> HashAsync(
        IReadOnlyList<LocalFile> files, Expectation expectation, ITransferObserver observer, CancellationToken cancellation)
    {
        observer.Begin("hashing", files.Count, files.Sum(static file => file.Size));
        var results = new HashedFile?[files.Count];
        var errors = new ConcurrentBag<(int Index, Fault Fault)>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = Math.Clamp(Environment.ProcessorCount, 1, 8), CancellationToken = cancellation };
        await Parallel.ForAsync(0, files.Count, options, async (index, token) =>
        {
            try
            {
                results[index] = new HashedFile(files[index], await HashAsync(files[index], expectation, observer, token));
            }
            catch (FaultException error)
            {
                errors.Add((index, error.Fault));
            }

            observer.ItemDone();
        });
        return ([.. results.OfType<HashedFile>()], [.. errors.OrderBy(static error => error.Index).Select(static error => error.Fault)]);
    }

    private static async Task<Fingerprint> HashAsync(LocalFile file, Expectation expectation, ITransferObserver observer, CancellationToken cancellation)
    {
        var block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            await using var stream = new FileStream(
                file.FullPath, new FileStreamOptions { Access = FileAccess.Read, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0, Options = FileOptions.SequentialScan });
            using var verifier = new Verifier(expectation, file.Size);
            for (int read; (read = await stream.ReadAsync(block.AsMemory(0, BlockSize), cancellation)) > 0;)
            {
                if (verifier.Size + read > file.Size)
                    throw Changed(file, "grew").ToException();
                verifier.Append(block.AsSpan(0, read));
                observer.Advance(read);
            }

            return verifier.Size == file.Size ? verifier.Complete() : throw Changed(file, "shrank").ToException();
        }
        catch (FaultException error) when (error.Fault.Is(VerificationFault.DigestMismatch))
        {
            throw (error.Fault with { Message = $"{file.FullPath}: {error.Fault.Message.Replace("received bytes have", "file has", StringComparison.Ordinal)}" }).ToException(error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Fault.Of(ClientFault.Unreadable, FaultKind.Forbidden, $"{file.FullPath} can't be read: {error.Message}", "Check its permissions.").ToException(error);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    internal static Fault Changed(LocalFile file, string how)
        => Fault.Of(
            ClientFault.Changed, FaultKind.Mismatch, $"{file.FullPath} {how} while it was being pushed; nothing was published.",
            "Push again when nobody writes to it.");
}

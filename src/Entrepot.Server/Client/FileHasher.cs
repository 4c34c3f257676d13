using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Server.Client;

/// <summary>A file and the name of the bytes that were read from it; it had <see cref="LocalFile.Size"/> of them.</summary>
public sealed record HashedFile(LocalFile File, Sha256Digest Digest);

/// <summary>Reads local files and hashes them, several at once.</summary>
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

    private static async Task<Sha256Digest> HashAsync(LocalFile file, Expectation expectation, ITransferObserver observer, CancellationToken cancellation)
    {
        var block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            await using var stream = new FileStream(
                file.FullPath, new FileStreamOptions { Access = FileAccess.Read, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0, Options = FileOptions.SequentialScan });
            // The other side cuts it into pieces; here only the name is needed, and what the caller stated must be compared.
            using var verifier = expectation.Checksums.IsEmpty ? null : new Verifier(expectation, file.Size);
            using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var size = 0L;
            for (int read; (read = await stream.ReadAsync(block.AsMemory(0, BlockSize), cancellation)) > 0; size += read)
            {
                if (size + read > file.Size)
                    throw Changed(file, "grew").ToException();
                verifier?.Append(block.AsSpan(0, read));
                if (verifier is null)
                    whole.AppendData(block, 0, read);
                observer.Advance(read);
            }

            if (size < file.Size)
                throw Changed(file, "shrank").ToException();
            return verifier?.Complete().Digest ?? new Sha256Digest(whole.GetHashAndReset());
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

using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Blobs;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Server.Http;

/// <summary>Bytes of an open file. The caller owns the handle.</summary>
public sealed class FileBody(SafeFileHandle file, long size, string name) : IContentBody
{
    /// <summary>Bytes read at a time: large enough that a system call costs little, small enough for many slow readers.</summary>
    private const int Chunk = 64 * 1024;

    /// <inheritdoc/>
    public long Size => size;

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(PipeWriter writer, long offset, long length, CancellationToken cancellation)
    {
        while (length > 0)
        {
            var want = (int)Math.Min(length, Chunk);
            var read = RandomAccess.Read(file, writer.GetMemory(want).Span[..want], offset);
            if (read == 0)
                throw Fault.Of(BlobFault.Damaged, FaultKind.Internal, $"{name} ends at {offset} of {size} bytes.", "Run 'entrepot verify'.").ToException();
            writer.Advance(read);
            offset += read;
            length -= read;
            var flushed = await writer.FlushAsync(cancellation);
            if (flushed.IsCompleted || flushed.IsCanceled)
                throw new OperationCanceledException("The client went away.", cancellation);
        }
    }
}

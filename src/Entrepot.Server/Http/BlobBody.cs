using System.IO.Pipelines;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Server.Http;

/// <summary>Bytes of a blob of this node's store. Pieces that are known to be rotten are refused before a byte of the range is sent. The
/// caller owns the handle.</summary>
public sealed class BlobBody(BlobStore store, Sha256Digest digest, SafeFileHandle file, long size) : IContentBody
{
    private readonly FileBody _file = new(file, size, digest.ToString());

    /// <inheritdoc/>
    public long Size => size;

    /// <inheritdoc/>
    public ValueTask SendAsync(PipeWriter writer, long offset, long length, CancellationToken cancellation)
    {
        store.RequireSound(digest, size, offset, length);
        return _file.SendAsync(writer, offset, length, cancellation);
    }
}

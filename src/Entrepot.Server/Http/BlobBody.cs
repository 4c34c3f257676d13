using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Scrubbing;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Server.Http;

/// <summary>Bytes of a blob of this node's store. A range with a piece that is known to be rotten is refused before a byte of it is sent, and each
/// piece that nobody has compared lately is compared before a byte of it is. The caller owns the handle.</summary>
public sealed class BlobBody(BlobTrust trust, Sha256Digest digest, SafeFileHandle file, long size) : IContentBody
{
    private readonly FileBody _file = new(file, size, digest.ToString());

    /// <inheritdoc/>
    public long Size => size;

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(PipeWriter writer, long offset, long length, CancellationToken cancellation)
    {
        trust.Store.RequireSound(digest, size, offset, length);
        var pieceSize = PieceSize.For(size);
        for (var end = offset + length; offset < end;)
        {
            var piece = (int)(offset / pieceSize);
            if (!trust.IsTrusted(digest, file, piece))
                await trust.RequireAsync(digest, file, piece, cancellation);
            var stop = Math.Min(end, (piece + 1L) * pieceSize);
            await _file.SendAsync(writer, offset, stop - offset, cancellation);
            offset = stop;
        }
    }
}

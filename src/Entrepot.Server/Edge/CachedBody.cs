using System.IO.Pipelines;
using Entrepot.Mirror.Caching;
using Entrepot.Server.Http;

namespace Entrepot.Server.Edge;

/// <summary>The body of an answer out of the cache. The caller owns the reader.</summary>
internal sealed class CachedBody(BlobReader reader) : IContentBody
{
    /// <inheritdoc/>
    public long Size => reader.Fingerprint.Size;

    /// <inheritdoc/>
    public ValueTask SendAsync(PipeWriter writer, long offset, long length, CancellationToken cancellation)
        => reader.SendAsync(writer, offset, length, cancellation);
}

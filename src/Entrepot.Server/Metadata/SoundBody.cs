using System.Collections.Immutable;
using System.IO.Pipelines;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;
using Entrepot.Server.Http;

namespace Entrepot.Server.Metadata;

/// <summary>Bytes of a blob of which some pieces are known to be rotten: ranges that touch none of those are sent.</summary>
internal sealed class SoundBody(IContentBody body, Fingerprint blob, ImmutableArray<int> rotten) : IContentBody
{
    /// <inheritdoc/>
    public long Size => body.Size;

    /// <inheritdoc/>
    public ValueTask SendAsync(PipeWriter writer, long offset, long length, CancellationToken cancellation)
    {
        var (first, end) = blob.PiecesOf(offset, length);
        foreach (var piece in rotten)
        {
            if (piece >= first && piece < end)
                throw Fault.Of(
                    BlobFault.Damaged, FaultKind.Unavailable, $"Piece {piece} of {blob.Digest} is damaged at rest and could not be mended yet.",
                    "Try again later, or push the file again.").ToException();
        }

        return body.SendAsync(writer, offset, length, cancellation);
    }
}

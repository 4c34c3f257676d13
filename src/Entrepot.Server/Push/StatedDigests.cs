using System.Collections.Immutable;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Server.Push;

/// <summary>The checksums that a request states.</summary>
/// <param name="Content">Of the bytes in this very request: <c>Content-MD5</c>, <c>Content-Digest</c>.</param>
/// <param name="Representation">Of the whole file, however many requests carry it: <c>Repr-Digest</c>, <c>X-Checksum-*</c>.</param>
public sealed record StatedDigests(ImmutableArray<StatedChecksum> Content, ImmutableArray<StatedChecksum> Representation)
{
    /// <summary>Nothing stated.</summary>
    public static StatedDigests None { get; } = new([], []);

    /// <summary>What to expect when this request carries the whole file, so that both kinds speak of the same bytes.</summary>
    /// <param name="size">The announced length in bytes, or null.</param>
    public Expectation ForWhole(long? size) => new(size, Content.AddRange(Representation));
}

using System.Collections.Immutable;
using System.IO.Pipelines;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;
using Entrepot.Server.Http;
using Entrepot.Server.Metadata;

namespace Entrepot.Tests.Server.Metadata;

public sealed class SoundBodyTests
{
    private const int Piece = PieceSize.Minimum;

    private static readonly Fingerprint Blob = Describe(new byte[3 * Piece]);

    [Theory]
    [InlineData(0, Piece)]
    [InlineData(Piece - 1, 1)]
    [InlineData(2 * Piece, Piece)]
    [InlineData(0, 0)]
    public async Task A_range_that_touches_no_rotten_piece_is_sent(long offset, long length)
    {
        var inner = new Counting();
        await new SoundBody(inner, Blob, [1]).SendAsync(PipeWriter.Create(Stream.Null), offset, length, TestContext.Current.CancellationToken);

        inner.Sent.ShouldBe((offset, length));
    }

    [Theory]
    [InlineData(Piece, 1)]
    [InlineData(2 * Piece - 1, 1)]
    [InlineData(0, 3 * Piece)]
    [InlineData(Piece - 1, 2)]
    public async Task A_range_that_touches_one_is_refused_before_a_byte(long offset, long length)
    {
        var inner = new Counting();

        var fault = (await Should.ThrowAsync<FaultException>(async () => await new SoundBody(inner, Blob, [1]).SendAsync(
            PipeWriter.Create(Stream.Null), offset, length, TestContext.Current.CancellationToken))).Fault;

        fault.Is(BlobFault.Damaged).ShouldBeTrue();
        fault.Kind.ShouldBe(FaultKind.Unavailable);
        inner.Sent.ShouldBeNull();
    }

    private static Fingerprint Describe(byte[] bytes)
    {
        using var verifier = new Verifier(new Expectation(bytes.Length, ImmutableArray<StatedChecksum>.Empty));
        verifier.Append(bytes);
        return verifier.Complete();
    }

    private sealed class Counting : IContentBody
    {
        public long Size => Blob.Size;

        public (long Offset, long Length)? Sent { get; private set; }

        public ValueTask SendAsync(PipeWriter writer, long offset, long length, CancellationToken cancellation)
        {
            Sent = (offset, length);
            return ValueTask.CompletedTask;
        }
    }
}

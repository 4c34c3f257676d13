using System.IO.Pipelines;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;
using Entrepot.Server.Http;
using Entrepot.Tests.Mirror;

namespace Entrepot.Tests.Server.Http;

public sealed class BlobBodyTests
{
    private const int Piece = PieceSize.Minimum;

    [Theory]
    [InlineData(0, Piece)]
    [InlineData(Piece - 1, 1)]
    [InlineData(2 * Piece, Piece)]
    [InlineData(0, 0)]
    public async Task A_range_that_touches_no_rotten_piece_is_sent(int offset, int length)
    {
        await using var world = MirrorWorld.Open();
        var content = Content();

        (await SendAsync(world, content, offset, length)).ShouldBe(content[offset..(offset + length)]);
    }

    [Theory]
    [InlineData(Piece, 1)]
    [InlineData((2 * Piece) - 1, 1)]
    [InlineData(0, 3 * Piece)]
    [InlineData(Piece - 1, 2)]
    public async Task A_range_that_touches_one_is_refused_before_a_byte(int offset, int length)
    {
        await using var world = MirrorWorld.Open();
        using var sent = new MemoryStream();

        var fault = (await Should.ThrowAsync<FaultException>(() => SendAsync(world, Content(), offset, length, sent))).Fault;

        fault.Is(BlobFault.Damaged).ShouldBeTrue();
        fault.Kind.ShouldBe(FaultKind.Unavailable);
        sent.Length.ShouldBe(0);
    }

    private static async Task<byte[]> SendAsync(MirrorWorld world, byte[] content, int offset, int length, MemoryStream? to = null)
    {
        var blob = (await world.StoreAsync(content)).Fingerprint;
        world.Store.MarkDamaged(blob.Digest, [1]);
        using var file = world.Store.OpenRead(blob.Digest);
        to ??= new MemoryStream();
        var writer = PipeWriter.Create(to, new StreamPipeWriterOptions(leaveOpen: true));
        await new BlobBody(world.Store, blob.Digest, file, blob.Size).SendAsync(writer, offset, length, TestContext.Current.CancellationToken);
        await writer.CompleteAsync();
        return to.ToArray();
    }

    private static byte[] Content()
    {
        var bytes = new byte[3 * Piece];
        new Random(5).NextBytes(bytes);
        return bytes;
    }
}

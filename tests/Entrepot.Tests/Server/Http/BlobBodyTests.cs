using System.IO.Pipelines;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Scrubbing;
using Entrepot.Server.Http;
using Entrepot.Tests.Mirror.Scrubbing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Entrepot.Tests.Server.Http;

public sealed class BlobBodyTests
{
    private const int Piece = PieceSize.Minimum;

    private static readonly byte[] Content = ScrubWorld.RandomBytes(3 * Piece);

    [Theory]
    [InlineData(0, Piece)]
    [InlineData(Piece - 1, 1)]
    [InlineData(2 * Piece, Piece)]
    [InlineData(0, 0)]
    public async Task A_range_that_touches_no_rotten_piece_is_sent(int offset, int length)
    {
        await using var world = await ScrubWorld.OpenAsync();
        var blob = await world.PublishAsync("a", Content);
        world.World.Store.MarkDamaged(blob.Digest, [1]);

        (await SendAsync(Trust(world), blob, offset, length)).ShouldBe(Content[offset..(offset + length)]);
    }

    [Theory]
    [InlineData(Piece, 1)]
    [InlineData((2 * Piece) - 1, 1)]
    [InlineData(0, 3 * Piece)]
    [InlineData(Piece - 1, 2)]
    public async Task A_range_that_touches_one_is_refused_before_a_byte(int offset, int length)
    {
        await using var world = await ScrubWorld.OpenAsync();
        var blob = await world.PublishAsync("a", Content);
        world.World.Store.MarkDamaged(blob.Digest, [1]);

        await ShouldBeRefusedAsync(Trust(world), blob, offset, length, sent: 0);
    }

    [Fact]
    public async Task A_piece_that_has_rotted_since_the_last_scrub_is_not_sent_but_mended()
    {
        await using var world = await ScrubWorld.OpenAsync();
        var blob = await world.PublishAsync("a", Content);
        world.FlipByte(blob.Digest, Piece + 5);
        var trust = Trust(world);

        (await SendAsync(trust, blob, 0, Piece)).ShouldBe(Content[..Piece]);
        await ShouldBeRefusedAsync(trust, blob, 0, 3 * Piece, sent: Piece);
        await ShouldBeRefusedAsync(trust, blob, Piece, 1, sent: 0);

        await RunUntilAsync(trust, () => !File.ReadAllBytes(world.World.BlobPath(blob.Digest)).AsSpan(Piece, Piece).SequenceEqual(Content.AsSpan(Piece, Piece)));
        (await SendAsync(trust, blob, 0, 3 * Piece)).ShouldBe(Content);
        world.Scrubber.Damaged().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_piece_that_rots_while_it_is_trusted_is_compared_again_when_its_file_changed_or_after_ten_minutes()
    {
        await using var world = await ScrubWorld.OpenAsync();
        world.Sources.Clear();
        var blob = await world.PublishAsync("a", Content);
        var trust = Trust(world);
        (await SendAsync(trust, blob, 0, 3 * Piece)).ShouldBe(Content);

        // As a disk rots: the file's time stays.
        var path = world.World.BlobPath(blob.Digest);
        var time = File.GetLastWriteTimeUtc(path);
        world.FlipByte(blob.Digest, 5);
        File.SetLastWriteTimeUtc(path, time);
        await SendAsync(trust, blob, 0, 1);
        world.World.Time.Advance(PieceTrust.MaxAge);
        await ShouldBeRefusedAsync(trust, blob, 0, 1, sent: 0);

        // As somebody writes to it.
        (await SendAsync(trust, blob, Piece, Piece)).ShouldBe(Content[Piece..(2 * Piece)]);
        world.FlipByte(blob.Digest, Piece + 5);
        File.SetLastWriteTimeUtc(path, time.AddSeconds(1));
        await ShouldBeRefusedAsync(trust, blob, Piece, 1, sent: 0);

        await RunUntilAsync(trust, () => world.Scrubber.DamagedPieces(blob.Digest).Length < 2);
        world.Scrubber.DamagedPieces(blob.Digest).ShouldBe([0, 1]);
        (await SendAsync(trust, blob, 2 * Piece, Piece)).ShouldBe(Content[(2 * Piece)..]);
    }

    [Fact]
    public async Task Many_readers_of_one_piece_share_one_comparison_and_a_trusted_piece_costs_nothing()
    {
        await using var world = await ScrubWorld.OpenAsync();
        var blob = await world.PublishAsync("a", Content);
        var trust = Trust(world);
        var readers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => SendAsync(trust, blob, 0, Content.Length))));
        readers.ShouldAllBe(sent => sent.SequenceEqual(Content));
        trust.Comparisons.ShouldBe(3);

        using var file = world.World.Store.OpenRead(blob.Digest);
        trust.IsTrusted(blob.Digest, file, 0).ShouldBeTrue();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            trust.IsTrusted(blob.Digest, file, i % 3);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    private static BlobTrust Trust(ScrubWorld world) => new(world.Scrubber, NullLogger<BlobTrust>.Instance);

    private static async Task ShouldBeRefusedAsync(BlobTrust trust, Fingerprint blob, int offset, int length, int sent)
    {
        using var received = new MemoryStream();
        var fault = (await Should.ThrowAsync<FaultException>(() => SendAsync(trust, blob, offset, length, received))).Fault;
        (fault.Code, fault.Kind).ShouldBe(("blob/damaged", FaultKind.Unavailable));
        received.ToArray().ShouldBe(Content[offset..(offset + sent)]);
    }

    private static async Task<byte[]> SendAsync(BlobTrust trust, Fingerprint blob, int offset, int length, MemoryStream? to = null)
    {
        using var file = trust.Store.OpenRead(blob.Digest);
        to ??= new MemoryStream();
        var writer = PipeWriter.Create(to, new StreamPipeWriterOptions(leaveOpen: true));
        await new BlobBody(trust, blob.Digest, file, blob.Size).SendAsync(writer, offset, length, TestContext.Current.CancellationToken);
        await writer.CompleteAsync();
        return to.ToArray();
    }

    /// <summary>Lets what was found be examined while something is not yet so.</summary>
    private static async Task RunUntilAsync(BlobTrust trust, Func<bool> isOutstanding)
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var loop = trust.RunAsync(stop.Token);
        while (isOutstanding() && !stop.IsCancellationRequested)
            await Task.Yield();
        await stop.CancelAsync();
        await loop;
    }
}

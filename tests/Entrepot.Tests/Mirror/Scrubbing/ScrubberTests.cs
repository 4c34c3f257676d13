using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Replication;

namespace Entrepot.Tests.Mirror.Scrubbing;

public sealed class ScrubberTests
{
    private const int MiB = ScrubWorld.MiB;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Sound_blobs_are_read_and_left_alone(bool deep)
    {
        await using var world = await ScrubWorld.OpenAsync();
        await world.PublishAsync("a", ScrubWorld.RandomBytes((3 * MiB) + 5));
        await world.PublishAsync("b", [1, 2, 3]);
        await world.PublishAsync("empty", []);

        var (damaged, reports) = await world.VerifyAsync(deep);

        damaged.ShouldBeEmpty();
        var last = reports[^1];
        (last.Blobs, last.TotalBlobs, last.IsDone).ShouldBe((3, 3, true));
        (last.Bytes, last.TotalBytes).ShouldBe(((3 * MiB) + 8, (3 * MiB) + 8));
        Directory.EnumerateFiles(world.World.Store.QuarantineFolder).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(MiB - 1L)]
    [InlineData(MiB + 0L)]
    [InlineData((2L * MiB) + 77)]
    [InlineData((3L * MiB) + 4)]
    public async Task A_flipped_bit_is_found_mended_from_another_holder_quarantined_and_reported(long offset)
    {
        await using var world = await ScrubWorld.OpenAsync();
        var content = ScrubWorld.RandomBytes((3 * MiB) + 5);
        var blob = await world.PublishAsync("disk.img", content);
        world.FlipByte(blob.Digest, offset);
        var rotten = await File.ReadAllBytesAsync(world.World.BlobPath(blob.Digest));

        var (damaged, reports) = await world.VerifyAsync();

        var damage = damaged.Single();
        (damage.Digest, damage.IsMended).ShouldBe((blob.Digest, true));
        damage.Pieces.ShouldBe([(int)(offset / MiB)]);
        damage.Detail.ShouldContain("edge-1");
        reports.SelectMany(report => report.Damaged).ShouldBe(damaged);
        (await File.ReadAllBytesAsync(world.World.BlobPath(blob.Digest))).ShouldBe(content);
        var quarantined = Directory.EnumerateFiles(world.World.Store.QuarantineFolder).Single();
        (await File.ReadAllBytesAsync(quarantined)).ShouldBe(rotten);
        damage.Detail.ShouldContain(Path.GetFileName(quarantined));
        world.Scrubber.DamagedPieces(blob.Digest).ShouldBeEmpty();
        JournalTable.Read(world.World.State, 0, 100).Select(line => line.Action).TakeLast(2).ShouldBe(["blob.damage", "blob.mend"]);
        (await world.VerifyAsync(deep: true)).Damaged.ShouldBeEmpty();
    }

    [Fact]
    public async Task Only_rotten_pieces_are_fetched()
    {
        await using var world = await ScrubWorld.OpenAsync();
        var blob = await world.PublishAsync("disk.img", ScrubWorld.RandomBytes(10 * MiB));
        world.FlipByte(blob.Digest, 4 * MiB);
        world.FlipByte(blob.Digest, (9 * MiB) + 1);

        (await world.VerifyAsync()).Damaged.Single().Pieces.ShouldBe([4, 9]);

        ((StorePieceSource)world.Sources[0]).Asked.ShouldBe(2);
    }

    [Theory]
    [InlineData(0, new[] { 0, 1, 2 })]
    [InlineData(1, new[] { 0, 1, 2 })]
    [InlineData(MiB, new[] { 1, 2 })]
    [InlineData((2 * MiB) + 50, new[] { 2 })]
    public async Task A_truncated_file_is_completed(int length, int[] pieces)
    {
        await using var world = await ScrubWorld.OpenAsync();
        var content = ScrubWorld.RandomBytes((2 * MiB) + 100);
        var blob = await world.PublishAsync("disk.img", content);
        await using (var file = File.OpenWrite(world.World.BlobPath(blob.Digest)))
            file.SetLength(length);

        var damage = (await world.VerifyAsync()).Damaged.Single();

        damage.Pieces.ShouldBe(pieces);
        damage.IsMended.ShouldBeTrue();
        (await File.ReadAllBytesAsync(world.World.BlobPath(blob.Digest))).ShouldBe(content);
    }

    [Theory]
    [InlineData((2 * MiB) + 100)]
    [InlineData(0)]
    public async Task An_absent_file_is_restored(int size)
    {
        await using var world = await ScrubWorld.OpenAsync();
        var content = ScrubWorld.RandomBytes(size);
        var blob = await world.PublishAsync("disk.img", content);
        File.Delete(world.World.BlobPath(blob.Digest));

        (await world.VerifyAsync()).Damaged.Single().IsMended.ShouldBeTrue();

        (await File.ReadAllBytesAsync(world.World.BlobPath(blob.Digest))).ShouldBe(content);
        Directory.EnumerateFiles(world.World.Store.QuarantineFolder).ShouldBeEmpty();
    }

    [Fact]
    public async Task After_a_start_published_files_that_are_absent_or_short_are_mended_at_once()
    {
        await using var world = await ScrubWorld.OpenAsync();
        await world.PublishAsync("whole", [1]);
        var absent = await world.PublishAsync("absent", [2, 2]);
        var shortened = await world.PublishAsync("short", [3, 3, 3]);
        File.Delete(world.World.BlobPath(absent.Digest));
        await File.WriteAllBytesAsync(world.World.BlobPath(shortened.Digest), [3]);
        await world.RestartAsync();

        var found = await world.Scrubber.RecoverAsync();

        found.Select(damage => damage.Digest).ShouldBe([absent.Digest, shortened.Digest], ignoreOrder: true);
        found.ShouldAllBe(damage => damage.IsMended);
        (await world.Scrubber.RecoverAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_file_that_grew_is_cut_without_asking_anybody()
    {
        await using var world = await ScrubWorld.OpenAsync();
        var content = ScrubWorld.RandomBytes(MiB + 100);
        var blob = await world.PublishAsync("disk.img", content);
        await File.AppendAllTextAsync(world.World.BlobPath(blob.Digest), "tail");
        world.Sources.Clear();

        var damage = (await world.VerifyAsync()).Damaged.Single();

        damage.Pieces.ShouldBeEmpty();
        damage.IsMended.ShouldBeTrue();
        (await File.ReadAllBytesAsync(world.World.BlobPath(blob.Digest))).ShouldBe(content);
    }

    [Fact]
    public async Task A_holder_that_lies_stalls_or_fails_is_passed_over()
    {
        await using var world = await ScrubWorld.OpenAsync();
        var content = ScrubWorld.RandomBytes((2 * MiB) + 5);
        var blob = await world.PublishAsync("disk.img", content);
        world.FlipByte(blob.Digest, MiB);
        var piece = content.AsMemory(MiB, MiB).ToArray();
        var stalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Sources.InsertRange(0,
        [
            new Holder("liar", _ => Task.FromResult<Stream>(new MemoryStream([.. piece[..^1], (byte)(piece[^1] ^ 1)]))),
            new Holder("short", _ => Task.FromResult<Stream>(new MemoryStream(piece[..^1]))),
            new Holder("endless", _ => Task.FromResult<Stream>(new EndlessStream())),
            new Holder("dead", _ => Task.FromException<Stream>(new HttpRequestException("connection refused"))),
            new Holder("stalled", async cancellation =>
            {
                stalled.SetResult();
                await Task.Delay(Timeout.Infinite, cancellation);
                return Stream.Null;
            }),
        ]);

        var verifying = world.VerifyAsync();
        await stalled.Task;
        world.World.Time.Advance(world.Options.FetchTimeout);
        var damage = (await verifying).Damaged.Single();

        damage.IsMended.ShouldBeTrue();
        damage.Detail.ShouldStartWith("fetched from edge-1;");
        (await File.ReadAllBytesAsync(world.World.BlobPath(blob.Digest))).ShouldBe(content);
    }

    [Fact]
    public async Task What_can_not_be_mended_is_known_after_a_restart_and_mended_when_a_holder_is_back()
    {
        await using var world = await ScrubWorld.OpenAsync();
        var blob = await world.PublishAsync("disk.img", ScrubWorld.RandomBytes((2 * MiB) + 5));
        var sources = world.Sources.ToList();
        world.Sources.Clear();
        world.FlipByte(blob.Digest, MiB);

        var damage = (await world.VerifyAsync()).Damaged.Single();
        damage.IsMended.ShouldBeFalse();
        damage.Detail.ShouldBe("no other holder of the blob is known");
        await world.RestartAsync();

        world.Scrubber.DamagedPieces(blob.Digest).ShouldBe([1]);
        world.World.Store.Find(blob).ShouldBeNull();  // so a client is asked to send it
        (await world.Scrubber.MendKnownAsync()).Single().IsMended.ShouldBeFalse();
        JournalTable.Read(world.World.State, 0, 100).Count(line => line.Action == "blob.damage").ShouldBe(1);

        world.Sources.AddRange(sources);
        (await world.Scrubber.MendKnownAsync()).ShouldBeEmpty();
        world.Scrubber.DamagedPieces(blob.Digest).ShouldBeEmpty();
        world.World.Store.Find(blob).ShouldNotBeNull();
        await world.RestartAsync();
        world.Scrubber.Damaged().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_rotten_piece_is_refused_to_readers_and_the_sound_ones_are_not()
    {
        await using var world = await ScrubWorld.OpenAsync();
        var blob = await world.PublishAsync("disk.img", ScrubWorld.RandomBytes((3 * MiB) + 5));
        world.Sources.Clear();
        world.FlipByte(blob.Digest, MiB + 7);
        await world.VerifyAsync();
        void Read(long offset, long length) => world.World.Store.RequireSound(blob.Digest, blob.Size, offset, length);

        Read(0, MiB);
        Read(2 * MiB, MiB + 5);
        Read(MiB, 0);
        foreach (var (offset, length) in new[] { (0L, blob.Size), (MiB, 1), (MiB - 1, 2), ((2 * MiB) - 1, 1) })
        {
            var fault = Should.Throw<FaultException>(() => Read(offset, length)).Fault;
            fault.Is(BlobFault.Damaged).ShouldBeTrue();
            fault.Kind.ShouldBe(FaultKind.Unavailable);
            fault.Message.ShouldContain("Piece 1 of");
        }
    }

    [Fact]
    public async Task Pushing_a_damaged_blob_again_mends_it()
    {
        await using var world = await ScrubWorld.OpenAsync();
        var content = ScrubWorld.RandomBytes(MiB + 5);
        var blob = await world.PublishAsync("disk.img", content);
        world.Sources.Clear();
        world.FlipByte(blob.Digest, 3);
        (await world.VerifyAsync()).Damaged.Single().IsMended.ShouldBeFalse();

        await world.World.StoreAsync(content);

        (await File.ReadAllBytesAsync(world.World.BlobPath(blob.Digest))).ShouldBe(content);
        Directory.EnumerateFiles(world.World.Store.QuarantineFolder).Count().ShouldBe(1);
        (await world.Scrubber.MendKnownAsync()).ShouldBeEmpty();
        world.Scrubber.Damaged().ShouldBeEmpty();
    }

    [Fact]
    public async Task One_mirror_can_be_verified_alone()
    {
        await using var world = await ScrubWorld.OpenAsync();
        await world.PublishAsync("a", [1]);
        await world.PublishAsync("a", [2]);
        await world.World.Catalog.RegisterBlobAsync(await world.World.StoreAsync("of no mirror"), MirrorWorld.Actor);

        (await world.VerifyAsync(mirror: MirrorWorld.Images)).Reports[^1].TotalBlobs.ShouldBe(2);  // an old snapshot's too
        (await world.VerifyAsync()).Reports[^1].TotalBlobs.ShouldBe(3);
    }

    [Fact]
    public async Task A_wrong_crc_in_the_catalog_is_no_damage_because_sha256_decides()
    {
        await using var world = await ScrubWorld.OpenAsync();
        var blob = await world.PublishAsync("a", [1, 2, 3]);
        var packed = (blob with { Pieces = [new Piece(blob.Crc32 ^ 1, blob.Digest)] }).PackPieces();
        await world.World.State.WriteAsync(transaction => transaction.Execute("UPDATE blob SET pieces = @packed", new { packed }));

        (await world.VerifyAsync()).Damaged.ShouldBeEmpty();
    }

    private sealed class Holder(string name, Func<CancellationToken, Task<Stream>> open) : IPieceSource
    {
        public string Name => name;

        public ValueTask<Stream> OpenAsync(Fingerprint blob, int piece, CancellationToken cancellation) => new(open(cancellation));
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(buffer.Length);
    }
}

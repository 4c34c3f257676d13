using Entrepot.Mirror.Caching;
using Entrepot.Tests.Mirror.Replication;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Mirror.Caching;

public sealed class CacheSpaceTests
{
    private const int KiB = 1 << 10;
    private const int MiB = 1 << 20;

    [Fact]
    public async Task Small_files_take_no_more_of_the_disk_than_the_cap()
    {
        var blobs = Enumerable.Range(0, 600).Select(i => TestBlob.Of(KiB, i)).ToArray();
        await using var rig = new CacheRig([new FakeSource("origin", blobs)], options => options with { CapacityBytes = MiB });

        foreach (var blob in blobs)
            await rig.ReadAllAsync(blob);
        rig.Cache.Keeper.Commit();

        OnDisk(rig).ShouldBeLessThanOrEqualTo(MiB);
        OnDisk(rig).ShouldBe(rig.Content.Look().ChargedBytes);
        rig.Content.Look().HeldBytes.ShouldBe(rig.Content.Look().Blobs * (long)KiB);
        rig.Content.Look().Blobs.ShouldBeInRange(100, MiB / 8192);
        ShouldBalance(rig);
    }

    [Fact]
    public async Task Blobs_beyond_the_most_go_and_the_least_recently_used_first()
    {
        var time = new FakeTimeProvider();
        var blobs = Enumerable.Range(0, 30).Select(i => TestBlob.Of(KiB, i)).ToArray();
        await using var rig = new CacheRig([new FakeSource("origin", blobs)], options => options with { MaxBlobs = 10 }, time);

        foreach (var blob in blobs)
        {
            await rig.ReadAllAsync(blobs[0]);  // the one that everybody wants
            time.Advance(TimeSpan.FromSeconds(1));
            await rig.ReadAllAsync(blob);
            rig.Content.Look().Blobs.ShouldBeLessThanOrEqualTo(10);
        }

        rig.Content.TryGetFingerprint(blobs[0].Fingerprint.Digest).ShouldNotBeNull();
        rig.Content.TryGetFingerprint(blobs[^1].Fingerprint.Digest).ShouldNotBeNull();
        rig.Content.TryGetFingerprint(blobs[1].Fingerprint.Digest).ShouldBeNull();
        Directory.EnumerateFiles(Path.Combine(rig.Folder, "pieces"), "*.data", SearchOption.AllDirectories).Count().ShouldBe(10);
        ShouldBalance(rig);
    }

    [Fact]
    public async Task Blobs_that_are_read_stay_however_many_they_are()
    {
        var blobs = Enumerable.Range(0, 5).Select(i => TestBlob.Of(KiB, i)).ToArray();
        await using var rig = new CacheRig([], options => options with { MaxBlobs = 2 });

        var readers = blobs.Select(blob => rig.Content.Open(blob.Fingerprint)).ToList();
        rig.Content.Look().Blobs.ShouldBe(5);
        readers.ForEach(static reader => reader.Dispose());
        using var next = rig.Content.Open(TestBlob.Of(KiB, 9).Fingerprint);

        rig.Content.Look().Blobs.ShouldBe(2);
    }

    [Fact]
    public async Task After_a_restart_the_same_is_charged_and_fewer_blobs_are_kept_if_told()
    {
        var folder = TestFolder.Make("entrepot-space-");
        try
        {
            var blobs = Enumerable.Range(0, 8).Select(i => TestBlob.Of((i * MiB) + 1, i)).ToArray();
            long charged;
            await using (var rig = new CacheRig([new FakeSource("origin", blobs)], folder: folder))
            {
                foreach (var blob in blobs)
                    await rig.ReadAllAsync(blob);
                charged = rig.Content.Look().ChargedBytes;
            }

            charged.ShouldBe((28L * MiB) + (8 * 2 * 4096));
            await using (var again = new CacheRig([], folder: folder))
            {
                again.Content.Look().ChargedBytes.ShouldBe(charged);
                ShouldBalance(again);
            }

            await using var fewer = new CacheRig([], options => options with { MaxBlobs = 3 }, folder: folder);
            fewer.Content.Look().Blobs.ShouldBe(3);
            ShouldBalance(fewer);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData(1, 4096)]
    [InlineData(90, 4096)]
    [InlineData(500, 5 * 4096 + 8 + 63)]
    public void The_file_beside_a_blob_of_few_pieces_is_one_block(int pieces, int most)
    {
        var fingerprint = TestBlob.Of(1).Fingerprint;
        fingerprint = fingerprint with { Pieces = [.. Enumerable.Repeat(fingerprint.Pieces[0], pieces)] };

        HeldFile.LengthFor(fingerprint).ShouldBeLessThanOrEqualTo(most);
        (HeldFile.SlotOffset(fingerprint) % 512).ShouldBe(0);
    }

    [Fact]
    public void At_least_one_blob_is_allowed()
        => Should.Throw<ArgumentException>(() => new CachingOptions { Folder = "/x", MaxBlobs = 0 }.Validate()).Message.ShouldContain("MaxBlobs 0");

    /// <summary>What is charged is what the blobs have, now that nothing arrives.</summary>
    internal static void ShouldBalance(CacheRig rig)
    {
        foreach (var blob in rig.Cache.Blobs.Where(static blob => blob.HasFiles))
        {
            var pieces = Enumerable.Range(0, blob.Fingerprint.Pieces.Length).Where(blob.IsReady).ToList();
            blob.Charged.ShouldBe(CacheSpace.OverheadOf(blob.Fingerprint) + pieces.Sum(piece => CacheSpace.ChargeOf(blob.Fingerprint, piece)));
            blob.Payload.ShouldBe(pieces.Sum(piece => (long)blob.Fingerprint.LengthOf(piece)));
        }

        rig.Cache.Space.Charged.ShouldBe(rig.Cache.Blobs.Sum(static blob => blob.Charged));
        rig.Cache.Space.Payload.ShouldBe(rig.Cache.Blobs.Sum(static blob => blob.Payload));
        rig.Content.Look().Blobs.ShouldBe(rig.Cache.Blobs.Count);
    }

    /// <summary>Whole blocks of all files; none of them has holes here.</summary>
    private static long OnDisk(CacheRig rig)
        => new DirectoryInfo(Path.Combine(rig.Folder, "pieces")).EnumerateFiles("*", SearchOption.AllDirectories).Sum(static file => (file.Length + 4095) / 4096 * 4096);
}

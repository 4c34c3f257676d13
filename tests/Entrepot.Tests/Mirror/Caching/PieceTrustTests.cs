using Entrepot.Mirror.Integrity;
using Entrepot.Tests.Mirror.Replication;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Mirror.Caching;

public sealed class PieceTrustTests
{
    private const int MiB = 1 << 20;

    [Fact]
    public async Task Bytes_that_were_changed_on_disk_are_not_sent_but_fetched_again()
    {
        var blob = TestBlob.Of(3 * MiB);
        var source = new FakeSource("origin", blob);
        await using var rig = new CacheRig([source]);
        await rig.ReadAllAsync(blob);
        Flip(rig.Folder, MiB + 17);

        (await rig.ReadAllAsync(blob)).AsSpan().SequenceEqual(blob.Bytes).ShouldBeTrue();

        source.Requests.ShouldBe(4);  // three pieces, and the changed one again
    }

    [Fact]
    public async Task When_all_was_changed_the_mending_of_one_piece_does_not_vouch_for_the_others()
    {
        var blob = TestBlob.Of(8 * MiB);
        var source = new FakeSource("origin", blob);
        await using var rig = new CacheRig([source]);
        await rig.ReadAllAsync(blob);
        for (var piece = 0; piece < 8; piece++)
            Flip(rig.Folder, (piece * MiB) + 1000);

        await rig.ReadAsync(blob, 0, MiB);
        blob.Is(await rig.ReadAllAsync(blob)).ShouldBeTrue();

        source.Requests.ShouldBe(16);
        blob.Is(await rig.ReadAllAsync(blob)).ShouldBeTrue();
        source.Requests.ShouldBe(16);
    }

    [Fact]
    public async Task A_disk_that_rots_without_telling_is_noticed_when_the_last_comparison_is_old()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var blob = TestBlob.Of(2 * MiB);
        var source = new FakeSource("origin", blob);
        await using var rig = new CacheRig([source], time: time);
        await rig.ReadAllAsync(blob);
        await rig.ReadAllAsync(blob);
        var file = DataFile(rig.Folder);
        var before = File.GetLastWriteTimeUtc(file);
        Flip(rig.Folder, 5);
        File.SetLastWriteTimeUtc(file, before);

        time.Advance(PieceTrust.MaxAge);

        (await rig.ReadAllAsync(blob)).AsSpan().SequenceEqual(blob.Bytes).ShouldBeTrue();
        source.Requests.ShouldBe(3);
    }

    [Fact]
    public async Task A_truncated_file_costs_a_fetch_and_no_wrong_byte()
    {
        var blob = TestBlob.Of(2 * MiB);
        var source = new FakeSource("origin", blob);
        await using var rig = new CacheRig([source]);
        await rig.ReadAllAsync(blob);
        using (var file = new FileStream(DataFile(rig.Folder), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            file.SetLength(MiB + 100);

        (await rig.ReadAllAsync(blob)).AsSpan().SequenceEqual(blob.Bytes).ShouldBeTrue();
        source.Requests.ShouldBe(3);
    }

    private static string DataFile(string folder)
        => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).MaxBy(file => new FileInfo(file).Length)!;

    private static void Flip(string folder, long offset)
    {
        using var file = new FileStream(DataFile(folder), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = offset;
        var value = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(value ^ 1));
        file.Flush();
        // A later moment than the cache's own writes, however coarse the file system's clock is.
        File.SetLastWriteTimeUtc(file.SafeFileHandle, DateTime.UtcNow.AddSeconds(1));
    }
}

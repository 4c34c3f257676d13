using Entrepot.Tests.Mirror.Replication;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Mirror.Caching;

public sealed class CacheScrubTests
{
    private const int MiB = 1 << 20;

    [Fact]
    public async Task A_clean_cache_is_read_whole_and_nothing_is_fetched()
    {
        var blob = TestBlob.Of((3 * MiB) + 5);
        var source = new FakeSource("origin", blob);
        await using var rig = new CacheRig([source], options => options with { ScrubRate = 0 });
        await rig.ReadAsync(blob, 0, 2 * MiB);

        var report = await rig.Content.Scrub.PassAsync(deep: true, default);

        (report.Pieces, report.Bytes).ShouldBe((2, 2 * MiB));
        report.Rotten.ShouldBeEmpty();
        source.Requests.ShouldBe(2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_rotten_piece_is_quarantined_fetched_again_proven_and_reported(bool deep)
    {
        var blob = TestBlob.Of(3 * MiB);
        var source = new FakeSource("origin", blob);
        await using var rig = new CacheRig([source], options => options with { ScrubRate = 0 });
        await rig.ReadAllAsync(blob);
        DiskTroubleTests.Flip(rig.Folder, (2 * MiB) + 99);

        var report = await rig.Content.Scrub.PassAsync(deep, default);

        var rotten = report.Rotten.ShouldHaveSingleItem();
        (rotten.Digest, rotten.Piece, rotten.Mended).ShouldBe((blob.Fingerprint.Digest, 2, true));
        var kept = await File.ReadAllBytesAsync(Path.Combine(rig.Cache.QuarantineFolder, rotten.Quarantined!));
        kept.Length.ShouldBe(MiB);
        kept[99].ShouldBe((byte)(blob.Bytes[(2 * MiB) + 99] ^ 4));
        blob.Is(await rig.ReadAllAsync(blob)).ShouldBeTrue();
        source.Requests.ShouldBe(4);
        (await rig.Content.Scrub.PassAsync(deep, default)).Rotten.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_rotten_piece_that_nobody_can_give_is_dropped_and_said_so()
    {
        var blob = TestBlob.Of(MiB);
        var source = new FakeSource("origin", blob);
        await using var rig = new CacheRig([source], options => options with { ScrubRate = 0 });
        await rig.ReadAllAsync(blob);
        DiskTroubleTests.Flip(rig.Folder, 7);
        source.Behave = static (_, _) => Conduct.Unreachable;

        var rotten = (await rig.Content.Scrub.PassAsync(false, default)).Rotten.ShouldHaveSingleItem();

        rotten.Mended.ShouldBeFalse();
        rotten.Detail.ShouldContain("origin: connection refused");
        using var reader = rig.Content.Open(blob.Fingerprint);
        reader.Holds(0, MiB).ShouldBeFalse();
    }

    [Fact]
    public async Task A_pass_takes_the_time_that_its_rate_says_and_the_next_waits_for_the_cycle()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(60));
        var blob = TestBlob.Of(8 * MiB);
        await using var rig = new CacheRig([new FakeSource("origin", blob)], options => options with { ScrubRate = MiB }, time);
        await rig.ReadAllAsync(blob);
        using var stop = new CancellationTokenSource();

        var pass = rig.Content.Scrub.PassAsync(false, stop.Token);
        var seconds = 0;
        while (!pass.IsCompleted && seconds < 100)
        {
            await Task.WhenAny(pass, Task.Delay(20));
            if (pass.IsCompleted)
                break;
            time.Advance(TimeSpan.FromSeconds(1));
            seconds++;
        }

        seconds.ShouldBe(8);
        var loop = rig.Content.Scrub.RunAsync(stop.Token);
        var before = rig.Content.Scrub.Last;
        await Task.Delay(20);
        rig.Content.Scrub.Last.ShouldBe(before);  // a new cache is not read at once
        for (var i = 0; i < 300 && ReferenceEquals(rig.Content.Scrub.Last, before); i++)
        {
            time.Advance(TimeSpan.FromHours(1));
            await Task.Delay(5);
        }

        rig.Content.Scrub.Last!.Began.ShouldBeGreaterThanOrEqualTo(before!.Began + TimeSpan.FromDays(7));
        await stop.CancelAsync();
        await loop.ShouldThrowAsync<OperationCanceledException>();
    }
}

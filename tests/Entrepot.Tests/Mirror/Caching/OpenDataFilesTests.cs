using Entrepot.Core.Faults;
using Entrepot.Mirror.Caching;
using Entrepot.Tests.Mirror.Replication;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Mirror.Caching;

public sealed class OpenDataFilesTests
{
    private const int MiB = 1 << 20;

    private readonly FakeTimeProvider _time = new();
    private readonly FullDisk _disk = new();
    private readonly TestBlob _blob = TestBlob.Of(2 * MiB);

    [Fact]
    public async Task A_file_that_can_not_be_opened_is_no_rot_and_its_bytes_come_from_upstream_meanwhile()
    {
        var source = new FakeSource("origin", _blob);
        await using var rig = await ClosedAsync(source);
        _disk.Opening = FullDisk.OutOfFiles;

        var results = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => rig.ReadAllAsync(_blob)));

        results.ShouldAllBe(bytes => _blob.Is(bytes));
        rig.Metrics.RottenPieces.ShouldBe(0);
        Directory.GetFiles(rig.Cache.QuarantineFolder).ShouldBeEmpty();
        rig.Content.Look().DiskPaused.ShouldBeTrue();
        _disk.Opening = null;
        _time.Advance(TimeSpan.FromSeconds(11));
        var requests = source.Requests;
        requests.ShouldBeGreaterThan(2);
        _blob.Is(await rig.ReadAllAsync(_blob)).ShouldBeTrue();
        source.Requests.ShouldBe(requests);
        rig.Content.Buffers.InUse.ShouldBe(0);
        CacheSpaceTests.ShouldBalance(rig);
    }

    [Fact]
    public async Task A_file_that_may_not_be_opened_does_not_keep_others_from_being_kept()
    {
        var other = TestBlob.Of(MiB, 2);
        var source = new FakeSource("origin", _blob, other);
        await using var rig = await ClosedAsync(source);
        _disk.Opening = path =>
        {
            if (path.Contains(_blob.Fingerprint.Digest.Hex, StringComparison.Ordinal))
                throw new IOException($"Access to the path '{path}' is denied.", 13);
        };

        _blob.Is(await rig.ReadAllAsync(_blob)).ShouldBeTrue();
        await rig.ReadAllAsync(other);

        rig.Content.Look().DiskPaused.ShouldBeFalse();
        rig.Content.Look().HeldBytes.ShouldBe(3 * MiB);
    }

    [Fact]
    public async Task Without_file_and_upstream_the_reader_gets_a_fault_and_the_piece_stays()
    {
        var source = new FakeSource("origin", _blob);
        await using var rig = await ClosedAsync(source);
        _disk.Opening = FullDisk.OutOfFiles;
        source.Behave = static (_, _) => Conduct.Unreachable;

        var error = await rig.ReadAllAsync(_blob).ShouldThrowAsync<FaultException>();
        error.Fault.Is(CachingFault.PieceUnavailable).ShouldBeTrue();
        var held = await rig.ReadAsync(_blob, 0, MiB, onlyHeld: true).ShouldThrowAsync<FaultException>();
        (held.Fault.Kind, held.Fault.Is(CachingFault.Folder)).ShouldBe((FaultKind.Unavailable, true));
        _disk.Opening = null;

        _blob.Is(await rig.ReadAsync(_blob, 0, 2 * MiB, onlyHeld: true)).ShouldBeTrue();
    }

    [Fact]
    public async Task The_scrub_does_not_take_it_for_rot()
    {
        var source = new FakeSource("origin", _blob);
        await using var rig = await ClosedAsync(source);
        _disk.Opening = FullDisk.OutOfFiles;

        var report = await rig.Content.Scrub.PassAsync(deep: true, default);

        (report.Pieces, report.Rotten.Length, source.Requests).ShouldBe((0, 0, 2));
        rig.Content.Look().HeldBytes.ShouldBe(2 * MiB);
    }

    [Fact]
    public async Task A_bad_piece_that_could_not_be_dropped_is_dropped_later()
    {
        var source = new FakeSource("origin", _blob);
        await using var rig = new CacheRig([source], time: _time, disk: _disk);
        await rig.ReadAllAsync(_blob);
        rig.Cache.Keeper.Commit();
        var blob = rig.Cache.TryAcquire(_blob.Fingerprint.Digest)!;
        blob.Trust.Forget(1);
        _disk.Opening = FullDisk.OutOfFiles;  // the bitmap's file this time; the data file is open
        rig.Cache.Condemn(blob, 1);
        _blob.Is(await rig.ReadAllAsync(_blob)).ShouldBeTrue();
        blob.IsReady(1).ShouldBeFalse();
        _disk.Opening = null;
        _time.Advance(TimeSpan.FromSeconds(11));

        rig.Cache.Keeper.Commit();
        CacheSpaceTests.ShouldBalance(rig);
        _blob.Is(await rig.ReadAllAsync(_blob)).ShouldBeTrue();

        blob.IsReady(1).ShouldBeTrue();
        blob.Release();
        rig.Content.Look().HeldBytes.ShouldBe(2 * MiB);
    }

    [Fact]
    public async Task What_a_retired_blob_still_owed_is_given_back()
    {
        var source = new FakeSource("origin", _blob);
        await using var rig = new CacheRig([source], time: _time, disk: _disk);
        await rig.ReadAllAsync(_blob);
        rig.Cache.Keeper.Commit();
        var blob = rig.Cache.TryAcquire(_blob.Fingerprint.Digest)!;
        blob.Trust.Forget(0);
        _disk.Opening = FullDisk.OutOfFiles;
        rig.Cache.Condemn(blob, 0);
        blob.Release();

        rig.Cache.Eviction.Run(1);
        rig.Cache.Keeper.Commit();

        rig.Content.Look().ShouldSatisfyAllConditions(look => look.ChargedBytes.ShouldBe(0), look => look.HeldBytes.ShouldBe(0), look => look.Blobs.ShouldBe(0));
    }

    [Fact]
    public async Task Idle_files_are_closed_when_others_are_opened()
    {
        var blobs = Enumerable.Range(0, 20).Select(i => TestBlob.Of(1000, i)).ToArray();
        await using var rig = new CacheRig([new FakeSource("origin", blobs)], options => options with { IdleFiles = 4 });

        foreach (var blob in blobs.Concat(blobs))
        {
            await rig.ReadAllAsync(blob);
            await EdgeContentTests.Until(() => rig.Cache.Blobs.All(static known => !known.IsInUse));
            rig.Content.Look().OpenFiles.ShouldBeLessThanOrEqualTo(4);
        }

        using (var reader = rig.Content.Open(blobs[^1].Fingerprint))
        {
            foreach (var blob in blobs)
                await rig.ReadAllAsync(blob);
            reader.Holds(0, 1000).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task When_the_process_has_too_many_files_open_idle_ones_are_closed_at_once()
    {
        var blobs = Enumerable.Range(0, 5).Select(i => TestBlob.Of(1000, i)).ToArray();
        await using var rig = new CacheRig([new FakeSource("origin", blobs)], disk: _disk);
        foreach (var blob in blobs.SkipLast(1))
            await rig.ReadAllAsync(blob);
        await EdgeContentTests.Until(() => rig.Cache.Blobs.All(static known => !known.IsInUse));
        rig.Content.Look().OpenFiles.ShouldBe(4);
        _disk.Opening = path =>
        {
            if (rig.Content.Look().OpenFiles > 3)
                FullDisk.OutOfFiles(path);
        };

        await rig.ReadAllAsync(blobs[^1]);

        rig.Content.Look().DiskPaused.ShouldBeFalse();
        rig.Content.Look().HeldBytes.ShouldBe(5000);
    }

    [Fact]
    public async Task A_check_whose_readers_have_gone_keeps_the_blob_until_it_ends()
    {
        var source = new FakeSource("origin", _blob);
        await using var rig = await ClosedAsync(source);
        var gate = new TaskCompletionSource();
        _disk.Opening = _ => gate.Task.Wait();
        var blob = rig.Cache.TryAcquire(_blob.Fingerprint.Digest)!;
        blob.TryPin(0, null).ShouldBeTrue();

        var check = blob.CheckAsync(0, rig.Cache);
        blob.Unpin(0);
        blob.Release();
        rig.Cache.Eviction.RunForBlobs(1);

        (blob.IsInUse, blob.IsPinned(0)).ShouldBe((true, true));
        gate.SetResult();
        (await check).ShouldBe(CheckResult.Right);
        rig.Metrics.RottenPieces.ShouldBe(0);
        (blob.IsInUse, blob.IsPinned(0)).ShouldBe((false, false));
        rig.Cache.Eviction.RunForBlobs(1);
        Directory.EnumerateFiles(Path.Combine(rig.Folder, "pieces"), "*", SearchOption.AllDirectories).ShouldBeEmpty();
        rig.Content.Look().OpenFiles.ShouldBe(0);
    }

    [Fact]
    public async Task One_blob_that_can_not_be_made_durable_does_not_hold_up_the_others()
    {
        var blobs = Enumerable.Range(0, 6).Select(i => TestBlob.Of(1000, i)).ToArray();
        await using var rig = new CacheRig([new FakeSource("origin", blobs)], options => options with { IdleFiles = 0 }, _time, _disk);
        foreach (var blob in blobs)
            await rig.ReadAllAsync(blob);
        await EdgeContentTests.Until(() => rig.Cache.Blobs.All(static known => !known.IsInUse));
        rig.Cache.Keeper.Tidy();
        rig.Content.Look().OpenFiles.ShouldBe(0);
        var bad = blobs[0].Fingerprint.Digest.Hex;
        _disk.Opening = path =>
        {
            if (path.Contains(bad, StringComparison.Ordinal))
                FullDisk.OutOfFiles(path);
        };

        rig.Cache.Keeper.Commit();

        Durable(rig).ShouldBe(5);
        _disk.Opening = null;
        rig.Cache.Keeper.Commit();
        Durable(rig).ShouldBe(6);
    }

    [Theory]
    [InlineData(null, 1024)]
    [InlineData(256L, 64)]
    [InlineData(1024L, 64)]
    [InlineData(4096L, 128)]
    [InlineData(1L << 20, 1024)]
    public void Idle_files_are_few_where_the_process_may_have_few(long? limit, int expected) => CachingOptions.IdleFilesFor(limit).ShouldBe(expected);

    private static int Durable(CacheRig rig) => Directory.EnumerateFiles(Path.Combine(rig.Folder, "pieces"), "*.held", SearchOption.AllDirectories).Count();

    /// <summary>A cache that holds the blob in a file that is not open.</summary>
    private async Task<CacheRig> ClosedAsync(FakeSource source)
    {
        var rig = new CacheRig([source], options => options with { IdleFiles = 0 }, _time, _disk);
        await rig.ReadAllAsync(_blob);
        rig.Cache.Keeper.Commit();
        await EdgeContentTests.Until(() => rig.Cache.Blobs.All(static known => !known.IsInUse));
        rig.Cache.Keeper.Tidy();
        rig.Cache.Keeper.Tidy();
        rig.Content.Look().OpenFiles.ShouldBe(0);
        return rig;
    }
}

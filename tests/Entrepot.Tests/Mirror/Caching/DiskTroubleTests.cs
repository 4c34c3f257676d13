using System.Buffers;
using System.IO.Pipelines;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Caching;
using Entrepot.Mirror.Integrity;
using Entrepot.Tests.Mirror.Replication;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Mirror.Caching;

public sealed class DiskTroubleTests
{
    private const int MiB = 1 << 20;

    [Fact]
    public async Task With_a_full_disk_pieces_are_served_through_and_not_kept()
    {
        var blob = TestBlob.Of((4 * MiB) + 3);
        var disk = new FullDisk { Room = 6 };  // in the middle of the second piece
        var source = new FakeSource("origin", blob);
        await using var rig = new CacheRig([source], options => options with { ReadAhead = 0 }, disk: disk);

        blob.Is(await rig.ReadAllAsync(blob)).ShouldBeTrue();

        rig.Content.Look().DiskPaused.ShouldBeTrue();
        rig.Metrics.PassedBytes.ShouldBe((3 * MiB) + 3);
        rig.Content.Buffers.InUse.ShouldBe(0);
        using var reader = rig.Content.Open(blob.Fingerprint);
        reader.Holds(MiB, MiB).ShouldBeFalse();
    }

    [Fact]
    public async Task When_the_disk_has_room_again_pieces_are_kept_again()
    {
        var time = new FakeTimeProvider();
        var blob = TestBlob.Of(2 * MiB);
        var disk = new FullDisk { Room = 0 };
        await using var rig = new CacheRig([new FakeSource("origin", blob)], time: time, disk: disk);
        blob.Is(await rig.ReadAllAsync(blob)).ShouldBeTrue();
        rig.Content.Look().HeldBytes.ShouldBe(0);
        disk.Room = -1;

        blob.Is(await rig.ReadAllAsync(blob)).ShouldBeTrue();
        rig.Content.Look().HeldBytes.ShouldBe(0);
        time.Advance(TimeSpan.FromSeconds(11));
        blob.Is(await rig.ReadAllAsync(blob)).ShouldBeTrue();

        rig.Content.Look().HeldBytes.ShouldBe(2 * MiB);
        rig.Content.Look().DiskPaused.ShouldBeFalse();
    }

    [Fact]
    public async Task Many_readers_share_one_fetch_through_memory_too()
    {
        var blob = TestBlob.Of((5 * MiB) + 1);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var source = new FakeSource("origin", blob) { Gate = (_, cancellation) => release.Task.WaitAsync(cancellation) };
        await using var rig = new CacheRig([source], options => options with { CapacityBytes = 2 * MiB }, disk: new FullDisk { Room = 0 });

        var reading = Enumerable.Range(0, 20).Select(_ => rig.ReadAsync(blob, 0, MiB)).ToList();
        await EdgeContentTests.Until(() => rig.Metrics.Misses == 20);
        release.SetResult();
        var results = await Task.WhenAll(reading);

        results.ShouldAllBe(bytes => bytes.SequenceEqual(blob.Bytes.Take(MiB)));
        source.Requests.ShouldBe(2);  // to the disk, which has no room, and then through memory
        rig.Content.Buffers.InUse.ShouldBe(0);
    }

    [Fact]
    public async Task Memory_is_bounded_and_who_waits_too_long_is_told()
    {
        var time = new FakeTimeProvider();
        var buffers = new FillBuffers(4 * FillBuffers.BlockSize, time);
        var held = await buffers.ReserveAsync(3, TimeSpan.FromSeconds(30), default);
        var large = buffers.ReserveAsync(2, TimeSpan.FromSeconds(30), default).AsTask();
        var small = buffers.ReserveAsync(1, TimeSpan.FromSeconds(60), default).AsTask();
        small.IsCompleted.ShouldBeFalse();  // it does not overtake, or the large one would wait for ever

        time.Advance(TimeSpan.FromSeconds(30));

        (await large.ShouldThrowAsync<FaultException>()).Fault.Is(CachingFault.BuffersExhausted).ShouldBeTrue();
        (await small).Dispose();
        held.Dispose();
        buffers.InUse.ShouldBe(0);
    }

    [Fact]
    public async Task A_cancelled_wait_for_memory_leaves_the_line()
    {
        var buffers = new FillBuffers(2 * FillBuffers.BlockSize, TimeProvider.System);
        var held = await buffers.ReserveAsync(2, TimeSpan.FromSeconds(30), default);
        using var stop = new CancellationTokenSource();
        var first = buffers.ReserveAsync(2, TimeSpan.FromSeconds(30), stop.Token).AsTask();
        var second = buffers.ReserveAsync(2, TimeSpan.FromSeconds(30), default).AsTask();
        await stop.CancelAsync();
        await first.ShouldThrowAsync<OperationCanceledException>();
        held.Dispose();

        (await second).Dispose();
        buffers.InUse.ShouldBe(0);
    }

    [Fact]
    public async Task A_sync_that_fails_keeps_nothing_and_later_reads_are_right()
    {
        var time = new FakeTimeProvider();
        var blob = TestBlob.Of(2 * MiB);
        var disk = new FullDisk();
        var source = new FakeSource("origin", blob);
        await using var rig = new CacheRig([source], time: time, disk: disk);
        await rig.ReadAllAsync(blob);
        disk.SyncFails = true;

        rig.Cache.Keeper.Commit();

        rig.Content.Look().HeldBytes.ShouldBe(0);
        disk.SyncFails = false;
        time.Advance(TimeSpan.FromSeconds(11));
        blob.Is(await rig.ReadAllAsync(blob)).ShouldBeTrue();
        rig.Cache.Keeper.Commit();
        rig.Content.Look().HeldBytes.ShouldBe(2 * MiB);
        source.Requests.ShouldBe(4);
    }

    [Fact]
    public async Task What_rotted_while_the_edge_was_down_is_not_given_out_but_fetched_again()
    {
        var folder = TestFolder.Make("entrepot-rot-");
        try
        {
            var blob = TestBlob.Of(3 * MiB);
            var source = new FakeSource("origin", blob);
            await using (var rig = new CacheRig([source], folder: folder))
                await rig.ReadAllAsync(blob);
            Flip(folder, MiB + 500);

            await using var again = new CacheRig([source], folder: folder);
            blob.Is(await again.ReadAllAsync(blob)).ShouldBeTrue();

            source.Asked[(blob.Fingerprint.Digest.Hex, 1)].ShouldBe(2);
            source.Requests.ShouldBe(4);
            again.Metrics.RottenPieces.ShouldBe(1);
            Directory.GetFiles(again.Cache.QuarantineFolder).Length.ShouldBe(1);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Many_readers_of_rotten_bytes_cause_one_fetch_and_get_none_of_them()
    {
        var time = new FakeTimeProvider();
        var blob = TestBlob.Of(2 * MiB);
        var source = new FakeSource("origin", blob);
        await using var rig = new CacheRig([source], time: time);
        await rig.ReadAllAsync(blob);
        Flip(rig.Folder, 10);
        time.Advance(PieceTrust.MaxAge);

        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => rig.ReadAllAsync(blob)));

        results.ShouldAllBe(bytes => blob.Is(bytes));
        source.Asked[(blob.Fingerprint.Digest.Hex, 0)].ShouldBe(2);
    }

    [Fact]
    public async Task A_data_file_that_is_cut_short_is_mended_in_the_middle_of_a_read()
    {
        var blob = TestBlob.Of(2 * MiB);
        var source = new FakeSource("origin", blob);
        await using var rig = new CacheRig([source]);
        await rig.ReadAllAsync(blob);
        using (var file = File.OpenHandle(DataFile(rig.Folder), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            RandomAccess.SetLength(file, MiB + 70_000);

        blob.Is(await rig.ReadAllAsync(blob)).ShouldBeTrue();

        source.Asked[(blob.Fingerprint.Digest.Hex, 1)].ShouldBe(2);
    }

    [Fact]
    public async Task A_slow_reader_holds_one_piece_of_memory_and_no_more()
    {
        var blob = TestBlob.Of(6 * MiB);
        await using var rig = new CacheRig([new FakeSource("origin", blob)], disk: new FullDisk { Room = 0 });
        using var reader = rig.Content.Open(blob.Fingerprint);
        var pipe = new Pipe();
        using var stop = new CancellationTokenSource();
        var sending = reader.SendAsync(pipe.Writer, 0, 6 * MiB, stop.Token).AsTask();
        var first = await pipe.Reader.ReadAsync();
        pipe.Reader.AdvanceTo(first.Buffer.Start, first.Buffer.Start);

        rig.Content.Buffers.InUse.ShouldBeLessThanOrEqualTo(FillBuffers.BlocksFor(MiB) + 2);
        await stop.CancelAsync();
        await sending.ShouldThrowAsync<OperationCanceledException>();
        rig.Content.Buffers.InUse.ShouldBeLessThanOrEqualTo(2);
        first.Buffer.ToArray().ShouldBe(blob.Bytes[..(int)first.Buffer.Length]);
    }

    internal static string DataFile(string folder)
        => Directory.EnumerateFiles(Path.Combine(folder, "pieces"), "*.data", SearchOption.AllDirectories).Single();

    internal static void Flip(string folder, long offset)
    {
        using var file = File.OpenHandle(DataFile(folder), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var one = new byte[1];
        RandomAccess.Read(file, one, offset);
        one[0] ^= 4;
        RandomAccess.Write(file, one, offset);
    }
}

using System.Buffers;
using CsCheck;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Caching;
using Entrepot.Mirror.Replication;
using Entrepot.Tests.Mirror.Replication;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Mirror.Caching;

public sealed class EdgeContentTests
{
    private const int MiB = 1 << 20;

    [Fact]
    public async Task Any_range_is_what_the_blob_has_there()
    {
        TestBlob[] blobs = [TestBlob.Of(0), TestBlob.Of(1), TestBlob.Of(MiB), TestBlob.Of(MiB + 1), TestBlob.Of(5 * MiB - 3)];
        var source = new FakeSource("origin", blobs);
        await using var rig = new CacheRig([source]);

        await Gen.Int[0, blobs.Length - 1].Select(Gen.Double.Unit, Gen.Double.Unit).SampleAsync(
            async input =>
            {
                var blob = blobs[input.Item1];
                var offset = (int)(input.Item2 * blob.Bytes.Length);
                var length = (int)(input.Item3 * (blob.Bytes.Length - offset));
                (await rig.ReadAsync(blob, offset, length)).AsSpan().SequenceEqual(blob.Bytes.AsSpan(offset, length)).ShouldBeTrue();
            },
            iter: 100, threads: 4);

        source.Asked.Values.ShouldAllBe(count => count == 1);
    }

    [Fact]
    public async Task Only_the_pieces_that_a_range_touches_are_fetched()
    {
        var blob = TestBlob.Of(8 * MiB);
        var source = new FakeSource("origin", blob);
        await using var rig = new CacheRig([source]);

        await rig.ReadAsync(blob, (3 * MiB) + 10, MiB);

        source.Asked.Keys.Select(asked => asked.Piece).Order().ShouldBe([3, 4]);
        rig.Content.Look().HeldBytes.ShouldBe(2 * MiB);
    }

    [Fact]
    public async Task A_hundred_readers_of_one_blob_cause_one_fetch_per_piece()
    {
        var blob = TestBlob.Of((6 * MiB) + 77);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var source = new FakeSource("origin", blob) { Gate = (_, cancellation) => release.Task.WaitAsync(cancellation) };
        await using var rig = new CacheRig([source]);

        var readers = Enumerable.Range(0, 100).Select(_ => rig.ReadAllAsync(blob)).ToList();
        release.SetResult();
        var results = await Task.WhenAll(readers);

        results.ShouldAllBe(bytes => blob.Is(bytes));
        source.Asked.Count.ShouldBe(7);
        source.Asked.Values.ShouldAllBe(count => count == 1);
        rig.Metrics.FetchedPieces.ShouldBe(7);
    }

    [Fact]
    public async Task A_reader_that_goes_away_leaves_the_fetch_to_the_others()
    {
        var blob = TestBlob.Of(MiB);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var source = new FakeSource("origin", blob) { Gate = (_, cancellation) => release.Task.WaitAsync(cancellation) };
        await using var rig = new CacheRig([source]);
        using var impatient = new CancellationTokenSource();

        var leaving = rig.ReadAsync(blob, 0, MiB, cancellation: impatient.Token);
        var staying = rig.ReadAllAsync(blob);
        await Until(() => source.Open == 1 && rig.Metrics.Misses == 2);
        await impatient.CancelAsync();
        await leaving.ShouldThrowAsync<OperationCanceledException>();
        release.SetResult();

        (await staying).AsSpan().SequenceEqual(blob.Bytes).ShouldBeTrue();
        source.Requests.ShouldBe(1);
    }

    [Fact]
    public async Task A_fetch_dies_when_nobody_waits_and_the_next_reader_begins_anew()
    {
        var blob = TestBlob.Of(MiB);
        var source = new FakeSource("origin", blob) { Gate = (_, cancellation) => Task.Delay(Timeout.Infinite, cancellation) };
        await using var rig = new CacheRig([source]);
        using var impatient = new CancellationTokenSource();

        var leaving = rig.ReadAsync(blob, 0, MiB, cancellation: impatient.Token);
        await Until(() => source.Open == 1);
        await impatient.CancelAsync();
        await leaving.ShouldThrowAsync<OperationCanceledException>();
        await Until(() => source.Open == 0);
        source.Gate = null;

        (await rig.ReadAllAsync(blob)).AsSpan().SequenceEqual(blob.Bytes).ShouldBeTrue();
        rig.Content.Look().HeldBytes.ShouldBe(MiB);
        rig.Metrics.Errors.ShouldBe(0);
    }

    [Fact]
    public async Task Whatever_sources_do_every_byte_is_right_or_the_read_faults()
    {
        var blob = TestBlob.Of((4 * MiB) + 5);
        var conducts = Enum.GetValues<Conduct>().Where(conduct => conduct != Conduct.Stall).ToArray();
        await Gen.Int[0, conducts.Length - 1].Array[20].Select(Gen.Int[0, conducts.Length - 1].Array[20]).SampleAsync(
            async plan =>
            {
                FakeSource Make(string name, int[] script) => new(name, blob)
                {
                    Behave = (piece, before) => conducts[script[(piece * 4 + before) % script.Length]],
                };
                await using var rig = new CacheRig([Make("origin", plan.Item1), Make("peer", plan.Item2)]);
                var arrived = new ArrayBufferWriter<byte>();
                try
                {
                    await rig.ReadAsync(blob, 3, blob.Bytes.Length - 3, arrived: arrived);
                    arrived.WrittenCount.ShouldBe(blob.Bytes.Length - 3);
                }
                catch (FaultException fault)
                {
                    fault.Fault.Is(CachingFault.PieceUnavailable).ShouldBeTrue();
                }

                arrived.WrittenSpan.SequenceEqual(blob.Bytes.AsSpan(3, arrived.WrittenCount)).ShouldBeTrue();
            },
            iter: 60, threads: 2);
    }

    [Fact]
    public async Task A_piece_that_lies_is_never_kept_and_comes_from_elsewhere()
    {
        var blob = TestBlob.Of(8 * MiB);
        var liar = new FakeSource("liar", blob) { Behave = static (_, _) => Conduct.FlipBit };
        var honest = new FakeSource("honest", blob);
        await using var rig = new CacheRig([liar, honest]);

        (await rig.ReadAllAsync(blob)).AsSpan().SequenceEqual(blob.Bytes).ShouldBeTrue();

        var state = rig.Sources.Look()[0];
        state.IsBenched.ShouldBeTrue();
        state.LastFailure!.Reason.ShouldBe(ReplicationFault.Lied);
        rig.Metrics.Errors.ShouldBeGreaterThan(0);
        var requests = liar.Requests;
        (await rig.ReadAllAsync(blob)).AsSpan().SequenceEqual(blob.Bytes).ShouldBeTrue();
        liar.Requests.ShouldBe(requests);
    }

    /// <summary>One rotten place on a source's disk must not take away everything else that it has.</summary>
    [Fact]
    public async Task A_source_with_one_rotten_piece_still_gives_the_others()
    {
        var blob = TestBlob.Of(12 * MiB);
        var origin = new FakeSource("origin", blob) { Behave = static (piece, _) => piece == 0 ? Conduct.FlipBit : Conduct.Honest };
        await using var rig = new CacheRig([origin]);

        for (var piece = 1; piece < 12; piece++)
        {
            var error = await Should.ThrowAsync<FaultException>(() => rig.ReadAsync(blob, 0, 100));
            error.Fault.Is(CachingFault.PieceUnavailable).ShouldBeTrue();
            rig.Sources.Look()[0].IsBenched.ShouldBeFalse();
            await rig.ReadAsync(blob, piece * MiB, 100);
        }
    }

    [Fact]
    public async Task A_stalled_source_is_left_for_another_one()
    {
        var time = new FakeTimeProvider();
        var blob = TestBlob.Of(MiB);
        var slow = new FakeSource("slow", blob) { Behave = static (_, _) => Conduct.Stall };
        var honest = new FakeSource("honest", blob);
        await using var rig = new CacheRig([slow, honest], time: time);

        var reading = rig.ReadAllAsync(blob);
        await slow.Stalled.Task;
        time.Advance(TimeSpan.FromSeconds(10));  // the window in which half the piece came
        time.Advance(TimeSpan.FromSeconds(10));

        (await reading).AsSpan().SequenceEqual(blob.Bytes).ShouldBeTrue();
        rig.Sources.Look()[0].LastFailure!.Reason.ShouldBe(ReplicationFault.Stalled);
    }

    [Fact]
    public async Task Readers_wait_for_an_origin_that_restarts()
    {
        var time = new FakeTimeProvider();
        var blob = TestBlob.Of(MiB);
        var source = new FakeSource("origin", blob) { Behave = static (_, before) => before < 3 ? Conduct.Unreachable : Conduct.Honest };
        await using var rig = new CacheRig([source], options => options with { Patience = TimeSpan.FromSeconds(15) }, time);

        var reading = rig.ReadAllAsync(blob);
        for (var i = 0; i < 100 && !reading.IsCompleted; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(reading, Task.Delay(5));
        }

        (await reading).AsSpan().SequenceEqual(blob.Bytes).ShouldBeTrue();
        source.Requests.ShouldBe(4);
    }

    [Fact]
    public async Task Without_any_source_the_fault_names_each_with_its_reason()
    {
        var blob = TestBlob.Of(MiB);
        var origin = new FakeSource("origin", blob) { Behave = static (_, _) => Conduct.Unreachable };
        var peer = new FakeSource("peer", blob) { Behave = static (_, _) => Conduct.NotHeld };
        await using var rig = new CacheRig([origin, peer]);

        var error = await rig.ReadAllAsync(blob).ShouldThrowAsync<FaultException>();

        error.Fault.Kind.ShouldBe(FaultKind.Unavailable);
        error.Fault.Is(CachingFault.PieceUnavailable).ShouldBeTrue();
        error.Message.ShouldContain("origin: connection refused");
        error.Message.ShouldContain("peer: does not have it");
    }

    [Fact]
    public async Task Held_pieces_are_served_while_every_source_is_down()
    {
        var blob = TestBlob.Of(3 * MiB);
        var source = new FakeSource("origin", blob);
        await using var rig = new CacheRig([source]);
        await rig.ReadAsync(blob, 0, 2 * MiB);
        source.Behave = static (_, _) => Conduct.Unreachable;

        (await rig.ReadAsync(blob, 5, (2 * MiB) - 5)).AsSpan().SequenceEqual(blob.Bytes.AsSpan(5, (2 * MiB) - 5)).ShouldBeTrue();
        await rig.ReadAllAsync(blob).ShouldThrowAsync<FaultException>();
    }

    [Fact]
    public async Task Who_asks_for_held_bytes_only_causes_no_fetch()
    {
        var blob = TestBlob.Of(2 * MiB);
        var source = new FakeSource("origin", blob);
        await using var rig = new CacheRig([source]);
        await rig.ReadAsync(blob, 0, MiB);

        (await rig.ReadAsync(blob, 0, MiB, onlyHeld: true)).AsSpan().SequenceEqual(blob.Bytes.AsSpan(0, MiB)).ShouldBeTrue();
        var error = await rig.ReadAsync(blob, 0, 2 * MiB, onlyHeld: true).ShouldThrowAsync<FaultException>();

        error.Fault.Is(CachingFault.NotHeld).ShouldBeTrue();
        source.Requests.ShouldBe(1);
    }

    [Fact]
    public async Task The_cap_holds_and_the_least_recently_used_goes_first()
    {
        var blobs = Enumerable.Range(0, 12).Select(i => TestBlob.Of(MiB, i)).ToArray();
        var source = new FakeSource("origin", blobs);
        var time = new FakeTimeProvider();
        await using var rig = new CacheRig([source], options => options with { CapacityBytes = 4 * (MiB + 4096) }, time);

        foreach (var blob in blobs)
        {
            (await rig.ReadAllAsync(blob)).AsSpan().SequenceEqual(blob.Bytes).ShouldBeTrue();
            rig.Content.Look().HeldBytes.ShouldBeLessThanOrEqualTo(4 * MiB);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        using (var newest = rig.Content.Open(blobs[^1].Fingerprint))
            newest.Holds(0, MiB).ShouldBeTrue();
        rig.Content.TryGetFingerprint(blobs[0].Fingerprint.Digest).ShouldBeNull();
        Directory.EnumerateFiles(Path.Combine(rig.Folder, "pieces"), "*.data", SearchOption.AllDirectories).Count().ShouldBe(4);
    }

    [Fact]
    public async Task A_blob_larger_than_the_cache_streams_through_it()
    {
        var blob = TestBlob.Of((12 * MiB) + 9);
        var source = new FakeSource("origin", blob);
        await using var rig = new CacheRig([source], options => options with { CapacityBytes = 4 * MiB });

        var results = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => rig.ReadAllAsync(blob)));

        results.ShouldAllBe(bytes => blob.Is(bytes));
        rig.Content.Look().HeldBytes.ShouldBeLessThanOrEqualTo(4 * MiB);
        rig.Metrics.EvictedBytes.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Random_reads_under_eviction_are_right()
    {
        var blobs = Enumerable.Range(0, 6).Select(i => TestBlob.Of((3 * MiB) + (i * 1001), i)).ToArray();
        var source = new FakeSource("origin", blobs);
        await using var rig = new CacheRig([source], options => options with { CapacityBytes = 5 * MiB });

        await Gen.Int[0, blobs.Length - 1].Select(Gen.Double.Unit, Gen.Double.Unit).SampleAsync(
            async input =>
            {
                var blob = blobs[input.Item1];
                var offset = (int)(input.Item2 * blob.Bytes.Length);
                var length = (int)(input.Item3 * (blob.Bytes.Length - offset));
                (await rig.ReadAsync(blob, offset, length)).AsSpan().SequenceEqual(blob.Bytes.AsSpan(offset, length)).ShouldBeTrue();
                rig.Content.Look().HeldBytes.ShouldBeLessThanOrEqualTo(5 * MiB);
            },
            iter: 300, threads: 8);

        rig.Metrics.EvictedBytes.ShouldBeGreaterThan(0);
        rig.Content.Buffers.InUse.ShouldBe(0);
        CacheSpaceTests.ShouldBalance(rig);
    }

    [Fact]
    public async Task A_fingerprint_that_contradicts_the_known_one_is_refused()
    {
        var blob = TestBlob.Of(2 * MiB);
        await using var rig = new CacheRig([new FakeSource("origin", blob)]);
        await rig.ReadAllAsync(blob);
        var other = blob.Fingerprint with { Pieces = [.. blob.Fingerprint.Pieces.Reverse()] };

        Should.Throw<FaultException>(() => rig.Content.Open(other)).Fault.Is(CachingFault.InconsistentFingerprint).ShouldBeTrue();
        Should.Throw<FaultException>(() => rig.Content.Open(TestBlob.Of(MiB, 9).Fingerprint with { Size = MiB - 1, PieceSize = 7 }))
            .Fault.Is(CachingFault.InconsistentFingerprint).ShouldBeTrue();
    }

    internal static async Task Until(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
            await Task.Delay(1, deadline.Token);
    }
}

using Entrepot.Mirror.Scrubbing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Mirror.Scrubbing;

public sealed class ScrubLoopTests
{
    private const int MiB = ScrubWorld.MiB;

    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_pass_reads_everything_and_finds_what_is_rotten()
    {
        await using var world = await ScrubWorld.OpenAsync(new ScrubOptions { BytesPerSecond = long.MaxValue });
        var blobs = new List<Entrepot.Mirror.Integrity.Fingerprint>();
        for (var i = 0; i < 5; i++)
            blobs.Add(await world.PublishAsync($"file-{i}", ScrubWorld.RandomBytes(MiB + i, i)));
        world.FlipByte(blobs[3].Digest, 5);

        await Loop(world, world.World.Time).RunUntilAsync(Start.AddHours(1), CancellationToken.None);

        Directory.EnumerateFiles(world.World.Store.QuarantineFolder).Select(Path.GetFileNameWithoutExtension).ShouldBe([blobs[3].Digest.Hex]);
        world.World.State.Read(ScrubTable.Read)!.FinishedAt.ShouldBe(Start);
    }

    [Fact]
    public async Task A_restart_goes_on_at_the_piece_where_it_was()
    {
        // 1 MiB a second, of which the first second's is free: after 4 seconds some 5 pieces are read.
        await using var world = await ScrubWorld.OpenAsync(new ScrubOptions { BytesPerSecond = MiB });
        var blob = await world.PublishAsync("disk.img", ScrubWorld.RandomBytes(8 * MiB));
        await RunForAsync(world, TimeSpan.FromSeconds(4));

        await world.RestartAsync();

        var place = world.World.State.Read(ScrubTable.Read)!;
        (place.Cursor, place.NextPiece, place.FinishedAt).ShouldBe((blob.Digest, 4, null));

        // What lies before the place is not read again in this pass; what lies after it is.
        world.Sources.Clear();
        world.FlipByte(blob.Digest, 0);
        await RunForAsync(world, TimeSpan.FromSeconds(2));
        world.Scrubber.DamagedPieces(blob.Digest).ShouldBeEmpty();
        world.FlipByte(blob.Digest, 7 * MiB);
        await Loop(world, new SkippingTime(Start)).RunUntilAsync(Start.AddHours(1), CancellationToken.None);

        world.Scrubber.DamagedPieces(blob.Digest).ShouldBe([0, 7]);  // once something is found, all of it is read
        world.World.State.Read(ScrubTable.Read)!.FinishedAt.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_rotten_piece_found_before_the_stop_is_not_forgotten()
    {
        await using var world = await ScrubWorld.OpenAsync(new ScrubOptions { BytesPerSecond = MiB });
        var blob = await world.PublishAsync("disk.img", ScrubWorld.RandomBytes(8 * MiB));
        world.FlipByte(blob.Digest, MiB + 9);

        await RunForAsync(world, TimeSpan.FromSeconds(4));

        world.World.State.Read(ScrubTable.Read)!.NextPiece.ShouldBe(1);
    }

    [Fact]
    public async Task Damage_found_since_before_the_place_is_kept_when_the_rest_is_sound()
    {
        await using var world = await ScrubWorld.OpenAsync(new ScrubOptions { BytesPerSecond = MiB });
        var blob = await world.PublishAsync("disk.img", ScrubWorld.RandomBytes(8 * MiB));
        world.Sources.Clear();
        await RunForAsync(world, TimeSpan.FromSeconds(4));
        world.FlipByte(blob.Digest, MiB + 9);
        (await world.VerifyAsync()).Damaged.Single().Pieces.ShouldBe([1]);

        await Loop(world, new SkippingTime(Start)).RunUntilAsync(Start.AddHours(1), CancellationToken.None);

        world.World.State.Read(ScrubTable.Read)!.FinishedAt.ShouldNotBeNull();
        world.Scrubber.DamagedPieces(blob.Digest).ShouldBe([1]);
        world.Scrubber.Damaged().Single().Digest.ShouldBe(blob.Digest);
    }

    [Fact]
    public async Task Damage_found_while_a_blob_is_read_outlives_that_reading()
    {
        await using var world = await ScrubWorld.OpenAsync();
        var blob = await world.PublishAsync("disk.img", ScrubWorld.RandomBytes(3 * MiB));
        world.Sources.Clear();
        var inspection = world.Scrubber.Inspect(blob, 0);
        var isFirst = true;

        await world.Scrubber.ExamineAsync(
            inspection, deep: false,
            async (_, _) =>
            {
                // Piece 0 is read, and rots before the last one is.
                if (inspection.NextPiece < 2 || !isFirst)
                    return;
                isFirst = false;
                world.FlipByte(blob.Digest, 9);
                (await world.VerifyAsync()).Damaged.ShouldHaveSingleItem();
            },
            TestContext.Current.CancellationToken);

        world.Scrubber.DamagedPieces(blob.Digest).ShouldBe([0]);
        world.Scrubber.Damaged().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task The_place_is_written_down_while_a_large_blob_is_read()
    {
        await using var world = await ScrubWorld.OpenAsync(new ScrubOptions { BytesPerSecond = MiB, SaveEvery = 2 * MiB });
        await world.PublishAsync("disk.img", ScrubWorld.RandomBytes(8 * MiB));
        var places = new SortedSet<int>();
        var time = new SkippingTime(Start) { OnWait = _ => places.Add(world.World.State.Read(ScrubTable.Read)!.NextPiece) };

        await Loop(world, time).RunUntilAsync(Start.AddHours(1), CancellationToken.None);

        places.ShouldBe([0, 1, 3, 5, 7]);
    }

    [Fact]
    public void Passes_begin_a_week_apart_and_every_fifth_is_deep()
    {
        var options = new ScrubOptions();
        var pass = ScrubState.Due(null, Start, options)!;
        pass.IsDeep.ShouldBeFalse();
        var deep = new List<bool>();
        for (var week = 1; week <= 11; week++)
        {
            ScrubState.Due(pass, pass.StartedAt.AddDays(6), options).ShouldBe(pass, "a pass under way goes on");
            var done = pass with { FinishedAt = pass.StartedAt.AddDays(1) };
            ScrubState.Due(done, pass.StartedAt.AddDays(7).AddTicks(-1), options).ShouldBeNull();
            pass = ScrubState.Due(done, pass.StartedAt.AddDays(7), options)!;
            (pass.Cursor, pass.NextPiece, pass.FinishedAt).ShouldBe((null, 0, null));
            deep.Add(pass.IsDeep);
        }

        deep.ShouldBe([false, false, false, false, true, false, false, false, false, true, false]);
    }

    [Fact]
    public async Task The_rate_is_held_and_unused_time_is_not_saved_up()
    {
        var time = new FakeTimeProvider();
        var rate = new ByteRate(100, time);
        await rate.SpendAsync(100, CancellationToken.None);  // the first second's
        var waiting = rate.SpendAsync(150, CancellationToken.None).AsTask();
        time.Advance(TimeSpan.FromSeconds(1.4));
        waiting.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(0.1));
        await waiting;

        time.Advance(TimeSpan.FromHours(1));
        await rate.SpendAsync(100, CancellationToken.None);
        rate.SpendAsync(1, CancellationToken.None).AsTask().IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task The_loop_mends_what_is_known_and_waits_for_the_next_pass()
    {
        await using var world = await ScrubWorld.OpenAsync(new ScrubOptions { BytesPerSecond = long.MaxValue });
        var blob = await world.PublishAsync("disk.img", ScrubWorld.RandomBytes(MiB));
        var sources = world.Sources.ToList();
        world.Sources.Clear();
        world.FlipByte(blob.Digest, 5);
        using var stop = new CancellationTokenSource();
        var waits = new List<(TimeSpan At, int Damaged)>();
        var time = new SkippingTime(Start)
        {
            OnWait = elapsed =>
            {
                waits.Add((elapsed, world.Scrubber.DamagedPieces(blob.Digest).Length));
                if (waits.Count == 2)
                    world.Sources.AddRange(sources);
                if (waits.Count == 4)
                    stop.Cancel();
            },
        };

        await Loop(world, time).RunAsync(stop.Token);

        // The first pass finds it and can't mend it; neither can the first attempt afterwards; the next one can.
        var retry = world.Options.MendRetry;
        waits.ShouldBe([(retry, 1), (2 * retry, 1), (3 * retry, 0), (4 * retry, 0)]);
    }

    private static ScrubLoop Loop(ScrubWorld world, TimeProvider time) => new(world.Scrubber, time, NullLogger<ScrubLoop>.Instance);

    private static async Task RunForAsync(ScrubWorld world, TimeSpan duration)
    {
        using var stop = new CancellationTokenSource();
        var time = new SkippingTime(Start)
        {
            OnWait = elapsed =>
            {
                if (elapsed >= duration)
                    stop.Cancel();
            },
        };
        await Should.ThrowAsync<OperationCanceledException>(() => Loop(world, time).RunUntilAsync(Start.AddHours(1), stop.Token));
    }

    /// <summary>A clock that whoever waits on moves to the end of the wait.</summary>
    private sealed class SkippingTime(DateTimeOffset start) : TimeProvider
    {
        private TimeSpan _elapsed;

        /// <summary>Called at each wait with the time at its end.</summary>
        public Action<TimeSpan> OnWait { get; init; } = static _ => { };

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => start + _elapsed;

        public override long GetTimestamp() => _elapsed.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _elapsed += dueTime;
            OnWait(_elapsed);
            ThreadPool.QueueUserWorkItem(_ => callback(state));
            return new NoTimer();
        }

        private sealed class NoTimer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}

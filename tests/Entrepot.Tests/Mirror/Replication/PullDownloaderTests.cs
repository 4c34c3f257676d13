using CsCheck;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Replication;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Mirror.Replication;

public sealed class PullDownloaderTests : IDisposable
{
    private const int MiB = 1 << 20;

    private readonly string _folder = TestFolder.Make("entrepot-pull-");

    private string Out => Path.Combine(_folder, "out");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(MiB)]
    [InlineData((7 * MiB) + 13)]
    public async Task The_file_arrives_whole_and_leaves_nothing_beside_it(int size)
    {
        var blob = TestBlob.Of(size);

        var result = await Downloader().DownloadAsync(blob.Fingerprint, [new FakeSource("a", blob), new FakeSource("b", blob)], Out, null, default);

        blob.Is(await File.ReadAllBytesAsync(Out)).ShouldBeTrue();
        result.Digest.ShouldBe(blob.Fingerprint.Digest);
        result.Fetched.ShouldBe(size);
        Directory.GetFiles(_folder).ShouldBe([Out]);
    }

    [Fact]
    public async Task Several_sources_share_the_work()
    {
        var blob = TestBlob.Of(16 * MiB);
        var (a, b) = (new FakeSource("a", blob), new FakeSource("b", blob));

        await Downloader().DownloadAsync(blob.Fingerprint, [a, b], Out, null, default);

        a.Requests.ShouldBeGreaterThan(0);
        b.Requests.ShouldBeGreaterThan(0);
        (a.Requests + b.Requests).ShouldBeLessThanOrEqualTo(17);
        a.MostOpen.ShouldBeLessThanOrEqualTo(2);
    }

    [Fact]
    public async Task Two_repeated_transfers_that_end_together_do_not_wait_for_each_other()
    {
        var blob = TestBlob.Of(MiB);
        var broken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var together = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var atEnd = 0;
        var first = new FakeSource("a", blob) { Gate = (_, _) => broken.Task };
        FakeSource Hedge(string name) => new(name, blob)
        {
            Ending = () =>
            {
                if (Interlocked.Increment(ref atEnd) == 2)
                    together.SetResult();
                return together.Task;
            },
        };
        var downloader = new PullDownloader(new PullOptions { HedgeAfter = TimeSpan.Zero }, TimeProvider.System);

        var pulling = downloader.DownloadAsync(blob.Fingerprint, [first, Hedge("b"), Hedge("c")], Out, null, default);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (Volatile.Read(ref atEnd) == 0)
            await Task.Delay(1, deadline.Token);
        broken.SetException(new IOException("the line broke"));
        var result = await pulling.WaitAsync(deadline.Token);

        blob.Is(await File.ReadAllBytesAsync(Out)).ShouldBeTrue();
        (result.Fetched, result.Wasted).ShouldBe((MiB, MiB));
    }

    [Fact]
    public async Task Whatever_sources_do_the_file_is_right_or_there_is_none()
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
                var target = Path.Combine(_folder, Guid.NewGuid().ToString("N"));
                try
                {
                    await Downloader(options => options with { GiveUpAfter = TimeSpan.Zero })
                        .DownloadAsync(blob.Fingerprint, [Make("a", plan.Item1), Make("b", plan.Item2)], target, null, default);
                    blob.Is(await File.ReadAllBytesAsync(target)).ShouldBeTrue();
                }
                catch (FaultException error)
                {
                    error.Fault.Is(ReplicationFault.SourcesExhausted).ShouldBeTrue(error.Message);
                    File.Exists(target).ShouldBeFalse();
                }
            },
            iter: 60, threads: 2);
    }

    [Fact]
    public async Task One_that_lies_is_left_and_named_and_the_file_is_right()
    {
        var blob = TestBlob.Of(8 * MiB);
        var liar = new FakeSource("liar", blob) { Behave = static (_, _) => Conduct.FlipBit };

        var result = await Downloader().DownloadAsync(blob.Fingerprint, [liar, new FakeSource("honest", blob)], Out, null, default);

        blob.Is(await File.ReadAllBytesAsync(Out)).ShouldBeTrue();
        result.Events.ShouldContain(happened => happened.Source == "liar" && happened.Reason == ReplicationFault.Lied);
        result.Wasted.ShouldBeGreaterThan(0);
        result.Fetched.ShouldBe(8 * MiB);
        result.Sources.Single(source => source.Name == "liar").Pieces.ShouldBe(0);
    }

    [Fact]
    public async Task An_interrupted_pull_goes_on_and_fetches_only_what_is_missing()
    {
        var blob = TestBlob.Of((8 * MiB) + 1);
        var broken = new FakeSource("a", blob) { Behave = static (piece, _) => piece < 5 ? Conduct.Honest : Conduct.Truncate };
        var error = await Downloader(options => options with { GiveUpAfter = TimeSpan.Zero })
            .DownloadAsync(blob.Fingerprint, [broken], Out, null, default).ShouldThrowAsync<FaultException>();
        error.Fault.Is(ReplicationFault.SourcesExhausted).ShouldBeTrue();
        error.Message.ShouldContain("a: ended after");
        File.Exists(Out).ShouldBeFalse();
        var whole = new FakeSource("b", blob);

        var result = await Downloader().DownloadAsync(blob.Fingerprint, [whole], Out, null, default);

        blob.Is(await File.ReadAllBytesAsync(Out)).ShouldBeTrue();
        result.Resumed.ShouldBe(5 * MiB);
        whole.Asked.Keys.Select(asked => asked.Piece).Order().ShouldBe([5, 6, 7, 8]);
    }

    [Fact]
    public async Task What_an_earlier_run_left_is_proven_again_before_it_is_trusted()
    {
        var blob = TestBlob.Of(6 * MiB);
        await InterruptAfter(blob, 4);
        await using (var part = File.OpenWrite(PartPlace.Of(Out)))
        {
            part.Position = MiB + 17;
            part.WriteByte((byte)(blob.Bytes[MiB + 17] ^ 1));
        }

        var source = new FakeSource("b", blob);
        var result = await Downloader().DownloadAsync(blob.Fingerprint, [source], Out, null, default);

        blob.Is(await File.ReadAllBytesAsync(Out)).ShouldBeTrue();
        source.Asked.Keys.Select(asked => asked.Piece).Order().ShouldBe([1, 4, 5]);
        result.Events.ShouldContain(happened => happened.Text.Contains("Piece 1 of the earlier run"));
    }

    [Fact]
    public async Task A_torn_state_file_or_another_blob_begins_from_the_start()
    {
        var (blob, other) = (TestBlob.Of(4 * MiB), TestBlob.Of(3 * MiB, 7));
        await InterruptAfter(blob, 2);
        var state = await File.ReadAllBytesAsync(PartPlace.Of(Out) + ".state");
        for (var length = 0; length < state.Length; length += 7)
        {
            await File.WriteAllBytesAsync(PartPlace.Of(Out) + ".state", state[..length]);
            using var part = PartFile.Open(Out, blob.Fingerprint, out var claimed);
            claimed.IsEmpty.ShouldBeTrue();
        }

        await File.WriteAllBytesAsync(PartPlace.Of(Out) + ".state", state);
        await Downloader().DownloadAsync(other.Fingerprint, [new FakeSource("a", other)], Out, null, default);

        other.Is(await File.ReadAllBytesAsync(Out)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_cancelled_pull_keeps_what_was_proven()
    {
        var blob = TestBlob.Of(6 * MiB);
        using var stop = new CancellationTokenSource();
        var source = new FakeSource("a", blob);
        source.Gate = async (piece, cancellation) =>
        {
            if (piece < 3)
                return;
            if (source.Asked.Count > 3)
                await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellation);
        };

        await Downloader(options => options with { TransfersPerSource = 1 })
            .DownloadAsync(blob.Fingerprint, [source], Out, null, stop.Token).ShouldThrowAsync<OperationCanceledException>();
        source.Gate = null;
        var result = await Downloader().DownloadAsync(blob.Fingerprint, [source], Out, null, default);

        result.Resumed.ShouldBe(3 * MiB);
        blob.Is(await File.ReadAllBytesAsync(Out)).ShouldBeTrue();
    }

    [Fact]
    public async Task The_last_slow_piece_is_fetched_elsewhere_as_well()
    {
        var time = new FakeTimeProvider();
        var blob = TestBlob.Of(4 * MiB);
        var slow = new FakeSource("slow", blob) { Behave = static (_, _) => Conduct.Stall };
        var quick = new FakeSource("quick", blob);
        var downloader = new PullDownloader(new PullOptions { TransfersPerSource = 1, GiveUpAfter = TimeSpan.FromMinutes(5) }, time);

        var pulling = downloader.DownloadAsync(blob.Fingerprint, [slow, quick], Out, null, default);
        await slow.Stalled.Task;
        for (var i = 0; i < 200 && !pulling.IsCompleted; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(pulling, Task.Delay(5));
        }

        var result = await pulling;
        blob.Is(await File.ReadAllBytesAsync(Out)).ShouldBeTrue();
        result.Events.ShouldContain(happened => happened.Source == "quick" && happened.Text.Contains("is slow from slow"));
        result.Sources.Single(source => source.Name == "slow").Failures.ShouldBe(0);
    }

    [Fact]
    public async Task A_wrong_fingerprint_is_found_out_at_the_end_and_leaves_no_file()
    {
        var blob = TestBlob.Of(3 * MiB);
        var lie = blob.Fingerprint with { Digest = TestBlob.Of(10).Fingerprint.Digest };
        var source = new AnyPiece(blob);

        var error = await Downloader().DownloadAsync(lie, [source], Out, null, default).ShouldThrowAsync<FaultException>();

        error.Fault.Is(ReplicationFault.WholeMismatch).ShouldBeTrue();
        Directory.GetFiles(_folder).ShouldBeEmpty();
    }

    [Fact]
    public async Task Nobody_who_has_it_fails_at_once_and_names_each()
    {
        var blob = TestBlob.Of(3 * MiB);

        var error = await Downloader().DownloadAsync(blob.Fingerprint, [new FakeSource("a"), new FakeSource("b")], Out, null, default)
            .ShouldThrowAsync<FaultException>();

        error.Fault.Is(ReplicationFault.SourcesExhausted).ShouldBeTrue();
        error.Message.ShouldContain("a: does not have it; b: does not have it");
        error.Fault.Cure.ShouldNotBeNull();
    }

    [Fact]
    public async Task Two_pulls_to_one_file_do_not_mix()
    {
        var blob = TestBlob.Of(MiB);
        using var first = PartFile.Open(Out, blob.Fingerprint, out _);

        var error = await Downloader().DownloadAsync(blob.Fingerprint, [new FakeSource("a", blob)], Out, null, default).ShouldThrowAsync<FaultException>();

        error.Fault.Is(ReplicationFault.Busy).ShouldBeTrue(error.Message);
    }

    [Fact]
    public async Task A_destination_that_can_not_be_is_refused_before_anything_is_fetched()
    {
        var blob = TestBlob.Of(MiB);
        var source = new FakeSource("a", blob);

        foreach (var destination in new[] { _folder, Path.Combine(_folder, "none", "out") })
        {
            var error = await Downloader().DownloadAsync(blob.Fingerprint, [source], destination, null, default).ShouldThrowAsync<FaultException>();
            error.Fault.Is(ReplicationFault.Destination).ShouldBeTrue(error.Message);
        }

        source.Requests.ShouldBe(0);
    }

    [Fact]
    public async Task Progress_ends_at_the_whole()
    {
        var blob = TestBlob.Of(5 * MiB);
        var reports = new List<PullProgress>();

        await Downloader().DownloadAsync(blob.Fingerprint, [new FakeSource("a", blob)], Out, new Sync(reports.Add), default);

        reports[^1].Proven.ShouldBe(5 * MiB);
        reports[^1].Checking.ShouldBe(0);
        reports.Select(report => report.Proven).ShouldBeInOrder();
    }

    private static PullDownloader Downloader(Func<PullOptions, PullOptions>? adjust = null)
        => new(adjust?.Invoke(new PullOptions()) ?? new PullOptions(), TimeProvider.System);

    private async Task InterruptAfter(TestBlob blob, int pieces)
    {
        var broken = new FakeSource("a", blob) { Behave = (piece, _) => piece < pieces ? Conduct.Honest : Conduct.Truncate };
        await Downloader(options => options with { GiveUpAfter = TimeSpan.Zero })
            .DownloadAsync(blob.Fingerprint, [broken], Out, null, default).ShouldThrowAsync<FaultException>();
    }

    private sealed class Sync(Action<PullProgress> take) : IProgress<PullProgress>
    {
        public void Report(PullProgress value) => take(value);
    }

    private sealed class AnyPiece(TestBlob blob) : IPieceSource
    {
        public string Name => "any";

        public ValueTask<Stream> OpenAsync(Entrepot.Mirror.Integrity.Fingerprint asked, int piece, CancellationToken cancellation)
            => new(new MemoryStream(blob.Piece(piece).ToArray()));
    }
}

using System.Security.Cryptography;
using CsCheck;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Uploads;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Mirror.Uploads;

public sealed class UploadStoreTests : IAsyncLifetime
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private static readonly byte[] Content = MakeContent(3 * BlockPool.BlockSize + 12_345);

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-uploads-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero));
    private readonly BlockPool _pool = new(8);
    private UploadStore _store = null!;

    private string Uploads => Path.Combine(_folder, "uploads");

    public ValueTask InitializeAsync()
    {
        _store = Open(new UploadOptions());
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _pool.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task An_upload_in_parts_becomes_the_blob_that_was_stated()
    {
        var session = _store.Create("order", Content.Length, [Sha256(Content)]);
        foreach (var part in Content.Chunk(1_000_000))
            await AppendAsync(session, part);

        session.State.Offset.ShouldBe(Content.Length);
        await using var lease = await session.AcquireAsync(append: true, Cancellation);
        var verified = await lease.VerifyAsync();

        verified.Fingerprint.Digest.ShouldBe(Sha256Digest.Of(Content));
        verified.Fingerprint.IsConsistent().ShouldBeTrue();
        _blobs.Store(verified);
        await lease.FinishAsync("done");
        Directory.GetFiles(Uploads).ShouldHaveSingleItem().ShouldEndWith(".json");
        _store.OpenCount.ShouldBe(0);
        session.State.Outcome.ShouldBe("done");
    }

    [Fact]
    public void An_upload_goes_on_after_a_restart_wherever_it_was_cut()
    {
        Gen.Select(Gen.Int[0, Content.Length], Gen.Int[0, Content.Length]).Sample(
            (a, b) =>
            {
                var (first, second) = (Math.Min(a, b), Math.Max(a, b));
                RunAsync(first, second).GetAwaiter().GetResult();
            },
            iter: 12, threads: 1);

        async Task RunAsync(int first, int second)
        {
            var name = _store.Create("order", Content.Length, [Sha256(Content)]).State.Id.Value;
            await AppendAsync(_store.Find(name), Content[..first]);
            await RestartAsync();
            _store.Find(name).State.Offset.ShouldBe(first);
            await AppendAsync(_store.Find(name), Content[first..second]);
            await RestartAsync();
            await AppendAsync(_store.Find(name), Content[second..]);
            await using var lease = await _store.Find(name).AcquireAsync(append: true, Cancellation);
            (await lease.VerifyAsync()).Fingerprint.Digest.ShouldBe(Sha256Digest.Of(Content));
            await lease.RemoveAsync();
        }
    }

    [Fact]
    public async Task Bytes_that_were_not_made_durable_are_not_promised_and_not_kept()
    {
        var session = _store.Create("order", null, []);
        await AppendAsync(session, Content[..2_000_000]);
        await using (var lease = await session.AcquireAsync(append: true, Cancellation))
            await lease.AppendAsync(Content.AsMemory(2_000_000));  // the request ends without a checkpoint, as when the process dies

        session.State.Offset.ShouldBe(2_000_000);
        new FileInfo(Directory.GetFiles(Uploads, "*.part").Single()).Length.ShouldBe(2_000_000);
        await AppendAsync(session, Content[2_000_000..]);
        await using var last = await session.AcquireAsync(append: true, Cancellation);
        (await last.VerifyAsync()).Fingerprint.Digest.ShouldBe(Sha256Digest.Of(Content));
    }

    [Fact]
    public async Task Garbage_that_a_killed_process_left_beyond_the_offset_is_overwritten()
    {
        var name = _store.Create("order", null, []).State.Id.Value;
        await _store.DisposeAsync();
        await File.WriteAllBytesAsync(Path.Combine(Uploads, name + ".part"), new byte[5_000_000], Cancellation);
        await RestartAsync();

        await AppendAsync(_store.Find(name), Content[..10]);
        await using var lease = await _store.Find(name).AcquireAsync(append: true, Cancellation);
        var stored = _blobs.Store(await lease.VerifyAsync());

        using var file = _blobs.OpenRead(stored.Fingerprint.Digest);
        RandomAccess.GetLength(file).ShouldBe(10);
    }

    [Fact]
    public async Task Long_requests_become_durable_on_the_way()
    {
        _store = Open(new UploadOptions { DurableEvery = BlockPool.BlockSize });
        var session = _store.Create("order", null, []);
        await using var lease = await session.AcquireAsync(append: true, Cancellation);

        await lease.AppendAsync(Content.AsMemory(0, BlockPool.BlockSize - 1));
        session.State.Offset.ShouldBe(0);
        await lease.AppendAsync(Content.AsMemory(BlockPool.BlockSize - 1, 2));

        session.State.Offset.ShouldBe(BlockPool.BlockSize + 1);
    }

    [Fact]
    public async Task A_request_that_is_all_or_nothing_can_be_undone()
    {
        _store = Open(new UploadOptions { DurableEvery = 1 });
        var session = _store.Create("order", null, []);
        await AppendAsync(session, Content[..100]);
        await using (var lease = await session.AcquireAsync(append: true, Cancellation))
        {
            lease.AllOrNothing = true;
            await lease.AppendAsync(new byte[1000]);
            await lease.RevertAsync();
            lease.Position.ShouldBe(100);
            await lease.AppendAsync(Content.AsMemory(100));
            await lease.CheckpointAsync();
        }

        await using var last = await session.AcquireAsync(append: true, Cancellation);
        (await last.VerifyAsync()).Fingerprint.Digest.ShouldBe(Sha256Digest.Of(Content));
    }

    [Fact]
    public async Task A_difference_ends_the_upload_and_leaves_nothing()
    {
        var session = _store.Create("order", null, [Sha256([1, 2, 3])]);
        await AppendAsync(session, Content);
        await using (var lease = await session.AcquireAsync(append: true, Cancellation))
            (await Should.ThrowAsync<FaultException>(lease.VerifyAsync)).Fault.Is(VerificationFault.DigestMismatch).ShouldBeTrue();

        Directory.GetFiles(Uploads).ShouldBeEmpty();
        _store.OpenCount.ShouldBe(0);
        Should.Throw<FaultException>(() => _store.Find(session.State.Id.Value)).Fault.Is(UploadFault.NotFound).ShouldBeTrue();
    }

    [Fact]
    public async Task A_checksum_stated_late_is_compared_all_the_same()
    {
        var session = _store.Create("order", null, []);
        await AppendAsync(session, Content);
        await using var lease = await session.AcquireAsync(append: true, Cancellation);
        await lease.StateAsync([Expectation.FromHex(ChecksumAlgorithm.Sha512, new string('0', 128), "X-Checksum-Sha512")]);

        var fault = (await Should.ThrowAsync<FaultException>(lease.VerifyAsync)).Fault;

        fault.Message.ShouldContain(Convert.ToHexStringLower(SHA512.HashData(Content)));
    }

    [Fact]
    public async Task Lengths_that_contradict_each_other_are_refused()
    {
        var session = _store.Create("order", 100, []);
        await AppendAsync(session, Content[..50]);
        await using var lease = await session.AcquireAsync(append: true, Cancellation);

        Should.Throw<FaultException>(() => lease.Announce(99)).Fault.Is(UploadFault.InconsistentLength).ShouldBeTrue();
        (await Should.ThrowAsync<FaultException>(lease.VerifyAsync)).Fault.Is(UploadFault.InconsistentLength).ShouldBeTrue();
        _store.OpenCount.ShouldBe(1);
        (await Should.ThrowAsync<FaultException>(async () => await lease.AppendAsync(new byte[51]))).Fault
            .Is(UploadFault.InconsistentLength).ShouldBeTrue();
        _store.OpenCount.ShouldBe(0);
    }

    [Fact]
    public async Task A_length_below_what_has_arrived_is_refused()
    {
        var session = _store.Create("order", null, []);
        await AppendAsync(session, Content[..50]);
        await using var lease = await session.AcquireAsync(append: true, Cancellation);

        Should.Throw<FaultException>(() => lease.Announce(49)).Fault.Is(UploadFault.InconsistentLength).ShouldBeTrue();
        lease.Announce(50);
        session.State.Length.ShouldBe(50);
    }

    [Fact]
    public async Task A_newer_request_takes_over_from_an_older_one()
    {
        var session = _store.Create("order", null, []);
        var older = await session.AcquireAsync(append: true, Cancellation);
        var newer = session.AcquireAsync(append: true, Cancellation);

        older.Superseded.IsCancellationRequested.ShouldBeTrue();
        newer.IsCompleted.ShouldBeFalse();
        await older.AppendAsync(Content.AsMemory(0, 10));
        await older.CheckpointAsync();
        await older.DisposeAsync();

        await using var lease = await newer;
        lease.State.Offset.ShouldBe(10);
        lease.Superseded.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public async Task Of_two_that_wait_only_the_newest_writes()
    {
        var session = _store.Create("order", null, []);
        var first = await session.AcquireAsync(append: true, Cancellation);
        var second = session.AcquireAsync(append: true, Cancellation);
        var third = session.AcquireAsync(append: true, Cancellation);
        await first.DisposeAsync();

        (await Should.ThrowAsync<FaultException>(() => second)).Fault.Is(UploadFault.Superseded).ShouldBeTrue();
        await using var lease = await third;
        lease.Superseded.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public async Task An_upload_that_nobody_continues_expires()
    {
        var session = _store.Create("order", null, []);
        await AppendAsync(session, Content[..10]);
        _time.Advance(TimeSpan.FromHours(23));
        (await _store.SweepAsync()).ShouldBe(0);
        await AppendAsync(session, Content[10..20]);
        _time.Advance(TimeSpan.FromHours(23));
        (await _store.SweepAsync()).ShouldBe(0);
        _store.Remaining(session.State).ShouldBe(TimeSpan.FromHours(1));

        _time.Advance(TimeSpan.FromHours(1));

        Should.Throw<FaultException>(() => _store.Find(session.State.Id.Value)).Fault.Is(UploadFault.NotFound).ShouldBeTrue();
        (await _store.SweepAsync()).ShouldBe(1);
        Directory.GetFiles(Uploads).ShouldBeEmpty();
        _store.OpenCount.ShouldBe(0);
    }

    [Fact]
    public async Task An_upload_in_progress_does_not_expire()
    {
        var session = _store.Create("order", null, []);
        await using var lease = await session.AcquireAsync(append: true, Cancellation);
        _time.Advance(TimeSpan.FromHours(25));

        (await _store.SweepAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task The_sweep_lets_idle_hash_state_go_and_the_upload_goes_on()
    {
        var session = _store.Create("order", null, []);
        await AppendAsync(session, Content[..2_000_000]);
        session.Warm.ShouldNotBeNull();
        _time.Advance(TimeSpan.FromMinutes(3));

        await _store.SweepAsync();

        session.Warm.ShouldBeNull();
        await AppendAsync(session, Content[2_000_000..]);
        await using var lease = await session.AcquireAsync(append: true, Cancellation);
        (await lease.VerifyAsync()).Fingerprint.Digest.ShouldBe(Sha256Digest.Of(Content));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void No_more_uploads_are_open_than_the_limit(int limit)
    {
        _store = Open(new UploadOptions { MaxOpen = limit });
        for (var i = 0; i < limit; i++)
            _store.Create("order", null, []);

        var fault = Should.Throw<FaultException>(() => _store.Create("order", null, [])).Fault;

        fault.Is(UploadFault.TooMany).ShouldBeTrue();
        fault.Kind.ShouldBe(FaultKind.Unavailable);
        _store.OpenCount.ShouldBe(limit);
    }

    [Fact]
    public async Task Idle_uploads_hold_no_block_of_the_pool()
    {
        for (var i = 0; i < 20; i++)
            await AppendAsync(_store.Create("order", null, []), Content[..100]);  // the pool has 8 blocks

        _store.OpenCount.ShouldBe(20);
    }

    [Fact]
    public async Task More_bytes_than_the_limit_are_refused_announced_or_not()
    {
        _store = Open(new UploadOptions { MaxBytes = 100 });
        Should.Throw<FaultException>(() => _store.Create("order", 101, [])).Fault.Kind.ShouldBe(FaultKind.TooLarge);
        var session = _store.Create("order", null, []);
        await using var lease = await session.AcquireAsync(append: true, Cancellation);
        Should.Throw<FaultException>(() => lease.Announce(101)).Fault.Kind.ShouldBe(FaultKind.TooLarge);
        await lease.AppendAsync(new byte[100]);

        (await Should.ThrowAsync<FaultException>(async () => await lease.AppendAsync(new byte[1]))).Fault.Kind.ShouldBe(FaultKind.TooLarge);

        _store.OpenCount.ShouldBe(0);
        Directory.GetFiles(Uploads).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_a_finished_upload_came_to_survives_a_restart_and_expires()
    {
        var session = _store.Create("order", null, []);
        await using (var lease = await session.AcquireAsync(append: true, Cancellation))
        {
            _blobs.Store(await lease.VerifyAsync());
            await lease.FinishAsync("the answer");
        }

        await RestartAsync();
        _store.Find(session.State.Id.Value).State.Outcome.ShouldBe("the answer");
        _store.OpenCount.ShouldBe(0);
        _time.Advance(TimeSpan.FromHours(24));
        await _store.SweepAsync();
        Directory.GetFiles(Uploads).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_upload_whose_bytes_or_state_were_lost_is_dropped_at_start()
    {
        var lost = _store.Create("order", null, []);
        var damaged = _store.Create("order", null, []);
        var well = _store.Create("order", null, []);
        foreach (var session in new[] { lost, damaged, well })
            await AppendAsync(session, Content[..100]);
        await _store.DisposeAsync();
        File.Delete(Path.Combine(Uploads, lost.State.Id + ".part"));
        var state = Path.Combine(Uploads, damaged.State.Id + ".json");
        var text = await File.ReadAllTextAsync(state, Cancellation);
        foreach (var length in new[] { 0, 1, text.Length / 2, text.Length - 1 })
        {
            await File.WriteAllTextAsync(state, text[..length], Cancellation);
            await File.WriteAllTextAsync(Path.Combine(Uploads, "0123.json.tmp"), "left over", Cancellation);
            await RestartAsync();
            Should.Throw<FaultException>(() => _store.Find(damaged.State.Id.Value));
        }

        Should.Throw<FaultException>(() => _store.Find(lost.State.Id.Value));
        _store.Find(well.State.Id.Value).State.Offset.ShouldBe(100);
        Directory.GetFiles(Uploads).Length.ShouldBe(2);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("../../../../etc/passwd")]
    [InlineData("0123456789ABCDEF0123456789ABCDEF")]
    [InlineData("0123456789abcdef0123456789abcdef")]
    public void An_unknown_name_is_not_found(string? name)
        => Should.Throw<FaultException>(() => _store.Find(name)).Fault.Is(UploadFault.NotFound).ShouldBeTrue();

    [Fact]
    public async Task A_cancelled_upload_is_gone_for_those_who_wait()
    {
        var session = _store.Create("order", null, []);
        var first = await session.AcquireAsync(append: false, Cancellation);
        var second = session.AcquireAsync(append: true, Cancellation);
        await first.RemoveAsync();
        await first.DisposeAsync();

        (await Should.ThrowAsync<FaultException>(() => second)).Fault.Is(UploadFault.NotFound).ShouldBeTrue();
        Directory.GetFiles(Uploads).ShouldBeEmpty();
    }

    private BlobStore _blobs = null!;

    private static byte[] MakeContent(int length)
    {
        var content = new byte[length];
        new Random(7).NextBytes(content);
        return content;
    }

    private static StatedChecksum Sha256(byte[] bytes)
        => Expectation.FromHex(ChecksumAlgorithm.Sha256, Convert.ToHexStringLower(SHA256.HashData(bytes)), "Repr-Digest");

    private static async Task AppendAsync(UploadSession session, byte[] bytes)
    {
        await using var lease = await session.AcquireAsync(append: true, Cancellation);
        await lease.AppendAsync(bytes);
        await lease.CheckpointAsync();
    }

    private UploadStore Open(UploadOptions options)
    {
        _blobs = BlobStore.Open(_folder, _pool, _time);
        return UploadStore.Open(_blobs, options, _time);
    }

    private async Task RestartAsync()
    {
        await _store.DisposeAsync();
        _store = Open(_store.Options);
    }
}

using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Tests.Mirror.Blobs;

public sealed class BlobStoreTests
{
    [Fact]
    public async Task The_same_bytes_are_kept_once()
    {
        await using var world = MirrorWorld.Open();
        var first = await world.StoreAsync("bytes");
        var written = File.GetLastWriteTimeUtc(world.BlobPath(first.Fingerprint.Digest));

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => world.StoreAsync("bytes")));

        world.Store.Enumerate().Select(file => (file.Digest, file.Size)).ShouldBe([(first.Fingerprint.Digest, 5L)]);
        File.GetLastWriteTimeUtc(world.BlobPath(first.Fingerprint.Digest)).ShouldBe(written);
        Staging(world).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_file_of_another_length_under_the_name_is_replaced()
    {
        await using var world = MirrorWorld.Open();
        var digest = Sha256Digest.Of("bytes"u8);
        await File.WriteAllTextAsync(world.BlobPath(digest), "byt");

        await world.StoreAsync("bytes");

        (await File.ReadAllTextAsync(world.BlobPath(digest))).ShouldBe("bytes");
    }

    [Fact]
    public async Task Opening_sweeps_what_a_killed_process_left_and_keeps_blobs_and_uploads()
    {
        await using var world = MirrorWorld.Open();
        var blob = await world.StoreAsync("bytes");
        await File.WriteAllTextAsync(Path.Combine(world.Folder, "blobs", "staging", "left"), "half a file");
        await File.WriteAllTextAsync(Path.Combine(world.Store.UploadFolder, "going-on"), "half a file");

        await world.RestartAsync();

        Staging(world).ShouldBeEmpty();
        world.Store.SizeOf(blob.Fingerprint.Digest).ShouldBe(5);
        File.Exists(Path.Combine(world.Store.UploadFolder, "going-on")).ShouldBeTrue();
    }

    [Fact]
    public async Task A_folder_that_can_not_be_used_is_named()
    {
        await using var world = MirrorWorld.Open();
        var file = Path.Combine(world.Folder, "a-file");
        await File.WriteAllTextAsync(file, "");

        var error = Should.Throw<FaultException>(() => BlobStore.Open(file, world.Pool, world.Time));

        error.Fault.Is(BlobFault.Disk).ShouldBeTrue();
        error.Message.ShouldContain(file);
        error.Fault.Cure.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_disk_that_fails_at_the_last_step_leaves_nothing_in_staging()
    {
        await using var world = MirrorWorld.Open();
        var folder = Path.GetDirectoryName(world.BlobPath(Sha256Digest.Of("bytes"u8)))!;
        Directory.Delete(folder);
        await File.WriteAllTextAsync(folder, "in the way");

        var error = await Should.ThrowAsync<FaultException>(() => world.StoreAsync("bytes"));

        error.Fault.Is(BlobFault.Disk).ShouldBeTrue(error.Fault.Code);
        error.Message.ShouldContain(folder);
        Staging(world).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(28)]
    [InlineData(122)]
    public void A_disk_without_room_and_a_quota_without_room_are_the_same_fault(int errno)
    {
        var fault = DiskFaults.Translate(new IOException("write", errno), "/data/blobs").Fault;

        fault.Is(BlobFault.DiskFull).ShouldBeTrue();
        fault.Message.ShouldContain("/data/blobs");
        DiskFaults.Translate(new IOException("write", 5), "/data/blobs").Fault.Is(BlobFault.Disk).ShouldBeTrue();
    }

    [Fact]
    public async Task A_blob_can_be_found_only_while_its_file_is_whole()
    {
        await using var world = MirrorWorld.Open();
        var blob = (await world.StoreAsync("bytes")).Fingerprint;
        world.Store.Find(blob).ShouldNotBeNull();

        await File.WriteAllTextAsync(world.BlobPath(blob.Digest), "byt");
        world.Store.Find(blob).ShouldBeNull();
        File.Delete(world.BlobPath(blob.Digest));
        world.Store.Find(blob).ShouldBeNull();

        Should.Throw<FaultException>(() => world.Store.OpenRead(blob.Digest)).Fault.Is(BlobFault.NotFound).ShouldBeTrue();
    }

    [Fact]
    public async Task A_reader_is_not_disturbed_by_deletion()
    {
        await using var world = MirrorWorld.Open();
        var blob = (await world.StoreAsync("bytes")).Fingerprint;
        using var handle = world.Store.OpenRead(blob.Digest);

        world.Store.Delete(blob.Digest, world.Time.GetUtcNow().AddSeconds(1)).ShouldBeTrue();

        var bytes = new byte[5];
        RandomAccess.Read(handle, bytes, 0).ShouldBe(5);
        Encoding.ASCII.GetString(bytes).ShouldBe("bytes");
    }

    [Fact]
    public async Task What_was_stored_or_found_since_the_given_moment_is_not_deleted()
    {
        await using var world = MirrorWorld.Open();
        var start = world.Time.GetUtcNow();
        var blob = (await world.StoreAsync("bytes")).Fingerprint;
        world.Store.LastTouched(blob.Digest).ShouldBe(start);

        world.Store.Delete(blob.Digest, start).ShouldBeFalse();
        world.Time.Advance(TimeSpan.FromHours(2));
        world.Store.Find(blob).ShouldNotBeNull();
        world.Store.Delete(blob.Digest, start.AddHours(2)).ShouldBeFalse();
        world.Store.Delete(blob.Digest, start.AddHours(2).AddTicks(1)).ShouldBeTrue();

        world.Store.Enumerate().ShouldBeEmpty();
        world.Store.LastTouched(blob.Digest).ShouldBeNull();
    }

    [Fact]
    public async Task What_is_held_is_not_deleted_until_everybody_let_go()
    {
        await using var world = MirrorWorld.Open();
        var blob = await world.StoreAsync("bytes");
        var other = await world.StoreAsync("other");
        var later = world.Time.GetUtcNow().AddDays(1);
        var first = BlobHold.TryTake([blob, other], out _)!;
        var second = BlobHold.TryTake([blob], out _)!;

        first.Dispose();
        first.Dispose();  // twice is once
        world.Store.Delete(blob.Fingerprint.Digest, later).ShouldBeFalse();
        world.Store.Delete(other.Fingerprint.Digest, later).ShouldBeTrue();
        BlobHold.TryTake([blob, other], out var gone).ShouldBeNull();
        gone.ShouldBe(other.Fingerprint.Digest);
        second.Dispose();
        world.Store.IsHeld(blob.Fingerprint.Digest).ShouldBeFalse("a hold that failed halfway lets go of what it had");

        world.Store.Delete(blob.Fingerprint.Digest, later).ShouldBeTrue();
    }

    [Fact]
    public async Task While_a_blob_is_mended_readers_always_find_one()
    {
        await using var world = MirrorWorld.Open();
        var blob = (await world.StoreAsync("bytes")).Fingerprint;
        using var stop = new CancellationTokenSource();
        var reading = Task.Run(() =>
        {
            var opened = 0;
            for (; !stop.IsCancellationRequested; opened++)
            {
                using var handle = world.Store.OpenRead(blob.Digest);
                RandomAccess.GetLength(handle).ShouldBe(5);
            }

            return opened;
        });

        for (var i = 0; i < 100; i++)
        {
            world.Time.Advance(TimeSpan.FromSeconds(1));
            await using var staged = world.Store.Stage(Expectation.None);
            await staged.WriteAsync("bytes"u8.ToArray(), CancellationToken.None);
            world.Store.Mend(await staged.VerifyAsync(CancellationToken.None)).ShouldNotBeNull();
        }

        await stop.CancelAsync();
        (await reading).ShouldBeGreaterThan(0);
        Directory.EnumerateFiles(world.Store.QuarantineFolder).Count().ShouldBe(100);
    }

    [Fact]
    public async Task Leftovers_go_when_they_are_old_and_quarantine_counts_from_when_it_began()
    {
        await using var world = MirrorWorld.Open();
        var now = world.Time.GetUtcNow();
        var blob = (await world.StoreAsync("bytes")).Fingerprint;
        File.SetLastWriteTimeUtc(world.BlobPath(blob.Digest), now.AddYears(-1).UtcDateTime);
        await using (var staged = world.Store.Stage(Expectation.None))
        {
            await staged.WriteAsync("bytes"u8.ToArray(), CancellationToken.None);
            world.Store.Mend(await staged.VerifyAsync(CancellationToken.None));
        }

        var old = Path.Combine(world.Folder, "blobs", "staging", "old");
        var young = Path.Combine(world.Folder, "blobs", "staging", "young");
        await File.WriteAllTextAsync(old, "");
        await File.WriteAllTextAsync(young, "");
        File.SetLastWriteTimeUtc(old, now.AddHours(-25).UtcDateTime);
        File.SetLastWriteTimeUtc(young, now.UtcDateTime);

        world.Store.SweepLeftovers(now.AddHours(-24), now.AddDays(-30));
        Staging(world).ShouldBe([young]);
        Directory.EnumerateFiles(world.Store.QuarantineFolder).Count().ShouldBe(1);

        world.Store.SweepLeftovers(now.AddHours(-24), now.AddTicks(1).AddMilliseconds(1));
        Directory.EnumerateFiles(world.Store.QuarantineFolder).ShouldBeEmpty();
    }

    [Fact]
    public async Task Strange_files_among_the_blobs_are_not_taken_for_blobs()
    {
        await using var world = MirrorWorld.Open();
        await File.WriteAllTextAsync(Path.Combine(world.Folder, "blobs", "sha256", "00", "README"), "");

        world.Store.Enumerate().ShouldBeEmpty();
    }

    private static IEnumerable<string> Staging(MirrorWorld world) => Directory.EnumerateFiles(Path.Combine(world.Folder, "blobs", "staging"));
}

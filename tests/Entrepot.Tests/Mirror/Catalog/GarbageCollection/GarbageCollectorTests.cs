using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Catalog.GarbageCollection;

namespace Entrepot.Tests.Mirror.Catalog.GarbageCollection;

public sealed class GarbageCollectorTests
{
    private static readonly TimeSpan AfterGrace = TimeSpan.FromHours(1) + TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_blob_that_was_never_published_goes_after_the_grace_period()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        var blob = await world.StoreAsync("never published");
        await world.Catalog.RegisterBlobAsync(blob, MirrorWorld.Actor);
        var digest = blob.Fingerprint.Digest;
        using var collector = new GarbageCollector(world.Catalog, world.Store, new GarbageCollectionOptions());

        var early = await collector.RunAsync(false, "system:test");
        early.Swept.ShouldBeEmpty();
        early.Kept.Single().Reason.ShouldBeOfType<KeepReason.WithinGrace>().Until.ShouldBe(world.Time.GetUtcNow().AddHours(1));
        world.Time.Advance(AfterGrace);
        var late = await collector.RunAsync(false, "system:test");

        late.Swept.ShouldBe([new SweptBlob(digest, 15, SweepReason.Unreferenced)]);
        world.Store.SizeOf(digest).ShouldBeNull();
        world.Catalog.FindFingerprint(digest).ShouldBeNull();
        world.Catalog.MissingBlobs([digest]).ShouldBe([digest]);
        var line = JournalTable.Read(world.State, 0, 100)[^1];
        line.Action.ShouldBe("blob.sweep");
        line.Actor.ShouldBe("system:test");
        line.Details.ShouldContain(digest.ToString());
    }

    [Fact]
    public async Task A_dry_run_says_the_same_and_changes_nothing()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync(new Retention(1, null));
        await world.PutAsync("a", "1");
        await world.PutAsync("a", "2");
        world.Time.Advance(AfterGrace);
        using var collector = new GarbageCollector(world.Catalog, world.Store, new GarbageCollectionOptions());
        var journal = JournalTable.Read(world.State, 0, 100).Count;

        var dry = await collector.RunAsync(true, MirrorWorld.Actor);

        dry.DryRun.ShouldBeTrue();
        dry.Dropped.Single().ShouldBe(new DroppedSnapshot(MirrorWorld.Images, 1, "not among the newest 1"));
        world.Catalog.Snapshots(MirrorWorld.Images).Count.ShouldBe(2);
        JournalTable.Read(world.State, 0, 100).Count.ShouldBe(journal);
        var wet = await collector.RunAsync(false, MirrorWorld.Actor);
        wet.Dropped.ShouldBe(dry.Dropped);
        wet.Swept.ShouldBe(dry.Swept);
    }

    [Fact]
    public async Task What_only_a_dropped_snapshot_had_stays_for_one_more_grace_period()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync(new Retention(1, null));
        await world.PutAsync("a", "old");
        await world.PutAsync("a", "new");
        await world.PutAsync("b", "other");
        var old = Sha256Digest.Of("old"u8);
        world.Time.Advance(TimeSpan.FromDays(9));
        using var collector = new GarbageCollector(world.Catalog, world.Store, new GarbageCollectionOptions());

        var first = await collector.RunAsync(false, MirrorWorld.Actor);
        first.Dropped.Select(snapshot => snapshot.Number).ShouldBe([1, 2]);
        first.Swept.ShouldBeEmpty();
        first.Kept.Single(kept => kept.Digest == old).Reason.ShouldBeOfType<KeepReason.WithinGrace>();
        world.Time.Advance(AfterGrace);
        var second = await collector.RunAsync(false, MirrorWorld.Actor);

        second.Swept.Single().Digest.ShouldBe(old);
        world.Catalog.Snapshots(MirrorWorld.Images).Single().Number.ShouldBe(3);
        (await Should.ThrowAsync<FaultException>(() => world.Catalog.RollbackAsync(MirrorWorld.Images, 1, MirrorWorld.Actor)))
            .Fault.Is(CatalogFault.SnapshotNotFound).ShouldBeTrue();
        await world.RestartAsync();
        world.Catalog.View.Get(MirrorWorld.Images).Current.Entries.Select(entry => entry.Path.Value).ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task A_deleted_mirror_gives_its_space_back_after_the_grace_period()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        await world.PutAsync("a", "1");
        world.Time.Advance(TimeSpan.FromDays(1));
        using var collector = new GarbageCollector(world.Catalog, world.Store, new GarbageCollectionOptions());
        await world.Catalog.DeleteMirrorAsync(MirrorWorld.Images, MirrorWorld.Actor);

        (await collector.RunAsync(false, MirrorWorld.Actor)).Swept.ShouldBeEmpty();
        world.Time.Advance(AfterGrace);
        (await collector.RunAsync(false, MirrorWorld.Actor)).Swept.Length.ShouldBe(1);

        world.Store.Enumerate().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_file_without_a_row_goes_once_it_is_old()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        var blob = await world.StoreAsync("stored, then the process died");
        File.SetLastWriteTimeUtc(world.BlobPath(blob.Fingerprint.Digest), world.Time.GetUtcNow().UtcDateTime);
        await world.RestartAsync();
        using var collector = new GarbageCollector(world.Catalog, world.Store, new GarbageCollectionOptions());

        (await collector.RunAsync(false, MirrorWorld.Actor)).Swept.ShouldBeEmpty();
        world.Time.Advance(AfterGrace);
        var result = await collector.RunAsync(false, MirrorWorld.Actor);

        result.Swept.Single().Reason.ShouldBe(SweepReason.Orphaned);
        world.Store.SizeOf(blob.Fingerprint.Digest).ShouldBeNull();
    }

    [Fact]
    public async Task Publishing_a_blob_that_was_collected_meanwhile_is_refused()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        var blob = await world.StoreAsync("a slow client");
        await world.Catalog.RegisterBlobAsync(blob, MirrorWorld.Actor);
        world.Time.Advance(AfterGrace);
        using var collector = new GarbageCollector(world.Catalog, world.Store, new GarbageCollectionOptions());
        (await collector.RunAsync(false, MirrorWorld.Actor)).Swept.Length.ShouldBe(1);

        var error = await Should.ThrowAsync<FaultException>(() => world.Catalog.PublishAsync(
            MirrorWorld.Images, TreeEdit.Put(MirrorWorld.Path("a"), blob, world.Time.GetUtcNow()), null, MirrorWorld.Actor));

        error.Fault.Is(CatalogFault.BlobGone).ShouldBeTrue();
        world.Catalog.View.Get(MirrorWorld.Images).Current.Entries.ShouldBeEmpty();
    }

    [Fact]
    public async Task Finding_a_blob_again_renews_its_grace_period()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        var blob = await world.StoreAsync("known already");
        await world.Catalog.RegisterBlobAsync(blob, MirrorWorld.Actor);
        world.Time.Advance(AfterGrace);
        world.Store.Find(blob.Fingerprint).ShouldNotBeNull();
        using var collector = new GarbageCollector(world.Catalog, world.Store, new GarbageCollectionOptions());

        (await collector.RunAsync(false, MirrorWorld.Actor)).Swept.ShouldBeEmpty();

        world.Catalog.FindFingerprint(blob.Fingerprint.Digest).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_publication_that_begins_before_the_sweep_saves_its_blob()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        var blob = await world.StoreAsync("needed after all");
        await world.Catalog.RegisterBlobAsync(blob, MirrorWorld.Actor);
        world.Time.Advance(AfterGrace);
        using var collector = new GarbageCollector(world.Catalog, world.Store, new GarbageCollectionOptions());
        using var open = new ManualResetEventSlim();
        var gate = world.State.WriteAsync(_ => open.Wait());

        // Both have done everything up to their transactions when the calls return: first the collector's, then the publication's.
        var collecting = collector.RunAsync(false, "system:test");
        var publishing = world.Catalog.PublishAsync(
            MirrorWorld.Images, TreeEdit.Put(MirrorWorld.Path("a"), blob, world.Time.GetUtcNow()), null, MirrorWorld.Actor);
        open.Set();
        await gate;
        await publishing;
        var result = await collecting;

        result.Swept.ShouldBeEmpty();
        result.Kept.Single().Reason.ShouldBeOfType<KeepReason.InFlight>();
        RecoveryCheck.Run(world.Catalog.View, world.Store).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_blob_that_is_found_between_the_loss_of_its_row_and_of_its_file_keeps_the_file()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        var fingerprint = (await world.StoreAsync("needed after all")).Fingerprint;
        await world.Catalog.RegisterBlobAsync(world.Store.Find(fingerprint)!, MirrorWorld.Actor);
        world.Time.Advance(AfterGrace);
        using var collector = new GarbageCollector(world.Catalog, world.Store, new GarbageCollectionOptions());
        using var open = new ManualResetEventSlim();
        var gate = world.State.WriteAsync(_ => open.Wait());

        var collecting = collector.RunAsync(false, "system:test");
        var finding = world.State.WriteAsync(transaction => (BlobTable.FindId(transaction, fingerprint.Digest), world.Store.Find(fingerprint)));
        open.Set();
        await gate;
        var (row, found) = await finding;
        var result = await collecting;

        row.ShouldBeNull();
        result.Swept.ShouldBeEmpty();
        await world.Catalog.PublishAsync(
            MirrorWorld.Images, TreeEdit.Put(MirrorWorld.Path("a"), found!, world.Time.GetUtcNow()), null, MirrorWorld.Actor);
        RecoveryCheck.Run(world.Catalog.View, world.Store).ShouldBeEmpty();
        world.Catalog.FindFingerprint(fingerprint.Digest).ShouldBe(fingerprint);
    }

    [Fact]
    public async Task Collecting_without_any_grace_never_takes_what_is_published_at_the_same_time()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync(new Retention(1, null));
        world.Time.AutoAdvanceAmount = TimeSpan.FromMilliseconds(2);  // so that whatever was just stored is already old
        using var collector = new GarbageCollector(world.Catalog, world.Store, new GarbageCollectionOptions { Grace = TimeSpan.Zero });
        using var stop = new CancellationTokenSource();
        var swept = 0;
        var run = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var collecting = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                swept += (await collector.RunAsync(false, "system:test")).Swept.Length;
                Interlocked.Exchange(ref run, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            }
        });

        // Few contents, so that what one publisher drops another publishes again while it is being swept. Some publishers store
        // their blob and then let a whole run pass, so that the next run meets the publication.
        var published = 0;
        var publishing = Task.WhenAll(Enumerable.Range(0, 4).Select(publisher => Task.Run(async () =>
        {
            var random = new Random(publisher);
            for (var i = 0; i < 50; i++)
            {
                var blob = await world.StoreAsync($"content {random.Next(6)}");
                if (random.Next(3) == 0)
                    await Volatile.Read(ref run).Task;
                var path = MirrorWorld.Path($"publisher-{publisher}/file-{random.Next(3)}");
                try
                {
                    await world.Catalog.PublishAsync(MirrorWorld.Images, TreeEdit.Put(path, blob, world.Time.GetUtcNow()), null, MirrorWorld.Actor);
                    Interlocked.Increment(ref published);
                }
                catch (FaultException error) when (error.Fault.Is(CatalogFault.BlobGone))
                {
                    continue;  // collected before it was published; a client would send it again
                }

                world.Catalog.View.Get(MirrorWorld.Images).Current.TryGet(path, out var entry).ShouldBeTrue();
                entry!.Digest.ShouldBe(blob.Fingerprint.Digest);
                world.Store.SizeOf(entry.Digest).ShouldBe(entry.Size);
            }
        })));
        await Task.WhenAny(publishing);
        await stop.CancelAsync();
        await collecting;
        await publishing;

        swept.ShouldBeGreaterThan(0);
        published.ShouldBeGreaterThan(0);
        RecoveryCheck.Run(world.Catalog.View, world.Store).ShouldBeEmpty();
        foreach (var entry in world.Catalog.View.Get(MirrorWorld.Images).Current.Entries)
        {
            Sha256Digest.Of(await File.ReadAllBytesAsync(world.BlobPath(entry.Digest))).ShouldBe(entry.Digest);
            world.Catalog.FindFingerprint(entry.Digest).ShouldNotBeNull();
        }

        await world.RestartAsync();
        world.Catalog.View.Get(MirrorWorld.Images).Current.Entries.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task After_a_start_files_that_are_absent_or_short_are_reported()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        await world.PutAsync("whole", "1");
        await world.PutAsync("absent", "22");
        await world.PutAsync("short", "333");
        File.Delete(world.BlobPath(Sha256Digest.Of("22"u8)));
        await File.WriteAllTextAsync(world.BlobPath(Sha256Digest.Of("333"u8)), "3", Encoding.ASCII);
        await world.RestartAsync();

        RecoveryCheck.Run(world.Catalog.View, world.Store).OrderBy(lost => lost.Path).ShouldBe(
        [
            new LostBlob(Sha256Digest.Of("22"u8), MirrorWorld.Images, MirrorWorld.Path("absent"), 2, null),
            new LostBlob(Sha256Digest.Of("333"u8), MirrorWorld.Images, MirrorWorld.Path("short"), 3, 1),
        ]);
    }
}

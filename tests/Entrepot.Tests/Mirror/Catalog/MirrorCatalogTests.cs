using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Mirror.Catalog;

namespace Entrepot.Tests.Mirror.Catalog;

public sealed class MirrorCatalogTests
{
    [Fact]
    public async Task A_new_mirror_shows_the_empty_snapshot_0()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();

        var mirror = world.Catalog.View.Get(MirrorWorld.Images);

        mirror.Current.Number.ShouldBe(0);
        mirror.Current.Entries.ShouldBeEmpty();
        mirror.Current.Root.Hex.ShouldBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");  // of nothing
        mirror.Current.List(default).ShouldNotBeNull().ShouldBeEmpty();
        world.Catalog.Snapshots(MirrorWorld.Images).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_published_is_in_the_view_and_in_the_journal()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();

        var publication = await world.PutAsync("24.04/disk.img", "bytes");

        publication.IsNew.ShouldBeTrue();
        publication.Written.ShouldBe(1);
        var current = world.Catalog.View.Get(MirrorWorld.Images).Current;
        current.ShouldBeSameAs(publication.Snapshot);
        current.Number.ShouldBe(1);
        current.TryGet(MirrorWorld.Path("24.04/disk.img"), out var entry).ShouldBeTrue();
        entry!.Digest.ShouldBe(Sha256Digest.Of("bytes"u8));
        entry.Size.ShouldBe(5);
        var journal = JournalTable.Read(world.State, 0, 10);
        journal.Select(line => line.Action).ShouldBe(["mirror.create", "snapshot.publish"]);
        journal[^1].Subject.ShouldBe("images#1");
        journal[^1].Actor.ShouldBe(MirrorWorld.Actor);
        journal[^1].Details.ShouldContain(current.Root.ToString());
    }

    [Fact]
    public async Task The_same_bytes_again_make_no_snapshot()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        await world.PutAsync("a", "bytes");
        world.Time.Advance(TimeSpan.FromHours(1));

        var again = await world.PutAsync("a", "bytes");

        again.IsNew.ShouldBeFalse();
        again.Snapshot.Number.ShouldBe(1);
        world.Catalog.Snapshots(MirrorWorld.Images).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Two_puts_that_both_want_the_path_free_are_serialised()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();

        var puts = Enumerable.Range(0, 20).Select(i => world.PutAsync("a", $"content {i}", PathCondition.Absent)).ToList();
        var outcomes = await Task.WhenAll(puts.Select(async put =>
        {
            try
            {
                await put;
                return "published";
            }
            catch (FaultException error)
            {
                error.Fault.Kind.ShouldBe(FaultKind.PreconditionFailed);
                return error.Fault.Code;
            }
        }));

        outcomes.Count(outcome => outcome == "published").ShouldBe(1);
        outcomes.Count(outcome => outcome == "catalog/condition-failed").ShouldBe(19);
        world.Catalog.View.Get(MirrorWorld.Images).Current.Number.ShouldBe(1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(int.MaxValue)]
    public async Task Puts_to_one_mirror_at_once_lose_nothing_and_end_with_the_newest_view(int prepareFrom)
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        world.Catalog.PrepareFrom = prepareFrom;

        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => world.PutAsync($"folder-{i % 7}/file-{i}", $"content {i}")));

        var current = world.Catalog.View.Get(MirrorWorld.Images).Current;
        current.Number.ShouldBe(200);
        current.Entries.Length.ShouldBe(200);
        await world.RestartAsync();
        var reopened = world.Catalog.View.Get(MirrorWorld.Images).Current;
        reopened.Info.ShouldBe(current.Info);
        reopened.Entries.ShouldBe(current.Entries);
        SnapshotListing.RootOf(reopened.Entries).ShouldBe(current.Root);
    }

    [Fact]
    public async Task A_path_can_not_be_file_and_folder_at_once()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        await world.PutAsync("a-file", "1");
        await world.PutAsync("a/b/c", "1");

        var below = await Should.ThrowAsync<FaultException>(() => world.PutAsync("a/b/c/d", "2"));
        var above = await Should.ThrowAsync<FaultException>(() => world.PutAsync("a", "2"));

        below.Fault.Is(CatalogFault.FileAndFolder).ShouldBeTrue();
        below.Message.ShouldBe("'a/b/c' can't be both a file and the folder of 'a/b/c/d'.");
        above.Message.ShouldBe("'a' can't be both a file and the folder of 'a/b/c'.");
    }

    [Fact]
    public async Task A_file_may_become_a_folder_in_one_step()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        await world.PutAsync("a", "1");

        await world.Catalog.PublishAsync(
            MirrorWorld.Images,
            TreeEdit.Of(
                [new TreePut(MirrorWorld.Path("a/b"), await world.StoreAsync("2"), world.Time.GetUtcNow())],
                [new TreeDelete(MirrorWorld.Path("a"))]),
            null, MirrorWorld.Actor);

        world.Catalog.View.Get(MirrorWorld.Images).Current.Entries.Single().Path.Value.ShouldBe("a/b");
    }

    [Fact]
    public async Task Replacing_a_folder_keeps_its_neighbours()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        foreach (var path in new[] { "a", "b-/x", "b/1", "b/2", "b/3/4", "b0", "c" })
            await world.PutAsync(path, path);

        var publication = await world.Catalog.PublishAsync(
            MirrorWorld.Images,
            TreeEdit.ReplaceBelow(
                MirrorWorld.Path("b"),
                [
                    new TreePut(MirrorWorld.Path("b/2"), await world.StoreAsync("b/2"), world.Time.GetUtcNow()),
                    new TreePut(MirrorWorld.Path("b/5"), await world.StoreAsync("5"), world.Time.GetUtcNow()),
                ]),
            null, MirrorWorld.Actor);

        publication.Snapshot.Entries.Select(entry => entry.Path.Value).ShouldBe(["a", "b-/x", "b/2", "b/5", "b0", "c"]);
        (publication.Written, publication.Removed).ShouldBe((1, 2));
    }

    [Fact]
    public async Task Rolling_back_makes_a_new_snapshot_with_the_old_content()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        await world.PutAsync("a", "1");
        await world.PutAsync("b", "1");
        var old = world.Catalog.View.Get(MirrorWorld.Images).Current;
        await world.PutAsync("a", "2");
        await world.DeleteAsync("b");

        var publication = await world.Catalog.RollbackAsync(MirrorWorld.Images, old.Number, MirrorWorld.Actor);

        publication.Snapshot.Number.ShouldBe(5);
        publication.Snapshot.Root.ShouldBe(old.Root);
        publication.Snapshot.Info.Note.ShouldBe("rollback to #2");
        (await world.Catalog.OpenSnapshotAsync(MirrorWorld.Images, 4, TestContext.Current.CancellationToken)).Entries.Single().Digest.ShouldBe(Sha256Digest.Of("2"u8));
    }

    [Fact]
    public async Task Edits_made_for_another_snapshot_are_refused()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        await world.PutAsync("a", "1");
        var edit = TreeEdit.Put(MirrorWorld.Path("b"), await world.StoreAsync("2"), world.Time.GetUtcNow());

        var error = await Should.ThrowAsync<FaultException>(() => world.Catalog.PublishAsync(MirrorWorld.Images, edit, 0, MirrorWorld.Actor));

        error.Fault.Is(CatalogFault.BaseChanged).ShouldBeTrue();
        error.Message.ShouldContain("#1 is current");
    }

    [Theory]
    [InlineData(MirrorKind.Synced, MirrorFormat.Tree, CatalogFault.KindUnsupported)]
    [InlineData(MirrorKind.Proxy, MirrorFormat.Tree, CatalogFault.KindUnsupported)]
    [InlineData(MirrorKind.Hosted, MirrorFormat.Npm, CatalogFault.FormatUnsupported)]
    [InlineData(MirrorKind.Hosted, MirrorFormat.Apt, CatalogFault.FormatUnsupported)]
    public async Task Kinds_and_formats_that_do_not_run_yet_are_refused(MirrorKind kind, MirrorFormat format, CatalogFault reason)
    {
        await using var world = MirrorWorld.Open();

        var error = await Should.ThrowAsync<FaultException>(() => world.Catalog.CreateMirrorAsync(MirrorWorld.Images, MirrorWorld.Actor, kind, format));

        error.Fault.Is(reason).ShouldBeTrue();
        error.Fault.Kind.ShouldBe(FaultKind.Unsupported);
        world.Catalog.View.Mirrors.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_deleted_mirror_is_gone_after_a_restart_too_and_its_name_is_free()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        await world.PutAsync("a", "1");

        await world.Catalog.DeleteMirrorAsync(MirrorWorld.Images, MirrorWorld.Actor);
        await world.RestartAsync();
        world.Catalog.View.Mirrors.ShouldBeEmpty();
        await world.Catalog.CreateMirrorAsync(MirrorWorld.Images, MirrorWorld.Actor);

        (await world.PutAsync("b", "2")).Snapshot.Entries.Single().Path.Value.ShouldBe("b");
    }
}

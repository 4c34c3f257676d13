using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;

namespace Entrepot.Tests.Mirror.Catalog;

/// <summary>Publications of large mirrors, which are prepared outside the writer of the database.</summary>
public sealed class PreparedPublicationTests
{
    [Fact]
    public async Task The_writer_is_free_while_a_publication_is_prepared()
    {
        await using var world = await OpenAsync();
        var others = MirrorName.Parse("others");
        world.Catalog.Prepared = () => world.Catalog.CreateMirrorAsync(others, MirrorWorld.Actor);

        (await world.PutAsync("b", "1")).Snapshot.Number.ShouldBe(2);

        world.Catalog.View.TryGet(others, out _).ShouldBeTrue();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    public async Task When_another_publication_comes_first_nothing_of_either_is_lost(int times)
    {
        await using var world = await OpenAsync();
        var came = 0;
        world.Catalog.Prepared = async () =>
        {
            if (came < times)
                await PutUnpreparedAsync(world, $"other-{came++}");
        };

        var publication = await world.PutAsync("b", "1");

        var paths = Enumerable.Range(0, came).Select(i => $"other-{i}").Prepend("b").Prepend("a");
        publication.Snapshot.Entries.Select(entry => entry.Path.Value).ShouldBe(paths);
        came.ShouldBe(Math.Min(times, 2));
        publication.Snapshot.Root.ShouldBe(SnapshotListing.RootOf(publication.Snapshot.Entries));
        await world.RestartAsync();
        world.Catalog.View.Get(MirrorWorld.Images).Current.Entries.ShouldBe(publication.Snapshot.Entries);
    }

    [Fact]
    public async Task Conditions_are_judged_against_what_came_first()
    {
        await using var world = await OpenAsync();
        world.Catalog.Prepared = async () =>
        {
            world.Catalog.Prepared = null;
            await PutUnpreparedAsync(world, "b");
        };

        var error = await Should.ThrowAsync<FaultException>(() => world.PutAsync("b", "2", PathCondition.Absent));

        error.Fault.Is(CatalogFault.ConditionFailed).ShouldBeTrue();
        world.Catalog.View.Get(MirrorWorld.Images).Current.Number.ShouldBe(2);
        world.Catalog.PrepareFrom = 0;
        (await world.PutAsync("b", "3")).Snapshot.Number.ShouldBe(3);  // the turn was given back
    }

    [Fact]
    public async Task A_mirror_that_is_made_anew_meanwhile_gets_the_file()
    {
        await using var world = await OpenAsync();
        world.Catalog.Prepared = async () =>
        {
            world.Catalog.Prepared = null;
            await world.Catalog.DeleteMirrorAsync(MirrorWorld.Images, MirrorWorld.Actor);
            await world.Catalog.CreateMirrorAsync(MirrorWorld.Images, MirrorWorld.Actor);
        };

        var publication = await world.PutAsync("b", "1");

        (publication.Snapshot.Number, publication.Snapshot.Entries.Single().Path.Value).ShouldBe((1, "b"));
    }

    private static async Task<MirrorWorld> OpenAsync()
    {
        var world = await MirrorWorld.OpenWithImagesAsync();
        await world.PutAsync("a", "1");
        world.Catalog.PrepareFrom = 0;
        return world;
    }

    /// <summary>A publication that takes no turn, as one of a mirror that was small when it began.</summary>
    private static async Task PutUnpreparedAsync(MirrorWorld world, string path)
    {
        world.Catalog.PrepareFrom = int.MaxValue;
        await world.PutAsync(path, path);
        world.Catalog.PrepareFrom = 0;
    }
}

using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;

namespace Entrepot.Tests.Mirror.Catalog;

/// <summary>What is kept of older snapshots.</summary>
public sealed class SnapshotMemoryTests
{
    [Fact]
    public async Task What_was_asked_for_longest_ago_goes_first_when_there_are_too_many_files()
    {
        var memory = new SnapshotMemory(capacity: 10);
        foreach (var number in new[] { 1, 2, 1, 3 })
            await GetAsync(memory, number, files: 4);
        memory.Readings.ShouldBe(3);

        await GetAsync(memory, 1, files: 4);
        memory.Readings.ShouldBe(3);
        await GetAsync(memory, 2, files: 4);
        memory.Readings.ShouldBe(4);
    }

    [Fact]
    public async Task One_that_is_larger_than_the_memory_is_kept_alone()
    {
        var memory = new SnapshotMemory(capacity: 10);
        await GetAsync(memory, 1, files: 1);
        await GetAsync(memory, 2, files: 11);
        await GetAsync(memory, 2, files: 11);
        memory.Readings.ShouldBe(2);
        await GetAsync(memory, 1, files: 1);
        memory.Readings.ShouldBe(3);
    }

    [Fact]
    public async Task Snapshots_of_the_same_number_of_two_mirrors_are_two()
    {
        var memory = new SnapshotMemory(capacity: 10);
        await memory.GetAsync(1, 1, () => Make(1, 1), TestContext.Current.CancellationToken);

        (await memory.GetAsync(2, 1, () => Make(1, 2), TestContext.Current.CancellationToken))!.Entries.Length.ShouldBe(2);
    }

    [Fact]
    public async Task A_reading_that_fails_or_finds_nothing_leaves_nothing()
    {
        var memory = new SnapshotMemory(capacity: 10);
        await Should.ThrowAsync<IOException>(() => memory.GetAsync(1, 1, () => throw new IOException(), TestContext.Current.CancellationToken));
        (await memory.GetAsync(1, 1, () => null, TestContext.Current.CancellationToken)).ShouldBeNull();

        (await GetAsync(memory, 1, files: 1)).Number.ShouldBe(1);
        memory.Readings.ShouldBe(3);
    }

    [Fact]
    public async Task Files_that_an_older_snapshot_shares_with_the_current_one_are_not_held_twice()
    {
        await using var world = await MirrorWorld.OpenWithImagesAsync();
        await world.PutAsync("a", "1");
        await world.PutAsync("b", "1");
        var current = (await world.PutAsync("b", "2")).Snapshot;

        var older = await world.Catalog.OpenSnapshotAsync(MirrorWorld.Images, 2, TestContext.Current.CancellationToken);

        older.Entries[0].ShouldBeSameAs(current.Entries[0]);
        older.Entries[1].Digest.ShouldBe(Sha256Digest.Of("1"u8));
    }

    private static async Task<TreeSnapshot> GetAsync(SnapshotMemory memory, long number, int files)
        => (await memory.GetAsync(1, number, () => Make(number, files), TestContext.Current.CancellationToken))!;

    private static TreeSnapshot Make(long number, int files)
        => new(
            new SnapshotInfo(MirrorWorld.Images, number, default, default, "", "", files, 0),
            [.. Enumerable.Range(0, files).Select(i => new TreeEntry(MirrorWorld.Path($"f{i}"), default, 0, default))]);
}

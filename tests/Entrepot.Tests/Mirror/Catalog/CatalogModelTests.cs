using System.Text;
using CsCheck;
using Dapper;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Catalog.GarbageCollection;

namespace Entrepot.Tests.Mirror.Catalog;

/// <summary>The catalog against the plainest model there is: a dictionary for each snapshot.</summary>
public sealed class CatalogModelTests
{
    // Neighbours of '/' in byte order, folders inside folders, and names in which UTF-16 order differs from UTF-8 order.
    private static readonly string[] Paths =
        ["a", "a-", "a-/x", "a.b", "a/b", "a/b/c", "a/b/d", "a/c", "a0", "b/\uFF5E", "b/\U0001D11E", "b/ü", "b/x/y/z", "c"];

    private static readonly string[] Folders = ["", "a", "a-", "a/b", "b", "b/x", "c", "nowhere"];

    private static readonly Gen<Step> Steps = Gen.Frequency(
        (8, Gen.Select(Gen.Int[0, Paths.Length - 1], Gen.Int[0, 4], Gen.Int[0, 3]).Select(t => (Step)new Put(Paths[t.Item1], $"content {t.Item2}", t.Item3))),
        (3, Gen.Int[0, Paths.Length - 1].Select(i => (Step)new Delete(Paths[i]))),
        (2, Gen.Select(Gen.Int[0, Folders.Length - 1].List[1, 3], Gen.Select(Gen.Int[0, Paths.Length - 1], Gen.Int[0, 4]).List[0, 4]).Select((folders, files) => (Step)new Replace(
            folders.ConvertAll(folder => Folders[folder]), files.DistinctBy(f => f.Item1).Select(f => (Paths[f.Item1], $"content {f.Item2}")).ToList()))),
        (2, Gen.Int[0, 12].Select(n => (Step)new Rollback(n))),
        (1, Gen.Int[1, 4].Select(keep => (Step)new Collect(keep))),
        (1, Gen.Const((Step)new Reopen())));

    [Theory]
    [InlineData(0)]
    [InlineData(int.MaxValue)]
    public async Task Whatever_is_done_the_catalog_holds_what_the_model_holds(int prepareFrom)
    {
        await using var world = MirrorWorld.Open();
        world.Catalog.PrepareFrom = prepareFrom;
        using var collector = new GarbageCollector(world.Catalog, world.Store, new GarbageCollectionOptions());
        var mirrors = 0;
        await Steps.List[1, 25].SampleAsync(
            async steps =>
            {
                var run = new Run(world, collector, MirrorName.Parse($"m{mirrors++}"));
                await world.Catalog.CreateMirrorAsync(run.Mirror, MirrorWorld.Actor, retention: Retention.Everything);
                foreach (var step in steps)
                {
                    world.Time.Advance(TimeSpan.FromSeconds(1));
                    await run.DoAsync(step);
                    run.CheckCurrent();
                }

                await run.CheckHistoryAsync(world.Catalog);
                await run.CheckHistoryAsync(MirrorCatalog.Open(world.State, world.Time));
                await world.Catalog.UpdateMirrorAsync(run.Mirror, null, Retention.Everything, MirrorWorld.Actor);
            },
            iter: 60, threads: 1);
    }

    private static Sha256Digest NaiveRoot(Model model) => Sha256Digest.Of(Encoding.UTF8.GetBytes(string.Concat(model
        .OrderBy(file => Convert.ToHexString(Encoding.UTF8.GetBytes(file.Key)), StringComparer.Ordinal)
        .Select(file => $"{Digest(file.Value.Content).Hex}  {file.Key}\n"))));

    private static Sha256Digest Digest(string content) => Sha256Digest.Of(Encoding.UTF8.GetBytes(content));

    private abstract record Step;

    private sealed record Put(string Path, string Content, int Condition) : Step;

    private sealed record Delete(string Path) : Step;

    private sealed record Replace(List<string> Folders, List<(string Path, string Content)> Files) : Step
    {
        public override string ToString() => $"Replace {string.Join(" and ", Folders)}: {string.Join(", ", Files)}";
    }

    private sealed record Rollback(int Number) : Step;

    private sealed record Collect(int Keep) : Step;

    private sealed record Reopen : Step;

    private sealed class Model(IEnumerable<KeyValuePair<string, (string Content, DateTimeOffset Modified)>> files)
        : Dictionary<string, (string Content, DateTimeOffset Modified)>(files, StringComparer.Ordinal)
    {
        public bool HasSameBytesAs(Model other) => Count == other.Count && this.All(file => other.TryGetValue(file.Key, out var f) && f.Content == file.Value.Content);

        public bool HasFileThatIsFolder() => Keys.Any(file => Keys.Any(other => other.StartsWith(file + "/", StringComparison.Ordinal)));
    }

    private sealed class Run(MirrorWorld world, GarbageCollector collector, MirrorName mirror)
    {
        private readonly SortedDictionary<long, Model> _history = new() { [0] = new Model([]) };

        private readonly MirrorCatalog _catalog = world.Catalog;

        public MirrorName Mirror => mirror;

        private Model Current => _history[_history.Keys.Max()];

        public async Task DoAsync(Step step)
        {
            switch (step)
            {
                case Put put:
                    await PutAsync(put);
                    break;
                case Delete delete:
                    await ExpectAsync(
                        new Model(Current.Where(file => file.Key != delete.Path)),
                        Current.ContainsKey(delete.Path) ? null : CatalogFault.PathNotFound,
                        () => _catalog.PublishAsync(mirror, TreeEdit.Delete(ContentPath.Parse(delete.Path)), null, MirrorWorld.Actor));
                    break;
                case Replace replace:
                    await ReplaceAsync(replace);
                    break;
                case Rollback rollback:
                    var target = _history.GetValueOrDefault(rollback.Number);
                    await ExpectAsync(
                        target is null ? Current : With(target.ToDictionary(file => file.Key, file => file.Value.Content), target),
                        target is null ? CatalogFault.SnapshotNotFound : null,
                        () => _catalog.RollbackAsync(mirror, rollback.Number, MirrorWorld.Actor));
                    break;
                case Collect collect:
                    await world.Catalog.UpdateMirrorAsync(mirror, null, new Retention(collect.Keep, null), MirrorWorld.Actor);
                    await collector.RunAsync(false, "system:test");
                    foreach (var number in _history.Keys.Where(number => number > 0).Reverse().Skip(collect.Keep).ToList())
                        _history.Remove(number);
                    world.State.Read(connection => connection.Query<(long Since, long? Until)>(
                            "SELECT since, until FROM entry WHERE mirror = (SELECT id FROM mirror WHERE name = @name)", new { name = mirror.Value }).ToList())
                        .ShouldAllBe(row => row.Until == null || _history.Keys.Any(number => number >= row.Since && number < row.Until));
                    break;
                default:
                    // What a start would read from disk now.
                    await CheckHistoryAsync(MirrorCatalog.Open(world.State, world.Time));
                    break;
            }
        }

        public void CheckCurrent()
        {
            var snapshot = _catalog.View.Get(mirror).Current;
            snapshot.Number.ShouldBe(_history.Keys.Max());
            Check(snapshot, Current);
            foreach (var path in Paths)
            {
                snapshot.TryGet(ContentPath.Parse(path), out var entry).ShouldBe(Current.ContainsKey(path));
                entry?.Path.Value.ShouldBe(path);
            }

            foreach (var folder in Folders)
                CheckFolder(snapshot, folder);
        }

        public async Task CheckHistoryAsync(MirrorCatalog catalog)
        {
            catalog.Snapshots(mirror).Select(snapshot => snapshot.Number).ShouldBe(_history.Keys.Where(number => number > 0).Reverse());
            TreeSnapshot? before = null;
            foreach (var (number, model) in _history)
            {
                var snapshot = await catalog.OpenSnapshotAsync(mirror, number);
                Check(snapshot, model);
                catalog.FindSnapshot(mirror, number).ShouldBe(snapshot.Info);
                foreach (var path in Paths.Concat(Folders.Where(folder => folder.Length > 0)).Select(ContentPath.Parse).Prepend(default))
                    catalog.Look(mirror, number, path).ShouldBe(snapshot.Look(path));
                if (before is not null)
                    CheckDiff(SnapshotDiff.Between(before, snapshot), _history[before.Number], model);
                before = snapshot;
            }
        }

        private static void Check(TreeSnapshot snapshot, Model model)
        {
            snapshot.Entries.ToDictionary(entry => entry.Path.Value, entry => (entry.Digest, entry.Size, entry.Modified))
                .ShouldBe(model.ToDictionary(file => file.Key, file => (Digest(file.Value.Content), (long)file.Value.Content.Length, file.Value.Modified)), ignoreOrder: true);
            snapshot.Root.ShouldBe(NaiveRoot(model));
            (snapshot.Info.Files, snapshot.Info.Bytes).ShouldBe((model.Count, model.Values.Sum(file => (long)file.Content.Length)));
            var listing = string.Concat(SnapshotListing.Chunks(snapshot.Entries).Select(chunk => Encoding.UTF8.GetString(chunk.Span)));
            Sha256Digest.Of(Encoding.UTF8.GetBytes(listing)).ShouldBe(snapshot.Root);
        }

        private static void CheckDiff(SnapshotDiff diff, Model from, Model to)
        {
            diff.Added.Select(entry => entry.Path.Value).ShouldBe(to.Keys.Except(from.Keys), ignoreOrder: true);
            diff.Removed.Select(entry => entry.Path.Value).ShouldBe(from.Keys.Except(to.Keys), ignoreOrder: true);
            diff.Changed.Select(change => (change.From.Path.Value, change.From.Digest, change.To.Digest)).ShouldBe(
                from.Where(file => to.TryGetValue(file.Key, out var other) && other.Content != file.Value.Content)
                    .Select(file => (file.Key, Digest(file.Value.Content), Digest(to[file.Key].Content))),
                ignoreOrder: true);
        }

        private async Task PutAsync(Put put)
        {
            var current = Current.TryGetValue(put.Path, out var file) ? file.Content : null;
            var (condition, holds) = put.Condition switch
            {
                1 => (PathCondition.Absent, current is null),
                2 => (PathCondition.Present, current is not null),
                3 => (PathCondition.OneOf(Digest("content 1"), Digest("content 2")), current is "content 1" or "content 2"),
                _ => (PathCondition.None, true),
            };
            var contents = Current.ToDictionary(f => f.Key, f => f.Value.Content);
            contents[put.Path] = put.Content;
            await ExpectAsync(
                With(contents, null), holds ? null : CatalogFault.ConditionFailed,
                async () => await _catalog.PublishAsync(
                    mirror, TreeEdit.Put(ContentPath.Parse(put.Path), await world.StoreAsync(put.Content), world.Time.GetUtcNow(), condition),
                    null, MirrorWorld.Actor));
        }

        private async Task ReplaceAsync(Replace replace)
        {
            var contents = Current.Where(file => !replace.Folders.Exists(folder => folder.Length == 0 || file.Key.StartsWith(folder + "/", StringComparison.Ordinal)))
                .ToDictionary(file => file.Key, file => file.Value.Content);
            var puts = new List<TreePut>();
            foreach (var (path, content) in replace.Files)
            {
                contents[path] = content;
                puts.Add(new TreePut(ContentPath.Parse(path), await world.StoreAsync(content), world.Time.GetUtcNow()));
            }

            var edit = TreeEdit.Of(puts, [], replace.Folders.Select(folder => folder.Length == 0 ? default : ContentPath.Parse(folder)));
            await ExpectAsync(With(contents, null), null, () => _catalog.PublishAsync(mirror, edit, null, MirrorWorld.Actor));
        }

        /// <summary>Unchanged bytes keep the time they have; others get that of the older snapshot, or now.</summary>
        private Model With(Dictionary<string, string> contents, Model? older) => new(contents.Select(file => KeyValuePair.Create(
            file.Key,
            Current.TryGetValue(file.Key, out var present) && present.Content == file.Value ? present
                : older is not null ? older[file.Key] : (file.Value, world.Time.GetUtcNow()))));

        private async Task ExpectAsync(Model next, CatalogFault? fault, Func<Task<Publication>> publish)
        {
            if (fault is null && next.HasFileThatIsFolder())
                fault = CatalogFault.FileAndFolder;
            if (fault is { } reason)
            {
                (await Should.ThrowAsync<FaultException>(publish)).Fault.Is(reason).ShouldBeTrue();
                return;
            }

            var publication = await publish();
            publication.IsNew.ShouldBe(!next.HasSameBytesAs(Current));
            publication.Written.ShouldBe(next.Count(file => !Current.TryGetValue(file.Key, out var f) || f.Content != file.Value.Content));
            publication.Removed.ShouldBe(Current.Keys.Except(next.Keys).Count());
            if (publication.IsNew)
                _history[_history.Keys.Max() + 1] = next;
        }

        private void CheckFolder(TreeSnapshot snapshot, string folder)
        {
            var prefix = folder.Length == 0 ? "" : folder + "/";
            var below = Current.Where(file => file.Key.StartsWith(prefix, StringComparison.Ordinal)).ToList();
            var listed = snapshot.List(folder.Length == 0 ? default : ContentPath.Parse(folder));
            if (below.Count == 0 && folder.Length > 0)
            {
                listed.ShouldBeNull();
                return;
            }

            var naive = below
                .GroupBy(file => file.Key[prefix.Length..].Split('/')[0])
                .Select(group => group.Any(file => file.Key == prefix + group.Key)
                    ? new FolderEntry(group.Key, false, group.Single().Value.Content.Length, group.Single().Value.Modified, Digest(group.Single().Value.Content), 1)
                    : new FolderEntry(group.Key, true, group.Sum(f => f.Value.Content.Length), group.Max(f => f.Value.Modified), null, group.Count()))
                .OrderByDescending(entry => entry.IsFolder)
                .ThenBy(entry => Convert.ToHexString(Encoding.UTF8.GetBytes(entry.Name)), StringComparer.Ordinal);
            listed.ShouldBe(naive);
        }
    }
}

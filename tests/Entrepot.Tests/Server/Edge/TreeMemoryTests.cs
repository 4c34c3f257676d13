using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Server.Api;
using Entrepot.Server.Edge;
using Entrepot.Server.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Entrepot.Tests.Server.Edge;

public sealed class TreeMemoryTests : IAsyncLifetime
{
    private static readonly NodeName One = NodeName.Parse("edge-1");
    private static readonly NodeName Two = NodeName.Parse("edge-2");

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-trees-").FullName;
    private StateDatabase _state = null!;

    public ValueTask InitializeAsync()
    {
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), Node.StateFeatures);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_was_learnt_is_there_after_a_restart_and_each_edge_has_its_own()
    {
        await WithAsync(One, memory =>
        {
            memory.Met(Tree(1));
            memory.Learnt(Tree(1), File("a", 1, "x"));
            memory.Met(Tree(2));
            memory.Learnt(Tree(2), File("b", 2, "y"));
        });
        await WithAsync(Two, memory => memory.Learnt(Tree(9), File("a", 9, "z")));

        await WithAsync(One, memory =>
        {
            memory.Mirrors().ShouldBe([Tree(2)]);
            memory.Find(Tree(2), ContentPath.Parse("a")).ShouldBe(File("a", 1, "x"));
            memory.Find(Tree(2), ContentPath.Parse("b")).ShouldBe(File("b", 2, "y"));
            memory.Find(Tree(2), ContentPath.Parse("c")).ShouldBeNull();
        });
        await WithAsync(Two, memory => memory.Find(Tree(9), ContentPath.Parse("a")).ShouldBe(File("a", 9, "z")));
    }

    [Fact]
    public async Task A_path_that_names_nothing_any_more_is_forgotten_and_a_changed_one_changed()
    {
        await WithAsync(One, memory =>
        {
            memory.Learnt(Tree(1), File("a", 1, "x"));
            memory.Learnt(Tree(1), File("b", 1, "x"));
            memory.Missed(Tree(2), ContentPath.Parse("a"));
            memory.Learnt(Tree(2), File("b", 2, "y"));
        });

        await WithAsync(One, memory =>
        {
            memory.Find(Tree(2), ContentPath.Parse("a")).ShouldBeNull();
            memory.Find(Tree(2), ContentPath.Parse("b")).ShouldBe(File("b", 2, "y"));
        });
    }

    [Fact]
    public async Task A_mirror_made_anew_under_the_same_name_knows_nothing_of_the_old_one()
    {
        var renewed = Tree(1) with { CreatedAt = Tree(1).CreatedAt.AddDays(1) };
        await WithAsync(One, memory =>
        {
            memory.Learnt(Tree(1), File("a", 1, "x"));
            memory.Met(renewed);
        });

        await WithAsync(One, memory =>
        {
            memory.Mirrors().ShouldBe([renewed]);
            memory.Find(renewed, ContentPath.Parse("a")).ShouldBeNull();
            memory.Forget(renewed);
        });
        await WithAsync(One, static memory => memory.Mirrors().ShouldBeEmpty());
    }

    [Fact]
    public async Task Beyond_the_limit_the_oldest_paths_go()
    {
        await WithAsync(
            One,
            memory =>
            {
                for (var i = 0; i < 2000; i++)
                    memory.Learnt(Tree(1), File($"file-{i}", 1, "x"));
            },
            maxPaths: 100);

        await WithAsync(One, memory =>
        {
            var kept = Enumerable.Range(0, 2000).Where(i => memory.Find(Tree(1), ContentPath.Parse($"file-{i}")) is not null).ToList();
            kept.Count.ShouldBeInRange(90, 100);
            kept.ShouldBe(Enumerable.Range(2000 - kept.Count, kept.Count));
        });
    }

    /// <summary>What can't be written stays in the queue and is written as soon as it can be.</summary>
    [Fact]
    public async Task A_full_disk_loses_nothing()
    {
        var pages = _state.Read(static connection => Scalar(connection, "PRAGMA page_count"));
        await _state.WriteAsync(transaction => transaction.Scalar<long>($"PRAGMA max_page_count = {pages}"));
        await WithAsync(One, memory =>
        {
            for (var i = 0; i < 3000; i++)
                memory.Learnt(Tree(1), File($"file-{i}", 1, "x"));
            memory.Find(Tree(1), ContentPath.Parse("file-2999")).ShouldBeNull();
            // Room again before the stop, which tries once more.
            _state.WriteAsync(static transaction => transaction.Scalar<long>("PRAGMA max_page_count = 1000000")).GetAwaiter().GetResult();
        });

        await WithAsync(One, memory => Enumerable.Range(0, 3000)
            .ShouldAllBe(i => memory.Find(Tree(1), ContentPath.Parse($"file-{i}")) != null));

        static long Scalar(Microsoft.Data.Sqlite.SqliteConnection connection, string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            return (long)command.ExecuteScalar()!;
        }
    }

    private static TreeKey Tree(long number)
        => new(MirrorName.Parse("images"), number, Sha256Digest.Of(BitConverter.GetBytes(number)), DateTimeOffset.UnixEpoch.AddYears(56));

    private static FileDocument File(string path, long snapshot, string content)
        => new("images", ContentPath.Parse(path), snapshot, Sha256Digest.Of(System.Text.Encoding.ASCII.GetBytes(content)), content.Length, DateTimeOffset.UnixEpoch.AddYears(50));

    private async Task WithAsync(NodeName edge, Action<TreeMemory> use, int maxPaths = TreeMemory.MaxPaths)
    {
        await using var memory = new TreeMemory(_state, edge, TimeProvider.System, NullLogger.Instance, maxPaths);
        use(memory);
    }
}

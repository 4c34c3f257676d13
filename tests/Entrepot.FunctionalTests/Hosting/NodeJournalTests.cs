using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Server.Configuration;
using Entrepot.Server.Hosting;

namespace Entrepot.FunctionalTests.Hosting;

/// <summary>What the journal tells of a node's runs.</summary>
public sealed class NodeJournalTests : IDisposable
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-runs-").FullName;

    private NodePlan Plan => new(
        NodeRoles.Origin,
        Settings.Default with
        {
            DataFolder = _folder,
            Push = Settings.Default.Push with { Port = 0 },
            Metadata = Settings.Default.Metadata with { Port = 0 },
            Admin = Settings.Default.Admin with { Port = 0 },
            Scheduler = Settings.Default.Scheduler with { Port = 0 },
        },
        PublishRuntime: false);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Each_run_begins_and_ends_with_its_entry()
    {
        await (await Node.StartAsync(Plan, TestLog.Factory, TimeProvider.System, Cancellation)).DisposeAsync();
        var broken = Plan with { Settings = Plan.Settings with { OpenIdConnect = new OpenIdConnectSettings { Issuer = "https://login.example", ClientId = "a", ClientSecretFile = Path.Combine(_folder, "gone") } } };
        await Should.ThrowAsync<FaultException>(() => Node.StartAsync(broken, TestLog.Factory, TimeProvider.System, Cancellation));
        await (await Node.StartAsync(Plan, TestLog.Factory, TimeProvider.System, Cancellation)).DisposeAsync();

        var (runs, all) = await ReadAsync();
        runs.Select(static entry => $"{entry.Action} {entry.Result} {entry.By.Who}").ShouldBe(
        [
            "node.start Done system:node", "node.stop Done system:node", "node.start Done system:node", "node.stop Failed system:node", "node.start Done system:node", "node.stop Done system:node",
        ]);
        runs.ShouldAllBe(static entry => entry.Details.Contains("\"roles\":\"origin\"") && entry.Details.Contains("\"version\":\"") && entry.Subject == "origin" && !entry.Details.Contains("previousRun"));
        (all[0].Action, all[^1].Action).ShouldBe(("node.start", "node.stop"), "nothing of a run is outside of them");
    }

    [Fact]
    public async Task A_run_that_was_not_stopped_is_told_by_the_next()
    {
        using var sealing = SealingKey.OpenOrCreate(Path.Combine(_folder, "trust", "sealing.key"));
        await using var state = StateDatabase.Open(Path.Combine(_folder, "state.db"), sealing, Node.StateFeatures);
        await NodeJournal.BeginAsync(state, Plan, "1.0", TimeProvider.System, Cancellation);
        await using (var killed = await NodeJournal.BeginAsync(state, Plan, "1.0", TimeProvider.System, Cancellation))
            killed.Up();
        // Somebody read the folder at rest.
        await state.WriteAsync(static transaction => JournalTable.Append(transaction, new JournalEntry(DateTimeOffset.UnixEpoch, "operator@uid:0", "journal.read", "journal")), Cancellation);
        await NodeJournal.BeginAsync(state, Plan, "1.0", TimeProvider.System, Cancellation);

        JournalTable.ReadNewest(state, 10).Where(static entry => entry.Action == "node.start").Select(static entry => entry.Details.Contains("\"previousRun\":\"was not stopped\"")).ShouldBe([false, true, false]);
    }

    private async Task<(IReadOnlyList<JournalEntry> Runs, IReadOnlyList<JournalEntry> All)> ReadAsync()
    {
        using var sealing = SealingKey.OpenOrCreate(Path.Combine(_folder, "trust", "sealing.key"));
        await using var state = StateDatabase.Open(Path.Combine(_folder, "state.db"), sealing, Node.StateFeatures);
        var all = JournalTable.Read(state, 0, JournalTable.MaxPage);
        return ([.. all.Where(static entry => entry.Action is "node.start" or "node.stop")], all);
    }
}

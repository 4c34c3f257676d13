using Entrepot.Core.Journal;
using Entrepot.Core.State;

namespace Entrepot.Server.Hosting;

/// <summary>Journals that a node starts and stops (PCI DSS 10.2.1.6): the first entry of its run, and, if it comes to that, the last.</summary>
internal sealed class NodeJournal : IAsyncDisposable
{
    private const string Actor = "system:node";
    private const string Start = "node.start";
    private const string Stop = "node.stop";

    /// <summary>How far back it is looked for how the run before ended; only readings of a folder at rest stand after it.</summary>
    private const int Lookback = 100;

    private readonly StateDatabase _state;
    private readonly NodePlan _plan;
    private readonly string _version;
    private readonly TimeProvider _time;
    private bool _isRunning;

    private NodeJournal(StateDatabase state, NodePlan plan, string version, TimeProvider time) => (_state, _plan, _version, _time) = (state, plan, version, time);

    /// <summary>Journals the start, before anything else happens to the state.</summary>
    public static async Task<NodeJournal> BeginAsync(StateDatabase state, NodePlan plan, string version, TimeProvider time, CancellationToken cancellation)
    {
        var last = JournalTable.ReadNewest(state, Lookback).LastOrDefault(static entry => !entry.Action.StartsWith("journal.", StringComparison.Ordinal));
        var journal = new NodeJournal(state, plan, version, time);
        await journal.AppendAsync(Start, JournalResult.Done, last is null or { Action: Stop } ? null : "was not stopped", cancellation);
        return journal;
    }

    /// <summary>Notes that the node has come up; what ends before that has failed to start.</summary>
    public void Up() => _isRunning = true;

    /// <summary>Journals the stop, after everything else.</summary>
    public async ValueTask DisposeAsync() => await AppendAsync(Stop, _isRunning ? JournalResult.Done : JournalResult.Failed, null, CancellationToken.None);

    private Task AppendAsync(string action, JournalResult result, string? before, CancellationToken cancellation)
        => _state.WriteAsync(
            transaction => JournalTable.Append(
                transaction,
                new JournalEntry(
                    _time.GetUtcNow(), Actor, action, _plan.Settings.Node.Value,
                    JournalDetails.Of(("version", _version), ("roles", _plan.Roles.ToString().ToLowerInvariant()), ("previousRun", before)))
                {
                    Result = result,
                }),
            cancellation);
}

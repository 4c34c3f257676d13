using System.Globalization;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Findings;

/// <summary>Keeps findings: takes observations in, writes every step of a finding's life together with its journal entry.</summary>
/// <param name="state">Where findings are kept.</param>
/// <param name="time">The clock of what people do.</param>
public sealed class FindingBook(StateDatabase state, TimeProvider time)
{
    /// <summary>Most resolved findings that are kept.</summary>
    public const int MaxResolved = 10_000;

    /// <summary>Most findings of one answer.</summary>
    public const int MaxPage = 1_000;

    /// <summary>Longest note in characters.</summary>
    public const int MaxNote = 500;

    /// <summary>The findings, the open ones first, the newest of them first.</summary>
    /// <param name="resolved">True to show resolved ones as well.</param>
    public IReadOnlyList<Finding> List(bool resolved) => FindingTable.Read(state, resolved, MaxPage);

    /// <summary>Takes an observation in.</summary>
    /// <returns>The steps that changed a state.</returns>
    public Task<IReadOnlyList<FindingTransition>> ObserveAsync(FindingObservation observation, CancellationToken cancellation = default)
        => state.WriteAsync<IReadOnlyList<FindingTransition>>(
            transaction =>
            {
                var at = Rounded(observation.At);
                return Write(transaction, FindingReconciler.Reconcile(FindingTable.ReadNode(transaction, observation.Node), observation with { At = at }), at);
            },
            cancellation);

    /// <summary>Takes in a look at a node's pools.</summary>
    /// <param name="node">The node.</param>
    /// <param name="at">When the looking began.</param>
    /// <param name="pools">Every pool of the node.</param>
    /// <param name="cancellation">Gives up before it begins.</param>
    /// <returns>The steps that changed a state.</returns>
    public Task<IReadOnlyList<FindingTransition>> ObservePoolsAsync(
        NodeName node, DateTimeOffset at, IReadOnlyList<PoolUsage> pools, CancellationToken cancellation = default)
        => state.WriteAsync(
            transaction => Write(transaction, FindingReconciler.ReconcilePools(FindingTable.ReadNode(transaction, node), node, Rounded(at), pools), Rounded(at)),
            cancellation);

    /// <summary>Marks an open finding as known or as worked on.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="target"><see cref="FindingState.Acknowledged"/> or <see cref="FindingState.Fixing"/>.</param>
    /// <param name="actor">Who says so.</param>
    /// <param name="note">Why, or null.</param>
    /// <param name="cancellation">Gives up before it begins.</param>
    /// <exception cref="FaultException"><see cref="FindingFault"/>.</exception>
    public Task<Finding> MarkAsync(long id, FindingState target, string actor, string? note, CancellationToken cancellation = default)
    {
        if (note?.Length > MaxNote)
            throw Fault.Of(FindingFault.Note, FaultKind.TooLarge, $"The note has {note.Length} characters.", $"Use at most {MaxNote}.").ToException();
        return state.WriteAsync(
            transaction =>
            {
                var finding = FindingTable.Find(transaction, id)
                    ?? throw Fault.Of(FindingFault.NotFound, FaultKind.NotFound, $"There is no finding {id}.", "See 'entrepot ports findings list --resolved'.").ToException();
                if (!finding.IsOpen)
                    throw Fault.Of(
                        FindingFault.Resolved, FaultKind.Conflict, $"Finding {id} was resolved at {finding.Resolved:u}.", "It is reopened by itself when it is seen again.").ToException();
                if (FindingReconciler.Mark(finding, target, actor, note) is not { } step)
                    return finding;
                Write(transaction, step, actor, time.GetUtcNow());
                return step.After;
            },
            cancellation);
    }

    /// <summary>Times are kept to the millisecond, and must compare alike before and after.</summary>
    private static DateTimeOffset Rounded(DateTimeOffset at) => DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds());

    private static IReadOnlyList<FindingTransition> Write(StateTransaction transaction, IReadOnlyList<FindingTransition> steps, DateTimeOffset at)
    {
        foreach (var step in steps)
            Write(transaction, step, "system:watch", at);
        if (steps.Any(static step => step.After.State == FindingState.Resolved))
            FindingTable.Trim(transaction, MaxResolved);
        return [.. steps.Where(static step => step.IsChange)];
    }

    private static void Write(StateTransaction transaction, FindingTransition step, string actor, DateTimeOffset at)
    {
        FindingTable.Put(transaction, step.After);
        if (!step.IsChange)
            return;
        var details = new Dictionary<string, string>
        {
            ["kind"] = FindingTable.NameOf(step.After.Key.Kind),
            ["to"] = FindingTable.NameOf(step.After.State),
            ["reason"] = step.Reason,
        };
        if (step.From is { } from)
            details["from"] = FindingTable.NameOf(from);
        if (step.After.State == FindingState.Resolved)
            details["openSeconds"] = ((long)step.After.Age(at).TotalSeconds).ToString(CultureInfo.InvariantCulture);
        JournalTable.Append(
            transaction, new JournalEntry(at, actor, "finding." + Verb(step.After.State), step.After.Key.Subject, JsonSerializer.Serialize(details))
            {
                Before = step.From is { } before ? JsonSerializer.Serialize(FindingTable.NameOf(before)) : null,
                After = JsonSerializer.Serialize(FindingTable.NameOf(step.After.State)),
            });
    }

    private static string Verb(FindingState state) => state switch
    {
        FindingState.New => "open",
        FindingState.Acknowledged => "acknowledge",
        FindingState.Fixing => "fix",
        FindingState.Resolved => "resolve",
        _ => "reopen",
    };
}

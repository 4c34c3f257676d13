using Entrepot.Cli.Rendering;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Ports.Reachability;
using Entrepot.Server.Client;
using Entrepot.Server.Enrolment;
using Entrepot.Server.PortWatch;

namespace Entrepot.Cli;

/// <summary>Has the origin say whether a change of ports stays: before the change it must reach the node, and after it, by fresh connections,
/// every port that it reached before.</summary>
internal sealed class OriginConfirmation
{
    /// <summary>Time that taking a change back needs before the watchdog would.</summary>
    private static readonly TimeSpan Reserve = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly CommandContext _context;
    private readonly NodeName _node;
    private readonly IReadOnlyList<ReachDocument> _before;

    private OriginConfirmation(CommandContext context, NodeName node, IReadOnlyList<ReachDocument> before) => (_context, _node, _before) = (context, node, before);

    /// <summary>Looks before anything is changed.</summary>
    /// <exception cref="FaultException">The origin can't be asked, or does not reach the node as it is.</exception>
    public static async Task<OriginConfirmation> PrepareAsync(CommandContext context, NodeName node, CancellationToken cancellation)
    {
        var seen = await LookAsync(context, node, cancellation);
        if (seen.Count > 0 && seen.All(static reach => reach.SameMachine))
            throw Fault.Of(
                CliFault.Usage, FaultKind.Unsupported, $"The origin runs on the machine of '{node}' and can't tell what is let in from outside.",
                "Confirm it yourself: leave out --confirm-by.").ToException();
        List<ReachDocument> open = [.. seen.Where(static reach => reach is { SameMachine: false, Reach: Reach.Open })];
        return open.Count > 0
            ? new OriginConfirmation(context, node, open)
            : throw Fault.Of(
                CliFault.Usage, FaultKind.Unavailable, $"The origin does not reach '{node}' as it is: {Say(seen)}.",
                "See that the node has reported and can be reached, or confirm yourself: leave out --confirm-by.").ToException();
    }

    /// <summary>Looks again and again until the origin gets through, or time is over.</summary>
    /// <param name="deadline">When the change is taken back by itself.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<(bool Reached, string Why)> TryAsync(DateTimeOffset deadline, CancellationToken cancellation)
    {
        var time = _context.Environment.Time;
        var why = "The origin was not asked in time.";
        var left = deadline - Reserve - time.GetUtcNow();
        using var limit = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            while (true)
            {
                (var reached, why) = await TryOnceAsync(either.Token);
                if (reached)
                    return (true, why);
                await Task.Delay(Pause, time, either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (false, why);
        }
    }

    private async Task<(bool Reached, string Why)> TryOnceAsync(CancellationToken cancellation)
    {
        try
        {
            var after = (await LookAsync(_context, _node, cancellation)).ToLookup(static reach => (reach.Protocol, reach.Port), static reach => reach.Reach);
            List<ReachDocument> now = [.. _before.Select(before => before with { Reach = after[(before.Protocol, before.Port)].FirstOrDefault() })];
            return now.TrueForAll(static reach => reach.Reach == Reach.Open)
                ? (true, $"The origin gets through: {Say(now)}.")
                : (false, $"The origin does not get through any more: {Say(now)}.");
        }
        catch (FaultException error)
        {
            return (false, $"The origin could not be asked: {error.Message}");
        }
    }

    /// <summary>Asks as the node itself where its data folder is, else by the caller's credential; by connections of its own, as those that were there before the change say nothing of it.</summary>
    private static async Task<IReadOnlyList<ReachDocument>> LookAsync(CommandContext context, NodeName node, CancellationToken cancellation)
    {
        using var asNode = MemberClient.TryOpen(context.DataFolder, context.Environment.Time, out var origin);
        if (asNode is not null)
            return await (await EntrepotClient.ConnectAsync(asNode, origin!, cancellation)).ProbeNodeAsync(node.Value, cancellation);
        using var fresh = context.WithFreshConnections();
        var client = await fresh.ConnectAsync(cancellation);
        return await client.ProbeNodeAsync(node.Value, cancellation);
    }

    private static string Say(IReadOnlyList<ReachDocument> seen)
        => seen.Count == 0 ? "it tried nothing" : string.Join(", ", seen.Select(static reach => $"{reach.Protocol}/{Units.Number(reach.Port)} {reach.Reach.ToString().ToLowerInvariant()}"));
}

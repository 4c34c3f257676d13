using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot nodes</c>.</summary>
internal static class NodesCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
        => common.ForNetwork("nodes", "List the edges with their state and load", ("entrepot nodes", "Who is in, who is out, and why"))
            .Runs(environment, common, async (context, cancellation) =>
            {
                var client = await context.ConnectAsync(cancellation);
                var nodes = await client.ListNodesAsync(cancellation);
                var now = environment.Time.GetUtcNow();
                context.Write(nodes, ApiJson.Default.IReadOnlyListNodeDocument, found => Tables.Write(
                    context,
                    ["node", "site", "state", "url", new("transfers", true), new("rate", true), new("held", true), new("of", true), new("errors", true), "seen", "reason"],
                    [.. found.Select(node => (string[])
                    [
                        node.Last.Node, node.Last.Site, node.State, node.Last.Url, Units.Count(node.Last.ActiveTransfers), Units.Rate(node.Last.BytesPerSecond),
                        Units.Size(node.Last.HeldBytes), Units.Size(node.Last.CapacityBytes), Units.Count(node.Last.RecentErrors),
                        Units.Ago(now - node.LastSeen), node.Reason,
                    ])],
                    "No edge has sent a heart-beat yet."));
                return ExitCodes.Done;
            });
}

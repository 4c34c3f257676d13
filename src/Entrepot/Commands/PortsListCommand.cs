using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Server.Client;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot ports list</c>.</summary>
internal static class PortsListCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
        => common.ForNetwork("list", "List the leased ports with the reason for each", ("entrepot ports list", "Who has which port, and whether it listens there"))
            .Runs(environment, common, async (context, cancellation) =>
            {
                var client = await context.ConnectAsync(cancellation);
                var leases = await client.ListPortsAsync(cancellation);
                context.Write(leases, ClientJson.Default.IReadOnlyListPortListEntry, found => Tables.Write(
                    context,
                    [new("port", true), "protocol", "node", "service", "state", "verdict", "listeners", "reason"],
                    [.. found.Select(static lease => (string[])
                    [
                        Units.Number(lease.Port), lease.Protocol, lease.Node, lease.Service, Lower(lease.State), lease.Verdict is { } verdict ? Lower(verdict) : "",
                        string.Join(", ", lease.Listeners.Select(static listener => listener.Holder).Distinct()), lease.Reason,
                    ])],
                    "No port is leased."));
                return ExitCodes.Done;
            });

    /// <summary>An enumeration's name as words: <c>InUse</c> is <c>in use</c>.</summary>
    public static string Lower<T>(T value)
        where T : struct, Enum => Lower(value.ToString());

    /// <summary>The same of a name that came as text.</summary>
    public static string Lower(string name)
        => string.Concat(name.Select(static (letter, index) => char.IsUpper(letter) ? (index == 0 ? "" : " ") + char.ToLowerInvariant(letter) : letter.ToString()));

}

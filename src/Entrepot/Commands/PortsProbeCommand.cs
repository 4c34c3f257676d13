using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Faults;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Reachability;
using Entrepot.Server.Api;
using Entrepot.Server.Client;
using Entrepot.Server.PortWatch;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot ports probe</c>.</summary>
internal static class PortsProbeCommand
{
    private const string Here = "here";

    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var what = new Argument<string?>("service|port") { Description = "A surface, a node or a port; all of the network when left out", Arity = ArgumentArity.ZeroOrOne };
        var command = common.ForNetwork(
            "probe", "Try from here whether the network's ports can be reached, and show what its nodes found from where they are",
            ("entrepot ports probe", "Every surface of the network"),
            ("entrepot ports probe scheduler", "One of them"),
            ("entrepot ports probe 8333", "By its port"));
        command.Add(what);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var client = await context.ConnectAsync(cancellation);
            var wanted = context.Get(what);
            var surfaces = client.Network.Surfaces.Where(surface => Fits(surface, wanted)).ToList();
            if (surfaces.Count == 0)
                throw Fault.Of(
                    CliFault.Usage, FaultKind.NotFound, $"'{wanted}' is neither a surface nor a node nor a port of this network.",
                    $"It has {string.Join(", ", client.Network.Surfaces.Select(static surface => $"{surface.Surface} ({surface.Port})").Distinct())}.").ToException();
            var found = await ProbeAsync(surfaces, environment.Time, cancellation);
            var ports = surfaces.Select(static surface => surface.Port).ToHashSet();
            IReadOnlyList<ReachDocument> all = [.. found, .. (await client.GetReachAsync(cancellation)).Where(reach => ports.Contains(reach.Port))];
            context.Write(all, ClientJson.Default.IReadOnlyListReachDocument, reaches => Tables.Write(
                context,
                [new("port", true), "node", "from", "reachable", new("confidence", true), "tried"],
                [.. reaches.OrderBy(static reach => reach.Port).Select(reach => (string[])
                [
                    Units.Number(reach.Port), reach.Node, reach.From + (reach.SameMachine ? " (same machine)" : ""), PortsListCommand.Lower(reach.Reach),
                    reach.Reach == Reach.Unknown ? "" : reach.Confidence.ToString("P0", CultureInfo.InvariantCulture).Replace(" ", "", StringComparison.Ordinal),
                    Units.Ago(environment.Time.GetUtcNow() - reach.At),
                ])],
                "Nothing was tried."));
            return found.All(static reach => reach.Reach == Reach.Open) ? ExitCodes.Done : ExitCodes.Negative;
        });
    }

    private static bool Fits(SurfaceDocument surface, string? wanted)
        => wanted is null || surface.Surface == wanted || surface.Node == wanted || Units.Number(surface.Port) == wanted;

    private static async Task<IReadOnlyList<ReachDocument>> ProbeAsync(List<SurfaceDocument> surfaces, TimeProvider time, CancellationToken cancellation)
    {
        var targets = new List<(SurfaceDocument Surface, ProbeTarget Target)>();
        foreach (var surface in surfaces)
        {
            if (await AddressAsync(new Uri(surface.Url), cancellation) is { } address)
                targets.Add((surface, new ProbeTarget(PortProtocol.Tcp, address, surface.Port)));
        }

        var results = await new PortProber(new SocketProbe(time)).ProbeAsync([.. targets.Select(static pair => pair.Target)], cancellation);
        var now = time.GetUtcNow();
        return [.. targets.Zip(results, (pair, result) => new ReachDocument(
            pair.Surface.Node, PortProtocol.Tcp.Name(), pair.Surface.Port, Here, result.Reach, result.Confidence, IPAddress.IsLoopback(pair.Target.Address), now))];
    }

    private static async Task<IPAddress?> AddressAsync(Uri url, CancellationToken cancellation)
    {
        try
        {
            return (await Dns.GetHostAddressesAsync(url.DnsSafeHost, cancellation)).FirstOrDefault();
        }
        catch (SocketException)
        {
            return null;
        }
    }
}

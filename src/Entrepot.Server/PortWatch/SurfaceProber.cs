using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Reachability;

namespace Entrepot.Server.PortWatch;

/// <summary>Tries from this node whether the others' ports can be reached. Nobody can name a target: they are what the origin's settings and
/// portfile declare, so that a node is no proxy for anybody's scans. One round after the other, so many ports at once.</summary>
/// <param name="node">This node, whose own ports are left out.</param>
/// <param name="origin">The origin's address: when it is on this machine, so are the surfaces that have loopback addresses.</param>
/// <param name="prober">Probes.</param>
/// <param name="time">The clock.</param>
internal sealed class SurfaceProber(NodeName node, Uri origin, PortProber prober, TimeProvider time)
{
    /// <summary>The first round waits so long, for the network to be complete.</summary>
    private static readonly TimeSpan Warmup = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ResolvePatience = TimeSpan.FromSeconds(2);

    /// <summary>Probes again and again until cancelled.</summary>
    /// <param name="targets">Asks the origin what to try.</param>
    /// <param name="interval">Time between rounds.</param>
    /// <param name="report">Takes each round's results.</param>
    /// <param name="cancellation">Stops.</param>
    public async Task RunAsync(
        Func<CancellationToken, Task<IReadOnlyList<ProbeTargetDocument>?>> targets, TimeSpan interval, Action<IReadOnlyList<ProbeReport>> report, CancellationToken cancellation)
    {
        await Task.Delay(Warmup < interval ? Warmup : interval, time, cancellation);
        using var timer = new PeriodicTimer(interval, time);
        do
        {
            if (await targets(cancellation) is { } current)
                report(await RoundAsync(current, cancellation));
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    /// <summary>Probes each target once.</summary>
    internal async Task<IReadOnlyList<ProbeReport>> RoundAsync(IReadOnlyList<ProbeTargetDocument> targets, CancellationToken cancellation)
    {
        var own = OwnAddresses();
        var places = new List<(ProbeTargetDocument Named, ProbeTarget Target)>();
        foreach (var named in targets.Where(named => named.Node != node.Value && named.Port is >= 1 and <= PortSet.MaxPort).Take(ProbeTargets.Max))
        {
            if (PortProtocols.TryParse(named.Protocol, out var protocol) && await AddressAsync(named.Host, cancellation) is { } address && IsMeantForUs(address))
                places.Add((named, new ProbeTarget(protocol, address, named.Port)));
        }

        var results = await prober.ProbeAsync([.. places.Select(static place => place.Target)], cancellation);
        return [.. places.Zip(results, (place, result) => new ProbeReport(
            place.Named.Node, place.Named.Protocol, place.Named.Port, result.Reach, result.Confidence, result.Tries,
            IPAddress.IsLoopback(place.Target.Address) || own.Contains(place.Target.Address))
        {
            LatencyMs = result.Latency?.TotalMilliseconds,
            Lost = result.Lost,
        })];
    }

    /// <summary>A loopback address names the machine that says it. Only when that is this one may it be tried.</summary>
    private bool IsMeantForUs(IPAddress address) => !IPAddress.IsLoopback(address) || origin.IsLoopback;

    private static async Task<IPAddress?> AddressAsync(string host, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(host, out var literal))
            return literal;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(ResolvePatience);
        try
        {
            return (await Dns.GetHostAddressesAsync(host, deadline.Token)).FirstOrDefault();
        }
        catch (Exception error) when (error is SocketException or ArgumentException || (error is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return null;
        }
    }

    private static HashSet<IPAddress> OwnAddresses()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(static one => one.GetIPProperties().UnicastAddresses).Select(static one => one.Address)];
        }
        catch (NetworkInformationException)
        {
            return [];
        }
    }
}

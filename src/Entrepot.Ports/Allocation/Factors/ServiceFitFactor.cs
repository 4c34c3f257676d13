using System.Globalization;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Allocation.Factors;

/// <summary>Factor 1: nearness to the wanted number, or an ending that people recognise it by; the customary number of the service;
/// not the customary number of another one.</summary>
internal sealed class ServiceFitFactor : PortFactorRule
{
    private const byte Customary = 242;
    private const byte SameEnding = 217;
    private const byte Foreign = 26;

    // The customary numbers of all services, by transport; the service's own are lifted in Score.
    private static readonly byte[][] Tables = [.. PortProtocols.All.Select(static protocol
        => Table(port => WellKnownServices.On(port, protocol) is null ? Neutral : Foreign))];

    public override PortFactor Factor => PortFactor.ServiceFit;

    public override ReadOnlySpan<byte> Score(FactorContext context, int first, Span<byte> scratch)
    {
        var request = context.Request;
        var table = Slice(Tables[(int)request.Protocol], first, scratch);
        var own = Own(request);
        if (request.WantedPort is null or PortRequest.AnyPort && own.Count == 0)
            return table;
        table.CopyTo(scratch);
        if (request.WantedPort is { } wanted and not PortRequest.AnyPort)
            Wish(wanted, first, scratch);
        foreach (var service in own)
        {
            if (service.Port >= first && service.Port < first + scratch.Length)
                scratch[service.Port - first] = Math.Max(scratch[service.Port - first], Customary);
        }

        return scratch;
    }

    public override string Say(FactorContext context, int port)
    {
        var request = context.Request;
        var wanted = request.WantedPort is null or PortRequest.AnyPort ? (int?)null : request.WantedPort;
        if (port == wanted)
            return "the wanted number";
        if (Own(request).Any(service => service.Port == port))
            return "customary for this service";
        if (WellKnownServices.On(port, request.Protocol) is { } other)
            return $"customary for {other.Name}";
        if (wanted is { } wish)
        {
            if (Ending(port, wish))
                return string.Create(CultureInfo.InvariantCulture, $"ends like {wish}");
            if (Math.Abs(port - wish) < 1000)
                return string.Create(CultureInfo.InvariantCulture, $"{Math.Abs(port - wish)} from {wish}");
        }

        return "no service has it by custom";
    }

    /// <summary>The customary numbers of the service, by its name or else by the number that it wants.</summary>
    private static IReadOnlyList<WellKnownService> Own(PortRequest request)
    {
        var named = WellKnownServices.Of(request.Service, request.Protocol);
        return named.Count == 0 && request.WantedPort is { } wanted && WellKnownServices.On(wanted, request.Protocol) is { } custom
            ? WellKnownServices.Of(custom.Name, request.Protocol)
            : named;
    }

    private static void Wish(int wanted, int first, Span<byte> scores)
    {
        Near(wanted, 999, 153, first, scores);
        Near(wanted, 99, 178, first, scores);
        Near(wanted, 9, 204, first, scores);
        var step = Step(wanted);
        for (var port = wanted % step; port <= PortSet.MaxPort; port += step)
            Raise(port, SameEnding, first, scores);
        if (wanted >= first && wanted < first + scores.Length)
            scores[wanted - first] = Best;
    }

    private static bool Ending(int port, int wanted) => port % Step(wanted) == wanted % Step(wanted);

    /// <summary>Four-digit numbers are known by all their digits, shorter ones by three: 58443 reminds of 8443.</summary>
    private static int Step(int wanted) => wanted >= 1000 ? 10_000 : 1000;

    private static void Near(int wanted, int distance, byte score, int first, Span<byte> scores)
    {
        var last = Math.Min(wanted + distance, first + scores.Length - 1);
        for (var port = Math.Max(wanted - distance, first); port <= last; port++)
            Raise(port, score, first, scores);
    }

    private static void Raise(int port, byte score, int first, Span<byte> scores)
    {
        var index = port - first;
        if (index >= 0 && index < scores.Length && scores[index] != Foreign)
            scores[index] = Math.Max(scores[index], score);
    }
}

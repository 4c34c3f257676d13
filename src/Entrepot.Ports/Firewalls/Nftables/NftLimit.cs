using System.Globalization;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Firewalls.Nftables;

/// <summary>A limit and the chain that holds it. Doors of one port with the same limits share a chain, whose meters tell the ports
/// apart; a block of ports has one of its own, because its ports count together.</summary>
internal sealed record NftLimit
{
    /// <summary>Largest bucket in packets. The kernel counts in nanoseconds of credit, and a day's worth of more would not fit
    /// its 64 bits; a smaller bucket only lets in less at once.</summary>
    private const int MaxBurst = 65_535;

    private NftLimit(AccessRate? rate, int? perSource, int? total, PortRange? block)
        => (Rate, PerSource, Total, Block) = (rate, perSource, total, block);

    public AccessRate? Rate { get; }

    public int? PerSource { get; }

    public int? Total { get; }

    public PortRange? Block { get; }

    /// <summary>A name that the limit itself decides, so that the same limit has the same chain in every rendering.</summary>
    public string Chain
    {
        get
        {
            var name = "limit";
            if (Rate is { } rate)
                name += string.Create(CultureInfo.InvariantCulture, $"_r{rate.Count}_{Unit}");
            if (PerSource is { } perSource)
                name += string.Create(CultureInfo.InvariantCulture, $"_s{perSource}");
            if (Total is { } total)
                name += string.Create(CultureInfo.InvariantCulture, $"_t{total}");
            if (Block is { } block)
                name += string.Create(CultureInfo.InvariantCulture, $"_{block.Protocol.Name()}_{block.First}_{block.Last}");
            return name;
        }
    }

    /// <summary>The unit of the rate in nft(8)'s words.</summary>
    public string Unit => UnitOf(Rate!.Per)!;

    /// <summary>Most new connections at once.</summary>
    public int Burst => Math.Min(Rate!.Count, MaxBurst);

    /// <summary>What a door asks, or null when it has no limits.</summary>
    public static NftLimit? Of(Door door) => door is { Rate: null, ConnectionsPerSource: null, Connections: null }
        ? null
        : new NftLimit(door.Rate, door.ConnectionsPerSource, door.Connections, door.First == door.Last ? null : PortRange.Of(door));

    /// <summary>The word for a span, or null when there is none.</summary>
    public static string? UnitOf(TimeSpan per) => per.TotalSeconds switch
    {
        1 => "second",
        60 => "minute",
        3600 => "hour",
        86_400 => "day",
        _ => null,
    };
}

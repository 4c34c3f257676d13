using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Firewalls.Nftables;

/// <summary>The named sets of the own table.</summary>
internal enum NftSet
{
    Floor4,
    Floor6,
    Governed,
    Allow4,
    Allow6,
    AllowMac,
    AllowMac4,
    AllowMac6,
    Open4,
    Open6,
    OpenMac,
    OpenMac4,
    OpenMac6,
    Limits,
}

/// <summary>An element of a set. Its text can only be made here, from typed values.</summary>
internal readonly record struct NftElement : IComparable<NftElement>
{
    private NftElement(NftSet set, string key, string? chain = null, DateTimeOffset? ends = null)
        => (Set, Key, Chain, Ends) = (set, key, chain, ends);

    public NftSet Set { get; }

    /// <summary>What is looked up, in nft(8)'s words.</summary>
    public string Key { get; }

    /// <summary>The chain that <see cref="NftSet.Limits"/> jumps to.</summary>
    public string? Chain { get; }

    /// <summary>When the kernel drops the element, or null for never.</summary>
    public DateTimeOffset? Ends { get; }

    public static NftElement Floor(AddressRange source)
        => new(source.Family == System.Net.Sockets.AddressFamily.InterNetwork ? NftSet.Floor4 : NftSet.Floor6, source.ToString());

    public static NftElement Governed(PortRange ports) => new(NftSet.Governed, Text(ports));

    public static NftElement Allow(PortRange ports, AddressRange source)
        => new(source.Family == System.Net.Sockets.AddressFamily.InterNetwork ? NftSet.Allow4 : NftSet.Allow6, $"{Text(ports)} . {source}");

    public static NftElement Allow(PortRange ports, MacAddress mac) => new(NftSet.AllowMac, $"{Text(ports)} . {mac}");

    public static NftElement Allow(PortRange ports, MacAddress mac, AddressRange source)
        => new(source.Family == System.Net.Sockets.AddressFamily.InterNetwork ? NftSet.AllowMac4 : NftSet.AllowMac6, $"{Text(ports)} . {mac} . {source}");

    public static NftElement Open(PortRange ports, AddressRange source, DateTimeOffset ends)
        => new(source.Family == System.Net.Sockets.AddressFamily.InterNetwork ? NftSet.Open4 : NftSet.Open6, $"{Text(ports)} . {source}", ends: ends);

    public static NftElement Open(PortRange ports, MacAddress mac, DateTimeOffset ends) => new(NftSet.OpenMac, $"{Text(ports)} . {mac}", ends: ends);

    public static NftElement Open(PortRange ports, MacAddress mac, AddressRange source, DateTimeOffset ends)
        => new(source.Family == System.Net.Sockets.AddressFamily.InterNetwork ? NftSet.OpenMac4 : NftSet.OpenMac6, $"{Text(ports)} . {mac} . {source}", ends: ends);

    public static NftElement Limit(PortRange ports, NftLimit limit) => new(NftSet.Limits, Text(ports), limit.Chain);

    public int CompareTo(NftElement other)
    {
        var bySet = Set.CompareTo(other.Set);
        return bySet != 0 ? bySet : string.CompareOrdinal(Key, other.Key);
    }

    private static string Text(PortRange ports)
        => string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            // Numbers, since names need /etc/protocols, which small images lack.
            $"{ports.Protocol.Number()} . {ports.First}{(ports.First == ports.Last ? "" : $"-{ports.Last}")}");
}

/// <summary>Adjacent ports of one protocol.</summary>
internal readonly record struct PortRange(PortProtocol Protocol, int First, int Last)
{
    public static PortRange Of(Door door) => new(door.Protocol, door.First, door.Last);
}

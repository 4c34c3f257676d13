using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Entrepot.Mirror.Routing;

/// <summary>The addresses of a site's clients.</summary>
/// <param name="Network">A block of addresses (RFC 4632, RFC 4291 §2.3).</param>
/// <param name="Site">The site's name.</param>
public readonly record struct SiteRule(IPNetwork Network, string Site);

/// <summary>Tells where a client is: the longest matching prefix wins. Needs no location database. Immutable, safe to read from any thread.</summary>
public sealed class SiteMap
{
    private readonly Family _v4;
    private readonly Family _v6;
    private readonly FrozenDictionary<string, FrozenDictionary<string, int>> _distances;

    /// <summary>Builds the map.</summary>
    /// <param name="rules">In any order. Blocks of IPv4-mapped IPv6 addresses count as the IPv4 block inside.</param>
    /// <param name="neighbours">For a site, the other sites from near to far; sites that are not named are the farthest.</param>
    /// <exception cref="ArgumentException">One block is given to two sites.</exception>
    public SiteMap(IEnumerable<SiteRule> rules, IReadOnlyDictionary<string, ImmutableArray<string>>? neighbours = null)
    {
        var normal = rules.Select(static rule => rule with { Network = Normalise(rule.Network) }).Distinct().ToArray();
        _v4 = new Family(normal, AddressFamily.InterNetwork);
        _v6 = new Family(normal, AddressFamily.InterNetworkV6);
        Rules = [.. normal];
        _distances = (neighbours ?? ImmutableDictionary<string, ImmutableArray<string>>.Empty).ToFrozenDictionary(
            static pair => pair.Key,
            static pair => pair.Value.Distinct().Select(static (site, at) => KeyValuePair.Create(site, at + 1)).ToFrozenDictionary());
    }

    /// <summary>A map that knows no site: every edge is equally near to everybody.</summary>
    public static SiteMap Empty { get; } = new([]);

    /// <summary>The rules, each once.</summary>
    public ImmutableArray<SiteRule> Rules { get; }

    /// <summary>The rule that tells where a client is, or null.</summary>
    public SiteRule? Find(IPAddress client)
    {
        if (client.IsIPv4MappedToIPv6)
            client = client.MapToIPv4();
        return (client.AddressFamily == AddressFamily.InterNetwork ? _v4 : _v6).Find(Bits(client));
    }

    /// <summary>How far an edge is from a client's site: 0 is the same site, then the neighbours by rank, then all others. With an
    /// unknown client everything is at 0; an edge of several sites is as near as its nearest one.</summary>
    public int Distance(string? clientSite, ImmutableArray<string> edgeSites)
    {
        if (clientSite is null)
            return 0;
        var ranks = _distances.GetValueOrDefault(clientSite);
        var best = (ranks?.Count ?? 0) + 1;
        foreach (var site in edgeSites)
        {
            if (site == clientSite)
                return 0;
            if (ranks is not null && ranks.TryGetValue(site, out var rank))
                best = Math.Min(best, rank);
        }

        return best;
    }

    private static IPNetwork Normalise(IPNetwork network)
        => network.BaseAddress.IsIPv4MappedToIPv6 && network.PrefixLength >= 96
            ? new IPNetwork(network.BaseAddress.MapToIPv4(), network.PrefixLength - 96)
            : network;

    /// <summary>The address as a number whose highest bit is the first bit of the address.</summary>
    private static UInt128 Bits(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        address.TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private static UInt128 Mask(UInt128 bits, int prefix) => prefix == 0 ? 0 : bits & (UInt128.MaxValue << (128 - prefix));

    /// <summary>One table for each prefix length in use, longest first.</summary>
    private sealed class Family
    {
        private readonly (int Prefix, FrozenDictionary<UInt128, SiteRule> Blocks)[] _levels;

        public Family(IEnumerable<SiteRule> rules, AddressFamily family)
        {
            _levels = [.. rules
                .Where(rule => rule.Network.BaseAddress.AddressFamily == family)
                .GroupBy(static rule => rule.Network.PrefixLength)
                .OrderByDescending(static level => level.Key)
                .Select(static level => (level.Key, level.ToFrozenDictionary(static rule => Bits(rule.Network.BaseAddress))))];
        }

        public SiteRule? Find(UInt128 address)
        {
            foreach (var (prefix, blocks) in _levels)
            {
                if (blocks.TryGetValue(Mask(address, prefix), out var rule))
                    return rule;
            }

            return null;
        }
    }
}

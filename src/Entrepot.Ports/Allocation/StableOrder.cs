using System.IO.Hashing;
using System.Text;

namespace Entrepot.Ports.Allocation;

/// <summary>The order in which a service tries the ports of a pool: highest random weight (rendezvous) over (node, service,
/// protocol, port). Services spread over the pool, one service keeps its order for ever, and growing or shrinking the pool
/// disturbs nobody whose port stays. The weights are part of the product's contract: a change would move every service.</summary>
internal static class StableOrder
{
    private const ulong Golden = 0x9E3779B97F4A7C15;  // 2^64 / φ, the increment of SplitMix64

    /// <summary>The seed of one service's order.</summary>
    public static ulong Seed(PortRequest request)
    {
        var text = $"{request.Node.Value}\0{request.Service}\0{request.Protocol.Name()}";
        return XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The weight of a port; the highest is the first choice. The mixing steps are those of SplitMix64.</summary>
    public static ulong Weight(ulong seed, int port)
    {
        var mixed = seed + (Golden * (ulong)(port + 1));
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}

using System.Collections.Immutable;
using System.IO.Hashing;
using System.Text;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Routing;

/// <summary>Whether an edge takes new clients.</summary>
public enum EdgeCondition
{
    /// <summary>Heard of, but not proven yet: it has not sent two good heart-beats in a row.</summary>
    Joining,

    /// <summary>Takes clients.</summary>
    Healthy,

    /// <summary>Missed its heart-beats.</summary>
    Out,

    /// <summary>Finishes what it has and wants no new clients.</summary>
    Draining,
}

/// <summary>All that the choice of an edge needs to know about one edge. Immutable: a heart-beat makes another one.</summary>
public sealed class EdgeState
{
    /// <summary>Describes an edge.</summary>
    /// <param name="name">Its name; decides its place in the rendezvous hash.</param>
    /// <param name="url">Base address for downloads, absolute, without a trailing slash.</param>
    /// <param name="sites">Where it is; an edge that stands between two sites names both. May be empty.</param>
    public EdgeState(NodeName name, string url, ImmutableArray<string> sites)
    {
        Name = name;
        Url = url;
        Sites = sites;
        Seed = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(name.Value));
        IsLoopback = Uri.TryCreate(url, UriKind.Absolute, out var address) && address.IsLoopback;
    }

    /// <summary>Its name.</summary>
    public NodeName Name { get; }

    /// <summary>Base address for downloads, without a trailing slash.</summary>
    public string Url { get; }

    /// <summary>Where it is.</summary>
    public ImmutableArray<string> Sites { get; }

    /// <summary>Whether it takes new clients.</summary>
    public EdgeCondition Condition { get; init; }

    /// <summary>Why it is in that condition, one sentence for people.</summary>
    public string ConditionReason { get; init; } = "";

    /// <summary>Downloads in progress at the last heart-beat.</summary>
    public int ActiveTransfers { get; init; }

    /// <summary>Recent errors, fading with time: 1 is one fresh error.</summary>
    public double RecentErrors { get; init; }

    /// <summary>Bytes that its cache can hold for one blob: the cap, or less when the disk has less. 0 for unknown.</summary>
    public long CacheBytes { get; init; }

    /// <summary>True when it can check signed addresses, so that it may serve private files.</summary>
    public bool ChecksAddresses { get; init; }

    /// <summary>True when its address is one that only its own machine can reach.</summary>
    public bool IsLoopback { get; }

    internal ulong Seed { get; }
}

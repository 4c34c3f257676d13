using Entrepot.Core.Identities;
using Entrepot.Server.Api;

namespace Entrepot.Server.Edge;

/// <summary>What one edge is told.</summary>
public sealed record EdgeOptions
{
    /// <summary>Its name.</summary>
    public required NodeName Node { get; init; }

    /// <summary>Where it is.</summary>
    public required string Site { get; init; }

    /// <summary>The product's version, told in heart-beats.</summary>
    public required string Version { get; init; }

    /// <summary>Base address of the origin's metadata surface.</summary>
    public required Uri Origin { get; init; }

    /// <summary>Base address of the origin's admin surface, which takes the heart-beats. Null (the default) to ask the origin for it.</summary>
    public string? Admin { get; init; }

    /// <summary>Folder of the cache.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>Cap of the cache in bytes.</summary>
    public required long Capacity { get; init; }

    /// <summary>How often it tells how it is. Default 5 s.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often it tries whether other nodes' ports can be reached, or null for never (the default).</summary>
    public TimeSpan? ProbeInterval { get; init; }

    /// <summary>For how long a mirror's current snapshot is taken for current without asking the origin. Default 1 s: a new snapshot is seen
    /// by then, and a busy mirror costs the origin one small request a second.</summary>
    public TimeSpan ResolveFor { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>For how long after the origin could not be asked it is not asked again while an answer is known. Default 2 s.</summary>
    public TimeSpan OriginPause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest wait for a document of the origin. Default 5 s.</summary>
    public TimeSpan OriginTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the list of peer edges is read. Default 30 s.</summary>
    public TimeSpan PeerRefresh { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Told of the nodes of the network whenever they were read, or null (the default).</summary>
    public Action<IReadOnlyList<NodeDocument>>? NodesRead { get; init; }

    /// <summary>What the origin in the same process knows of privacy; null (the default) when it is elsewhere and tells it with its answers
    /// to heart-beats.</summary>
    public Func<ContentKeys>? Keys { get; init; }

    /// <summary>Told of what the origin answers to each heart-beat, or null (the default).</summary>
    public Action<HeartbeatAnswer>? Learn { get; init; }

    /// <summary>Bytes per second that the scrub reads; 0 turns it off. Default 32 MiB/s.</summary>
    public long ScrubRate { get; init; } = 32 << 20;

    /// <summary>Within this time every held piece is compared by CRC-32. Default 7 days.</summary>
    public TimeSpan ScrubCycle { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Within this time every held piece is compared by SHA-256. Default 28 days.</summary>
    public TimeSpan ScrubDeepCycle { get; init; } = TimeSpan.FromDays(28);
}

using System.Collections.Immutable;
using Entrepot.Ports.Discovery.Etcd;

namespace Entrepot.Server.Configuration;

/// <summary>Where the services of a node are made known beside <c>/v1/services</c>. Nothing is called unless a registry is named.</summary>
public sealed record DiscoverySettings
{
    /// <summary>How long an entry stays after its node has died, 10 s–10 min; it is renewed three times as often. Default 30 s.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Base URL of the local Consul agent, or null (the default) for none.</summary>
    public Uri? Consul { get; init; }

    /// <summary>Members of the etcd cluster, at most 16, all with one scheme; empty (the default) for none.</summary>
    public ImmutableArray<Uri> EtcdEndpoints { get; init; } = [];

    /// <summary>What every key in etcd begins with. Default <c>/entrepot/services</c>.</summary>
    public string EtcdPrefix { get; init; } = EtcdRegistry.DefaultPrefix;
}

using System.Collections.Immutable;

namespace Entrepot.Ports.Discovery;

/// <summary>What makes a registry show what is wanted. Pure.</summary>
/// <param name="Publish">Instances that are missing there or differ.</param>
/// <param name="Renew">Instances that are right.</param>
/// <param name="Withdraw">Instances that nobody wants any more.</param>
/// <param name="Superseded">Wanted instances of which a later generation is published: another process has taken over this node's name,
/// and this one must not overwrite it.</param>
public sealed record RegistryPlan(
    ImmutableArray<ServiceInstance> Publish, ImmutableArray<ServiceInstance> Renew, ImmutableArray<ServiceInstance> Withdraw,
    ImmutableArray<ServiceInstance> Superseded)
{
    /// <summary>True when nothing but renewal is to be done.</summary>
    public bool IsCalm => Publish.IsEmpty && Withdraw.IsEmpty && Superseded.IsEmpty;

    /// <summary>Compares what is wanted with what is there.</summary>
    /// <param name="wanted">The instances of this node.</param>
    /// <param name="published">What the registry has of this node.</param>
    public static RegistryPlan Compare(IReadOnlyList<ServiceInstance> wanted, IReadOnlyList<PublishedInstance> published)
    {
        var there = new Dictionary<string, PublishedInstance>(StringComparer.Ordinal);
        foreach (var known in published)
            there[known.Instance.Id] = known;
        var (publish, renew, superseded) = (new List<ServiceInstance>(), new List<ServiceInstance>(), new List<ServiceInstance>());
        foreach (var instance in wanted.DistinctBy(static instance => instance.Id))
        {
            if (!there.Remove(instance.Id, out var known))
                publish.Add(instance);
            else if (known.Instance.Generation > instance.Generation)
                superseded.Add(instance);
            else if (known.CanRenew && known.Instance == instance)
                renew.Add(instance);
            else
                publish.Add(instance);
        }

        return new RegistryPlan([.. publish], [.. renew], [.. there.Values.Select(static known => known.Instance)], [.. superseded]);
    }
}

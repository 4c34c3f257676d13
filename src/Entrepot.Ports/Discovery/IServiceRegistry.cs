using Entrepot.Core.Faults;
using Entrepot.Core.Identities;

namespace Entrepot.Ports.Discovery;

/// <summary>A place where services are made known. An adapter does single steps; <see cref="RegistryPublisher"/> decides which, retries and
/// waits. Every call ends by its cancellation, and fails with a <see cref="FaultException"/> of <see cref="DiscoveryFault"/>.</summary>
public interface IServiceRegistry : IDisposable
{
    /// <summary>What it is and where, for messages: <c>etcd at http://10.0.0.5:2379</c>.</summary>
    string Name { get; }

    /// <summary>What a node has published here and what has not expired since.</summary>
    Task<IReadOnlyList<PublishedInstance>> ListAsync(NodeName publisher, CancellationToken cancellation);

    /// <summary>Makes an instance known, or replaces what is known of it. It stays for the registry's lifetime unless it is renewed.</summary>
    Task PublishAsync(ServiceInstance instance, CancellationToken cancellation);

    /// <summary>Keeps instances known for another lifetime.</summary>
    Task RenewAsync(IReadOnlyList<ServiceInstance> instances, CancellationToken cancellation);

    /// <summary>Takes an instance out; nothing happens when it is not there.</summary>
    Task WithdrawAsync(ServiceInstance instance, CancellationToken cancellation);
}

/// <summary>An instance as a registry has it.</summary>
/// <param name="Instance">What it says.</param>
/// <param name="CanRenew">False when this process can't keep it, because an earlier one published it: it must be published anew.</param>
public readonly record struct PublishedInstance(ServiceInstance Instance, bool CanRenew);

/// <summary>Why a registry could not be used.</summary>
public enum DiscoveryFault
{
    /// <summary>It does not answer.</summary>
    Unreachable,

    /// <summary>It answers that it will not.</summary>
    Refused,

    /// <summary>Its answer can't be read.</summary>
    Unreadable,
}

using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Ports.Discovery;

namespace Entrepot.Tests.Ports.Discovery;

/// <summary>A registry in memory that can be out of order.</summary>
internal sealed class FakeRegistry : IServiceRegistry
{
    public string Name => "the registry";

    public Dictionary<string, ServiceInstance> Held { get; } = new(StringComparer.Ordinal);

    /// <summary>Every step, in order.</summary>
    public List<string> Steps { get; } = [];

    /// <summary>True while nothing answers.</summary>
    public bool IsDown { get; set; }

    /// <summary>True while calls hang until they are cancelled.</summary>
    public bool Hangs { get; set; }

    public bool IsDisposed { get; private set; }

    public async Task<IReadOnlyList<PublishedInstance>> ListAsync(NodeName publisher, CancellationToken cancellation)
    {
        await StepAsync("list", cancellation);
        return [.. Held.Values.Where(instance => instance.Publisher == publisher).Select(static instance => new PublishedInstance(instance, true))];
    }

    public async Task PublishAsync(ServiceInstance instance, CancellationToken cancellation)
    {
        await StepAsync($"publish {instance.Id}", cancellation);
        Held[$"{instance.Publisher}/{instance.Id}"] = instance;
    }

    public Task RenewAsync(IReadOnlyList<ServiceInstance> instances, CancellationToken cancellation)
        => StepAsync($"renew {string.Join(' ', instances.Select(static instance => instance.Id))}", cancellation);

    public async Task WithdrawAsync(ServiceInstance instance, CancellationToken cancellation)
    {
        await StepAsync($"withdraw {instance.Id}", cancellation);
        Held.Remove($"{instance.Publisher}/{instance.Id}");
    }

    public void Dispose() => IsDisposed = true;

    private async Task StepAsync(string step, CancellationToken cancellation)
    {
        if (Hangs)
            await Task.Delay(Timeout.Infinite, cancellation);
        if (IsDown)
            throw Fault.Of(DiscoveryFault.Unreachable, FaultKind.Unavailable, "it is down").ToException();
        lock (Steps)
            Steps.Add(step);
    }
}

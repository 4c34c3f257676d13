using Entrepot.Ports.Discovery;
using Entrepot.Ports.Discovery.Consul;
using Entrepot.Ports.Discovery.Etcd;
using Entrepot.Server.Configuration;
using Entrepot.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Discovery;

/// <summary>Keeps the registries that the settings name up to date.</summary>
internal sealed class RegistryPublishing : IAsyncDisposable
{
    private readonly BackgroundLoops _loops;
    private readonly List<RegistryPublisher> _publishers;

    private RegistryPublishing(BackgroundLoops loops, List<RegistryPublisher> publishers) => (_loops, _publishers) = (loops, publishers);

    /// <summary>Begins to publish; nothing waits for a registry.</summary>
    public static RegistryPublishing Start(Settings settings, ServiceDirectory directory, TimeProvider time, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("Entrepot.Discovery");
        var options = new RegistryOptions { Lifetime = settings.Discovery.Lifetime };
        var publishers = Registries(settings.Discovery)
            .Select(registry => new RegistryPublisher(registry, settings.Node, directory.Own, options, time, logger)).ToList();
        var loops = new BackgroundLoops(logger);
        foreach (var publisher in publishers)
            loops.Start("service discovery", publisher.RunAsync);
        return new RegistryPublishing(loops, publishers);
    }

    /// <summary>Tells the registries of a change without waiting for the next round.</summary>
    public void Poke() => _publishers.ForEach(static publisher => publisher.Poke());

    /// <summary>Takes this node's services out, so that nobody comes any more.</summary>
    public Task WithdrawAsync(CancellationToken cancellation) => Task.WhenAll(_publishers.Select(publisher => publisher.WithdrawAllAsync(cancellation)));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _loops.DisposeAsync();
        _publishers.ForEach(static publisher => publisher.Dispose());
    }

    private static IEnumerable<IServiceRegistry> Registries(DiscoverySettings settings)
    {
        if (settings.Consul is { } agent)
            yield return new ConsulRegistry(agent, settings.Lifetime, Environment.GetEnvironmentVariable(ConsulRegistry.TokenVariable) is { Length: > 0 } token ? token : null);
        if (!settings.EtcdEndpoints.IsEmpty)
            yield return new EtcdRegistry(settings.EtcdEndpoints, settings.Lifetime, settings.EtcdPrefix);
    }
}

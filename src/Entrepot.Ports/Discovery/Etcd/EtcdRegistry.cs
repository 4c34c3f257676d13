using System.Collections.Immutable;
using dotnet_etcd;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;

namespace Entrepot.Ports.Discovery.Etcd;

/// <summary>Makes services known in etcd (API v3): one key per instance, <c>PREFIX/PUBLISHER/NODE.SERVICE</c>, with its JSON as value. All
/// keys of a process hang on one lease of etcd, which takes them with it when it is not renewed.</summary>
public sealed class EtcdRegistry : IServiceRegistry
{
    /// <summary>Where keys stand unless told otherwise.</summary>
    public const string DefaultPrefix = "/entrepot/services";

    /// <summary>Most keys of one node that are read; more than a node has ports.</summary>
    private const int MaxKeys = 100_000;

    private readonly EtcdClient _client;
    private readonly string _prefix;
    private readonly long _lifetime;
    private long _lease;

    /// <summary>Makes the adapter; nothing is called yet.</summary>
    /// <param name="endpoints">At least one member of the cluster: <c>http://10.0.0.5:2379</c>.</param>
    /// <param name="lifetime">How long a service stays without renewal; etcd counts whole seconds.</param>
    /// <param name="prefix">What every key begins with.</param>
    public EtcdRegistry(ImmutableArray<Uri> endpoints, TimeSpan lifetime, string prefix = DefaultPrefix)
    {
        var urls = string.Join(',', endpoints.Select(static endpoint => endpoint.GetLeftPart(UriPartial.Authority)));
        Name = $"etcd at {urls}";
        _prefix = prefix.TrimEnd('/');
        _lifetime = (long)Math.Ceiling(lifetime.TotalSeconds);
        var isPlain = endpoints.All(static endpoint => endpoint.Scheme == Uri.UriSchemeHttp);
        _client = new EtcdClient(urls, configureChannelOptions: options =>
        {
            if (isPlain)
                options.Credentials = ChannelCredentials.Insecure;
            // The publisher retries; retries below it would outlive its deadlines.
            options.MaxRetryAttempts = 1;
        });
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<PublishedInstance>> ListAsync(NodeName publisher, CancellationToken cancellation)
    {
        var first = $"{_prefix}/{publisher}/";
        var answer = await CallAsync(() => _client.GetAsync(
            new RangeRequest { Key = Bytes(first), RangeEnd = Bytes(After(first)), Limit = MaxKeys }, cancellationToken: cancellation));
        var found = new List<PublishedInstance>(answer.Kvs.Count);
        foreach (var pair in answer.Kvs)
        {
            if (ServiceInstance.TryRead(pair.Value.ToStringUtf8(), out var instance) && instance.Publisher == publisher)
                found.Add(new PublishedInstance(instance, CanRenew: pair.Lease == _lease));
        }

        return found;
    }

    /// <inheritdoc/>
    public async Task PublishAsync(ServiceInstance instance, CancellationToken cancellation)
    {
        if (_lease == 0)
            _lease = (await CallAsync(() => _client.LeaseGrantAsync(new LeaseGrantRequest { TTL = _lifetime }, cancellationToken: cancellation))).ID;
        await CallAsync(() => _client.PutAsync(
            new PutRequest { Key = Bytes(KeyOf(instance)), Value = Bytes(instance.Write()), Lease = _lease }, cancellationToken: cancellation));
    }

    /// <inheritdoc/>
    public async Task RenewAsync(IReadOnlyList<ServiceInstance> instances, CancellationToken cancellation)
    {
        long left = 0;
        await CallAsync(async () =>
        {
            await _client.LeaseKeepAlive(new LeaseKeepAliveRequest { ID = _lease }, answer => left = answer.TTL, cancellation);
            return true;
        });
        if (left <= 0)
            throw LeaseLost(null);
    }

    /// <inheritdoc/>
    public Task WithdrawAsync(ServiceInstance instance, CancellationToken cancellation)
        => CallAsync(() => _client.DeleteAsync(new DeleteRangeRequest { Key = Bytes(KeyOf(instance)) }, cancellationToken: cancellation));

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static ByteString Bytes(string text) => ByteString.CopyFromUtf8(text);

    /// <summary>The first key behind all that begin with this one, which ends with '/'.</summary>
    private static string After(string prefix) => prefix[..^1] + '0';

    private string KeyOf(ServiceInstance instance) => $"{_prefix}/{instance.Publisher}/{instance.Id}";

    private async Task<T> CallAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.Cancelled)
        {
            throw new OperationCanceledException(error.Message, error);
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.NotFound)
        {
            throw LeaseLost(error);
        }
        catch (RpcException error)
        {
            var isRefusal = error.StatusCode is StatusCode.PermissionDenied or StatusCode.Unauthenticated or StatusCode.InvalidArgument or StatusCode.FailedPrecondition;
            throw Fault.Of(
                isRefusal ? DiscoveryFault.Refused : DiscoveryFault.Unreachable, FaultKind.Unavailable,
                $"{Name} {(isRefusal ? "refuses" : "does not answer")}: {error.Status.Detail}", "Check discovery.etcd.endpoints and that the cluster has a leader.").ToException(error);
        }
    }

    /// <summary>The lease ended, and its keys with it: the next round takes another one and publishes all anew.</summary>
    private FaultException LeaseLost(Exception? cause)
    {
        _lease = 0;
        return Fault.Of(DiscoveryFault.Refused, FaultKind.Unavailable, $"{Name} has ended this node's lease", "It is taken anew.").ToException(cause);
    }
}

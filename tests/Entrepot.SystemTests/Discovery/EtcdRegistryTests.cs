using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Ports.Discovery;
using Entrepot.Ports.Discovery.Etcd;
using Microsoft.Extensions.Logging.Abstractions;

namespace Entrepot.SystemTests.Discovery;

/// <summary>The adapter against a real etcd, with etcdctl as second witness.</summary>
public sealed class EtcdRegistryTests : IAsyncLifetime
{
    private static readonly NodeName Origin = NodeName.Parse("origin");
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private EtcdProcess _etcd = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _etcd = await EtcdProcess.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_etcd is not null)
            await _etcd.DisposeAsync();
    }

    [Fact]
    public async Task What_is_published_others_see_and_what_is_withdrawn_they_do_not()
    {
        using var registry = Registry();
        var instance = Make("edge", 54321);
        await registry.PublishAsync(instance, Cancellation);
        await registry.PublishAsync(Make("push", 8333), Cancellation);
        await registry.PublishAsync(instance with { Publisher = NodeName.Parse("origin-2") }, Cancellation);

        (await _etcd.ReadAsync("/entrepot/"))["/entrepot/services/origin/edge-1.edge"].ShouldBe(instance.Write());
        (await registry.ListAsync(Origin, Cancellation)).Select(static known => (known.Instance.Id, known.CanRenew)).ShouldBe([("edge-1.edge", true), ("edge-1.push", true)]);

        await registry.WithdrawAsync(instance, Cancellation);
        await registry.WithdrawAsync(instance, Cancellation);
        (await _etcd.ReadAsync("/entrepot/")).Keys.ShouldBe(["/entrepot/services/origin/edge-1.push", "/entrepot/services/origin-2/edge-1.edge"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_node_that_dies_is_gone_when_its_lifetime_ends_and_one_that_renews_stays()
    {
        using var registry = Registry(seconds: 2);
        using var dying = Registry(seconds: 2);
        await registry.PublishAsync(Make("push", 8333), Cancellation);
        await dying.PublishAsync(Make("edge", 54321), Cancellation);

        await Poll.UntilAsync(
            async () =>
            {
                await registry.RenewAsync([Make("push", 8333)], Cancellation);
                return (await _etcd.ReadAsync("/entrepot/")).Count == 1;
            },
            Deadline, () => "the key of the dead node stays");

        (await _etcd.ReadAsync("/entrepot/")).Keys.ShouldBe(["/entrepot/services/origin/edge-1.push"]);
    }

    [Fact]
    public async Task A_process_that_comes_back_takes_over_what_its_earlier_run_left()
    {
        using (var before = Registry())
            await before.PublishAsync(Make("edge", 54321), Cancellation);
        using var publisher = Publisher(Registry(), Make("edge", 54321));

        (await publisher.RoundAsync(Cancellation)).ShouldBeTrue();
        (await publisher.RoundAsync(Cancellation)).ShouldBeTrue();

        var lease = (await _etcd.ControlAsync("get", "/entrepot/services/origin/edge-1.edge", "-w", "json")).Split("\"lease\":")[1].Split('}', ',')[0];
        (await _etcd.ControlAsync("lease", "timetolive", long.Parse(lease, System.Globalization.CultureInfo.InvariantCulture).ToString("x", System.Globalization.CultureInfo.InvariantCulture), "--keys"))
            .ShouldContain("attached keys([/entrepot/services/origin/edge-1.edge])");
        (await _etcd.ControlAsync("lease", "list")).ShouldContain("found 2 leases");
    }

    [Fact]
    public async Task A_lease_that_an_operator_revokes_is_taken_anew()
    {
        using var publisher = Publisher(Registry(), Make("edge", 54321));
        (await publisher.RoundAsync(Cancellation)).ShouldBeTrue();
        var lease = (await _etcd.ControlAsync("lease", "list")).Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1].Trim();
        await _etcd.ControlAsync("lease", "revoke", lease);
        (await _etcd.ReadAsync("/entrepot/")).ShouldBeEmpty();

        await Poll.UntilAsync(() => publisher.RoundAsync(Cancellation), Deadline, () => publisher.State.Trouble ?? "");

        (await _etcd.ReadAsync("/entrepot/")).Keys.ShouldBe(["/entrepot/services/origin/edge-1.edge"]);
    }

    [Fact]
    public async Task After_an_outage_the_publisher_mends_what_changed_meanwhile()
    {
        IReadOnlyList<ServiceInstance> wanted = [Make("edge", 54321), Make("push", 8333)];
        using var publisher = new RegistryPublisher(Registry(), Origin, () => wanted, new RegistryOptions { MaxBackOff = TimeSpan.FromSeconds(1) }, TimeProvider.System, NullLogger.Instance);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var loop = publisher.RunAsync(stop.Token);
        await Poll.UntilAsync(() => Task.FromResult(publisher.State.Published == 2), Deadline, () => publisher.State.Trouble ?? "");

        _etcd.Kill();
        wanted = [Make("edge", 54322) with { Generation = 2 }];
        publisher.Poke();
        await Poll.UntilAsync(() => Task.FromResult(publisher.State.Failures >= 2), Deadline, () => "the outage is not noticed");
        publisher.State.Trouble!.ShouldStartWith("etcd at http://127.");
        await _etcd.RestartAsync();
        await Poll.UntilAsync(() => Task.FromResult(publisher.State is { Failures: 0, Published: 1 }), Deadline, () => publisher.State.Trouble ?? "");

        var seen = await _etcd.ReadAsync("/entrepot/");
        seen.Keys.ShouldBe(["/entrepot/services/origin/edge-1.edge"]);
        seen.Values.Single().ShouldContain("54322");
        await stop.CancelAsync();
        await loop;
        await publisher.WithdrawAllAsync(Cancellation);
        (await _etcd.ReadAsync("/entrepot/")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_cluster_that_is_away_is_a_fault_that_names_it_and_a_call_ends_by_its_cancellation()
    {
        using var registry = Registry();
        _etcd.Kill();

        var fault = (await Should.ThrowAsync<FaultException>(() => registry.ListAsync(Origin, Cancellation))).Fault;

        fault.Is(DiscoveryFault.Unreachable).ShouldBeTrue(fault.Message);
        fault.Message.ShouldStartWith($"etcd at {_etcd.Url.GetLeftPart(UriPartial.Authority)} does not answer: ");
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => registry.ListAsync(Origin, cancelled.Token));
    }

    private static ServiceInstance Make(string service, int port) => new(Origin, service, NodeName.Parse("edge-1"), "local", "127.0.0.1", port, "tcp", 1, ["http"]);

    private static RegistryPublisher Publisher(IServiceRegistry registry, params ServiceInstance[] wanted)
        => new(registry, Origin, () => wanted, new RegistryOptions(), TimeProvider.System, NullLogger.Instance);

    private EtcdRegistry Registry(int seconds = 30) => new([_etcd.Url], TimeSpan.FromSeconds(seconds));
}

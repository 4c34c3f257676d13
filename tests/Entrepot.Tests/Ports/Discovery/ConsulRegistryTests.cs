using System.Text.Json.Nodes;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Ports.Discovery;
using Entrepot.Ports.Discovery.Consul;

namespace Entrepot.Tests.Ports.Discovery;

public sealed class ConsulRegistryTests : IAsyncLifetime
{
    private static readonly NodeName Origin = NodeName.Parse("origin");

    private FakeConsul _consul = null!;
    private ConsulRegistry _registry = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _consul = await FakeConsul.StartAsync();
        _registry = new ConsulRegistry(_consul.Url, TimeSpan.FromSeconds(30));
    }

    public async ValueTask DisposeAsync()
    {
        _registry.Dispose();
        await _consul.DisposeAsync();
    }

    [Fact]
    public async Task A_service_is_registered_with_a_check_that_must_be_renewed()
    {
        await _registry.PublishAsync(RegistryPlanTests.Make("edge", "edge-1", 54321, 7), Cancellation);

        _consul.Requests.ShouldBe(["PUT /v1/agent/service/register?replace-existing-checks=true"]);
        JsonNode.DeepEquals(_consul.Services["entrepot-origin-edge-1.edge"], JsonNode.Parse(
            """
            {
              "ID": "entrepot-origin-edge-1.edge", "Name": "entrepot-edge", "Tags": ["http"], "Address": "127.0.0.1", "Port": 54321,
              "Meta": {"entrepot-publisher": "origin", "entrepot-node": "edge-1", "entrepot-site": "local", "entrepot-protocol": "tcp", "entrepot-generation": "7"},
              "Check": {"TTL": "30s", "Status": "passing", "DeregisterCriticalServiceAfter": "600s"}
            }
            """)).ShouldBeTrue(_consul.Services["entrepot-origin-edge-1.edge"].ToJsonString());
    }

    [Fact]
    public async Task What_was_published_is_listed_as_it_was_and_others_are_not()
    {
        var instance = RegistryPlanTests.Make("edge", "edge-1", 54321, 7);
        await _registry.PublishAsync(instance, Cancellation);
        await _registry.PublishAsync(instance with { Publisher = NodeName.Parse("elsewhere") }, Cancellation);

        (await _registry.ListAsync(Origin, Cancellation)).ShouldBe([new PublishedInstance(instance, CanRenew: true)]);
        _consul.Requests.Last().ShouldBe("GET /v1/agent/services?filter=Meta[\"entrepot-publisher\"] == \"origin\"");
    }

    [Fact]
    public async Task Renewal_passes_the_check_and_withdrawal_takes_the_service_out()
    {
        var instance = RegistryPlanTests.Make("edge");
        await _registry.PublishAsync(instance, Cancellation);
        _consul.Checks["service:entrepot-origin-n1.edge"] = "critical";

        await _registry.RenewAsync([instance], Cancellation);
        _consul.Checks["service:entrepot-origin-n1.edge"].ShouldBe("passing");

        await _registry.WithdrawAsync(instance, Cancellation);
        await _registry.WithdrawAsync(instance, Cancellation);
        _consul.Services.ShouldBeEmpty();
    }

    [Fact]
    public async Task Renewing_what_the_agent_forgot_fails_so_that_it_is_published_anew()
        => (await Should.ThrowAsync<FaultException>(() => _registry.RenewAsync([RegistryPlanTests.Make("edge")], Cancellation))).Fault.Is(DiscoveryFault.Refused).ShouldBeTrue();

    [Fact]
    public async Task The_token_is_sent_and_a_wrong_one_is_told()
    {
        _consul.Token = "secret";
        using var right = new ConsulRegistry(_consul.Url, TimeSpan.FromSeconds(30), "secret");
        await right.ListAsync(Origin, Cancellation);

        var fault = (await Should.ThrowAsync<FaultException>(() => _registry.ListAsync(Origin, Cancellation))).Fault;

        (fault.Code, fault.Kind).ShouldBe(("discovery/refused", FaultKind.Forbidden));
        fault.Message.ShouldBe($"Consul at {_consul.Url.GetLeftPart(UriPartial.Authority)} answers 403 to GET /v1/agent/services: Permission denied: token lacks permission 'service:write'");
        fault.Cure!.ShouldContain("CONSUL_HTTP_TOKEN");
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("[1]")]
    [InlineData("{\"a\": 3}")]
    [InlineData("{\"a\": {\"Port\": \"x\"}}")]
    public async Task An_answer_that_is_no_list_is_a_fault(string answer)
    {
        _consul.Instead = (200, answer);

        (await Should.ThrowAsync<FaultException>(() => _registry.ListAsync(Origin, Cancellation))).Fault.Is(DiscoveryFault.Unreadable).ShouldBeTrue();
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"a\": {}}")]
    [InlineData("{\"a\": {\"Service\": \"web\", \"Meta\": {\"entrepot-publisher\": \"origin\", \"entrepot-node\": \"N 1\"}}}")]
    [InlineData("null")]
    public async Task Entries_of_others_are_passed_over(string answer)
    {
        _consul.Instead = (200, answer);

        (await _registry.ListAsync(Origin, Cancellation)).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_agent_that_is_away_is_a_fault_that_names_it()
    {
        await _consul.DisposeAsync();

        var fault = (await Should.ThrowAsync<FaultException>(() => _registry.ListAsync(Origin, Cancellation))).Fault;

        fault.Is(DiscoveryFault.Unreachable).ShouldBeTrue();
        fault.Message.ShouldStartWith($"Consul at {_consul.Url.GetLeftPart(UriPartial.Authority)} does not answer:");
    }
}

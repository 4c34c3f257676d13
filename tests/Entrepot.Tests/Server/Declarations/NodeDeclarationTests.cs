using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Inventory;
using Entrepot.Server.Configuration;
using Entrepot.Server.Declarations;
using Entrepot.Server.Guard;
using Entrepot.Server.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Server.Declarations;

public sealed class NodeDeclarationTests : IAsyncDisposable
{
    private const string Web = """
        services:
          - {name: web, protocol: tcp, port: 8081, allow: [{cidr: 10.0.0.0/8}], owner: web team, purpose: pages}
        """;

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private static readonly HashSet<string> Own = ["push"];

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-declaration-").FullName;
    private readonly StateDatabase _state;
    private readonly Settings _settings;

    public NodeDeclarationTests()
    {
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), Node.StateFeatures);
        _settings = Settings.Default with { Portfile = Path.Combine(_folder, "ports.yaml") };
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_node_without_a_portfile_declares_nothing()
    {
        var declaration = Open(_settings with { Portfile = null });

        declaration.Exists.ShouldBeFalse();
        declaration.Current.Services.ShouldBeEmpty();
        declaration.Policy().Pools.ShouldBe(PortPolicy.Default.Pools);
    }

    [Fact]
    public void A_portfile_with_errors_keeps_the_node_from_starting_and_all_errors_are_told()
    {
        Write("services:\n  - {name: web, prot: tcp}\nzonse: []\n");

        var fault = Should.Throw<FaultException>(() => Open(_settings)).Fault;

        fault.Is(PortfileFault.Invalid).ShouldBeTrue();
        fault.Message.ShouldContain("ports.yaml:2:");
        fault.Message.ShouldContain("ports.yaml:3:1:");
    }

    [Fact]
    public void A_change_that_holds_an_error_is_refused_and_the_last_good_one_stays()
    {
        Write(Web);
        var declaration = Open(_settings);

        declaration.Look().ShouldBeFalse("nothing has changed");
        Write(Web + "\nnonsense: 1\n");
        declaration.Look().ShouldBeFalse();
        declaration.Current.Services.Single().Name.ShouldBe("web");
        Write(Web.Replace("name: web", "name: site", StringComparison.Ordinal));
        declaration.Look().ShouldBeTrue();
        declaration.Current.Services.Single().Name.ShouldBe("site");
    }

    [Fact]
    public void Ports_do_not_rotate_where_dynamic_ports_are_forbidden()
    {
        var rotating = _settings with { Edges = _settings.Edges with { Rotate = TimeSpan.FromHours(1) } };
        Write("policy: {dynamicPorts: forbid}\n");

        Should.Throw<FaultException>(() => Open(rotating)).Fault.Is(PortPolicyFault.RotationForbidden).ShouldBeTrue();
        Open(_settings).Policy().DynamicPorts.ShouldBe(DynamicPortRule.Forbid);
        Write("policy: {dynamicPorts: allow}\n");
        var declaration = Open(rotating);
        Write("policy: {dynamicPorts: forbid} # audited now\n");
        declaration.Look().ShouldBeFalse();
        declaration.Current.Policy.DynamicPorts.ShouldBe(DynamicPortRule.Allow);
    }

    [Fact]
    public async Task Declared_services_get_leases_and_give_them_back_when_they_are_declared_no_more()
    {
        Write(Web + """

              - {name: chosen, protocol: udp, pool: games, allow: [{cidr: 10.0.0.0/8}], owner: web team, purpose: games}
            pools:
              - {name: games, range: 27000-27010, strategy: dynamic}
            """);
        var declaration = Open(_settings);
        var (book, governed, guard) = Governed(declaration);
        await using var _ = guard;
        await book.GrantAsync(
            new PortRequest { Node = _settings.Node, Service = "push", WantedPort = 8333 }, IPAddress.Any, PortObservation.None, Cancellation);

        await governed.ReconcileAsync(Own, Cancellation);

        book.Leases().Select(static lease => lease.Service).ShouldBe(["push", "web", "chosen"], ignoreOrder: true);
        book.Leases().Single(static lease => lease.Service == "web").Port.ShouldBe(8081);
        book.Leases().Single(static lease => lease.Service == "chosen").Port.ShouldBeInRange(27000, 27010);
        var before = book.Leases().Select(static lease => lease.Generation).ToList();
        await governed.ReconcileAsync(Own, Cancellation);
        book.Leases().Select(static lease => lease.Generation).ShouldBe(before, "nothing has changed");

        Write(Web.Replace("8081", "8082", StringComparison.Ordinal));
        declaration.Look().ShouldBeTrue();
        await governed.ReconcileAsync(Own, Cancellation);

        book.Leases().Select(static lease => (lease.Service, lease.Port)).ShouldBe([("push", 8333), ("web", 8082)], ignoreOrder: true);
    }

    [Fact(Timeout = 60_000)]
    public async Task What_could_not_be_brought_about_is_tried_again()
    {
        var time = new FakeTimeProvider();
        Write(Web);
        var declaration = NodeDeclaration.Open(_settings, time, NullLogger.Instance);
        Write(Web.Replace("name: web", "name: site", StringComparison.Ordinal));
        var tries = 0;
        using var stop = new CancellationTokenSource();
        var running = declaration.RunAsync(
            _ => ++tries < 3 ? throw new IOException("the disk is full") : Task.CompletedTask, stop.Token);
        while (Volatile.Read(ref tries) < 3 && !TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            time.Advance(NodeDeclaration.Interval);
            await Task.Yield();
        }

        tries.ShouldBe(3);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => running);
    }

    private static NodeDeclaration Open(Settings settings) => NodeDeclaration.Open(settings, TimeProvider.System, NullLogger.Instance);

    private (PortBook Book, GovernedServices Governed, PortGuard Guard) Governed(NodeDeclaration declaration)
    {
        var inventory = new ListeningSockets("/nonexistent");
        var book = new PortBook(_state, declaration.Policy(), TimeProvider.System);
        var guard = new PortGuard(inventory, _state, new AgentDoorKeeper("/nonexistent"), GuardOptions.From(_settings), TimeProvider.System, NullLogger.Instance);
        return (book, new GovernedServices(_settings, declaration, book, inventory, guard, NullLogger.Instance), guard);
    }

    /// <summary>Writes the portfile; each text has another length, so that the change is seen whatever the clock of the file system.</summary>
    private void Write(string text) => File.WriteAllText(_settings.Portfile!, text);
}

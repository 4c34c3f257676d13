using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Guard;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;

namespace Entrepot.Tests.Ports.Allocation;

public sealed class PortExplainerTests : IAsyncDisposable
{
    private const int OurProcess = 77;
    private static readonly NodeName Node = NodeName.Parse("n1");

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-ports-").FullName;
    private readonly StateDatabase _state;
    private readonly PortBook _book;

    public PortExplainerTests()
    {
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), typeof(PortBook).Assembly);
        _book = new PortBook(_state, PortPolicy.Default, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_leased_port_on_which_its_owner_listens_is_in_use()
    {
        await LeaseAsync();
        var explanation = Explain(8333, Listener(8333, OurProcess));

        (explanation.Verdict, explanation.Summary).ShouldBe((PortVerdict.InUse, "8333 is leased to 'push', which listens on it."));
        explanation.Lease!.Reason.ShouldBe("8333 is wanted and free.");
        explanation.Decision[0].ShouldBe("8333 is wanted and free.");
        explanation.Listeners.Single().Ours.ShouldBeTrue();
        explanation.Notes.ShouldContain("8333 is the default of 'push' (uploads).");
        explanation.Rules.Select(rule => rule.Rule).ShouldBe([PortRule.Bound, PortRule.Leased]);
    }

    [Fact]
    public async Task A_stranger_on_a_leased_port_is_named()
    {
        await LeaseAsync();
        var explanation = Explain(8333, Listener(8333, 12));
        (explanation.Verdict, explanation.Summary).ShouldBe((PortVerdict.Usurped, "8333 is leased to 'push', but nginx (pid 12) listens on it."));
    }

    [Fact]
    public async Task A_listener_that_cannot_be_looked_into_is_said_to_be_so()
    {
        await LeaseAsync();
        Explain(8333, Listener(8333, process: null)).Verdict.ShouldBe(PortVerdict.Unclear);
    }

    [Fact]
    public async Task A_listener_on_another_address_does_not_usurp()
    {
        await LeaseAsync();
        Explain(8333, Listener(8333, 12) with { Address = IPAddress.Parse("127.0.0.2") }).Verdict.ShouldBe(PortVerdict.Silent);
    }

    [Fact]
    public async Task A_leased_port_without_listener_says_whether_its_owner_stopped()
    {
        var lease = await LeaseAsync();
        Explain(8333).Summary.ShouldBe("8333 is leased to 'push', but nothing listens on it.");
        await _book.TrySetIdleAsync(lease);
        Explain(8333).Summary.ShouldBe("8333 is kept for 'push', which is stopped.");
    }

    [Fact]
    public void A_listener_without_lease_is_named()
    {
        var explanation = Explain(9000, Listener(9000, 12));
        (explanation.Verdict, explanation.Summary).ShouldBe((PortVerdict.Unleased, "9000 has no lease, but is bound by nginx (pid 12)."));
        explanation.Rules.Single().Text.ShouldBe("9000 is bound by nginx (pid 12).");
    }

    [Fact]
    public void A_free_port_is_free()
        => (Explain(9000).Verdict, Explain(9000).Summary).ShouldBe((PortVerdict.Free, "9000 is free."));

    [Theory]
    [InlineData(6000, "6000 is free, but is on the block list (X11: lateral movement), and it is refused by browsers (WHATWG Fetch, \"bad port\").")]
    [InlineData(1023, "1023 is free, but is privileged (below 1024) and the service may not have such a port.")]
    public void Every_rule_against_a_port_is_told_with_what_lifts_it(int port, string summary)
    {
        var explanation = Explain(port);
        (explanation.Verdict, explanation.Summary).ShouldBe((PortVerdict.Refused, summary));
        explanation.Rules.ShouldAllBe(rule => rule.Unless != null);
    }

    [Fact]
    public void A_port_at_risk_is_free_with_a_warning()
    {
        var explanation = Explainer().Explain(DefaultPorts.Emergency, PortProtocol.Tcp);
        explanation.Verdict.ShouldBe(PortVerdict.Free);
        explanation.Rules.Single().Effect.ShouldBe(PortEffect.Warning);
        explanation.Notes.ShouldContain(note => note.Contains("emergency port"));
        explanation.Notes.ShouldContain(note => note.Contains("RFC 6335"));
        Explain(54321).Notes.ShouldContain("54321 belongs to pool 'edges' (54321–54400).");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(65536)]
    public void What_is_no_port_is_refused(int port)
        => Should.Throw<FaultException>(() => Explain(port)).Fault.Is(PortFault.RequestInvalid).ShouldBeTrue();

    [Fact]
    public async Task The_list_shows_every_lease_and_judges_those_of_this_node()
    {
        await LeaseAsync();
        await _book.GrantAsync(new PortRequest { Node = NodeName.Parse("n2"), Service = "push", WantedPort = 8333 }, IPAddress.Any, PortObservation.None);
        await _book.GrantAsync(new PortRequest { Node = Node, Service = "dns", WantedPort = 8353, Protocol = PortProtocol.Udp }, IPAddress.Loopback, PortObservation.None);

        Explainer(Listener(8333, OurProcess)).List().Select(entry => (entry.Node, entry.Service, entry.Protocol, entry.Port, entry.Verdict)).ShouldBe(
        [
            ("n1", "push", "tcp", 8333, PortVerdict.InUse),
            ("n1", "dns", "udp", 8353, PortVerdict.Silent),
            ("n2", "push", "tcp", 8333, null),
        ]);
    }

    [Fact]
    public async Task A_real_listener_of_this_process_is_in_use()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Owners are known on Linux only.");
        var inventory = new ListeningSockets();
        await using var bound = await new PortBinder(_book, inventory)
            .BindAsync(new PortRequest { Node = Node, Service = "push", WantedPort = PortRequest.AnyPort }, IPAddress.Loopback);
        new PortExplainer(_book, inventory, Node).Explain(bound.Lease.Port, PortProtocol.Tcp).Verdict.ShouldBe(PortVerdict.InUse);
    }

    [Theory]
    [InlineData("nginx", PortVerdict.InUse)]
    [InlineData("/usr/bin/ncat", PortVerdict.Usurped)]
    public async Task A_port_of_another_program_is_judged_by_what_its_declaration_expects(string executable, PortVerdict verdict)
    {
        await LeaseAsync();
        var shown = Listener(8333, 12);
        var explainer = new PortExplainer(_book, new FakeInventory { Shown = [shown with { Owner = shown.Owner! with { Path = "nginx" } }], Range = EphemeralRange.LinuxDefault }, Node, OurProcess)
        {
            Owners = () => new[] { new ExpectedOwner { Process = new ExpectedProcess(null, executable, null) } }.ToLookup(static _ => ("push", PortProtocol.Tcp)),
        };

        explainer.Explain(8333, PortProtocol.Tcp).Verdict.ShouldBe(verdict);
        explainer.List().ShouldHaveSingleItem().Verdict.ShouldBe(verdict);
    }

    private static ListeningSocket Listener(int port, int? process)
        => new(PortProtocol.Tcp, IPAddress.Any, port, Listening: true, UserId: 33, Owner: process is { } id ? new SocketOwner(id, "nginx") : null);

    private async Task<PortLease> LeaseAsync()
        => (await _book.GrantAsync(new PortRequest { Node = Node, Service = "push", WantedPort = 8333 }, IPAddress.Loopback, PortObservation.None)).Lease!;

    private PortExplanation Explain(int port, params ListeningSocket[] shown) => Explainer(shown).Explain(port, PortProtocol.Tcp);

    private PortExplainer Explainer(params ListeningSocket[] shown)
        => new(_book, new FakeInventory { Shown = shown, Range = EphemeralRange.LinuxDefault }, Node, OurProcess);
}

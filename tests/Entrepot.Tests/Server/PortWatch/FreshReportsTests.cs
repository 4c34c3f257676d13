using System.Net;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Reachability;
using Entrepot.Ports.Truth;
using Entrepot.Server.PortWatch;

namespace Entrepot.Tests.Server.PortWatch;

public sealed class FreshReportsTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DeclaredPort Web = new("web", PortProtocol.Tcp, 443, null, "portfile");
    private readonly FreshReports _fresh = new();

    [Theory]
    [InlineData(true, Permitted.Nobody)]  // the packet filter closed: not something that walks past it
    [InlineData(false, Permitted.AsDeclared)]  // the service ended: not something that forwards the port
    public void What_was_probed_before_a_port_changed_says_nothing_of_it(bool bound, Permitted permitted)
    {
        Look(bound: true, Permitted.AsDeclared, Start, probed: Start).ShouldBe(1);
        Look(bound, permitted, Start.AddSeconds(30), probed: Start).ShouldBe(0);
        Look(bound, permitted, Start.AddSeconds(60), probed: Start.AddSeconds(30) + FreshReports.Delay - TimeSpan.FromSeconds(1)).ShouldBe(0, "it may have been under way");
        Look(bound, permitted, Start.AddSeconds(90), probed: Start.AddSeconds(30) + FreshReports.Delay).ShouldBe(1);
    }

    [Fact]
    public void A_port_that_stays_as_it_is_keeps_its_reports()
    {
        for (var seconds = 0; seconds < 300; seconds += 30)
            Look(bound: true, Permitted.AsDeclared, Start.AddSeconds(seconds), probed: Start).ShouldBe(1);
    }

    [Fact]
    public void The_first_look_takes_every_report_as_nothing_is_known_of_before()
        => Look(bound: true, Permitted.Nobody, Start, probed: Start.AddMinutes(-1)).ShouldBe(1);

    private int Look(bool bound, Permitted permitted, DateTimeOffset at, DateTimeOffset probed)
    {
        var sources = new TruthSources
        {
            Declared = [Web], Sockets = bound ? [new ListeningSocket(PortProtocol.Tcp, IPAddress.Any, 443, true, null, 1, 0, new SocketOwner(1, "nginx"))] : [],
            Permitted = (protocol, port) => new PermittedPort(protocol, port, permitted, ""),
        };
        return _fresh.Of(
            [new ReachReport(NodeName.Parse("a"), PortProtocol.Tcp, 443, "edge-1", SameMachine: false, new ProbeResult(Reach.Open, 1, 2, ""), probed)],
            TruthTable.Join(sources), at).Count;
    }
}

using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Pools;

namespace Entrepot.Tests.Ports.Pools;

public sealed class BlockListTests
{
    // WHATWG Fetch, "bad port", in the order of the standard's table, one row of it after the other.
    private const string FetchBadPorts =
        """
        0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115 117 119 123 135 137 139 143
        161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587 601 636 989 990 993 995 1719 1720 1723 2049 3659 4045
        4190 5060 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080
        """;

    // Those of them that an ordinary user could bind, as the reference counts them.
    private const string UnprivilegedBadPorts = "1719 1720 1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080";

    private const string HighRiskTcp =
        """
        20-21 23 79 512-514 873 5900-5901 135 137-139 445 593 3389 5985 111 2049 6000-6063 515 9100 1433-1434 1521 3306 5432 5984 6379 9200
        9300 11211 27017 2181 9092 2375 2376 2379 4243 8500 10250 10255 50070 5005 1099 9010 8009 17 19
        """;

    private const string HighRiskUdp = "69 623 17 19 53 123 161 389 1900 3702 111 137-139 11211";

    [Fact]
    public void The_browser_list_is_the_reference_list()
    {
        BrowserBlockedPorts.All.ShouldBe(Parse(FetchBadPorts));
        BrowserBlockedPorts.All.Count.ShouldBe(83);
        BrowserBlockedPorts.All.Except(PortSet.Range(0, 1023)).ShouldBe(Parse(UnprivilegedBadPorts));
    }

    [Fact]
    public void Every_high_risk_port_is_on_the_block_list()
    {
        Parse(HighRiskTcp).Except(ForbiddenPorts.Constraint(PortProtocol.Tcp).Ports).ToString().ShouldBe("");
        Parse(HighRiskUdp).Except(ForbiddenPorts.Constraint(PortProtocol.Udp).Ports).ToString().ShouldBe("");
    }

    [Fact]
    public void The_tcp_block_list_has_nothing_that_the_reference_lacks()
        => ForbiddenPorts.Constraint(PortProtocol.Tcp).Ports.Except(Parse(HighRiskTcp)).ToString().ShouldBe("");

    [Fact]
    public void A_port_of_one_transport_is_not_blocked_on_the_other()
    {
        ForbiddenPorts.Constraint(PortProtocol.Udp).Ports.Contains(6379).ShouldBeFalse();
        ForbiddenPorts.Constraint(PortProtocol.Tcp).Ports.Contains(69).ShouldBeFalse();
    }

    [Fact]
    public void Every_entry_says_what_runs_there_and_why_that_is_bad()
        => ForbiddenPorts.Constraint(PortProtocol.Tcp).On(23).Text.ShouldBe("is on the block list (Telnet: clear-text login or transfer)");

    [Fact]
    public void No_default_port_is_refused_by_any_rule()
    {
        var defaults = PortSet.Of([.. DefaultPorts.Surfaces.Select(surface => surface.Port!.Value), DefaultPorts.Emergency]).Union(DefaultPorts.Edges.Ports);
        defaults.Overlaps(BrowserBlockedPorts.All).ShouldBeFalse();
        defaults.Overlaps(ForbiddenPorts.Constraint(PortProtocol.Tcp).Ports).ShouldBeFalse();
        defaults.Overlaps(PortSet.Range(0, 1023)).ShouldBeFalse();
    }

    [Fact]
    public void The_defaults_are_those_of_the_design()
    {
        DefaultPorts.Surfaces.Select(surface => (surface.Service, surface.Port))
            .ShouldBe([("push", 8333), ("metadata", 3000), ("admin", 9080), ("scheduler", 8080)]);
        (DefaultPorts.Edges.First, DefaultPorts.Edges.Last, DefaultPorts.Emergency).ShouldBe((54321, 54400, 60000));
        DefaultPorts.Surfaces.ShouldAllBe(surface => surface.Origin.Length > 0 && surface.Purpose.Length > 0);
        DefaultPorts.Surfaces.ShouldAllBe(surface => DefaultPorts.Request(NodeName.Parse("n1"), surface).Mistakes().Count == 0);
        DefaultPorts.EdgeRequest(NodeName.Parse("n1"), "edge-1").Mistakes().ShouldBeEmpty();
    }

    private static PortSet Parse(string text)
        => PortSet.TryParse(text.ReplaceLineEndings(" ").Trim().Replace(' ', ','), out var ports) ? ports : throw new FormatException(text);
}

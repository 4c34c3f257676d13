using System.Text.RegularExpressions;
using System.Xml.Linq;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;
using Entrepot.Ports.Truth;

namespace Entrepot.Tests.Cli;

public sealed partial class PortsStatusCommandTests : IAsyncLifetime
{
    private CliWorld _world = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await CliWorld.StartAsync();
        _world.Network.Status = new StatusDocument(
            "origin", FakeNetwork.Now,
            [
                Row(443, "web", Declared.Service, Bound.Owner, Permitted.AsDeclared, Reachable.Open, "nginx (pid 12)"),
                Row(5000, null, Declared.No, Bound.Owner, Permitted.Unknown, Reachable.Unknown, "a-program-with-a-very-long-name (pid 1234567)"),
                Row(8333, "push", Declared.Service, Bound.Nobody, Permitted.Wider, Reachable.Filtered, null),
                Row(5432, null, Declared.No, Bound.Owner, Permitted.Unknown, Reachable.Unknown, "postgres (pid 7)", ListenScope.Loopback),
            ],
            ["permitted is not known: no agent."], PortRangeNote.Of([new PortPool("edges", 54321, 54400)], EphemeralRange.LinuxDefault));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task The_table_shows_what_is_declared_or_a_finding_within_a_hundred_columns()
    {
        var output = await _world.OutputOfAsync("ports", "status");
        output.ShouldBe(
            """
            origin at 2026-01-31 12:00:00Z
            PORT       SERVICE          DECLARED BOUND                      PERMITTED   REACHABLE  VERDICT
            tcp/443    web              yes      nginx (pid 12)             as declared open       in order
            tcp/5000                    no       a-program-with-a-very-lon… ?           ?          undeclared
            tcp/8333   push             yes      nobody                     too many    filtered   silent

            2 findings:
              tcp/5000    A sentence on 5000.
              tcp/8333    A sentence on 8333.
            1 more port of this machine, neither declared nor a finding: --all shows it.
            permitted is not known: no agent.

            """);
        output.Split('\n').ShouldAllBe(line => line.Length <= 100);
        (await _world.OutputOfAsync("ports", "status", "--all")).ShouldContain("tcp/5432");
    }

    [Fact]
    public async Task Programs_get_the_document_and_terminals_get_colours()
    {
        (await _world.JsonOfAsync("ports", "status")).GetProperty("ports").GetArrayLength().ShouldBe(4);
        _world.IsTerminal = true;
        (await _world.OutputOfAsync("ports", "status")).ShouldContain("\u001b[");
        _world.Variables["NO_COLOR"] = "1";
        (await _world.OutputOfAsync("ports", "status")).ShouldNotContain("\u001b[");
    }

    [Fact]
    public async Task Without_a_node_this_machine_answers_what_listens_here()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Owners are known on Linux only.");
        using var stranger = Ports.Allocation.TestPorts.Stranger();
        _world.Variables.Remove("ENTREPOT_SERVER");
        var output = await _world.OutputOfAsync("ports", "status", "--data", _world.Path("none"));
        output.ShouldContain($"tcp/{Ports.Allocation.TestPorts.Port(stranger)} ");
        output.ShouldContain("No node runs on the data folder");
        output.ShouldContain("permitted and reachable are not known");
    }

    [Fact]
    public async Task Without_a_node_a_port_is_explained_by_what_the_machine_shows()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Owners are known on Linux only.");
        using var stranger = Ports.Allocation.TestPorts.Stranger();
        _world.Variables.Remove("ENTREPOT_SERVER");
        var output = await _world.OutputOfAsync("ports", "explain", $"{Ports.Allocation.TestPorts.Port(stranger)}", "--data", _world.Path("none"));
        output.ShouldContain("has no lease, but is bound by ");
        output.ShouldContain("No node runs on the data folder");
    }

    [Fact]
    public async Task The_map_draws_every_port_once_and_zooms()
    {
        var lines = (await _world.OutputOfAsync("ports", "map")).Split('\n');
        lines[0].ShouldBe("ports 0–65535, 64 ports a cell");
        var grid = lines.Skip(1).TakeWhile(static line => line.Length > 0).ToList();
        grid.Count.ShouldBe(16);
        grid.ShouldAllBe(line => line.Length == 6 + 64);
        string.Concat(grid)[6 + (443 / 64)].ShouldBe('#');
        (await _world.OutputOfAsync("ports", "map", "--range", "54321-54400")).ShouldContain("ports 54321–54400, 1 port a cell\n54321 ----");
        (await _world.JsonOfAsync("ports", "map", "--range", "443-443")).GetProperty("cells")[0].GetProperty("mark").GetString().ShouldBe("Serving");
        (await _world.RunAsync("ports", "map", "--range", "5-1")).Code.ShouldNotBe(0);
    }

    [Fact]
    public async Task The_picture_is_well_formed_and_tells_the_ports_of_its_cells()
    {
        await _world.OutputOfAsync("ports", "map", "--svg", _world.Path("map.svg"));
        var picture = XDocument.Load(_world.Path("map.svg"));
        XNamespace svg = "http://www.w3.org/2000/svg";
        picture.Descendants(svg + "title").Count().ShouldBe(1024);
        picture.Descendants(svg + "title").ShouldContain(title => title.Value.Contains("tcp/443: A sentence on 443."));
        Scripts().IsMatch(picture.ToString()).ShouldBeFalse();
    }

    [Fact]
    public async Task Findings_are_listed_and_marked()
    {
        (await _world.OutputOfAsync("ports", "findings", "list")).ShouldContain(" 7  tcp/5000  undeclared  new         2 h  A sentence.");
        (await _world.OutputOfAsync("ports", "findings", "ack", "7", "--note", "known")).ShouldBe("Finding 7 is acknowledged: A sentence.\n");
        (await _world.OutputOfAsync("ports", "findings", "fixing", "7")).ShouldBe("Finding 7 is fixing: A sentence.\n");
    }

    [Fact]
    public async Task A_probe_shows_what_this_machine_and_the_nodes_found()
    {
        var output = await _world.OutputOfAsync("ports", "probe", "metadata");
        output.ShouldContain("here (same machine)  open             100%");
        output.ShouldContain("edge-1               filtered          67%");
        (await _world.RunAsync("ports", "probe", "nothing")).Error.ShouldContain("neither a surface nor a node nor a port");
    }

    private static PortStatus Row(
        int port, string? service, Declared declared, Bound bound, Permitted permitted, Reachable reachable, string? holder, ListenScope scope = ListenScope.Outside)
        => new(
            PortProtocol.Tcp.Name(), port, service, declared, bound, holder is null ? null : scope, permitted, reachable,
            new PortTruth(declared, bound, scope, permitted, reachable).Verdict, $"A sentence on {port}.", null,
            holder is null ? [] : [new StatusListener("0.0.0.0", holder, 12, null, null, null, null, 1)], null, []);

    [GeneratedRegex("<script|onload|onclick|href", RegexOptions.IgnoreCase)]
    private static partial Regex Scripts();
}

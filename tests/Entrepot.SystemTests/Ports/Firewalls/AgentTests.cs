using System.Diagnostics;
using System.Globalization;

namespace Entrepot.SystemTests.Ports.Firewalls;

/// <summary>The agent as operators use it: by its command line, in a network namespace.</summary>
public sealed class AgentTests
{
    private const string Closed = """
        policy: {longestOpening: 1h}
        services:
          - {name: web, port: 8443, allow: [{cidr: 10.77.0.2}], owner: ops, purpose: a test}
          - {name: mirror, port: 54321, allow: [], owner: ops, purpose: a test}
        """;

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_portfile_is_shown_applied_and_enforced()
    {
        await using var drill = await Drill.StartAsync(3);
        using var web = drill.Host.Serve(8443);

        var dry = (await drill.Agent.ApplyAsync(Closed, "--dry-run")).ShouldSucceed();
        dry.Output.ShouldContain("tcp/8443 ('web') is governed now: open to 10.77.0.2/32.");
        (await drill.Host.RulesetAsync()).ShouldBe("");

        (await drill.Agent.ApplyAsync(Closed)).ShouldSucceed();
        (await drill.Network[1].ReachesAsync(web.Address, Cancellation)).ShouldBeTrue();
        (await drill.Network[2].ReachesAsync(web.Address, Cancellation)).ShouldBeFalse();
        var first = await drill.Host.RulesetAsync();
        (await drill.Agent.ApplyAsync(Closed)).ShouldSucceed();
        (await drill.Host.RulesetAsync()).ShouldBe(first);
    }

    [Fact]
    public async Task A_change_that_nobody_confirms_is_taken_back_with_agent_and_network_dead()
    {
        await using var drill = await Drill.StartAsync(2);
        await drill.Host.LoadAsync("table inet other { chain c { type filter hook input priority 0; tcp dport 9 drop; }\n}");
        (await drill.Agent.ApplyAsync(Closed)).ShouldSucceed();
        var before = await drill.Host.RulesetAsync();

        var watch = Stopwatch.StartNew();
        var applied = (await drill.Agent.ApplyAsync(Closed.Replace("10.77.0.2", "10.77.0.9", StringComparison.Ordinal), "--confirm-within", "5s")).ShouldSucceed();
        applied.Output.ShouldContain("It is taken back at ");
        (await drill.Host.RulesetAsync()).ShouldNotBe(before);
        await drill.Agent.KillAsync();
        (await drill.Host.RunAsync("ip", "link", "set", "eth0", "down")).ShouldSucceed();

        await Poll.UntilAsync(async () => await drill.Host.RulesetAsync() == before, TimeSpan.FromSeconds(30), () => "the watchdog did not fire");
        // How late it was depends on what else the machine does: 'drill revert' tells operators, and fails when it is more than 2 s.
        watch.Elapsed.ShouldBeGreaterThan(TimeSpan.FromSeconds(4.5));
        TestContext.Current.TestOutputHelper!.WriteLine($"taken back {watch.Elapsed.TotalSeconds:0.0} s after the command began");

        await drill.Agent.StartAsync();
        (await drill.Agent.CommandAsync("ports", "confirm")).Error.ShouldContain("No change waits");
        (await drill.Host.RulesetAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task The_drill_passes_on_a_machine_with_rules_and_on_one_without()
    {
        await using var drill = await Drill.StartAsync(1);
        (await drill.Agent.CommandAsync("drill", "revert")).ShouldSucceed().Output.ShouldContain("'revert' passed");
        (await drill.Agent.ApplyAsync(Closed)).ShouldSucceed();
        (await drill.Agent.CommandAsync("drill", "revert")).ShouldSucceed();
    }

    [Fact]
    public async Task The_first_change_is_taken_back_to_nothing_at_all()
    {
        await using var drill = await Drill.StartAsync(1);
        (await drill.Agent.ApplyAsync(Closed, "--confirm-within", "1h")).ShouldSucceed();
        (await drill.Host.RulesetAsync()).ShouldContain("table inet entrepot");

        (await drill.Agent.CommandAsync("ports", "revert")).ShouldSucceed();

        (await drill.Host.RulesetAsync()).ShouldBe("");
    }

    /// <summary>Docker does the like: what is sent elsewhere never meets the own table.</summary>
    [Theory]
    [InlineData("nft")]
    [InlineData("iptables-nft")]
    [InlineData("iptables-legacy")]
    public async Task A_foreign_rule_that_takes_a_governed_port_elsewhere_is_named_and_the_change_taken_back(string program)
    {
        await VirtualNetwork.RequireAsync(program);
        await using var drill = await Drill.StartAsync(2);
        (await drill.Host.RunAsync("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")).ShouldSucceed();
        (await drill.Agent.ApplyAsync(Closed)).ShouldSucceed();
        if (program == "nft")
            await drill.Host.LoadAsync("table ip other { chain pre { type nat hook prerouting priority dstnat; tcp dport 8443 dnat to 10.77.0.9:80; }\n}");
        else
            (await drill.Host.RunAsync(program, "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "8443", "-j", "DNAT", "--to-destination", "10.77.0.9:80")).ShouldSucceed();
        var before = await OwnAsync();

        var refused = await drill.Agent.ApplyAsync(Closed.Replace("10.77.0.2", "10.77.0.3", StringComparison.Ordinal));

        refused.ExitCode.ShouldNotBe(0);
        refused.Error.ShouldContain("the change was taken back: tcp/8443 from ");
        refused.Error.ShouldContain(program == "nft" ? "ip other pre" : "ip nat PREROUTING");
        (await OwnAsync()).ShouldBe(before);

        async Task<string> OwnAsync() => (await drill.Host.RunAsync("nft", "list", "table", "inet", "entrepot")).ShouldSucceed().Output;
    }

    [Fact]
    public async Task Iptables_is_read_back_and_proven_as_nftables_is()
    {
        const string portfile = """
            policy: {longestOpening: 1h, undeclared: drop}
            services:
              - {name: web, port: 8443, allow: [{cidr: 10.77.0.2}], rate: 100/hour, owner: ops, purpose: a test}
              - {name: old, port: 7001, allow: [{cidr: 10.77.0.2}], expires: 2037-01-01, owner: ops, purpose: a test}
              - {name: mac, port: 7002, allow: [{mac: "02:77:00:00:00:99"}], owner: ops, purpose: a test}
            """;
        await VirtualNetwork.RequireAsync("iptables-save", "ip6tables-save");
        await using var drill = await Drill.StartAsync(2, "--target", "iptables");

        var applied = (await drill.Agent.ApplyAsync(portfile)).ShouldSucceed();
        applied.Output.ShouldContain("Compared over all packets: nothing gets in that was not meant to");
        (await drill.Agent.CommandAsync("drill", "revert")).ShouldSucceed();

        (await drill.Host.RunAsync("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")).ShouldSucceed();
        (await drill.Host.RunAsync("iptables", "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "8443", "-j", "DNAT", "--to-destination", "10.77.0.9:80")).ShouldSucceed();
        var refused = await drill.Agent.ApplyAsync(portfile.Replace("10.77.0.2", "10.77.0.3", StringComparison.Ordinal));
        refused.ExitCode.ShouldNotBe(0);
        refused.Error.ShouldContain("the change was taken back: tcp/8443 from ");
        (await drill.Host.RunAsync("iptables-save")).ShouldSucceed().Output.ShouldNotContain("10.77.0.3");
    }

    [Fact]
    public async Task Pools_are_kept_from_outgoing_connections_as_long_as_the_rules_hold_that_have_them()
    {
        const string pools = "pools: [{name: p, range: 54330-54339, strategy: dynamic}]\n" + Closed;
        const string list = "/proc/sys/net/ipv4/ip_local_reserved_ports";
        await using var drill = await Drill.StartAsync(2);
        (await drill.Host.RunAsync("sysctl", "-q", "-w", "net.ipv4.ip_local_reserved_ports=40000,54330")).ShouldSucceed();

        (await drill.Agent.ApplyAsync(pools, "--dry-run")).ShouldSucceed().Output.ShouldContain("Ports 54331-54339 of pools are kept from outgoing connections.");
        (await ListAsync()).ShouldBe("40000,54330");
        (await drill.Agent.ApplyAsync(pools, "--confirm-within", "1h")).ShouldSucceed();
        (await ListAsync()).ShouldBe("40000,54330-54339");
        (await drill.Agent.CommandAsync("ports", "revert")).ShouldSucceed();
        (await ListAsync()).ShouldBe("40000,54330");

        (await drill.Agent.ApplyAsync(pools)).ShouldSucceed();
        (await ListAsync()).ShouldBe("40000,54330-54339");
        (await drill.Agent.ApplyAsync(Closed, "--confirm-within", "5s")).ShouldSucceed().Output.ShouldContain("Ports 54331-54339 are free for outgoing connections again.");
        (await ListAsync()).ShouldBe("40000,54330");
        await drill.Agent.KillAsync();
        await Poll.UntilAsync(() => Task.FromResult(Directory.GetFiles(drill.Agent.Folder, "outcome*", SearchOption.AllDirectories).Length > 0), TimeSpan.FromSeconds(30), () => "the watchdog did not fire");
        await drill.Agent.StartAsync();
        await Poll.UntilAsync(async () => await ListAsync() == "40000,54330-54339", TimeSpan.FromSeconds(30), () => "the pool of the rules that came back is not kept");

        (await drill.Agent.ApplyAsync(Closed)).ShouldSucceed();
        (await ListAsync()).ShouldBe("40000,54330");

        async Task<string> ListAsync() => (await drill.Host.RunAsync("cat", list)).ShouldSucceed().Output.Trim();
    }

    [Theory]
    [InlineData("y", "kept", 0)]
    [InlineData("n", "taken back", 1)]
    public async Task On_a_terminal_the_operator_is_asked_whether_the_change_stays(string answer, string outcome, int exit)
    {
        await VirtualNetwork.RequireAsync("script");
        await using var drill = await Drill.StartAsync(2);

        var asked = await drill.Agent.ApplyOnTerminalAsync(Closed, $"y\\n{answer}\\n", "--confirm-within", "60s");

        asked.Output.ShouldContain("Keep it? [y/N]");
        asked.Output.ShouldContain($" is {outcome}.");
        asked.ExitCode.ShouldBe(exit);
        (await drill.Host.RulesetAsync()).Contains("tcp . 8443", StringComparison.Ordinal).ShouldBe(answer == "y");
    }

    [Fact]
    public async Task What_is_allowed_and_probably_not_meant_is_told_before_it_is_applied()
    {
        await using var drill = await Drill.StartAsync(2);
        (await drill.Agent.ApplyAsync(Closed)).ShouldSucceed();
        (await drill.Agent.CommandAsync("ports", "open", "8443", "--from", "10.77.0.2", "--for", "5m", "--reason", "test")).ShouldSucceed();

        (await drill.Agent.ApplyAsync(Closed, "--dry-run")).ShouldSucceed().Error.ShouldContain("Opening 1 lets in nobody whom 'web' does not let in anyway");
        (await drill.Agent.ApplyAsync(Closed.Replace("port: 8443", "port: 22", StringComparison.Ordinal), "--dry-run"))
            .Error.ShouldContain("'web' has the management port 22, which stays open to the management networks");
    }

    [Fact]
    public async Task A_confirmed_change_stays_and_a_second_one_must_wait_for_the_first()
    {
        await using var drill = await Drill.StartAsync(1);
        (await drill.Agent.ApplyAsync(Closed, "--confirm-within", "10m")).ShouldSucceed();
        (await drill.Agent.ApplyAsync(Closed)).Error.ShouldContain("waits to be confirmed");

        // The agent may end in between: the watchdog and the change do not depend on it.
        await drill.Agent.KillAsync();
        await drill.Agent.StartAsync();
        (await drill.Agent.CommandAsync("ports", "confirm")).ShouldSucceed();

        var watchdog = await File.ReadAllTextAsync(Path.Combine(drill.Agent.Folder, "change", "ready"), Cancellation);
        await Poll.UntilAsync(() => Task.FromResult(!Directory.Exists($"/proc/{watchdog}")), TimeSpan.FromSeconds(20), () => "the watchdog goes on");
        (await drill.Host.RulesetAsync()).ShouldContain("8443");
        (await drill.Agent.ApplyAsync(Closed)).ShouldSucceed();
    }

    [Fact]
    public async Task A_portfile_that_would_cut_the_operators_session_is_found_before_it_is_applied()
    {
        await using var drill = await Drill.StartAsync(2);
        using var ssh = drill.Host.Serve(22);
        using var session = (await drill.Network[1].ConnectAsync(ssh.Address, Cancellation)).ShouldNotBeNull();

        var refused = await drill.Agent.ApplyAsync("""
            policy: {undeclared: drop, management: {port: 22, from: [10.99.0.0/16]}}
            services: []
            """);

        refused.ExitCode.ShouldNotBe(0);
        refused.Error.ShouldContain("would lock out the session from 10.77.0.2 to tcp/22");
        (await drill.Host.RulesetAsync()).ShouldBe("");
    }

    [Fact]
    public async Task An_opening_lasts_its_time_outlives_the_agent_and_survives_an_apply_to_the_second()
    {
        await using var drill = await Drill.StartAsync(2);
        using var mirror = drill.Host.Serve(54321);
        (await drill.Agent.ApplyAsync(Closed)).ShouldSucceed();
        (await drill.Agent.CommandAsync("ports", "open", "54321", "--from", "10.77.0.2", "--for", "2h", "--reason", "test")).Error.ShouldContain("longer than the 1 h");
        (await drill.Network[1].ReachesAsync(mirror.Address, Cancellation)).ShouldBeFalse();

        (await drill.Agent.CommandAsync("ports", "open", "54321", "--from", "10.77.0.2", "--for", "12s", "--reason", "ticket 4711")).ShouldSucceed();
        (await drill.Agent.CommandAsync("ports", "openings")).Output.ShouldContain("ticket 4711");
        using var client = (await drill.Network[1].ConnectAsync(mirror.Address, Cancellation)).ShouldNotBeNull();
        // Other rules: the table is replaced, and the opening must not begin anew.
        (await drill.Agent.ApplyAsync(Closed.Replace("longestOpening: 1h", "longestOpening: 1h, undeclared: drop", StringComparison.Ordinal))).ShouldSucceed();
        (await TimeLeftAsync(drill.Host)).ShouldBeLessThan(12);
        await drill.Agent.KillAsync();

        await Poll.UntilAsync(async () => await TimeLeftAsync(drill.Host) == 0, TimeSpan.FromSeconds(20), () => "the kernel did not close it");
        (await drill.Network[1].ReachesAsync(mirror.Address, Cancellation)).ShouldBeFalse();
        await client.SendAsync(new byte[] { 1 });
        var server = mirror.Accepted.ShouldHaveSingleItem();
        using var patience = new CancellationTokenSource(Filtered.Patience);
        await Should.ThrowAsync<OperationCanceledException>(async () => await server.ReceiveAsync(new byte[1], patience.Token));
        await drill.Agent.StartAsync();
        (await drill.Agent.CommandAsync("ports", "openings")).Output.ShouldContain("Nothing is open");
    }

    [Fact]
    public async Task Closing_an_opening_cuts_its_connections_at_once()
    {
        await using var drill = await Drill.StartAsync(2);
        using var mirror = drill.Host.Serve(54321);
        (await drill.Agent.ApplyAsync(Closed)).ShouldSucceed();
        (await drill.Agent.CommandAsync("ports", "open", "54321", "--mac", drill.Network[1].Mac.ToString(), "--for", "30m", "--reason", "test")).ShouldSucceed();
        using var client = (await drill.Network[1].ConnectAsync(mirror.Address, Cancellation)).ShouldNotBeNull();

        (await drill.Agent.CommandAsync("ports", "close", "1")).ShouldSucceed();

        await client.SendAsync(new byte[] { 1 });
        using var patience = new CancellationTokenSource(Filtered.Patience);
        await Should.ThrowAsync<OperationCanceledException>(async () => await mirror.Accepted.ShouldHaveSingleItem().ReceiveAsync(new byte[1], patience.Token));
        (await drill.Network[1].ReachesAsync(mirror.Address, Cancellation)).ShouldBeFalse();
    }

    [Fact]
    public async Task Without_the_capability_it_says_what_it_needs_and_ends()
    {
        Command.Require("setpriv");
        using var folder = new TestFolder();
        var refused = await Command.RunAsync(
            "setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin", EntrepotProcess.Program, "agent", "--socket", folder["s"], "--data", folder["data"]);
        refused.ExitCode.ShouldNotBe(0);
        refused.Error.ShouldContain("CAP_NET_ADMIN");
        File.Exists(folder["s"]).ShouldBeFalse();
    }

    [Fact]
    public async Task Strangers_on_the_machine_are_refused_and_members_of_the_group_are_not()
    {
        Command.Require("setpriv");
        await using var drill = await Drill.StartAsync(1);

        var stranger = await drill.Agent.CommandAsAsync("65534", "65534", "ports", "openings");
        stranger.ExitCode.ShouldNotBe(0);
        stranger.Error.ShouldContain("You may not use the agent's socket");

        (await drill.Agent.CommandAsAsync("65534", "0", "ports", "openings")).ShouldSucceed();
    }

    /// <summary>Seconds that the one opening has left, by the kernel's own count; 0 when it is gone.</summary>
    private static async Task<double> TimeLeftAsync(VirtualHost host)
    {
        var set = (await host.RunAsync("nft", "-j", "list", "set", "inet", "entrepot", "open4")).ShouldSucceed().Output;
        var match = System.Text.RegularExpressions.Regex.Match(set, "\"expires\": ([0-9]+)");
        return match.Success ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) + 0.5 : 0;
    }

    /// <summary>A network whose first host has an agent.</summary>
    private sealed class Drill : IAsyncDisposable
    {
        private readonly TestFolder _folder = new();

        private Drill(VirtualNetwork network) => Network = network;

        public VirtualNetwork Network { get; }

        public VirtualHost Host => Network[0];

        public AgentProcess Agent { get; private set; } = null!;

        public static async Task<Drill> StartAsync(int hosts, params string[] arguments)
        {
            await VirtualNetwork.RequireAsync("nft", "conntrack");
            var drill = new Drill(await VirtualNetwork.CreateAsync(hosts));
            try
            {
                drill.Agent = await AgentProcess.StartAsync(drill.Host, drill._folder, arguments);
                return drill;
            }
            catch
            {
                await drill.DisposeAsync();
                throw;
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (Agent is not null)
                await Agent.DisposeAsync();
            await Network.DisposeAsync();
            _folder.Dispose();
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Nftables;
using Entrepot.Ports.Firewalls.Proof;

namespace Entrepot.SystemTests.Ports.Firewalls;

/// <summary>What nftables is told, judged by real packets.</summary>
public sealed class NftablesTargetTests
{
    private static readonly NftablesTarget Target = new();
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_feature_loads_and_loading_it_twice_changes_nothing()
    {
        await using var network = await CreateAsync(1);
        var host = network[0];
        var full = Everything();
        await host.ApplyAsync(Target, full);
        var first = await host.RulesetAsync();

        await host.ApplyAsync(Target, full);

        (await host.RulesetAsync()).ShouldBe(first);
        first.ShouldContain("type filter hook input priority filter - 10; policy accept;");
    }

    [Fact]
    public async Task What_was_there_before_comes_back_bit_by_bit()
    {
        await using var network = await CreateAsync(1);
        var host = network[0];
        await host.LoadAsync("table ip other { chain c { type filter hook input priority 0; tcp dport 9 drop; }\n}");
        var empty = await host.RulesetAsync();
        var none = await host.RunAsync(Target.Snapshot);
        await host.ApplyAsync(Target, Everything());
        var full = await host.RulesetAsync();
        var snapshot = await host.RunAsync(Target.Snapshot);
        await host.ApplyAsync(Target, Filtered.Model(Filtered.Door(1, 1)));

        foreach (var answer in await host.RunAsync(Target.Restore(snapshot, [], TimeSpan.Zero)))
            answer.ExitCode.ShouldBe(0, answer.Error);
        (await host.RulesetAsync()).ShouldBe(full);
        await host.RunAsync(Target.Restore(none, [], TimeSpan.Zero));
        (await host.RulesetAsync()).ShouldBe(empty);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Only_those_who_are_let_in_get_through_a_door(bool six)
    {
        await using var network = await CreateAsync(3);
        var host = network[0];
        using var web = host.Serve(8443, six);
        using var other = host.Serve(8444, six);
        var friend = six ? network[1].Address6 : network[1].Address;
        await host.ApplyAsync(Target, Filtered.Model(Filtered.Door(8443, 8443, Filtered.Only(friend).ToString())));

        (await network[1].ReachesAsync(web.Address, Cancellation)).ShouldBeTrue();
        (await network[2].ReachesAsync(web.Address, Cancellation)).ShouldBeFalse();
        (await network[2].ReachesAsync(other.Address, Cancellation)).ShouldBeTrue("no door governs it");
        (await host.ReachesAsync(web.Address, Cancellation)).ShouldBeTrue("the machine itself is always let in");
        await host.ApplyAsync(Target, Filtered.Model(Filtered.Door(8443, 8443, Filtered.Only(friend).ToString())) with { Undeclared = UndeclaredPorts.Drop });
        (await network[2].ReachesAsync(other.Address, Cancellation)).ShouldBeFalse();
        (await network[1].ReachesAsync(web.Address, Cancellation)).ShouldBeTrue();
    }

    [Fact]
    public async Task An_ethernet_address_lets_its_machine_in_and_with_an_address_only_both_together()
    {
        await using var network = await CreateAsync(3);
        var host = network[0];
        using var web = host.Serve(8443);
        await host.ApplyAsync(Target, Filtered.Model(Filtered.Door(8443, 8443) with { Ways = [new AccessGrant([], [network[1].Mac], "mac")] }));
        (await network[1].ReachesAsync(web.Address, Cancellation)).ShouldBeTrue();
        (await network[2].ReachesAsync(web.Address, Cancellation)).ShouldBeFalse();

        await host.ApplyAsync(Target, Filtered.Model(Filtered.Door(8443, 8443) with { Ways = [new AccessGrant([Filtered.Only(network[1].Address)], [network[2].Mac], "mixed")] }));
        (await network[1].ReachesAsync(web.Address, Cancellation)).ShouldBeFalse();
        (await network[2].ReachesAsync(web.Address, Cancellation)).ShouldBeFalse();
    }

    [Fact]
    public async Task An_opening_for_both_addresses_wants_both_of_them_and_the_proof_agrees()
    {
        await using var network = await CreateAsync(3);
        var host = network[0];
        using var web = host.Serve(54321);
        foreach (var (mac, comesIn) in new[] { (network[1].Mac, true), (network[2].Mac, false) })
        {
            var now = DateTimeOffset.UtcNow;
            var model = Filtered.Model(Filtered.Door(54321, 54321)) with
            {
                Openings = [new Opening(1, PortProtocol.Tcp, 54321, Filtered.Only(network[1].Address), mac, now.AddMinutes(5), "test", "uid:0")],
            };
            await host.ApplyAsync(Target, model);

            (await network[1].ReachesAsync(web.Address, Cancellation)).ShouldBe(comesIn);
            (await network[2].ReachesAsync(web.Address, Cancellation)).ShouldBeFalse();
            NftablesReader.TryRead((await host.RunAsync("nft", "-j", "list", "ruleset")).ShouldSucceed().Output, out var ruleset, out var fault).ShouldBeTrue(fault?.Message);
            RulesetProver.Prove(model, ruleset!, ProofContext.ForNftables(HostView.Unknown, now)).Findings.ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task Established_sessions_and_the_management_port_outlive_a_change_that_closes_everything()
    {
        await using var network = await CreateAsync(2);
        var host = network[0];
        using var web = host.Serve(8443);
        using var ssh = host.Serve(22);
        await host.ApplyAsync(Target, Filtered.Model(Filtered.Door(8443, 8443, "10.77.0.0/24")));
        using var session = (await network[1].ConnectAsync(web.Address, Cancellation)).ShouldNotBeNull();

        await host.ApplyAsync(Target, Filtered.Model(Filtered.Door(1, 65535)) with { Undeclared = UndeclaredPorts.Drop });

        (await EchoesAsync(session, web)).ShouldBeTrue();
        (await network[1].ReachesAsync(web.Address, Cancellation)).ShouldBeFalse();
        (await network[1].ReachesAsync(ssh.Address, Cancellation)).ShouldBeTrue();
        await host.ApplyAsync(Target, Filtered.Model(Filtered.Door(1, 65535)) with { Floor = new SafetyFloor(22, [System.Net.IPNetwork.Parse("10.99.0.0/16")]) });
        (await network[1].ReachesAsync(ssh.Address, Cancellation)).ShouldBeFalse("the floor is limited to those networks");
    }

    [Fact]
    public async Task A_rate_lets_so_many_new_connections_in_and_then_no_more()
    {
        await using var network = await CreateAsync(3);
        var host = network[0];
        using var web = host.Serve(8443);
        await host.ApplyAsync(Target, Filtered.Model(Filtered.Door(8443, 8443, "10.77.0.0/24") with { Rate = new AccessRate(5, TimeSpan.FromHours(1)) }));

        for (var i = 0; i < 5; i++)
            (await network[1].ReachesAsync(web.Address, Cancellation)).ShouldBeTrue(i.ToString(CultureInfo.InvariantCulture));
        (await network[1].ReachesAsync(web.Address, Cancellation)).ShouldBeFalse();
        (await network[2].ReachesAsync(web.Address, Cancellation)).ShouldBeTrue("another source has a rate of its own");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_cap_holds_connections_at_once_and_gives_room_again(int ports)
    {
        await using var network = await CreateAsync(4);
        var host = network[0];
        using var web = host.Serve(8443);
        await host.ApplyAsync(Target, Filtered.Model(Filtered.Door(8443, 8442 + ports, "10.77.0.0/24") with { ConnectionsPerSource = 2, Connections = 3 }));

        using var first = (await network[1].ConnectAsync(web.Address, Cancellation)).ShouldNotBeNull();
        var second = (await network[1].ConnectAsync(web.Address, Cancellation)).ShouldNotBeNull();
        (await network[1].ReachesAsync(web.Address, Cancellation)).ShouldBeFalse("two from one source");
        using var third = (await network[2].ConnectAsync(web.Address, Cancellation)).ShouldNotBeNull();
        (await network[3].ReachesAsync(web.Address, Cancellation)).ShouldBeFalse("three in all");
        second.Dispose();
        await host.RunAsync("conntrack", "-D", "-p", "tcp", "--state", "TIME_WAIT");
        await Poll.UntilAsync(
            async () =>
            {
                foreach (var socket in web.Accepted.Where(static socket => socket.Available == 0 && socket.Poll(0, SelectMode.SelectRead)))
                    socket.Dispose();
                await host.RunAsync("conntrack", "-D", "-p", "tcp", "--state", "TIME_WAIT");
                await host.RunAsync("conntrack", "-D", "-p", "tcp", "--state", "LAST_ACK");
                return await network[3].ReachesAsync(web.Address, Cancellation);
            },
            TimeSpan.FromSeconds(30), () => "no room again");
    }

    [Fact]
    public async Task An_opening_ends_by_itself_and_cuts_its_connections_both_ways()
    {
        await using var network = await CreateAsync(3);
        var host = network[0];
        using var web = host.Serve(54321);
        var closed = Filtered.Model(Filtered.Door(54321, 54321, Filtered.Only(network[2].Address).ToString()));
        await host.ApplyAsync(Target, closed);
        (await network[1].ReachesAsync(web.Address, Cancellation)).ShouldBeFalse();
        await host.ApplyAsync(Target, closed with
        {
            Openings = [new Opening(1, PortProtocol.Tcp, 54321, Filtered.Only(network[1].Address), null, DateTimeOffset.UtcNow.AddSeconds(6), "test", "uid:0")],
        });
        using var declared = (await network[2].ConnectAsync(web.Address, Cancellation)).ShouldNotBeNull();
        using var client = (await network[1].ConnectAsync(web.Address, Cancellation)).ShouldNotBeNull();
        (await EchoesAsync(client, web)).ShouldBeTrue();

        await Poll.UntilAsync(
            async () => !(await host.RunAsync("nft", "list", "set", "inet", "entrepot", "open4")).Output.Contains("elements", StringComparison.Ordinal),
            TimeSpan.FromSeconds(20), () => "the kernel did not close it");

        (await network[1].ReachesAsync(web.Address, Cancellation)).ShouldBeFalse();
        (await EchoesAsync(client, web)).ShouldBeFalse("bytes to the service stop");
        (await PushesAsync(client, web)).ShouldBeFalse("bytes from the service stop");
        (await EchoesAsync(declared, web)).ShouldBeTrue("connections that a door lets in go on");
    }

    [Fact]
    public async Task Twelve_thousand_entries_change_within_a_second_while_every_new_connection_gets_through()
    {
        await using var network = await CreateAsync(2);
        var host = network[0];
        using var web = host.Serve(8443);
        var before = Many(10);
        var after = Many(11);
        await host.ApplyAsync(Target, before);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var loop = LoopAsync(network[1], web, stop.Token);

        var watch = Stopwatch.StartNew();
        var change = Target.RenderChange(before, after, DateTimeOffset.UtcNow) ?? Target.Render(after, [], DateTimeOffset.UtcNow);
        foreach (var answer in await host.RunAsync(change))
            answer.ExitCode.ShouldBe(0, answer.Error);
        var many = watch.Elapsed;
        watch.Restart();
        foreach (var answer in await host.RunAsync(Target.RenderChange(after, Many(11, 6100), DateTimeOffset.UtcNow).ShouldNotBeNull()))
            answer.ExitCode.ShouldBe(0, answer.Error);
        var few = watch.Elapsed;

        await stop.CancelAsync();
        var (made, failed) = await loop;
        TestContext.Current.SendDiagnosticMessage($"12,000 entries changed in {many.TotalMilliseconds:0} ms, 100 more in {few.TotalMilliseconds:0} ms; {made} connections made meanwhile, {failed} failed");
        failed.ShouldBe(0);
        made.ShouldBeGreaterThan(10);
        many.ShouldBeLessThan(TimeSpan.FromSeconds(1));

        // Six thousand addresses go and six thousand come.
        static RuleModel Many(int second, int count = 6000) => Filtered.Model(
            Filtered.Door(8443, 8443, "10.77.0.0/24"),
            Filtered.Door(9000, 9000, [.. Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"10.{second}.{i / 100}.{(i % 100 * 2) + 1}/32"))]));
    }

    private static async Task<(int Made, int Failed)> LoopAsync(VirtualHost client, TestServer web, CancellationToken stop)
    {
        var (made, failed) = (0, 0);
        while (!stop.IsCancellationRequested)
        {
            if (await client.ReachesAsync(web.Address, CancellationToken.None))
                made++;
            else
                failed++;
        }

        return (made, failed);
    }

    private static RuleModel Everything() => Filtered.Model(
        Filtered.Door(80, 89, "10.0.0.0/8", "0.0.0.0/0", "::/0") with
        {
            Rate = new AccessRate(1_000_000, TimeSpan.FromDays(1)), ConnectionsPerSource = 1, Connections = 1_000_000,
        },
        Filtered.Door(70, 79, "0.0.0.0/0", "::/0") with { Blocked = true, Expires = new DateTimeOffset(2040, 1, 1, 0, 0, 0, TimeSpan.Zero) },
        Filtered.Door(90, 90, "10.0.0.1/32", "10.0.0.2/32", "fd00::/8") with { Rate = new AccessRate(1, TimeSpan.FromSeconds(1)), ConnectionsPerSource = 10 },
        Filtered.Door(100, 65535, "10.0.0.0/8") with
        {
            Protocol = PortProtocol.Sctp, Ways = [new AccessGrant([System.Net.IPNetwork.Parse("10.0.0.0/8"), System.Net.IPNetwork.Parse("fd00::/8")], [new MacAddress(1)], "both"), new AccessGrant([], [new MacAddress(2)], "mac")],
        },
        Filtered.Door(53, 53, "10.0.0.0/8") with { Protocol = PortProtocol.Udp, Blocked = true }) with
    {
        Floor = new SafetyFloor(22, [System.Net.IPNetwork.Parse("0.0.0.0/0"), System.Net.IPNetwork.Parse("fd00::/8")]),
        Undeclared = UndeclaredPorts.Drop,
    };

    /// <summary>True when a byte from the client arrives.</summary>
    private static async Task<bool> EchoesAsync(Socket client, TestServer web)
    {
        var server = web.Accepted.Single(socket => socket.RemoteEndPoint!.Equals(client.LocalEndPoint));
        await client.SendAsync(new byte[] { 1 });
        return await ArrivesAsync(server);
    }

    /// <summary>True when a byte from the server arrives.</summary>
    private static async Task<bool> PushesAsync(Socket client, TestServer web)
    {
        var server = web.Accepted.Single(socket => socket.RemoteEndPoint!.Equals(client.LocalEndPoint));
        await server.SendAsync(new byte[] { 1 });
        return await ArrivesAsync(client);
    }

    private static async Task<bool> ArrivesAsync(Socket socket)
    {
        using var timer = new CancellationTokenSource(Filtered.Patience);
        try
        {
            return await socket.ReceiveAsync(new byte[1], timer.Token) == 1;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<VirtualNetwork> CreateAsync(int hosts)
    {
        await VirtualNetwork.RequireAsync("nft", "conntrack");
        return await VirtualNetwork.CreateAsync(hosts);
    }
}

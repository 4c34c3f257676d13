using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Iptables;

namespace Entrepot.SystemTests.Ports.Firewalls;

/// <summary>What iptables is told, judged by real packets.</summary>
public sealed class IptablesTargetTests
{
    private static readonly IptablesTarget Target = new();
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Doors_hold_loading_them_twice_changes_nothing_and_what_was_there_comes_back()
    {
        await VirtualNetwork.RequireAsync("iptables-save", "ip6tables-save");
        await using var network = await VirtualNetwork.CreateAsync(3);
        var host = network[0];
        using var web = host.Serve(8443);
        using var lasting = host.Serve(7000);
        using var ended = host.Serve(7001);
        using var web6 = host.Serve(8443, six: true);
        (await host.RunAsync("iptables", "-A", "INPUT", "-p", "tcp", "--dport", "9", "-j", "DROP")).ShouldSucceed();
        (await host.RunAsync("ip6tables", "-A", "INPUT", "-p", "tcp", "--dport", "9", "-j", "DROP")).ShouldSucceed();
        var before = await host.RunAsync(Target.Snapshot);
        var model = Filtered.Model(
            Filtered.Door(8443, 8443, Filtered.Only(network[1].Address).ToString(), Filtered.Only(network[1].Address6).ToString()),
            Filtered.Door(7000, 7000, "0.0.0.0/0", "::/0") with { Expires = DateTimeOffset.UtcNow.AddYears(1), Rate = new AccessRate(100, TimeSpan.FromHours(1)), ConnectionsPerSource = 3, Connections = 9 },
            Filtered.Door(7001, 7001, "0.0.0.0/0", "::/0") with { Expires = DateTimeOffset.UtcNow.AddSeconds(-1) },
            Filtered.Door(9000, 9009) with { Ways = [new AccessGrant([], [network[1].Mac], "mac")] }) with { Undeclared = UndeclaredPorts.Drop };

        await host.ApplyAsync(Target, model);
        var first = await RulesAsync(host);
        await host.ApplyAsync(Target, model);

        (await RulesAsync(host)).ShouldBe(first);
        (await network[1].ReachesAsync(web.Address, Cancellation)).ShouldBeTrue();
        (await network[2].ReachesAsync(web.Address, Cancellation)).ShouldBeFalse();
        (await network[1].ReachesAsync(web6.Address, Cancellation)).ShouldBeTrue();
        (await network[2].ReachesAsync(web6.Address, Cancellation)).ShouldBeFalse();
        (await network[2].ReachesAsync(lasting.Address, Cancellation)).ShouldBeTrue();
        (await network[2].ReachesAsync(ended.Address, Cancellation)).ShouldBeFalse();

        foreach (var answer in await host.RunAsync(Target.Restore(before, await host.RunAsync(Target.Snapshot), TimeSpan.Zero)))
            answer.ExitCode.ShouldBe(0, answer.Error);
        (await RulesAsync(host)).ShouldBe(Rules(before));
    }

    /// <summary>Without the comments, which tell the time.</summary>
    private static string Rules(IEnumerable<FirewallAnswer> answers)
        => string.Join('\n', answers.SelectMany(static answer => answer.Output.Split('\n')).Where(static line => !line.StartsWith('#')));

    private static async Task<string> RulesAsync(VirtualHost host) => Rules(await host.RunAsync(Target.Snapshot));
}

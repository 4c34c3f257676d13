using System.Net;
using System.Net.Sockets;

namespace Entrepot.SystemTests.Ports;

/// <summary>What the other tests of this folder stand on.</summary>
public sealed class VirtualNetworkTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Hosts_reach_each_other_and_a_rule_on_one_of_them_stops_it(bool six)
    {
        await VirtualNetwork.RequireAsync("nft");
        await using var network = await VirtualNetwork.CreateAsync(3);
        var server = network[0];
        var address = six ? server.Address6 : server.Address;
        using var listener = server.Within(() =>
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, 0));
            socket.Listen();
            return socket;
        });

        (await ConnectsAsync(network[1], listener)).ShouldBeTrue();
        await server.LoadAsync($"table inet t {{ chain c {{ type filter hook input priority 0; {(six ? "ip6" : "ip")} saddr {(six ? network[2].Address6 : network[2].Address)} tcp dport 1-65535 reject with tcp reset; }}\n}}");
        (await ConnectsAsync(network[1], listener)).ShouldBeTrue();
        (await ConnectsAsync(network[2], listener)).ShouldBeFalse();
    }

    [Fact]
    public async Task Nothing_is_left_behind()
    {
        await VirtualNetwork.RequireAsync();
        string name;
        await using (var network = await VirtualNetwork.CreateAsync(2))
            name = network[0].Namespace[..^2];
        (await Command.RunAsync("ip", "netns", "list")).Output.ShouldNotContain(name);
    }

    private static async Task<bool> ConnectsAsync(VirtualHost from, Socket listener)
    {
        var goal = (IPEndPoint)listener.LocalEndPoint!;
        using var socket = from.Within(() => new Socket(goal.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            await socket.ConnectAsync(goal, Cancellation);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

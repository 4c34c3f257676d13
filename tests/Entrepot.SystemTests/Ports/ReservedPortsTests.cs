using System.Net;
using System.Net.Sockets;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;

namespace Entrepot.SystemTests.Ports;

/// <summary>The kernel's list of reserved ports, in a network namespace that has one of its own.</summary>
public sealed class ReservedPortsTests
{
    private const string List = "/proc/sys/net/ipv4/ip_local_reserved_ports";
    private static readonly PortSet Pool = PortSet.Range(54321, 54400);

    [Fact]
    public async Task The_kernel_s_list_is_merged_and_given_back_without_what_others_added()
    {
        await VirtualNetwork.RequireAsync("sysctl", "cat");
        await using var network = await VirtualNetwork.CreateAsync(1);
        var host = network[0];
        await SetAsync(host, "ip_local_reserved_ports=40000,54330");
        var writer = new ReservedPortsWriter(new Memory());

        host.Within(() => writer.ReserveAsync(Pool.Union(PortSet.Of(8080, 60000))).GetAwaiter().GetResult()).Added.Count.ShouldBe(80);
        (await ListAsync(host)).ShouldBe("40000,54321-54400,60000");

        await SetAsync(host, "ip_local_reserved_ports=40000-40009,54321-54400,60000");
        host.Within(() => writer.ReleaseAsync().GetAwaiter().GetResult());
        (await ListAsync(host)).ShouldBe("40000-40009,54330");
    }

    [Fact]
    public async Task Reserved_ports_are_never_given_to_who_asks_for_any_and_can_still_be_bound()
    {
        await VirtualNetwork.RequireAsync("sysctl");
        await using var network = await VirtualNetwork.CreateAsync(1);
        var host = network[0];
        await SetAsync(host, "ip_local_port_range=54321 54420");
        host.Within(PickedOf40).Overlaps(Pool).ShouldBeTrue();

        host.Within(() => new ReservedPortsWriter(new Memory()).ReserveAsync(Pool).GetAwaiter().GetResult());
        host.Within(PickedOf40).Overlaps(Pool).ShouldBeFalse();
        host.Within(() =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 54321));
            return ((IPEndPoint)socket.LocalEndPoint!).Port;
        }).ShouldBe(54321);
    }

    private static PortSet PickedOf40() => PortSet.Of(Enumerable.Range(0, 40).Select(static _ =>
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }).ToList());

    private static async Task SetAsync(VirtualHost host, string setting) => (await host.RunAsync("sysctl", "-q", "-w", $"net.ipv4.{setting}")).ShouldSucceed();

    private static async Task<string> ListAsync(VirtualHost host) => (await host.RunAsync("cat", List)).ShouldSucceed().Output.Trim();

    /// <summary>Answers at once, so that what follows stays on the thread that is in the namespace.</summary>
    private sealed class Memory : IReservedPortsMemory
    {
        private (PortSet Ours, string Boot) _kept = (PortSet.Empty, "");

        public Task<(PortSet Ours, string Boot)> LoadAsync(CancellationToken cancellation) => Task.FromResult(_kept);

        public Task SaveAsync(PortSet ours, string boot, CancellationToken cancellation)
        {
            _kept = (ours, boot);
            return Task.CompletedTask;
        }
    }
}

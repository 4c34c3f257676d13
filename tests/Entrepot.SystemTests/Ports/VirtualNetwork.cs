using System.Globalization;
using System.Security.Cryptography;

namespace Entrepot.SystemTests.Ports;

/// <summary>Several hosts on one link, each a network namespace of its own with <c>eth0</c>, 10.77.0.N/24 and fd77::N/64. All of it goes
/// with the test; nothing of the machine's own network is touched.</summary>
internal sealed class VirtualNetwork : IAsyncDisposable
{
    private readonly string _link;

    private VirtualNetwork(string link, IReadOnlyList<VirtualHost> hosts) => (_link, Hosts) = (link, hosts);

    public IReadOnlyList<VirtualHost> Hosts { get; }

    public VirtualHost this[int index] => Hosts[index];

    /// <summary>Skips the running test, saying why, where namespaces can't be made or a program is missing.</summary>
    public static async Task RequireAsync(params string[] programs)
    {
        foreach (var program in programs.Prepend("ip"))
            Command.Require(program);
        var name = NewName();
        var made = await Command.RunAsync("ip", "netns", "add", name);
        if (made.ExitCode == 0)
            await Command.RunAsync("ip", "netns", "delete", name);
        Assert.SkipUnless(made.ExitCode == 0, $"network namespaces can't be made here (they need CAP_NET_ADMIN and CAP_SYS_ADMIN): {made.Error.Trim()}");
    }

    /// <summary>Makes so many hosts, 1–250, that see each other.</summary>
    public static async Task<VirtualNetwork> CreateAsync(int hosts)
    {
        var name = NewName();
        var network = new VirtualNetwork($"{name}-link", [.. Enumerable.Range(1, hosts).Select(number => new VirtualHost($"{name}-{number}", number))]);
        try
        {
            await network.BuildAsync();
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }

        return network;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in Hosts)
            await host.DisposeAsync();
        await Command.RunAsync("ip", "netns", "delete", _link);
    }

    private static string NewName() => $"entrepot-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";

    private async Task BuildAsync()
    {
        foreach (var name in Hosts.Select(static host => host.Namespace).Prepend(_link))
            (await Command.RunAsync("ip", "netns", "add", name)).ShouldSucceed();
        var plugs = Hosts.Select(static host => string.Create(
            CultureInfo.InvariantCulture,
            $"link add p{host.Number} type veth peer name eth0 address {host.Mac} netns {host.Namespace}\nlink set p{host.Number} master br0 up\n"));
        await BatchAsync(_link, $"link add br0 type bridge forward_delay 0\nlink set br0 up\n{string.Concat(plugs)}");
        foreach (var host in Hosts)
            await BatchAsync(
                host.Namespace,
                $"link set lo up\nlink set eth0 up\naddr add {host.Address}/24 dev eth0\naddr add {host.Address6}/64 dev eth0 nodad\n");
    }

    private static async Task BatchAsync(string name, string lines)
        => (await Command.RunWithInputAsync(lines, "ip", "-n", name, "-batch", "-")).ShouldSucceed();
}

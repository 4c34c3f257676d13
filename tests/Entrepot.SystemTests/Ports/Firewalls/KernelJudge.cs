using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Entrepot.Ports.Firewalls;

namespace Entrepot.SystemTests.Ports.Firewalls;

/// <summary>Asks the kernel of one host what it does with packets that another sends: a chain before all others notes what arrives, one
/// after all others notes what got through. Packets are told apart by their source ports.</summary>
internal sealed class KernelJudge(VirtualHost target, VirtualHost sender, Frames frames)
{
    public const string Table = "judge";

    private const int Sentinel = 65000;

    private const string Rules = $$"""
        table inet {{Table}} {
          set arrived { type inet_service; size 65535; flags dynamic; }
          set passed { type inet_service; size 65535; flags dynamic; }
          chain first { type filter hook prerouting priority -2147483648; meta l4proto { tcp, udp } add @arrived { th sport }; }
          chain last_in { type filter hook input priority 2147483647; meta l4proto { tcp, udp } ct state new,established,related,invalid,untracked add @passed { th sport }; }
          chain last_on { type filter hook forward priority 2147483647; meta l4proto { tcp, udp } add @passed { th sport }; }
        }
        """;

    /// <summary>Loads a ruleset in place of all others, and gives it as the kernel lists it, or null when nft refuses it.</summary>
    public async Task<string?> LoadAsync(string ruleset)
    {
        var loaded = await target.RunWithInputAsync($"flush ruleset\n{ruleset}\n{Rules}\n", "nft", "-f", "-");
        if (loaded.ExitCode != 0)
            return null;
        (await target.RunAsync("conntrack", "--flush")).ShouldSucceed(); // connections of the ruleset before
        return await ListAsync();
    }

    /// <summary>The ruleset as the kernel lists it.</summary>
    public async Task<string> ListAsync() => (await target.RunAsync("nft", "-j", "list", "ruleset")).ShouldSucceed().Output;

    /// <summary>Goes to the host's rules and forgets what was seen, connections of earlier packets with the same ports included.</summary>
    public async Task EnterAsync()
    {
        await target.LoadAsync(Rules);
        (await target.RunAsync("conntrack", "--flush")).ShouldSucceed();
    }

    /// <summary>Leaves the host's rules as they were without the judge.</summary>
    public async Task LeaveAsync() => (await target.RunAsync("nft", "delete", "table", "inet", Table)).ShouldSucceed();

    /// <summary>Sends packets and gives the source ports of those that got through.</summary>
    public async Task<HashSet<int>> AskAsync(IReadOnlyList<Packet> packets)
    {
        foreach (var packet in packets)
        {
            if (packet.State == ConnectionState.Established)
                Begin(packet);
            frames.Send(packet, target.Mac);
        }

        frames.Send(packets[0] with { SourcePort = Sentinel, State = ConnectionState.New }, target.Mac);
        await Poll.UntilAsync(
            async () => (await ListAsync("arrived")).IsSupersetOf([.. packets.Select(static packet => packet.SourcePort), Sentinel]), TimeSpan.FromSeconds(20),
            () => "not every packet arrived");
        return await ListAsync("passed");
    }

    /// <summary>The host says something first, so that what follows is an answer.</summary>
    private void Begin(Packet packet)
    {
        using var socket = target.Within(() =>
        {
            var own = new Socket(packet.Source.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            own.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            own.Bind(new IPEndPoint(packet.Destination, packet.DestinationPort));
            return own;
        });
        socket.SendTo([1], new IPEndPoint(packet.Source, packet.SourcePort));
        packet.Source.ShouldBeOneOf(sender.Address, sender.Address6);
    }

    private async Task<HashSet<int>> ListAsync(string set)
    {
        var json = (await target.RunAsync("nft", "-j", "list", "set", "inet", Table, set)).ShouldSucceed().Output;
        using var document = JsonDocument.Parse(json);
        return [.. from entry in document.RootElement.GetProperty("nftables").EnumerateArray()
                   where entry.TryGetProperty("set", out var found) && found.TryGetProperty("elem", out _)
                   from element in entry.GetProperty("set").GetProperty("elem").EnumerateArray()
                   select Number(element)];
    }

    private static int Number(JsonElement element)
        => element.ValueKind == JsonValueKind.Object ? Number(element.GetProperty("elem").GetProperty("val"))
            : element.ValueKind == JsonValueKind.Number ? element.GetInt32() : int.Parse(element.GetString()!, CultureInfo.InvariantCulture);
}

using System.Net;
using System.Net.NetworkInformation;

namespace Entrepot.Ports.Firewalls.Evaluation;

/// <summary>Looks at the machine that this process runs on.</summary>
public static class HostViewReader
{
    /// <summary>The machine's addresses, and the networks that are on its links.</summary>
    public static HostView Read()
    {
        var links = from link in NetworkInterface.GetAllNetworkInterfaces()
                    where link.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown
                    from address in link.GetIPProperties().UnicastAddresses
                    select (link.Name, address.Address, address.PrefixLength);
        var known = links.ToList();
        return new HostView
        {
            // Without the scope, which no rule asks for.
            Addresses = [.. known.Select(static link => new IPAddress(link.Address.GetAddressBytes())).Distinct()],
            Routes = [.. known.Select(static link => new HostRoute(Network(link.Address, link.PrefixLength), link.Name)).Distinct()],
        };
    }

    private static IPNetwork Network(IPAddress address, int length)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = length; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), length);
    }
}

namespace Entrepot.Ports.Allocation;

/// <summary>The transport whose number space a port belongs to; tcp/8080 and udp/8080 are different ports.</summary>
public enum PortProtocol
{
    /// <summary>TCP (RFC 9293).</summary>
    Tcp,

    /// <summary>UDP (RFC 768).</summary>
    Udp,

    /// <summary>SCTP (RFC 9260). Entrepot governs such ports for other services; it has no listener of its own there.</summary>
    Sctp,
}

/// <summary>Names of protocols.</summary>
public static class PortProtocols
{
    /// <summary>Every protocol, in the order in which they are shown.</summary>
    public static IReadOnlyList<PortProtocol> All { get; } = [PortProtocol.Tcp, PortProtocol.Udp, PortProtocol.Sctp];

    /// <summary>The name as users and the database write it: <c>tcp</c>, <c>udp</c>, <c>sctp</c>.</summary>
    public static string Name(this PortProtocol protocol) => protocol switch
    {
        PortProtocol.Udp => "udp",
        PortProtocol.Sctp => "sctp",
        _ => "tcp",
    };

    /// <summary>Reads a <see cref="Name"/>, in any case.</summary>
    public static bool TryParse(string? text, out PortProtocol protocol)
    {
        foreach (var known in All)
        {
            protocol = known;
            if (string.Equals(text, known.Name(), StringComparison.OrdinalIgnoreCase))
                return true;
        }

        protocol = PortProtocol.Tcp;
        return false;
    }
}

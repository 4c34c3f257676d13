namespace Entrepot.Ports.Allocation;

/// <summary>The transport whose number space a port belongs to; tcp/8080 and udp/8080 are different ports.</summary>
public enum PortProtocol
{
    /// <summary>TCP (RFC 9293).</summary>
    Tcp,

    /// <summary>UDP (RFC 768).</summary>
    Udp,
}

/// <summary>Names of protocols.</summary>
public static class PortProtocols
{
    /// <summary>The name as users and the database write it: <c>tcp</c>, <c>udp</c>.</summary>
    public static string Name(this PortProtocol protocol) => protocol == PortProtocol.Udp ? "udp" : "tcp";

    /// <summary>Reads <c>tcp</c> or <c>udp</c>, in any case.</summary>
    public static bool TryParse(string? text, out PortProtocol protocol)
    {
        protocol = string.Equals(text, "udp", StringComparison.OrdinalIgnoreCase) ? PortProtocol.Udp : PortProtocol.Tcp;
        return protocol == PortProtocol.Udp || string.Equals(text, "tcp", StringComparison.OrdinalIgnoreCase);
    }
}

using System.Collections.Immutable;
using System.Net;
using Entrepot.Server.Configuration;

namespace Entrepot.Server.Enrolment;

/// <summary>The names and addresses by which clients reach a node, for its surface certificate.</summary>
internal static class OwnHosts
{
    /// <summary>The public name first, this machine's own names last.</summary>
    public static ImmutableArray<string> Of(Settings settings)
    {
        var everywhere = settings.Bind.Equals(IPAddress.Any) || settings.Bind.Equals(IPAddress.IPv6Any);
        string?[] all = [settings.PublicHost?.Trim('[', ']'), everywhere ? Dns.GetHostName() : settings.Bind.ToString(), "localhost", "127.0.0.1", "::1"];
        return [.. all.OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase)];
    }
}

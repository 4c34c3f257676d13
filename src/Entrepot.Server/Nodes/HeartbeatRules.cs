using System.Net;
using System.Net.Sockets;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Server.Api;
using Entrepot.Server.PortWatch;

namespace Entrepot.Server.Nodes;

/// <summary>What a heart-beat must be like. What it says becomes redirects and pages, so it is checked as any other input.</summary>
public static class HeartbeatRules
{
    /// <summary>Longest base address in characters.</summary>
    public const int MaxUrl = 256;

    /// <summary>Longest version in characters.</summary>
    public const int MaxVersion = 64;

    /// <summary>Longest reason of a port in characters.</summary>
    public const int MaxReason = 500;

    /// <summary>Most sites of one node.</summary>
    public const int MaxSites = 8;

    /// <summary>Most tries of one probe.</summary>
    public const int MaxTries = 100;

    /// <summary>Longest time to an answer in milliseconds.</summary>
    public const double MaxLatencyMs = 60_000;

    /// <summary>Checks a heart-beat.</summary>
    /// <returns>Null when it is in order, else one fault that names everything that is wrong.</returns>
    public static Fault? Check(HeartbeatRequest beat)
    {
        var errors = new List<string>();
        if (!NodeName.TryParse(beat.Node, out _, out var name))
            errors.Add(name.Message);
        if (ErrorOfUrl(beat.Url) is { } url)
            errors.Add(url);
        if (!AreSites(beat.Site))
            errors.Add($"'{Shorten(beat.Site)}' is no site: name 1–{MaxSites}, each as a node is named, separated by commas.");
        if (!IsText(beat.Version, MaxVersion))
            errors.Add($"The version must be 1–{MaxVersion} printable characters.");
        if (!IsText(beat.PortReason, MaxReason))
            errors.Add($"The reason of the port must be 1–{MaxReason} printable characters.");
        if (beat.TokenVersion is not null && !IsText(beat.TokenVersion, HeartbeatRequest.MaxInstance))
            errors.Add($"The version of the tokens must be 1–{HeartbeatRequest.MaxInstance} printable characters.");
        if (beat.Instance is not null && !IsText(beat.Instance, HeartbeatRequest.MaxInstance))
            errors.Add($"The instance must be 1–{HeartbeatRequest.MaxInstance} printable characters.");
        if (long.Min(long.Min(beat.ActiveTransfers, beat.RecentErrors), long.Min(beat.BytesPerSecond, beat.HeldBytes)) < 0
            || long.Min(beat.CapacityBytes, beat.FreeBytes) < 0)
            errors.Add("Counts and sizes can't be negative.");
        if (beat.Role is not (null or HeartbeatRequest.EdgeRole or HeartbeatRequest.SchedulerRole or HeartbeatRequest.AuditRole))
            errors.Add($"'{Shorten(beat.Role)}' is no role that sends heart-beats: edge, scheduler or audit.");
        if (beat.Probes is { } probes && (probes.Count > ReachReports.MaxOfBeat || probes.Any(static probe => !IsProbe(probe))))
            errors.Add($"The probes must be at most {ReachReports.MaxOfBeat}, each with a node, a protocol, a port and a confidence of 0–1.");
        return errors.Count == 0
            ? null
            : Fault.Of(
                NodeFault.Heartbeat, FaultKind.Invalid, $"The heart-beat of '{Shorten(beat.Node)}' is refused: {string.Join(" ", errors)}",
                "Mend the edge's settings.");
    }

    private static bool IsProbe(ProbeReport? probe)
        => probe is { Port: >= 1 and <= PortSet.MaxPort, Confidence: >= 0 and <= 1, Tries: >= 0 and <= MaxTries, LatencyMs: null or (>= 0 and <= MaxLatencyMs) }
            && (probe.Lost is not { } lost || (lost >= 0 && lost <= probe.Tries)) && NodeName.TryParse(probe.Node, out _, out _)
            && PortProtocols.TryParse(probe.Protocol, out _) && Enum.IsDefined(probe.Reach);

    private static string? ErrorOfUrl(string? text)
    {
        if (text is null || text.Length > MaxUrl || !Uri.TryCreate(text, UriKind.Absolute, out var url))
            return $"'{Shorten(text)}' is no base address of at most {MaxUrl} characters.";
        if (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps)
            return $"'{text}' is neither http nor https.";
        if (url.UserInfo.Length > 0 || url.Query.Length > 0 || url.Fragment.Length > 0 || text[^1] == '/')
            return $"'{text}' has a user, a query, a fragment or a slash at its end.";
        // It goes into headers and pages as it is: only what a URL consists of (RFC 3986 §2).
        if (!text.All(static c => char.IsAsciiLetterOrDigit(c) || "-._~:/[]%".Contains(c, StringComparison.Ordinal)))
            return $"'{Shorten(text)}' has a character that no base address needs.";
        if (!IPAddress.TryParse(url.DnsSafeHost, out var address))
            return null;
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || address.AddressFamily == AddressFamily.Unknown)
            return $"'{text}' is an address to listen on, not one to connect to.";
        // Where clouds keep the credentials of their machines (169.254.169.254), and no edge.
        return address.IsIPv6LinkLocal || address.IsIPv6Multicast || IsLinkLocalOrMulticast(address)
            ? $"'{text}' is a link-local or multicast address, which no client can download from."
            : null;
    }

    /// <summary>169.254.0.0/16 (RFC 3927), 224.0.0.0/4 (RFC 5771) and what is above it.</summary>
    private static bool IsLinkLocalOrMulticast(IPAddress address)
        => address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes() is [169, 254, ..] or [>= 224, ..];

    internal static bool AreSites(string? text)
    {
        if (text is not { Length: > 0 and <= MaxSites * (NodeName.MaxLength + 2) })
            return false;
        var sites = text.Split(',', StringSplitOptions.TrimEntries);
        return sites.Length <= MaxSites && sites.All(static site => NodeName.TryParse(site, out _, out _));
    }

    private static bool IsText(string? text, int most) => text is { Length: > 0 } && text.Length <= most && !text.Any(char.IsControl);

    private static string Shorten(string? text)
    {
        if (text is null)
            return "";
        var cut = text.Length <= 80 ? text : text[..80] + "…";
        return new string([.. cut.Select(static c => char.IsControl(c) || char.IsSurrogate(c) ? '\uFFFD' : c)]);
    }
}

namespace Entrepot.Ports.Allocation;

/// <summary>A rule as a map: the ports of which it speaks, and what it says.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Effect">Veto or warning.</param>
/// <param name="Ports">The ports of which it speaks.</param>
/// <param name="Text">What it says when nothing more precise is known: the rest of a sentence that begins with the port.</param>
public sealed record PortConstraint(PortRule Rule, PortEffect Effect, PortSet Ports, string Text)
{
    /// <summary>What it says of single ports, where more is known; each the rest of a sentence that begins with the port.</summary>
    public IReadOnlyDictionary<int, string> Details { get; init; } = new Dictionary<int, string>();

    /// <summary>As <see cref="Details"/>, worded only when somebody asks; null where nothing more precise is known.</summary>
    public Func<int, string?>? Detail { get; init; }

    /// <summary>What it says of one port.</summary>
    public PortObjection On(int port) => new(Rule, Effect, Detail?.Invoke(port) ?? Details.GetValueOrDefault(port, Text));

    /// <summary>True when the rule concerns this request at all.</summary>
    internal bool Concerns(PortRequest request) => Rule switch
    {
        PortRule.BrowserBlocked => request.Audience == PortAudience.Browser && !request.AllowBrowserBlocked,
        PortRule.Privileged => !request.AllowPrivileged,
        PortRule.Forbidden => !request.AllowForbidden,
        PortRule.NodePort => !request.AllowNodePort,
        _ => true,
    };
}

namespace Entrepot.Server.PortWatch;

/// <summary>How a node watches its ports.</summary>
public sealed record WatchOptions
{
    /// <summary>How often it is looked whether the listeners changed. Default 2 s, so that a new one is known within 5 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often everything is looked at, changed or not: owners, reports, findings. Default 30 s.</summary>
    public TimeSpan FullInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>An undeclared UDP socket in the range of outgoing connections is a finding only when it stays so long: those who ask
    /// a name server or speak QUIC open and close such sockets all the time. Default 30 s.</summary>
    public TimeSpan UdpPatience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For how long an answer about the status is given again. Default 1 s: asking costs a walk over all processes.</summary>
    public TimeSpan StatusLifetime { get; init; } = TimeSpan.FromSeconds(1);
}

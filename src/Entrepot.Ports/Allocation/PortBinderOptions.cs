namespace Entrepot.Ports.Allocation;

/// <summary>How ports are bound.</summary>
public sealed record PortBinderOptions
{
    /// <summary>Most ports that one call tries; bounds a start on a host where everything is taken. The default is the size of the
    /// edges' pool with wanted and emergency port, and some to spare.</summary>
    public int MaxAttempts { get; init; } = 100;

    /// <summary>Connections that wait until the service accepts them. The default is Kestrel's, 512. With 0 a TCP socket is bound but
    /// does not listen yet, and Linux then lets another process with SO_REUSEADDR take the port until it does.</summary>
    public int Backlog { get; init; } = 512;
}
